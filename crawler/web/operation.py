"""What operators look at: this machine's crawls as they are now, and as they were; failures; alarms."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import AccessRefused, ObjectMissing
from crawler.config import Configuration
from crawler.frontier.database import open_database
from crawler.frontier.failures import Failure
from crawler.frontier.frontier import open_frontier
from crawler.frontier.outcome_log import EndedKind, OutcomeLog
from crawler.frontier.run_history import Run, RunHistory
from crawler.keeping.running_process import RunningProcess
from crawler.offline.explanation import Fact, explain
from crawler.watching.alarms import DeliveryFailed, Notice
from crawler.watching.concerns import Concern, concerns
from crawler.watching.notifiers import notifiers_of
from crawler.watching.status import DAY, Status, look
from crawler.web.catalogue import is_withheld
from crawler.web.crawl_control import CrawlControl
from spiders.catalog import SiteCatalog
from spiders.links import clean_address

if TYPE_CHECKING:
    from crawler.web.reading import ArchiveReader

_FRESH = 2.0
"""Seconds for which a status is told again, however many look."""
_PACE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Now:
    """The machine's status, and what of it needs attention."""

    status: Status
    concerns: tuple[Concern, ...]
    days_left: float
    """Days until the disk is full, at the pace of the last week; 0: not known."""


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run, as readers may know it."""

    run: Run
    is_running: bool
    """Whether it goes on, as far as can be told on this machine."""


class Operation:
    """Looks at one machine's state."""

    def __init__(self, configuration: Configuration, reader: ArchiveReader, crawls: CrawlControl) -> None:
        self.crawls = crawls
        self._configuration = configuration
        self._reader = reader
        self._lock = threading.Lock()
        self._known: tuple[float, Now] | None = None

    def now(self) -> Now:
        """The status, no older than two seconds. Raises ObjectMissing when nothing was crawled from here."""
        self._require_crawled()
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > _FRESH:
                status = look(self._configuration)
                found = Now(status, tuple(concerns(status)), self._days_left(status))
                self._known = time.monotonic(), found
            return self._known[1]

    def hours(self, days: int = 7) -> dict[int, Counter[str]]:
        """Attempts by hour (seconds since 1970) and outcome. Raises as `now`."""
        self._require_crawled()
        database = open_database(self._configuration, to_write=False)
        try:
            hours = OutcomeLog(database).since(time.time() - days * DAY)
        finally:
            database.close()
        found: dict[int, Counter[str]] = {}
        for hour in hours:
            if hour.kind is EndedKind.ATTEMPT:
                found.setdefault(hour.hour, Counter())[hour.outcome] += hour.count
        return found

    def runs(self, limit: int, before: tuple[float, str] | None = None) -> list[ShownRun]:
        """The history of runs, the newest first, without the names of sites that access rules withhold as a whole.
        What runs had to say may name any address: it is left out while rules withhold anything. Raises as `now`.
        """
        self._require_crawled()
        database = open_database(self._configuration, to_write=False)
        try:
            found = RunHistory(database).newest(limit, before)
        finally:
            database.close()
        return [ShownRun(self._as_told(run), _goes_on(run)) for run in found]

    def failures(self, site: str, outcome: str, since: float) -> list[Failure]:
        """What could not be captured, without what access rules name. Raises as `now`."""
        self._require_crawled()
        gate = self._reader.gate
        with closing(open_frontier(self._configuration)) as frontier:
            found = frontier.failures.all(site=site, outcome=outcome, since=since)
        return [failure for failure in found if gate.refusal(failure.url, None) is None]

    def change(self, action: str, urls: list[str]) -> int:
        """Try these again (``retry``), or never again (``forget``); how many there were. Raises as `now`."""
        self._require_crawled()
        with closing(open_frontier(self._configuration)) as frontier:
            change = frontier.failures.retry if action == "retry" else frontier.failures.forget
            return change(urls)

    def explain(self, url: str) -> list[Fact]:
        """What is known of an address on this machine. Raises AccessRefused, and as `now`."""
        self._require_crawled()
        gate = self._reader.gate
        gate.require(url, None)
        configuration = self._configuration
        catalog = SiteCatalog([Path(directory) for directory in configuration.sites])
        with closing(open_frontier(configuration)) as frontier:
            known = frontier.known_address(clean_address(url) or url)
            # It may be known by another form, which whoever asks was not given
            rule = gate.refusal(known.url, None) if known is not None else None
            if rule is not None:
                raise AccessRefused(rule.description())
            # Its captures have a page of their own, with this reader's access rules
            return explain(url, None, frontier, catalog.all(), configuration.agent, datetime.now(UTC))

    def try_alarms(self) -> dict[str, str]:
        """Send a notice by each notifier; by name what went wrong, empty for those that took it."""
        notice = Notice(
            name="test",
            kind="test",
            site="",
            detail="this is a test",
            remedy="nothing has to be done",
            begun=time.time(),
        )
        said = {}
        for name, notifier in notifiers_of(self._configuration).items():
            try:
                notifier.notify(notice)
                said[name] = ""
            except DeliveryFailed as error:
                said[name] = str(error)
        return said

    def _as_told(self, run: Run) -> Run:
        gate = self._reader.gate
        return replace(
            run,
            sites=tuple(site for site in run.sites if not is_withheld(site, gate)),
            articles={site: count for site, count in run.articles.items() if not is_withheld(site, gate)},
            failed_sites=tuple(site for site in run.failed_sites if not is_withheld(site, gate)),
            problems=run.problems if self.may_tell else (),
        )

    @property
    def may_tell(self) -> bool:
        """Whether lines that may name any address can be told: access rules withhold none now."""
        return not self._reader.gate.refusing.rules

    def _days_left(self, status: Status) -> float:
        """At the pace at which segments were opened in the last week, as if all of it stayed on this disk."""
        since = f"{datetime.now(UTC) - timedelta(days=_PACE_DAYS):%Y-%m-%dT%H:%M:%S}"
        recent = [one for one in self._reader.contents.manifests.values() if one.opened >= since]
        kept = sum(one.warc.size + one.cdxj.size for one in recent)
        is_local = "://" not in self._configuration.archive
        return status.disk_free / (kept / _PACE_DAYS) if kept and is_local else 0.0

    def _require_crawled(self) -> None:
        state = self._configuration.state_directory
        if not self._configuration.frontier and not (state / "frontier.sqlite").exists():
            raise ObjectMissing("no crawl of this archive has run from this machine")


def _goes_on(run: Run) -> bool:
    return not run.ended and RunningProcess(run.process, run.mark).is_here
