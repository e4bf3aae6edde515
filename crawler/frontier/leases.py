"""Exclusive access across machines: a lease in the database, taken for a limited time and renewed.

A holder that is cut off from the database knows by its own clock when its lease runs out, and stops before. Whoever
takes over waits besides for as long as the former holder would have waited between two requests, so that a host sees
no two requests closer together than one machine alone would send them.

All moments are the database's; the machines' own clocks may differ.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from secrets import token_hex

from sqlalchemy import Connection, Float, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from crawler.frontier.database import Database
from crawler.frontier.tables import LEASES

MARGIN = 1 / 20
"""Part of a lease before its end in which a holder does no more: what its clock may be slow by, a packet's way."""
KEPT = 86400.0
"""Seconds after which what is known of a lease that ended is dropped."""

_SITE = "site "
_PARTS_OF_PROCESS = 2
"""What `holder_at` puts behind a place."""

NOW = func.extract("epoch", func.clock_timestamp()).cast(Float)
"""The database's clock, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What was granted."""

    deadline: float
    """On this machine's monotonic clock (seconds): nothing may be done after."""
    wait: float
    """Seconds for which nothing may be done yet, for what a former holder did."""


class Leases:
    """One holder's leases."""

    def __init__(self, database: Database, holder: str, length: float) -> None:
        """`holder` is unique for each process. A lease lasts `length` seconds. `database` is a PostgreSQL."""
        self.length = length
        self._database = database
        self._holder = holder

    def take(self, key: str, pause: float = 0.0) -> Lease | None:
        """Take a lease that nobody else has, or renew it; None: somebody else has it.

        `pause` is how many seconds whoever comes next has to wait after the lease has run out. Raises
        FrontierUnavailable.
        """
        asked = time.monotonic()
        wait = self._database.transaction(lambda connection: self._taken(connection, key, pause))
        return None if wait is None else Lease(asked + self.length * (1 - MARGIN), wait)

    def renew(self) -> tuple[frozenset[str], float]:
        """Renew all leases: those that are still this holder's, and their deadline. Raises FrontierUnavailable."""
        asked = time.monotonic()
        statement = update(LEASES).where(LEASES.c.holder == self._holder).values(until=NOW + self.length)
        keys = self._database.transaction(
            lambda connection: connection.execute(statement.returning(LEASES.c.key)).scalars().all()
        )
        return frozenset(keys), asked + self.length * (1 - MARGIN)

    def release(self, keys: Iterable[str], pause: float = 0.0) -> None:
        """Give leases back; whoever comes next waits for `pause` seconds from now. Raises FrontierUnavailable."""
        given = update(LEASES).where(LEASES.c.holder == self._holder, LEASES.c.key.in_(sorted(keys)))
        values = {"holder": "", "until": NOW, "pause": max(0.0, pause)}
        self._database.transaction(lambda connection: connection.execute(given.values(values)))

    def _taken(self, connection: Connection, key: str, pause: float) -> float | None:
        """Seconds to wait for a lease that was taken."""
        mine = {"holder": self._holder, "until": NOW + self.length, "pause": pause}
        query = select(LEASES.c.holder, LEASES.c.until + LEASES.c.pause - NOW, LEASES.c.until >= NOW)
        row = connection.execute(query.where(LEASES.c.key == key).with_for_update()).one_or_none()
        if row is None:
            new = insert(LEASES).values(key=key, **mine).on_conflict_do_nothing().returning(LEASES.c.key)
            return 0.0 if connection.execute(new).scalar() is not None else None
        holder, left, is_running = row
        if holder != self._holder and holder and is_running:
            return None
        connection.execute(update(LEASES).where(LEASES.c.key == key).values(mine))
        return 0.0 if holder == self._holder else max(0.0, float(left))


def site_key(site: str) -> str:
    """The key of a site's lease."""
    return f"{_SITE}{site}"


def sites_held(database: Database) -> list[tuple[str, str]]:
    """The sites that are crawled now, each with the place (machine and directory). Raises FrontierUnavailable."""
    held = select(LEASES.c.key, LEASES.c.holder).where(LEASES.c.key.startswith(_SITE), LEASES.c.until > NOW)
    rows = database.rows(held.where(LEASES.c.holder != ""))
    return [(key.removeprefix(_SITE), holder.rsplit(":", _PARTS_OF_PROCESS)[0]) for key, holder in rows]


def holder_at(place: str) -> str:
    """A name for this process at a place (machine and directory), which no other has had."""
    return f"{place}:{os.getpid()}:{token_hex(4)}"


def drop_old(database: Database) -> None:
    """Forget leases that ended long ago. Raises FrontierUnavailable."""
    database.transaction(lambda connection: connection.execute(delete(LEASES).where(LEASES.c.until < NOW - KEPT)))
