"""The status of this machine, read from its state while crawls run, without requests to sites or the storage."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

from sqlalchemy import Connection, func, select

from archive.errors import BadAddress
from archive.layout import MANIFEST_SUFFIX
from crawler.config import Configuration
from crawler.frontier.database import Database, open_database
from crawler.frontier.entries import WAITING
from crawler.frontier.failures import FAILING, FAILING_BY_OUTCOME
from crawler.frontier.leases import sites_held
from crawler.frontier.outcome_log import HOUR, EndedKind, Hour, OutcomeLog
from crawler.frontier.tables import ADDRESSES, FLOORS, PAGES, SCHEDULES, SOURCES
from crawler.keeping.custody_log import CustodyStatus, read_status
from crawler.keeping.run_lock import Holder
from crawler.keeping.run_lock import holder as holder_of_turn
from crawler.keeping.unpublished import Unpublished, unpublished
from crawler.polite.clock_skew import clock_ahead
from crawler.scale.fleet import Fleet
from crawler.watching.fixity_note import FixityStatus, fixity_status

DAY = 24 * HOUR
WEEK = 7 * DAY
_GAPS = 200
"""Number of newest articles of a site from which its rhythm is computed."""
_FEWEST_GAPS = 20
_PERCENT = 95


@dataclass(slots=True)
class SiteStatus:
    """One site. Times are seconds since 1970; 0 is never."""

    articles: int = 0
    """Articles captured."""
    newest: float = 0.0
    """When the last new article was captured."""
    looked_at: float = 0.0
    """When one of its sources was last read."""
    rhythm: float = 0.0
    """95th percentile of the gap between two new articles, in seconds; 0 if too few are known."""
    waiting: int = 0
    """URLs found but not requested yet."""
    failing: int = 0
    """URLs that failed or were refused, and will be tried again."""
    given_up: int = 0
    """URLs that are not tried again by themselves."""
    failures: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Both together, by how the last try ended: capture outcome and status (0: no response)."""
    sources: int = 0
    shown: int = 0
    """Number of articles that its sources listed in the last completed run."""
    floor: int = 0
    """Minimum number of articles that they should list."""
    overdue: float = 0.0
    """Seconds for which its most overdue source has waited to be read."""
    attempts: Counter[str] = field(default_factory=Counter)
    """Pages of the last day, by outcome."""
    attempts_before: Counter[str] = field(default_factory=Counter)
    """The same for the seven days before."""
    pages: Counter[str] = field(default_factory=Counter)
    pages_before: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One place where a worker crawls."""

    silent: float
    """Seconds since the worker was last heard of."""
    sites: tuple[str, ...]
    """The sites it is crawling."""
    is_present: bool = True
    """Whether it is there; one that was killed, or ended, is not."""


@dataclass(slots=True)
class Status:
    """This machine's side of an archive; of several that crawl together, the sites of all."""

    archive: str
    at: float
    is_crawling: bool
    """Whether a run of ``crawl --due`` is in progress."""
    sites: dict[str, SiteStatus]
    spool_bytes: int
    spool_budget: int
    open_segments: int
    open_pages: int
    """Pages in open segments whose outcome is known."""
    closes_in: float
    """Seconds until the first open segment is old enough to be closed; 0: the next run closes it."""
    waiting_segments: int
    """Closed segments that are not known to be stored."""
    oldest_waiting: float
    """Seconds since the oldest of them was closed; 0 without any."""
    disk_free: int
    least_free: int
    clock_ahead: float
    """Seconds that this machine's clock is ahead of the servers', as the last day's runs found it."""
    workers: dict[str, WorkerStatus]
    """The places where workers of all machines work, by machine and directory; those given up are left out."""
    fixity: FixityStatus
    """When the archive was last verified."""
    fixity_limit: float
    """Seconds within which every byte should be read again; 0: no limit."""
    first: float
    """When the first article was captured (seconds since 1970); 0: none yet."""
    totals: dict[tuple[EndedKind, str], int]
    """How often attempts and pages ended so in the last 30 days, and which needs of a browser were found."""
    custody: CustodyStatus | None = None
    """The log of custody, as this machine last found it; None if it logs nothing."""
    running: Holder | None = None
    """The process of the run that is in progress."""

    @property
    def looked_at(self) -> float:
        """When any source was last read."""
        return max((site.looked_at for site in self.sites.values()), default=0.0)

    @property
    def unpublished(self) -> Unpublished:
        """What the archive does not list yet."""
        return Unpublished(self.open_segments, self.open_pages, self.closes_in, self.waiting_segments)

    @property
    def waiting(self) -> int:
        """URLs found but not captured, of all sites."""
        return sum(site.waiting for site in self.sites.values())


def look(configuration: Configuration, now: float | None = None) -> Status:
    """The status at a moment (seconds since 1970). Raises BadAddress when nothing was crawled from here, OSError."""
    now = time.time() if now is None else now
    configuration.require_own_state()
    state = configuration.state_directory
    if not configuration.frontier and not (state / "frontier.sqlite").exists():
        raise BadAddress(f"{state}: no crawl has run from here; check `archive` and `state`")
    state.mkdir(parents=True, exist_ok=True)
    database = open_database(configuration, to_write=False)
    log = OutcomeLog(database)
    try:
        sites = database.transaction(lambda connection: _sites(connection, now))
        _add_hours(sites, log.since(now - DAY - WEEK), now)
        totals = dict(log.totals())
        first = database.transaction(lambda connection: connection.execute(select(func.min(PAGES.c.first))).scalar())
        workers = _workers(database)
    finally:
        database.close()
    spool = state / "spool"
    found = unpublished(spool, configuration.segment_age, datetime.fromtimestamp(now, UTC))
    running = holder_of_turn(state)
    manifests = list(_ages(spool, f"*{MANIFEST_SUFFIX}", now))
    return Status(
        archive=configuration.archive,
        at=now,
        is_crawling=running is not None,
        sites=dict(sorted(sites.items())),
        spool_bytes=sum(path.stat().st_size for path in spool.glob("*") if path.is_file()),
        spool_budget=configuration.spool_budget,
        open_segments=found.segments,
        open_pages=found.pages,
        closes_in=found.closes_in,
        waiting_segments=len(manifests),
        oldest_waiting=max(manifests, default=0.0),
        disk_free=shutil.disk_usage(state).free,
        least_free=configuration.least_free,
        clock_ahead=clock_ahead(state / "clock.json", now - DAY),
        workers=workers,
        fixity=fixity_status(configuration),
        fixity_limit=configuration.verify_within * DAY,
        first=first or 0.0,
        totals=totals,
        custody=read_status(state) if configuration.custody_key else None,
        running=running,
    )


def _sites(connection: Connection, now: float) -> dict[str, SiteStatus]:
    sites: dict[str, SiteStatus] = {}
    pages = select(PAGES.c.site, func.count(), func.max(PAGES.c.first)).group_by(PAGES.c.site)
    for site, articles, newest in connection.execute(pages).all():
        sites[site] = SiteStatus(articles=articles, newest=newest, rhythm=_rhythm(connection, site))
    sources = select(SOURCES.c.site, func.count(), func.max(SOURCES.c.looked_at)).group_by(SOURCES.c.site)
    for site, count, looked_at in connection.execute(sources).all():
        known = sites.setdefault(site, SiteStatus())
        known.sources, known.looked_at = count, looked_at
    waiting = (
        select(ADDRESSES.c.site, func.count())
        .where(ADDRESSES.c.state.in_([state.value for state in WAITING]), ~FAILING)
        .group_by(ADDRESSES.c.site)
    )
    for site, count in connection.execute(waiting).all():
        sites.setdefault(site, SiteStatus()).waiting = count
    for site, outcome, status, is_given_up, count in connection.execute(FAILING_BY_OUTCOME).all():
        known = sites.setdefault(site, SiteStatus())
        known.failures[outcome, status] += count
        if is_given_up:
            known.given_up += count
        else:
            known.failing += count
    for site, shown, floor in connection.execute(select(FLOORS.c.site, FLOORS.c.found, FLOORS.c.floor)).all():
        known = sites.setdefault(site, SiteStatus())
        known.shown, known.floor = shown, floor
    due = (
        select(SOURCES.c.site, func.min(SCHEDULES.c.due_at))
        .join(SCHEDULES, SCHEDULES.c.url == SOURCES.c.url)
        .group_by(SOURCES.c.site)
    )
    for site, earliest in connection.execute(due).all():
        sites.setdefault(site, SiteStatus()).overdue = max(0.0, now - earliest)
    return sites


def _workers(database: Database) -> dict[str, WorkerStatus]:
    if not database.is_shared:
        return {}
    at: dict[str, list[str]] = {}
    for site, holder in sites_held(database):
        at.setdefault(holder, []).append(site)
    spools = Fleet(database).spools()
    return {
        spool.holder: WorkerStatus(spool.silent, tuple(sorted(at.get(spool.holder, ()))), spool.is_present)
        for spool in spools
        if not spool.lost
    }


def _rhythm(connection: Connection, site: str) -> float:
    newest = select(PAGES.c.first).where(PAGES.c.site == site).order_by(PAGES.c.first.desc()).limit(_GAPS + 1)
    moments = list(connection.execute(newest).scalars())
    gaps = [later - earlier for later, earlier in pairwise(moments)]
    return quantiles(gaps, n=100)[_PERCENT - 1] if len(gaps) >= _FEWEST_GAPS else 0.0


def _add_hours(sites: dict[str, SiteStatus], hours: list[Hour], now: float) -> None:
    for hour in hours:
        if not hour.site:
            continue
        site = sites.setdefault(hour.site, SiteStatus())
        is_recent = hour.hour > now - DAY
        if hour.kind is EndedKind.ATTEMPT:
            counts = site.attempts if is_recent else site.attempts_before
        elif hour.kind is EndedKind.PAGE:
            counts = site.pages if is_recent else site.pages_before
        else:
            continue
        counts[hour.outcome] += hour.count


def _ages(directory: Path, pattern: str, now: float) -> Iterator[float]:
    for path in directory.glob(pattern):
        try:
            yield max(0.0, now - path.stat().st_mtime)
        except FileNotFoundError:  # stored meanwhile
            continue
