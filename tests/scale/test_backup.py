"""The drill of docs/how-to/run-several-machines.md: the database is dumped, lost, and restored from the dump; work goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from archive.exchange import CaptureAddress, Discovery, Role
from crawler.frontier.database import Database
from crawler.frontier.entries import Captured, Due
from crawler.frontier.frontier import Frontier
from crawler.frontier.tables import METADATA
from crawler.scale.fleet import Fleet
from spiders.site import Site
from tests.support.postgres import Postgres

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Postgres]:
    with Postgres() as started:
        yield started


def everything(database: Database) -> dict[str, list[Any]]:
    return {table.name: sorted(map(repr, database.rows(select(table)))) for table in METADATA.sorted_tables}


def test_a_dump_restored_is_the_frontier_as_it_was(server: Postgres) -> None:
    address = server.database()
    lost = Database(address)
    frontier = Frontier(lost, "machine")
    found = [Due(f"https://example.org/{n}", Discovery(role=Role.ARTICLE, site="a", via="feed")) for n in range(20)]
    frontier.discover(found)
    frontier.claim([item.url for item in found[:10]])
    frontier.captured(
        [
            Captured(
                item.url, CaptureAddress("s", n, 9, UUID(int=n + 1), f"sha256:{n}"), NOW, item.discovery, full=True
            )
            for n, item in enumerate(found[:5])
        ]
    )
    Fleet(lost).add([Site(id="a", name="A", url="https://example.org/")])
    before = everything(lost)
    assert sum(map(len, before.values())) > 30
    lost.close()
    restored = Database(server.restored(server.dump(address)))
    assert everything(restored) == before
    again = Frontier(restored, "machine")
    assert len(again.due(["a"])) == 15, "all that was not captured"
    assert again.discover(found) == []
    restored.close()
