"""Crawls of pages in a browser, killed at random moments: whether anything is lost, doubled or left behind.

    python -m benchmarks.browser.kills [--kills N] [--seconds S] [--seed N] [--report FILE]

Each time a newspaper whose pages are shells is crawled, and one of crawl, browser's process and Chromium is killed
(SIGKILL) at a random moment. A killed crawl is followed by another one. In the end each story has to have one record.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver
from tests.browser.chromium import missing, processes_of
from tests.browser.script_paper import ScriptPaper
from tests.support.processes import PROGRAM, environment, newswarc

_WHOM = ("crawl", "contained", "chromium")
_LONGEST = 90.0
_PATIENCE = 10.0


@dataclass
class Kills:
    """What came of them."""

    killed: Counter[str] = field(default_factory=Counter)
    in_time: int = 0
    """Kills that came before the crawl had ended."""
    faults: list[str] = field(default_factory=list)


def main() -> int:
    """Kill and look. Exit code 1 when anything was lost, doubled or left behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3600.0, help="end early after so many seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    if lacks := missing():
        sys.stderr.write(f"{lacks}\n")
        return 2
    chance, kills = random.Random(options.seed), Kills()
    began = time.monotonic()
    for number in range(options.kills):
        if time.monotonic() - began > options.seconds:
            break
        with tempfile.TemporaryDirectory(prefix="newswarc-kills-") as scratch:
            _one(Path(scratch), chance.choice(_WHOM), chance.uniform(0.1, 1.0), kills)
        say(f"{number + 1}: {dict(kills.killed)}, {kills.faults}")
    deliver(_report(kills), options.report)
    return 1 if kills.faults else 0


def _one(directory: Path, whom: str, share: float, kills: Kills) -> None:
    paper = ScriptPaper()
    with paper.server() as server:
        crawl = _started(directory, server.url("/"), server.host)
        victim = _victim(crawl, whom, share)
        everyone = processes_of(crawl.pid)
        if victim is not None:
            kills.in_time += 1
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        kills.killed[whom] += 1
        name = f"{whom} at {share:.2f}"
        try:
            code = crawl.wait(_LONGEST)
        except subprocess.TimeoutExpired:
            kills.faults.append(f"{name}: the crawl hangs")
            crawl.kill()
            return
        if left := _left(everyone):
            kills.faults.append(f"{name}: processes left behind: {left}")
        if code < 0:  # killed: the next run goes on
            code = _started(directory, server.url("/"), server.host).wait(_LONGEST)
        if code:
            kills.faults.append(f"{name}: exit code {code}")
    kills.faults += [f"{name}: {fault}" for fault in _faults(directory, paper)]


def _faults(directory: Path, paper: ScriptPaper) -> Iterator[str]:
    """What is wrong with the archive, and what is left behind."""
    records = [json.loads(line) for line in newswarc("records", "archive", cwd=directory).out.splitlines()]
    found = Counter(record["headline"] for record in records)
    if found != Counter(story.headline for story in paper.stories.values()):
        yield f"records {dict(found)}"
    for record in records:
        if record["articleBody"] != "\n".join(paper.stories["/" + record["url"].split("/", 3)[3]].paragraphs):
            yield f"another text of {record['url']}"
    if newswarc("verify", "archive", cwd=directory).code:
        yield "the archive does not verify"
    if leftovers := [path.name for path in Path(tempfile.gettempdir()).glob("newswarc-browser-*")]:
        yield f"profiles left behind: {leftovers}"


def _started(directory: Path, url: str, host: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(PROGRAM), "crawl", url, "--to", "archive", "--browser", "fallback", "--allow-host", host],
        cwd=directory,
        env=environment(NEWSWARC_DELAY="0", NEWSWARC_BROWSER_DELAY="0", NEWSWARC_CONTACT="tests@example.org"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _victim(crawl: subprocess.Popen[bytes], whom: str, share: float) -> int | None:
    """A process of a crawl, when it has had its share of time; None when the crawl ends before."""
    mark = {"contained": "crawler.browser.contained", "chromium": "chromium/chromium"}.get(whom, "")
    ends = time.monotonic() + (share * 6 if whom == "crawl" else _LONGEST)
    found: int | None = None
    while time.monotonic() < ends and crawl.poll() is None:
        if mark and (pids := [pid for pid in processes_of(crawl.pid) if mark in _command(pid)]):
            found = pids[0]
            break
        time.sleep(0.05)
    if whom == "crawl":
        return crawl.pid if crawl.poll() is None else None
    time.sleep(share * 4)
    return found if crawl.poll() is None else None


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def _left(pids: list[int]) -> list[str]:
    """Those of the processes that do not end."""
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends and any(_command(pid) for pid in pids):
        time.sleep(0.1)
    return [command[:80] for pid in pids if (command := _command(pid))]


def _report(kills: Kills) -> str:
    whom = ", ".join(f"{name} {count}" for name, count in sorted(kills.killed.items()))
    lines = [
        "# Pages in a browser, and kills",
        "",
        "Written by `make browser`. A newspaper whose pages are shells was crawled, and one of its processes was",
        "killed (SIGKILL) at a random moment; a killed crawl was followed by another one. In the end each story had",
        "to have exactly one record with its text, the archive had to verify, and no process and no profile was",
        "to be left.",
        "",
        f"- kills: {kills.killed.total()} ({whom}), of which {kills.in_time} came before the crawl had ended",
        f"- lost, doubled, left behind: {'; '.join(kills.faults) or 'nothing'}",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
