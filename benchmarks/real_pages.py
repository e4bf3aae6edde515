"""Crawl saved real pages: served on loopback with a feed and a sitemap, crawled by the program, counted.

    python -m benchmarks.real_pages DIRECTORY [--sets zyte181,fundus258] [--report FILE]

DIRECTORY holds ``gold.jsonl``, one JSON object a line with ``set``, ``id``, ``url`` and ``path`` (a gzipped page
below DIRECTORY). Nothing of the pages is kept but in a temporary archive; the report holds counts and reasons.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from archive.library import articles, outcomes, segments
from archive.storage.local import LocalStorage
from pipelines.extract.text import TOOL
from pipelines.generation import EXTRACTOR_GENERATION

PROGRAM = Path(sys.executable).parent / "newswarc"
_FIELDS = (
    "datePublished",
    "authors",
    "inLanguage",
    "mainImage",
    "publisher",
    "description",
    "keywords",
    "alternates",
)


@dataclass(frozen=True)
class SavedPage:
    """One page of the data."""

    set: str
    id: str
    file: Path

    @property
    def path(self) -> str:
        """Where it is served."""
        return f"/{self.set}/articles/{self.id}-as-it-was-saved"


class PageServer(ThreadingHTTPServer):
    """Serves saved pages, half of them by a feed and half by a sitemap, one set of pages a section."""

    daemon_threads = True

    def __init__(self, pages: Sequence[SavedPage]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.base = f"http://127.0.0.1:{self.server_port}"
        self.pages = {page.path: page for page in pages}

    def document(self, path: str) -> tuple[bytes, str] | None:
        """The body and type of a path."""
        if path in self.pages:
            return gzip.decompress(self.pages[path].file.read_bytes()), "text/html"
        names = list(self.pages)
        if path == "/":
            head = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
            return f"<html><head><title>Saved pages</title>{head}</head><body></body></html>".encode(), "text/html"
        if path == "/feed.xml":
            items = "".join(f"<item><link>{escape(self.base + name)}</link></item>" for name in names[::2])
            return f'<rss version="2.0"><channel>{items}</channel></rss>'.encode(), "application/rss+xml"
        if path == "/news.xml":
            return self._sitemap(names[1::2]).encode(), "application/xml"
        if path == "/robots.txt":
            return f"Sitemap: {self.base}/news.xml\n".encode(), "text/plain"
        return None

    def _sitemap(self, names: list[str]) -> str:
        news = "<n:news><n:publication_date>not told</n:publication_date></n:news>"
        entries = "".join(f"<url><loc>{escape(self.base + name)}</loc>{news}</url>" for name in names)
        return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="news">{entries}</urlset>'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: PageServer

    def do_GET(self) -> None:
        found = self.server.document(self.path)
        body, kind = found or (b"", "text/plain")
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Requests are not printed."""


def load(directory: Path, sets: Sequence[str]) -> list[SavedPage]:
    """The pages of these sets."""
    entries = [json.loads(line) for line in (directory / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
    chosen = [entry for entry in entries if entry["set"] in sets]
    return [SavedPage(entry["set"], entry["id"], directory / entry["path"]) for entry in chosen]


def crawl(server: PageServer, archive: Path) -> tuple[dict[str, Any], float]:
    """Crawl the server; the program's own report and the seconds it took."""
    host = server.base.removeprefix("http://")
    command = [str(PROGRAM), "crawl", f"{server.base}/", "--to", str(archive), "--allow-host", host, "--json"]
    environment = {
        "NEWSWARC_DELAY": "0",
        "NEWSWARC_CONTACT": "benchmark",
        "PATH": "/usr/bin:/bin",
        "HOME": str(archive),
    }
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=archive.parent, check=False)
    if done.returncode != 0:
        raise SystemExit(f"the crawl failed with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout), time.monotonic() - started


def describe(server: PageServer, archive: Path, report: dict[str, Any], seconds: float) -> str:
    """The report, as Markdown."""
    storage = LocalStorage(archive)
    lines = [line for line in outcomes(storage) if line.url.removeprefix(server.base) in server.pages]
    reasons = Counter((line.outcome.value, line.detail) for line in lines)
    by_set = Counter((line.url.removeprefix(server.base).split("/")[1], line.outcome.value) for line in lines)
    records = [json.loads(article.to_json_line()) for article in articles(storage)]
    filled = {name: sum(1 for record in records if record[name]) for name in _FIELDS}
    size = sum(manifest.warc.size for manifest in segments(storage))
    pages = len(server.pages)
    text = [
        "# Real pages",
        "",
        f"{pages} saved pages of real newspapers, served on loopback by `benchmarks/real_pages.py`, half through",
        "an RSS feed and half through a news sitemap, crawled by `newswarc crawl` without any configuration. Feed",
        "and sitemap say nothing of the pages but their addresses, so every field comes from the pages.",
        "",
        f"Extractor generation {EXTRACTOR_GENERATION}, {TOOL}. {len(lines)} of {pages} pages captured,",
        f"**{len(records)} became records** ({len(records) / pages:.1%}), {seconds:.0f} s in all,",
        f"{report['received'] / 1e6:.1f} MB received, {size / 1e6:.1f} MB of WARC.",
        "",
        "| set | outcome | pages |",
        "|---|---|---|",
        *(f"| {name} | {outcome} | {count} |" for (name, outcome), count in sorted(by_set.items())),
        "",
        "Why the others are no records:",
        "",
        *(_reasons(reasons) or ["- there are none: every captured page became a record"]),
        "",
        "How many of the records have a value:",
        "",
        "| field | records |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in filled.items()),
        "",
        "Where it comes from (records by source):",
        "",
        *(f"- {name}: {_sources(records, name)}" for name in ("headline", "datePublished", "authors")),
        "",
    ]
    return "\n".join(text)


def _sources(records: list[dict[str, Any]], field: str) -> str:
    counts = Counter(record["fields"][field]["source"] for record in records if field in record["fields"])
    return ", ".join(f"{source} {count}" for source, count in counts.most_common())


def _reasons(reasons: Counter[tuple[str, str]]) -> list[str]:
    others = [(key, count) for key, count in sorted(reasons.items()) if key[0] != "record"]
    return [f"- {count} × {outcome}: {detail}" for (outcome, detail), count in others]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--sets", default="zyte181,fundus258")
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    pages = load(options.directory, options.sets.split(","))
    server = PageServer(pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="real-pages-") as directory:
        archive = Path(directory) / "archive"
        archive.mkdir()
        report, seconds = crawl(server, archive)
        text = describe(server, archive, report, seconds)
    server.shutdown()
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
