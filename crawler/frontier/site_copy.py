"""A local copy of part of a shared frontier, so that a dry run does not change what others use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from crawler.frontier.database import Database
from crawler.frontier.tables import ADDRESSES, HOLDS, MEMORIES, PAGES, SCHEDULES, SOURCES

_BATCH = 1000


def copy_sites(source: Database, target: Database, sites: Sequence[str]) -> None:
    """Copy what is known of sites' addresses and sources, and which hosts are left alone.

    Raises FrontierUnavailable.
    """
    wanted: list[tuple[Table, Select[Any]]] = [
        *((table, select(table).where(table.c.site.in_(sites))) for table in (ADDRESSES, MEMORIES, PAGES, SOURCES)),
        (
            SCHEDULES,
            select(SCHEDULES).join(SOURCES, SOURCES.c.url == SCHEDULES.c.url).where(SOURCES.c.site.in_(sites)),
        ),
        (HOLDS, select(HOLDS).where(HOLDS.c.until > time.time())),
    ]

    def work(connection: Connection) -> None:
        for table, query in wanted:
            for rows in connection.execution_options(yield_per=_BATCH).execute(query).partitions():
                target.insert(table, [dict(row._mapping) for row in rows], replace=True)

    source.transaction(work)
