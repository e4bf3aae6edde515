"""How attempts and pages ended, by site and hour, for monitoring; kept in the frontier's database.

It is a picture, not a record: a run that is killed takes its last half minute with it. The WARC says what each
attempt came to.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, delete, func, select

from crawler.frontier.database import Database, FrontierUnavailable
from crawler.frontier.tables import OUTCOMES

HOUR = 3600
KEPT_DAYS = 30
BETWEEN = 30.0
"""Seconds between two writings of a run."""


class EndedKind(StrEnum):
    """What ended."""

    ATTEMPT = "attempt"
    """An attempt to fetch: outcomes are of `archive.exchange.CaptureOutcome`."""
    PAGE = "page"
    """A page's derivation: outcomes are of `archive.outcomes.PageOutcome`."""
    NEED = "need"
    """Whether a page needs a browser: outcomes are of `pipelines.need_of_browser`, or `NO_NEED`."""


NO_NEED = "none"
"""The outcome of a page that shows its text without a browser."""


Ended = Counter[tuple[str, EndedKind, str]]
"""How often something ended so: site, kind, outcome."""


@dataclass(frozen=True, slots=True)
class Hour:
    """What one site did in one hour."""

    site: str
    hour: int
    """Seconds since 1970 at its beginning."""
    kind: EndedKind
    outcome: str
    count: int


class OutcomeLog:
    """Reads and adds to the log."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._written = time.monotonic()

    @property
    def is_time(self) -> bool:
        """Whether the last writing is long enough ago."""
        return time.monotonic() - self._written >= BETWEEN

    def add(self, ended: Ended, now: datetime) -> None:
        """Write what ended and empty it; a database that refuses now is told the next time."""
        self._written = time.monotonic()
        hour = int(now.timestamp()) // HOUR * HOUR
        rows = [
            {"site": site, "hour": hour, "kind": kind.value, "outcome": outcome, "count": count}
            for (site, kind, outcome), count in sorted(ended.items())
        ]
        if not rows:
            return
        statement = self._database.insertion(OUTCOMES)
        keys = [column.name for column in OUTCOMES.primary_key]
        more = statement.on_conflict_do_update(
            index_elements=keys, set_={"count": OUTCOMES.c.count + statement.excluded["count"]}
        )

        def work(connection: Connection) -> None:
            connection.execute(more, rows)
            connection.execute(delete(OUTCOMES).where(OUTCOMES.c.hour < hour - KEPT_DAYS * 24 * HOUR))

        try:
            self._database.transaction(work)
        except FrontierUnavailable:
            return
        ended.clear()

    def since(self, moment: float) -> list[Hour]:
        """All hours that end after a moment (seconds since 1970)."""
        query = select(OUTCOMES).where(OUTCOMES.c.hour > moment - HOUR).order_by(OUTCOMES.c.hour, OUTCOMES.c.site)
        rows = self._database.rows(query)
        return [Hour(site, hour, EndedKind(kind), outcome, count) for site, hour, kind, outcome, count in rows]

    def needs(self, site: str) -> Counter[str]:
        """Whether and why a site's pages need a browser, in all hours that are kept."""
        query = (
            select(OUTCOMES.c.outcome, func.sum(OUTCOMES.c.count))
            .where(OUTCOMES.c.site == site, OUTCOMES.c.kind == EndedKind.NEED.value)
            .group_by(OUTCOMES.c.outcome)
        )
        return Counter({outcome: int(count) for outcome, count in self._database.rows(query)})

    def totals(self) -> Mapping[tuple[EndedKind, str], int]:
        """How often anything ended so, in all hours that are kept."""
        query = select(OUTCOMES.c.kind, OUTCOMES.c.outcome, func.sum(OUTCOMES.c.count)).group_by(
            OUTCOMES.c.kind, OUTCOMES.c.outcome
        )
        return {(EndedKind(kind), outcome): int(count) for kind, outcome, count in self._database.rows(query)}
