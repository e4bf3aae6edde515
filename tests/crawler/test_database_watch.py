"""What takes too long on a database's line is cut; what answers in time is left alone."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from crawler.frontier.database_watch import Watch
from tests.support.postgres import Postgres
from tests.support.quiet_line import QuietLine

LONGEST = 1.0


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres() as started:
        yield started


def engine_through(server: Postgres, port: int) -> Engine:
    address = server.database().replace("postgresql://", "postgresql+psycopg://")
    return create_engine(address.replace(f":{server.port}/", f":{port}/"))


def test_a_line_on_which_nothing_comes_is_cut(server: Postgres) -> None:
    watch = Watch(LONGEST)
    with QuietLine(server.port) as line:
        engine = engine_through(server, line.port)
        with engine.connect() as connection, watch.over(connection):
            connection.execute(text("SELECT 1"))
            line.cut()
            begun = time.monotonic()
            with pytest.raises(OperationalError):
                connection.execute(text("SELECT 1"))
            assert LONGEST / 2 < time.monotonic() - begun < 10 * LONGEST
            connection.invalidate()
        engine.dispose()
    watch.end()


def test_only_what_is_under_way_counts(server: Postgres) -> None:
    watch = Watch(LONGEST)
    engine = engine_through(server, server.port)
    with engine.connect() as connection:
        for _ in range(4):
            with watch.over(connection):
                connection.execute(text("SELECT pg_sleep(:s)"), {"s": LONGEST / 2})
        time.sleep(3 * LONGEST)
        with watch.over(connection):
            assert connection.execute(text("SELECT 1")).scalar() == 1
    engine.dispose()
    watch.end()
