"""Find, fetch, capture, extract and store: the whole job on saved pages, beside Scrapy and requests.

python -m benchmarks.whole_job.run PAGES [--rounds 5] [--report FILE]

nginx serves a newspaper of saved pages on loopback. The three ways take turns; processor time is that of all
processes of a way, memory the largest sum of their proportional set sizes. The texts are held against what is known
of the pages.
"""

from __future__ import annotations

import ctypes
import gzip
import hashlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from archive.library import articles
from archive.storage.local import LocalStorage
from benchmarks.extraction.data import NEWS, OTHER, Page, load
from benchmarks.extraction.scores import text_f1
from benchmarks.support.measuring import say
from benchmarks.support.nginx import serving_directory
from benchmarks.support.reporting import deliver, page_arguments
from tests.support.processes import PROGRAM, environment

_SUBREAPER = 36
"""prctl's PR_SET_CHILD_SUBREAPER: orphans of a command become children of this process, which waits for them."""
_SAMPLE = 0.2


@dataclass
class Way:
    """One way to do the job, and what was measured."""

    name: str
    seconds: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    """MiB."""
    texts: dict[str, str] = field(default_factory=dict)
    """The text of each page, by its path."""


def main() -> int:
    """Run the rounds and report."""
    parser = page_arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    pages = [page for page in load(options.pages, (*NEWS, *OTHER)) if page.texts]
    ways = [Way("newswarc"), Way("Scrapy and trafilatura"), Way("requests, warcio and trafilatura")]
    with (
        tempfile.TemporaryDirectory(prefix="newswarc-whole-job-") as scratch,
        _newspaper(pages, Path(scratch)) as base,
    ):
        for number in range(options.rounds):
            for way in ways:
                _measure(way, base, Path(scratch) / "run")
                say(f"round {number + 1}: {way.name}: {way.seconds[-1]:.1f} s, {way.memory[-1]} MiB")
        empty = [_empty(Path(scratch) / "run") for _ in range(options.rounds)]
    deliver(_report(ways, pages, empty), options.report)
    return 0


@contextmanager
def _newspaper(pages: Sequence[Page], scratch: Path) -> Iterator[str]:
    root = scratch / "root"
    (root / "articles").mkdir(parents=True)
    for page in pages:
        path = root / _path(page).removeprefix("/")
        path.write_bytes(page.html)
        Path(f"{path}.gz").write_bytes(gzip.compress(page.html, 6, mtime=0))
    with serving_directory(root, scratch) as base:
        now = format_datetime(datetime.now(UTC) - timedelta(hours=1))
        half = len(pages) // 2
        items = "".join(
            f"<item><link>{base}{_path(page)}</link><pubDate>{now}</pubDate></item>" for page in pages[:half]
        )
        day = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
        entries = "".join(
            f"<url><loc>{base}{_path(page)}</loc><n:news><n:publication_date>{day}</n:publication_date></n:news></url>"
            for page in pages[half:]
        )
        space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        news = 'xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'
        feed = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
        for name, text in {
            "index.html": f"<html><head><title>Saved pages</title>{feed}</head><body>News</body></html>",
            "feed.xml": f'<rss version="2.0"><channel><title>Saved pages</title>{items}</channel></rss>',
            "news.xml": f"<urlset {space} {news}>{entries}</urlset>",
            "robots.txt": f"User-agent: *\nAllow: /\nSitemap: {base}/news.xml\n",
        }.items():
            (root / name).write_text(text, encoding="utf-8")
        yield base


def _path(page: Page) -> str:
    return f"/articles/{hashlib.sha256(f'{page.set} {page.id}'.encode()).hexdigest()[:10]}-as-it-was-saved.html"


def _measure(way: Way, base: str, directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    output = directory / "texts.jsonl"
    module = {"Scrapy and trafilatura": "with_scrapy", "requests, warcio and trafilatura": "with_requests"}.get(
        way.name
    )
    if module is None:
        host = base.removeprefix("http://")
        command = [str(PROGRAM), "crawl", f"{base}/", "--allow-host", host, "--quiet"]
    else:
        command = [sys.executable, "-m", f"benchmarks.whole_job.{module}", base, str(output)]
    seconds, memory = _cost(command, directory)
    way.seconds.append(seconds)
    way.memory.append(memory)
    if module is None:
        found = (
            (article.url, article.article_body) for article in articles(LocalStorage(directory / "newswarc-data"))
        )
    else:
        lines = map(json.loads, output.read_text(encoding="utf-8").splitlines())
        found = ((line["url"], line.get("text") or "") for line in lines)
    way.texts = {url.removeprefix(base): text for url, text in found}


def _empty(directory: Path) -> float:
    """Processor seconds of a crawl of nobody."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    command = [str(PROGRAM), "crawl", "http://127.0.0.1:9/", "--allow-host", "127.0.0.1:9", "--quiet"]
    return _cost(command, directory, may_fail=True)[0]


def _cost(command: Sequence[str], directory: Path, *, may_fail: bool = False) -> tuple[float, int]:
    """Processor seconds of a command and all its descendants, and the most memory (MiB) that they had together."""
    settings = {"NEWSWARC_DELAY": "0", "NEWSWARC_CONTACT": "tests@example.org", "NEWSWARC_CONCURRENCY_PER_HOST": "8"}
    others = {os.getpid(), *_descendants(os.getpid())}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, cwd=directory, env=_environment(settings), stderr=subprocess.PIPE)
    memory = _Memory(process.pid)
    _, error = process.communicate()
    memory.end()
    if process.returncode and not may_fail:
        raise RuntimeError(f"{' '.join(command[:4])}: {error.decode(errors='replace')[-1500:]}")
    for orphan in _descendants(os.getpid()):
        if orphan not in others:
            with suppress(ChildProcessError):
                os.waitpid(orphan, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, memory.most >> 10


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    root = str(Path(__file__).parent.parent.parent)
    return {**environment(**settings), "PYTHONPATH": root}


class _Memory:
    """Looks at a process and its descendants until it is told to end."""

    def __init__(self, process: int) -> None:
        self.most = 0
        """KiB."""
        self._process = process
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_SAMPLE):
            self.most = max(self.most, sum(map(_proportional, _descendants(self._process))))


def _descendants(process: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [process]
    while waiting:
        found.append(waiting.pop())
        waiting += parents.get(found[-1], [])
    return found


def _proportional(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _report(ways: Sequence[Way], pages: Sequence[Page], empty: Sequence[float]) -> str:
    rows, ours = [], ways[0]
    for way in ways:
        scores = [text_f1(page, way.texts.get(_path(page), "")) for page in pages]
        texts = sum(bool(text) for text in way.texts.values())
        rate = statistics.median(texts / seconds for seconds in way.seconds)
        ratio = statistics.median(own / other for own, other in zip(ours.seconds, way.seconds, strict=True))
        rows.append(
            f"| {way.name} | {texts} | {statistics.median(way.seconds):.1f} | {rate:.1f} | {ratio:.2f} "
            f"| {statistics.median(way.memory):.0f} | {statistics.mean(scores):.4f} |"
        )
    return f"""# The whole job

Written by `make whole-job PAGES=DIR`. {len(pages)} saved pages as a newspaper on nginx: robots.txt, front page,
feed and news sitemap. Every way finds them, fetches them and keeps text with metadata; newswarc also keeps an exact
WARC, an index, manifests and records, each made durable. {len(ours.seconds)} rounds, the ways taking turns; medians.

| way | texts | processor seconds | texts a second | newswarc's time beside it | memory (PSS, MiB) | F1 |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

A crawl that finds nothing takes {statistics.median(empty):.2f} s of processor time.
"""


if __name__ == "__main__":
    sys.exit(main())
