"""A fleet of workers crawls many newspapers while things go wrong; then it is looked at what came of it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from archive.recovery import captures_of
from tests.scale.meter import Meter, descendants
from tests.scale.newspapers import article_path, host_of
from tests.support.postgres import Postgres
from tests.support.processes import PROGRAM, environment, free_ports, newswarc
from tests.support.quiet_line import QuietLine

_COUNT = "SELECT count(*) FROM addresses WHERE state IN ('captured', 'stored')"
_TRANSACTIONS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


@dataclass(frozen=True)
class Plan:
    """What is done."""

    papers: int
    articles: int
    """Of each paper."""
    workers: int = 4
    """On two machines in turn."""
    places: int = 8
    """Sites that a worker crawls at once."""
    delay: float = 0.2
    lease: float = 20.0
    faults: tuple[str, ...] = ()
    """What goes wrong, in this order: `kill`, `kill crawl`, `kill all`, `restart`, `cut`."""
    between: float = 5.0
    """Seconds between two of these."""
    seed: int = 1
    longest: float = 1800.0


@dataclass
class Found:
    """What came of it."""

    seconds: float
    asked: Counter[str] = field(default_factory=Counter)
    """How often each article was asked for."""
    missing: list[str] = field(default_factory=list)
    records: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    """Times that a host was asked for something before it had answered the last."""
    too_soon: int = 0
    """Times that two requests were sent to a host closer together than the delay, as the archive has it."""
    shortest: float = 0.0
    """Least seconds between two requests to a host, as they were sent."""
    shortest_arrived: float = 0.0
    """The same as the server saw them, which on a busy machine learns of them late."""
    sound: bool = False
    faults: list[str] = field(default_factory=list)
    processor: dict[str, float] = field(default_factory=dict)
    """Seconds of processor time: of crawls, of extraction, of the workers beside these, of PostgreSQL."""
    transactions: int = 0
    """Of the database."""

    @property
    def doubled(self) -> dict[str, int]:
        """Articles that were asked for more than once."""
        return {url: count for url, count in self.asked.items() if count > 1}


class Fleet:
    """The workers of a plan."""

    def __init__(self, plan: Plan, directory: Path, addresses: list[str], port: int) -> None:
        """`addresses` of the database, one for each machine."""
        self._plan = plan
        self._directory = directory
        self._addresses = addresses
        self._port = port
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    def variables(self, machine: int = 0) -> dict[str, str]:
        return {
            "NEWSWARC_FRONTIER": self._addresses[machine],
            "NEWSWARC_ARCHIVE": "archive",
            "NEWSWARC_STATE": f"machine-{machine}",
            "NEWSWARC_MACHINE": f"machine-{machine}",
            "NEWSWARC_ALLOW_HOSTS": f"127.0.0.0/8:{self._port}",
            "NEWSWARC_DELAY": str(self._plan.delay),
            "NEWSWARC_LEASE": str(self._plan.lease),
            "NEWSWARC_SHORTEST_INTERVAL": "3",
            "NEWSWARC_CONTACT": "tests@example.org",
        }

    def start(self, number: int) -> None:
        with (self._directory / f"worker-{number}.log").open("ab") as log:
            self.processes[number] = subprocess.Popen(
                [str(PROGRAM), "worker", "--concurrency", str(self._plan.places)],
                cwd=self._directory,
                env=environment(**self.variables(number % 2)),
                stdout=log,
                stderr=log,
            )

    def start_ended(self) -> None:
        """Start workers that ended, as a service manager does: one that begins while the database is away says so and ends."""
        for number, process in list(self.processes.items()):
            if process.poll() is not None:
                self.start(number)

    def kill(self, number: int, what: str) -> None:
        """`kill` the worker alone, `kill crawl` one of its crawls, `kill all` that is of it."""
        worker = self.processes[number].pid
        crawls = descendants(worker)
        if what == "kill crawl":
            victims = random.sample(crawls, min(1, len(crawls)))
        else:
            victims = [worker, *(crawls if what == "kill all" else [])]
        for victim in victims:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(180)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def run(plan: Plan, directory: Path) -> Found:
    """Do it."""
    (port,) = free_ports(1)
    with Postgres() as server, _newspapers(plan, directory, port) as log, QuietLine(server.port) as line:
        address = server.database()
        far = address.replace(f":{server.port}/", f":{line.port}/")
        fleet = Fleet(plan, directory, [address, far], port)
        fronts = [f"http://{host_of(number)}:{port}/" for number in range(plan.papers)]
        added = newswarc("fleet", "add", *fronts, cwd=directory, **fleet.variables())
        assert added.code == 0, added.err
        begun = time.monotonic()
        meter = Meter(fleet.processes, server.pid)
        try:
            for number in range(plan.workers):
                fleet.start(number)
            faults = _faults(plan, fleet, server, line)
            with meter:
                _wait(plan, address, faults, fleet)
        finally:
            line.mend()
            seconds = time.monotonic() - begun
            fleet.stop()
        found = Found(seconds, faults=list(plan.faults), processor=meter.totals())
        with psycopg.connect(address) as connection:
            row = connection.execute(_TRANSACTIONS).fetchone()
            found.transactions = row[0] if row is not None else 0
        _count(plan, log, found, port)
        _look_at_archive(plan, directory, fleet, found)
        return found


@contextmanager
def _newspapers(plan: Plan, directory: Path, port: int) -> Iterator[Path]:
    log = directory / "server.log"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.scale.newspapers", str(plan.papers), str(plan.articles), str(port), str(log)]
    )
    try:
        deadline = time.monotonic() + 30
        while not log.exists() or not log.read_text():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        yield log
    finally:
        process.terminate()
        process.wait()


def _faults(plan: Plan, fleet: Fleet, server: Postgres, line: QuietLine) -> Iterator[None]:
    """One fault each time that it is asked."""
    chance = random.Random(plan.seed)
    for fault in plan.faults:
        if fault == "restart":
            server.kill()
            time.sleep(chance.uniform(0.5, 3))
            server.start()
        elif fault == "cut":
            line.cut()
            time.sleep(chance.uniform(0.5, 1.5) * plan.lease)
            line.mend()
        else:
            number = chance.randrange(plan.workers)
            fleet.kill(number, fault)
            time.sleep(chance.uniform(0.5, 3))
        yield


def _wait(plan: Plan, address: str, faults: Iterator[None], fleet: Fleet) -> None:
    """Until all is captured and every fault has happened."""
    begun = last = time.monotonic()
    left = True
    while True:
        time.sleep(0.5)
        if left and time.monotonic() - last > plan.between:
            left = next(faults, _END) is not _END
            last = time.monotonic()
        fleet.start_ended()
        with psycopg.connect(address) as connection:
            row = connection.execute(_COUNT).fetchone()
        done = row is not None and row[0] >= plan.papers * plan.articles
        if done and not left:
            return
        assert time.monotonic() - begun < plan.longest, f"{row} of {plan.papers * plan.articles} after all this time"


_END = object()


def _count(plan: Plan, log: Path, found: Found, port: int) -> None:
    times: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        if len(entry) == 4:
            begun, ended, host, path = entry
            times[host].append((begun, ended))
            if path.startswith("/news/"):
                found.asked[f"http://{host}:{port}{path}"] += 1
    wanted = [
        f"http://{host_of(paper)}:{port}{article_path(number)}"
        for paper in range(plan.papers)
        for number in range(plan.articles)
    ]
    found.missing = [url for url in wanted if url not in found.asked]
    gaps: list[float] = []
    for spans in times.values():
        spans.sort()
        found.at_once += sum(later[0] < earlier[1] for earlier, later in pairwise(spans))
        gaps += [later[0] - earlier[0] for earlier, later in pairwise(spans)]
    found.shortest_arrived = min(gaps)


def _look_at_archive(plan: Plan, directory: Path, fleet: Fleet, found: Found) -> None:
    sent: dict[str, list[float]] = defaultdict(list)
    for warc in (directory / "archive" / "warc").rglob("*.warc.gz"):
        for capture in captures_of(warc):
            sent[urlsplit(capture.url).hostname or ""].append(capture.date.timestamp())
    gaps = [later - earlier for moments in sent.values() for earlier, later in pairwise(sorted(moments))]
    found.shortest = min(gaps)
    found.too_soon = sum(gap < plan.delay - 0.005 for gap in gaps)
    records = newswarc("records", cwd=directory, **fleet.variables())
    found.records = Counter(record["url"] for record in records.lines())
    found.missing += [url for url in found.asked if url not in found.records]
    found.sound = newswarc("verify", "--deep", cwd=directory, NEWSWARC_ARCHIVE="archive").code == 0
