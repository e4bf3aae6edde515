"""A crawl that is killed and started again, as often as a seed says, and what must be true in the end."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from archive.captures import SegmentReading
from archive.exchange import Role
from archive.library import articles, outcomes, segments
from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options
from crawler.demo.server import DemoServer
from tests.support.processes import PROGRAM, ROOT, environment, newswarc, newswarc_fork
from tests.support.seaweed import S3Server

LATEST = {
    "fetch": 80,
    "write": 80,
    "sync": 25,
    "index": 3,
    "rotate": 8,
    "acknowledge": 25,
    "derive": 30,
    "upload": 8,
    "manifest": 4,
    "stored": 2,
    "release": 2,
}
"""Moments, and a call up to which one is chosen."""
ANY_TIME = "any time"
LONGEST = 6.0
"""Seconds after its start at which a crawl is killed at the latest."""
SETTINGS = {
    "NEWSWARC_DELAY": "0.02",
    "NEWSWARC_SEGMENT_AGE": "0.7",
    "NEWSWARC_SYNC_INTERVAL": "0.05",
    "NEWSWARC_EXTRACTION_WORKERS": "1",
    "NEWSWARC_CONTACT": "tests@example.org",
}
ARTICLES_A_SITE = 15
_AGES = (2 * 3600, 2 * 86400, 8 * 86400)
"""Seconds that pass between runs: past the ages at which articles are fetched again, one after the other."""
_TIME_PASSES = (
    "UPDATE pages SET first = first - :seconds, last = last - :seconds",
    "UPDATE schedules SET due_at = 0, looked_at = looked_at - :seconds",
    "UPDATE addresses SET not_before = 0",
)


@dataclass
class Outcome:
    """What came of a scenario."""

    seed: int
    kills: list[str] = field(default_factory=list)
    acknowledged: int = 0
    """Captures that were acknowledged when a kill came."""
    faults: list[str] = field(default_factory=list)
    articles: dict[str, str] = field(default_factory=dict)
    """Digest of the newest text of each article, by site and path."""
    sources: set[str] = field(default_factory=set)
    """Sources that are known in the end, by site and path."""


class Scenario:
    """One archive, two newspapers, and a crawl of both that is killed.

    With `due` the runs are those of a timer (``--due``): each leaves its segment to the next, between them all sources
    become due and all articles old enough to be fetched again, and after the first one story is corrected.
    """

    def __init__(self, seed: int, directory: Path, s3: S3Server | None = None, *, due: bool = False) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._due = due
        self._random = random.Random(seed)
        self._directory = directory
        self._archive = f"s3://{s3.bucket}/{directory.name}" if s3 else str(directory / "archive")
        self._state = directory / "state"
        self._variables = {**SETTINGS, "NEWSWARC_STATE": str(self._state), **(s3.variables() if s3 else {})}
        self._options = S3Options(s3.endpoint) if s3 else None
        self._acknowledged: set[str] = set()
        self._ages = 0
        self.outcome = Outcome(seed)

    def run(self, *, kills: int) -> Outcome:
        """Kill as often as that, then crawl to the end and look."""
        with DemoServer() as first, DemoServer() as second:
            servers = (first, second)
            hosts = ",".join(server.base.removeprefix("http://") for server in servers)
            self._variables["NEWSWARC_ALLOW_HOSTS"] = hosts
            arguments = ["crawl", *(f"{server.base}/" for server in servers), "--to", self._archive, "--json"]
            often = [*arguments, "--due"] if self._due else arguments
            for _ in range(kills):
                self._kill(often)
                self._time_passes(servers)
            # Twice: who takes a segment up tells the frontier of its captures again, with their real time
            for _ in range(2 if self._due else 0):
                self._finish(often)
                self._time_passes(servers)
            self._finish(often)
            if self._due:
                self._finish(arguments)
            self._look([server.base for server in servers])
        return self.outcome

    def _finish(self, arguments: list[str]) -> None:
        last = newswarc_fork(*arguments, cwd=self._directory, **self._variables)
        if last.code:
            self._fault(f"the last run ended with {last.code}: {last.err[-500:]}")

    def _time_passes(self, servers: tuple[DemoServer, DemoServer]) -> None:
        if not self._due:
            return
        for server in servers:
            server.newspaper.corrected = True
        self._ages += 1
        connection = sqlite3.connect(self._state / "frontier.sqlite")
        try:
            for statement in _TIME_PASSES:
                connection.execute(statement, {"seconds": _AGES[min(self._ages, len(_AGES)) - 1]})
            connection.commit()
        except sqlite3.OperationalError:  # killed before there were tables
            return
        finally:
            connection.close()

    def _kill(self, arguments: list[str]) -> None:
        moment = self._random.choice([*LATEST, ANY_TIME, ANY_TIME])
        command = [str(PROGRAM), *arguments]
        patience = 60.0
        if moment == ANY_TIME:
            patience = self._random.uniform(0.3, LONGEST)
        else:
            number = self._random.randint(1, LATEST[moment])
            half = str(self._random.randint(0, 1))
            command = [sys.executable, "-m", "tests.faults.dying_crawl", moment, str(number), half, *arguments]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(**self._variables),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.returncode == -signal.SIGKILL:
            self.outcome.kills.append(moment)
        elif process.returncode:
            self._fault(f"{moment}: ended with {process.returncode}")
        self._acknowledged |= self._known_captures()
        self.outcome.acknowledged = len(self._acknowledged)

    def _known_captures(self) -> set[str]:
        """Record ids of what the frontier calls captured."""
        database = self._state / "frontier.sqlite"
        if not database.exists():
            return set()
        connection = sqlite3.connect(database)
        try:
            return {str(row[0]) for row in connection.execute("SELECT record_id FROM captures")}
        except sqlite3.OperationalError:  # killed before there were tables
            return set()
        finally:
            connection.close()

    def _look(self, bases: list[str]) -> None:
        storage = open_storage(self._archive, self._options)
        captured, pages = _captures(storage)
        for lost in self._acknowledged - set(captured):
            self._fault(f"acknowledged and lost: {lost}")
        self._once("record ids", captured)
        self._once("full captures of a page", pages)
        found = list(articles(storage))
        texts = Counter(f"{article.url} {article.content_sha256 if self._due else ''}" for article in found)
        self._once("records of a text", texts)
        self._once("outcomes of a capture", Counter(str(line.record_id) for line in outcomes(storage)))
        checked = newswarc("verify", self._archive, "--deep", "--json", cwd=self._directory, **self._variables)
        for fault in checked.json()["faults"]:
            self._fault(f"verify: {fault}")
        for key in checked.json()["unclaimed"]:
            self._fault(f"no manifest names {key}")
        left = [path.name for path in (self._state / "spool").iterdir() if path.suffix != ".torn"]
        if left:
            self._fault(f"left in the spool: {left}")
        for article in sorted(found, key=lambda article: str(article.warc and article.warc.date)):
            site = next(number for number, base in enumerate(bases) if article.url.startswith(f"{base}/"))
            self.outcome.articles[f"{site}{article.url.removeprefix(bases[site])}"] = article.content_sha256 or ""

        connection = sqlite3.connect(self._state / "frontier.sqlite")
        for (url,) in connection.execute("SELECT url FROM sources"):
            site = next((number for number, base in enumerate(bases) if url.startswith(f"{base}/")), 0)
            self.outcome.sources.add(f"{site}{url.removeprefix(bases[site])}")
        connection.close()

    def _once(self, what: str, counted: Counter[str]) -> None:
        for name, count in counted.items():
            if count > 1:
                self._fault(f"{what}: {name} {count} times")

    def _fault(self, line: str) -> None:
        self.outcome.faults.append(line)


def _captures(storage: Storage) -> tuple[Counter[str], Counter[str]]:
    """Record ids of all captures, and addresses of pages that were captured in full."""
    captured: Counter[str] = Counter()
    pages: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        for manifest in segments(storage):
            with storage.fetch(manifest.warc.key, Path(scratch)).open("rb") as stream:
                for capture in SegmentReading(stream).captures():
                    captured[str(capture.record_id)] += 1
                    if capture.role is Role.ARTICLE and capture.response and not capture.revisit:
                        pages[f"{capture.url} {capture.payload_digest}"] += 1
    return captured, pages


def undisturbed(directory: Path, *, due: bool = False) -> Outcome:
    """A crawl that nothing happens to."""
    return Scenario(0, directory, due=due).run(kills=0)
