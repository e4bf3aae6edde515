"""When anything falls due that is not due now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import case, func, select

from crawler.frontier.database import Database
from crawler.frontier.entries import WAITING
from crawler.frontier.failures import is_over
from crawler.frontier.frontier import GRACE
from crawler.frontier.tables import ADDRESSES, PAGES, SCHEDULES

NEVER = float("inf")


def falls_due(database: Database, ages: Mapping[str, Sequence[float]], now: float) -> float:
    """The first moment (seconds since 1970) at which a source, an address or an article to be captured again is due.

    `ages` are those (seconds) at which articles are captured again, by site; `NEVER`: nothing ever falls due. Sources
    that are due already don't count, but an address that waits, whether this run wants it or not: then it is `now`.
    Raises FrontierUnavailable.
    """
    is_waiting = ADDRESSES.c.state.in_([state.value for state in WAITING])
    falls = case((is_over(now), now), else_=ADDRESSES.c.not_before)
    addresses = select(func.min(falls)).where(ADDRESSES.c.site.in_(list(ages)), is_waiting)
    sources = select(func.min(SCHEDULES.c.due_at)).where(SCHEDULES.c.due_at > now)
    moments = [database.rows(query)[0][0] for query in (addresses, sources)]
    for site, reached in ages.items():
        for age in reached:
            first = select(func.min(PAGES.c.first)).where(
                PAGES.c.site == site,
                PAGES.c.first > now - 2 * age - GRACE,  # beyond that nobody asks for it
                PAGES.c.last < PAGES.c.first + age,
            )
            earliest = database.rows(first)[0][0]
            moments.append(None if earliest is None else earliest + age)
    return max(now, min((moment for moment in moments if moment is not None), default=NEVER))
