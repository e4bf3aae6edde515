"""Sites that misbehave: our crawl of them beside Scrapy as it comes.

    python -m benchmarks.hostile [--report FILE]

Both crawl the server of `tests.hostile`, each a fresh one. A program that takes more than six minutes or 8 GiB is
ended.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.exchange import CaptureOutcome
from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver
from tests.hostile.case import CASE, GOOD, Case, page
from tests.hostile.run import CASES, Watched, crawl, watch
from tests.hostile.server import HostileServer
from tests.hostile.test_hostile import faults_of
from tests.support.processes import ROOT

_PATIENCE = 360.0
_IDLE = Case("a-site-that-is-well", {CASE: page()})
_DENIED = (CaptureOutcome.ROBOTS_DENIED, CaptureOutcome.ROBOTS_UNREACHABLE)


@dataclass(frozen=True)
class Result:
    """What one program made of it."""

    name: str
    watched: Watched
    idle: Watched
    hidden: int
    """Connections to the internal service."""
    stories: int
    """Good stories that were kept."""
    against_robots: int
    """Addresses asked for that robots.txt forbids, or of which it could not be had."""
    requests: int
    most_of_a_host: int


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="newswarc-hostile-") as scratch:
        ours = _run("newswarc", Path(scratch) / "ours", _ours)
        with HostileServer([_IDLE, *CASES]) as server:
            watched = crawl(server, [case.name for case in CASES], Path(scratch) / "again")
            amiss = [case.name for case in CASES if faults_of(case, server, watched)]
        stock = _run("Scrapy as it comes", Path(scratch) / "stock", _stock)
    deliver(_report(ours, stock, amiss), options.report)
    return 1 if amiss else 0


_Crawl = Callable[[HostileServer, Sequence[Case], Path], tuple[Watched, set[str]]]


def _run(name: str, directory: Path, crawl_cases: _Crawl) -> Result:
    say(f"{name}: {len(CASES)} cases")
    directory.mkdir()
    with HostileServer([_IDLE, *CASES]) as server:
        idle, _ = crawl_cases(server, [_IDLE], directory / "idle")
        watched, kept = crawl_cases(server, CASES, directory / "all")
        good = [case for case in CASES if case.good]
        asked = [len(paths) for paths in server.paths.values()]
        return Result(
            name,
            watched,
            idle,
            server.hidden_contacts,
            sum(f"http://{server.host(case.name)}{GOOD}" in kept for case in good),
            sum(_against_robots(case, server) for case in CASES),
            sum(asked),
            max(asked),
        )


def _against_robots(case: Case, server: HostileServer) -> int:
    forbidden = {path for path, wanted in case.captures.items() if set(wanted) & set(_DENIED)}
    return sum(path in forbidden for path in server.paths[case.name])


def _ours(server: HostileServer, cases: Sequence[Case], directory: Path) -> tuple[Watched, set[str]]:
    watched = crawl(server, [case.name for case in cases], directory)
    return watched, set(watched.titles)


def _stock(server: HostileServer, cases: Sequence[Case], directory: Path) -> tuple[Watched, set[str]]:
    directory.mkdir()
    sources = [
        (kind, f"http://{server.host(case.name)}{path}")
        for case in cases
        for kind, path in case.sources or (("section", "/"),)
    ]
    sites, items = directory / "sites.json", directory / "items.jsonl"
    sites.write_text(json.dumps(sources), encoding="utf-8")
    command = [sys.executable, str(ROOT / "benchmarks" / "stock_spider.py"), str(sites), str(items)]
    watched = watch(command, directory, patience=_PATIENCE)
    lines = items.read_text(encoding="utf-8").splitlines() if items.exists() else []
    return watched, {json.loads(line)["url"] for line in lines if line.endswith("}")}


def _report(ours: Result, stock: Result, amiss: Sequence[str]) -> str:
    good = sum(case.good for case in CASES)
    rows = [
        ("ended by itself", *(_yes(result.watched.code in (0, 1)) for result in (ours, stock))),
        ("seconds", *(f"{result.watched.seconds:.0f}" for result in (ours, stock))),
        ("memory beyond one good site, MiB", *(str(_beyond(result)) for result in (ours, stock))),
        ("connections to the internal service", *(str(result.hidden) for result in (ours, stock))),
        (f"good stories kept, of {good}", *(str(result.stories) for result in (ours, stock))),
        ("requests that robots.txt forbids", *(str(result.against_robots) for result in (ours, stock))),
        ("requests in all", *(f"{result.requests:,}" for result in (ours, stock))),
        ("requests to one host at most", *(f"{result.most_of_a_host:,}" for result in (ours, stock))),
    ]
    table = "\n".join(f"| {name} | {first} | {second} |" for name, first, second in rows)
    told = ", ".join(amiss) if amiss else "none"
    return f"""# Sites that misbehave

Written by `make hostile`. {len(CASES)} hosts on loopback (`tests/hostile/`), each with one way of misbehaving and
most with a good story besides: responses that do not begin, do not end, or are none; bombs under every content
coding; XML that expands, nests and includes; sitemaps, calendars and pages without end; redirects to an internal
service in its disguises; pages that strain a parser; robots.txt that fails or floods; hosts that ask for patience.
One crawl each, on two processors shared with the server, with robots.txt obeyed, no delay, one retry, five seconds
for an exchange. A program that took more than {_PATIENCE:.0f} seconds or 8 GiB would be ended.

| | {ours.name} | {stock.name} |
|---|---|---|
{table}

Cases of ours that did not come out as they should: {told}.
"""


def _beyond(result: Result) -> int:
    return (result.watched.most_memory - result.idle.most_memory) >> 20


def _yes(right: bool) -> str:
    return "yes" if right else "no"


if __name__ == "__main__":
    sys.exit(main())
