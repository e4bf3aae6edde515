"""The sites that workers crawl, when each is due, and the spools of workers that are gone.

A site's definition is kept in the database, so that all workers have the same one. When it is due follows from its
sources and articles, by the same rules as on one machine; it is worked out when a job of it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, ScalarSelect, delete, func, literal, select, update

from crawler.frontier.database import Database
from crawler.frontier.entries import WAITING, State
from crawler.frontier.frontier import GRACE
from crawler.frontier.leases import NOW
from crawler.frontier.tables import ADDRESSES, CAPTURES, FLEET, MACHINES, PAGES, PAYLOADS, SCHEDULES, SOURCES
from crawler.scheduling import Pace
from spiders.site import Site

PRESENT_EVERY = 15.0
"""Seconds between two signs of life of a worker."""
_MISSED = 3
"""How many signs of life may be missing before it counts as gone."""


@dataclass(frozen=True, slots=True)
class FleetSite:
    """A site that workers crawl."""

    site: Site
    due_in: float
    """Seconds until its next job; negative: it waits for one."""


@dataclass(frozen=True, slots=True)
class WorkerSpool:
    """A worker's spool."""

    holder: str
    """Machine and directory."""
    worker: str
    silent: float
    """Seconds since the worker's last sign of life."""
    lost: bool
    """Whether it was given up, and what it had is due again."""

    @property
    def is_present(self) -> bool:
        """Whether the worker is there, as far as it tells; one that was killed, or ended, is not."""
        return not self.lost and self.silent <= _MISSED * PRESENT_EVERY


class Fleet:
    """Reads and changes sites and spools. Everything raises FrontierUnavailable."""

    def __init__(self, database: Database) -> None:
        """`database` is a PostgreSQL."""
        self._database = database

    def add(self, sites: Sequence[Site]) -> list[str]:
        """Add sites, or replace the definitions of known ones; returns the ids of the new ones."""
        known = {row.site for row in self._database.rows(select(FLEET.c.site))}
        rows: list[dict[str, object]] = [
            {"site": site.id, "host": site.host, "definition": site.definition().decode(), "due_at": 0.0}
            for site in sites
        ]
        self._database.insert(FLEET, rows, replace=("host", "definition"))
        return [site.id for site in sites if site.id not in known]

    def remove(self, ids: Sequence[str]) -> list[str]:
        """Remove sites; returns those that were in the fleet. What is known about their URLs stays."""
        statement = delete(FLEET).where(FLEET.c.site.in_(ids)).returning(FLEET.c.site)
        return sorted(self._database.transaction(lambda connection: connection.execute(statement).scalars().all()))

    def sites(self) -> list[FleetSite]:
        """All sites, by id."""
        rows = self._database.rows(select(FLEET.c.definition, FLEET.c.due_at - NOW).order_by(FLEET.c.site))
        return [FleetSite(Site.model_validate_json(definition), float(due_in)) for definition, due_in in rows]

    def site(self, name: str) -> Site | None:
        """One site."""
        rows = self._database.rows(select(FLEET.c.definition).where(FLEET.c.site == name))
        return Site.model_validate_json(rows[0][0]) if rows else None

    def due(self) -> list[tuple[str, str]]:
        """Sites that are due, the longest due first, with their hosts."""
        query = select(FLEET.c.site, FLEET.c.host).where(FLEET.c.due_at <= NOW).order_by(FLEET.c.due_at)
        return [(site, host) for site, host in self._database.rows(query)]

    def put_off(self, name: str, seconds: float) -> None:
        """A site is due in so many seconds."""
        statement = update(FLEET).where(FLEET.c.site == name).values(due_at=NOW + seconds)
        self._database.transaction(lambda connection: connection.execute(statement))

    def settle(self, name: str, ages: Sequence[float], pace: Pace) -> None:
        """A job of a site has ended: it is due when the first of its sources or articles is.

        `ages` (seconds) are those at which its articles are fetched again. A site of which no source could be read
        is due after the usual interval.
        """
        source = func.coalesce(_next_source(name), NOW + pace.usual)
        moments = [_next_address(name), *(_next_age(name, age) for age in ages)]
        due_at = func.greatest(func.least(source, *moments), NOW + pace.shortest)
        statement = update(FLEET).where(FLEET.c.site == name).values(due_at=due_at)
        self._database.transaction(lambda connection: connection.execute(statement))

    def present(self, holders: Sequence[str], worker: str) -> None:
        """Note a sign of life of a worker with these spools."""
        if not holders:
            return
        rows = [{"holder": holder, "worker": worker, "seen_at": 0.0, "lost": False} for holder in holders]
        now = update(MACHINES).where(MACHINES.c.holder.in_(holders)).values(seen_at=NOW, lost=False, worker=worker)
        self._database.insert(MACHINES, rows)
        self._database.transaction(lambda connection: connection.execute(now))

    def spools(self) -> list[WorkerSpool]:
        """All spools."""
        rows = self._database.rows(
            select(MACHINES.c.holder, MACHINES.c.worker, NOW - MACHINES.c.seen_at, MACHINES.c.lost).order_by(
                MACHINES.c.holder
            )
        )
        return [WorkerSpool(holder, worker, float(silent), bool(lost)) for holder, worker, silent, lost in rows]

    def give_up(self, holder: str) -> int:
        """A spool is lost for good: what it captured and did not store is due again; how many addresses."""

        def work(connection: Connection) -> int:
            connection.execute(update(MACHINES).where(MACHINES.c.holder == holder).values(lost=True))
            captured = (ADDRESSES.c.holder == holder) & (ADDRESSES.c.state == State.CAPTURED.value)
            segments = connection.execute(select(ADDRESSES.c.segment).where(captured).distinct()).scalars().all()
            for table in (CAPTURES, PAYLOADS):
                connection.execute(delete(table).where(table.c.segment.in_(segments), ~table.c.stored))
            states = (State.CAPTURED.value, State.FETCHING.value)
            mine = (ADDRESSES.c.holder == holder) & ADDRESSES.c.state.in_(states)
            due = update(ADDRESSES).where(mine).values(state=State.DISCOVERED.value, not_before=0.0, segment="")
            return connection.execute(due).rowcount

        return self._database.transaction(work)

    def give_up_silent(self, seconds: float) -> dict[str, int]:
        """Give up the spools not heard of for so long; how many addresses of each are due again."""
        silent = [spool.holder for spool in self.spools() if not spool.lost and spool.silent > seconds]
        return {holder: self.give_up(holder) for holder in silent}


def _next_source(site: str) -> ScalarSelect[float]:
    joined = select(func.min(SCHEDULES.c.due_at)).join(SOURCES, SOURCES.c.url == SCHEDULES.c.url)
    return joined.where(SOURCES.c.site == site).scalar_subquery()


def _next_address(site: str) -> ScalarSelect[float]:
    waiting = ADDRESSES.c.state.in_([state.value for state in WAITING])
    return select(func.min(ADDRESSES.c.not_before)).where(ADDRESSES.c.site == site, waiting).scalar_subquery()


def _next_age(site: str, age: float) -> ScalarSelect[float]:
    """When the first article reaches an age at which it was not asked for yet, and may still be."""
    waits = (PAGES.c.last < PAGES.c.first + age) & (PAGES.c.first > NOW - 2 * age - GRACE)
    query = select(func.min(PAGES.c.first) + literal(age)).where(PAGES.c.site == site, waits)
    return query.scalar_subquery()
