"""What a page costs in a browser: ours beside scrapy-playwright as it comes.

    python -m benchmarks.browser.cost [--pages N] [--peer PYTHON] [--report FILE]

Both render the same pages, whose text comes as JSON, from the same server on loopback. `PYTHON` is that of an
environment with scrapy-playwright; without it, ours is measured alone.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver
from tests.browser.chromium import missing, processes_of
from tests.browser.script_paper import ScriptPaper, story
from tests.support.processes import PROGRAM, environment

_PR_SET_CHILD_SUBREAPER = 36
_LONGEST_END = 10.0
_PEER = Path(__file__).with_name("peer_spider.py")


@dataclass
class Cost:
    """What one crawl cost."""

    name: str
    pages: int
    seconds: float
    cpu: float
    """Seconds of processor time, all processes together."""
    memory: int
    """Bytes, all processes together (proportional set size), at the most."""
    right: int
    """Pages whose text was kept."""


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--peer", default="")
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    if lacks := missing():
        sys.stderr.write(f"{lacks}\n")
        return 2
    # What Chromium leaves behind is waited for here, and counted (prctl(2))
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    costs = []
    for at_once in options.at_once:
        for name in ("newswarc", *(["scrapy-playwright"] if options.peer else [])):
            costs.append(_measured(name, options.pages, at_once, options.peer))
            say(str(costs[-1]))
    deliver(_report(costs), options.report)
    return 0


def _measured(name: str, count: int, at_once: int, peer: str) -> Cost:
    stories = {made.path: made for made in map(story, range(count + 1))}
    paper = ScriptPaper(stories)
    wanted = list(stories.values())[:count]  # the last one needs no browser
    with tempfile.TemporaryDirectory(prefix="newswarc-cost-") as scratch, paper.server() as server:
        directory = Path(scratch)
        urls = directory / "urls"
        urls.write_text("".join(f"{server.url(made.path)}\n" for made in wanted))
        if name == "newswarc":
            command = [str(PROGRAM), "crawl", "--urls", str(urls), "--to", "archive", "--browser", "always"]
            command += ["--allow-host", server.host]
        else:
            command = [peer, str(_PEER), str(urls), str(directory / "items"), str(at_once)]
        variables = {
            "DELAY": "0",
            "BROWSER_DELAY": "0",
            "CONTACT": "tests@example.org",
            "BROWSER_PAGES": str(at_once),
        }
        variables["CONCURRENCY_PER_HOST"] = str(at_once)
        began, before = time.monotonic(), os.times()
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment(**{f"NEWSWARC_{key}": value for key, value in variables.items()}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        most = _watched(process)
        seconds, after = time.monotonic() - began, os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        kept = _kept(name, directory)
        right = sum(all(text in kept for text in made.paragraphs[:3]) for made in wanted)
    return Cost(f"{name}, {at_once} at once", count, seconds, cpu, most, right)


def _watched(process: subprocess.Popen[bytes]) -> int:
    """The most memory that a process has with all that descend from it, until it ends."""
    most = 0
    over = threading.Event()

    def look() -> None:
        nonlocal most
        while not over.wait(0.5):
            most = max(most, sum(map(_share, processes_of(process.pid))))

    thread = threading.Thread(target=look)
    thread.start()
    process.wait()
    over.set()
    thread.join()
    _wait_for_orphans()
    return most


def _wait_for_orphans() -> None:
    """Wait for what a crawl has left to this process, which counts it then."""
    ends = time.monotonic() + _LONGEST_END
    with suppress(ChildProcessError):
        while time.monotonic() < ends:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.05)


def _share(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) * 1024


def _kept(name: str, directory: Path) -> str:
    if name == "newswarc":
        done = subprocess.run(
            [str(PROGRAM), "records", "archive"], cwd=directory, capture_output=True, text=True, check=True
        )
        return done.stdout
    items = directory / "items"
    return items.read_text() if items.exists() else ""


def _report(costs: list[Cost]) -> str:
    lines = [
        "# What a page costs in a browser",
        "",
        "Written by `make browser`. Pages whose text comes as JSON, rendered on two processors that are shared with",
        "the server and other work. newswarc waits for quiet, unfolds, scrolls, takes a screenshot, keeps each",
        "request to the byte, and extracts a record; scrapy-playwright, as it comes, opens the page, waits for its",
        "load and takes the document, with or without the text. Processor time is that of all processes, those too",
        "that Chromium does not wait for itself.",
        "",
        "| | pages | pages a minute | processor, s a page | memory, MiB | texts kept |",
        "|---|---|---|---|---|---|",
    ]
    for cost in costs:
        rate = cost.pages / cost.seconds * 60
        figures = f"{rate:.0f} | {cost.cpu / cost.pages:.2f} | {cost.memory >> 20} | {cost.right}"
        lines.append(f"| {cost.name} | {cost.pages} | {figures} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
