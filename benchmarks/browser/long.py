"""Memory over many pages in a browser, which should not grow: of all processes together, and of each kind.

    python -m benchmarks.browser.long [--pages N] [--at-once N] [--report FILE]

A newspaper whose pages are shells is rendered page by page. What the crawl and all its processes have (proportional
set size) is looked at twice a second, beside the number of pages that the server has answered.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver
from tests.browser.chromium import missing, processes_of
from tests.browser.script_paper import ScriptPaper, story
from tests.support.processes import PROGRAM, environment

_LOOK_SECONDS = 0.5
_TENTHS = 10


@dataclass(frozen=True)
class Look:
    """What the processes had at one moment."""

    pages: int
    """Pages that the server had answered."""
    mib: Counter[str] = field(default_factory=Counter)
    """By kind of process."""


def main() -> int:
    """Measure. Exit code 1 when pages are missing, or memory has grown by more than a tenth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    if lacks := missing():
        sys.stderr.write(f"{lacks}\n")
        return 2
    looks, records = _crawled(options.pages, options.at_once)
    growth = _growth(looks, options.pages)
    deliver(_report(looks, options.pages, options.at_once, records, growth), options.report)
    return 0 if records == options.pages and growth <= 0.1 else 1


def _crawled(count: int, at_once: int) -> tuple[list[Look], int]:
    stories = {made.path: made for made in map(story, range(count + 1))}
    paper = ScriptPaper(stories)
    wanted = list(stories)[:count]  # the last one needs no browser
    looks: list[Look] = []
    with tempfile.TemporaryDirectory(prefix="newswarc-long-") as scratch, paper.server() as server:
        directory = Path(scratch)
        (directory / "urls").write_text("".join(f"{server.url(path)}\n" for path in wanted))
        command = [str(PROGRAM), "crawl", "--urls", "urls", "--to", "archive", "--browser", "always"]
        process = subprocess.Popen(
            [*command, "--allow-host", server.host],
            cwd=directory,
            env=environment(
                NEWSWARC_DELAY="0", NEWSWARC_BROWSER_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
                NEWSWARC_BROWSER_PAGES=str(at_once), NEWSWARC_CONCURRENCY_PER_HOST=str(at_once),
            ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while process.poll() is None:
            looks.append(_look(process.pid, sum(paper.asked[f"GET {path}"] for path in wanted)))
            if len(looks) % 40 == 0:
                say(f"{looks[-1].pages} pages, {sum(looks[-1].mib.values())} MiB")
            time.sleep(_LOOK_SECONDS)
        done = subprocess.run(
            [str(PROGRAM), "records", "archive"], cwd=directory, capture_output=True, text=True, check=True
        )
    return looks, len(done.stdout.splitlines())


def _look(pid: int, pages: int) -> Look:
    mib: Counter[str] = Counter()
    for process in processes_of(pid):
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes().decode("utf-8", "replace")
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        pss = sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        mib[_kind(command, is_first=process == pid)] += pss // 1024
    return Look(pages, mib)


def _kind(command: str, *, is_first: bool) -> str:
    if is_first:
        return "crawl"
    if "--type=renderer" in command:
        return "Chromium's pages"
    if "chromium" in command and "crawler.browser" not in command:
        return "the rest of Chromium"
    return "the browser's process" if "crawler.browser" in command or "playwright" in command else "extraction"


def _tenths(looks: list[Look], count: int) -> dict[int, list[Look]]:
    """Looks by tenth of the pages; those before the first page and after the last are left out."""
    found: dict[int, list[Look]] = defaultdict(list)
    for look in looks:
        if 0 < look.pages < count:
            found[look.pages * _TENTHS // count].append(look)
    return found


def _growth(looks: list[Look], count: int) -> float:
    """By how much the median of the last fifth of pages is above that of the second fifth."""
    tenths = _tenths(looks, count)
    early, late = (
        [sum(look.mib.values()) for tenth in pair for look in tenths.get(tenth, ())] for pair in ((2, 3), (8, 9))
    )
    return median(late) / median(early) - 1 if early and late else 0.0


def _report(looks: list[Look], count: int, at_once: int, records: int, growth: float) -> str:
    kinds = sorted({kind for look in looks for kind in look.mib})
    lines = [
        "# Memory over many pages in a browser",
        "",
        f"Written by `make browser-memory`. {count} pages whose text comes as JSON, {at_once} at once; {records}",
        "became records. Proportional set size, MiB: the medians of each tenth of the pages. A browser is replaced",
        "after 200 pages.",
        "",
        f"| pages | {' | '.join(kinds)} | together |",
        f"|---|{'---|' * (len(kinds) + 1)}",
    ]
    for tenth, found in sorted(_tenths(looks, count).items()):
        medians = [round(median(look.mib[kind] for look in found)) for kind in kinds]
        total = round(median(sum(look.mib.values()) for look in found))
        span = f"{tenth * count // _TENTHS}–{(tenth + 1) * count // _TENTHS}"
        lines.append(f"| {span} | {' | '.join(map(str, medians))} | {total} |")
    most = max((sum(look.mib.values()) for look in looks), default=0)
    lines += [
        "",
        f"At most {most} MiB. The median of the last fifth is {growth:+.1%} beside that of the second fifth.",
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
