from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from archive.exchange import CaptureAddress, Discovery, Role
from crawler.frontier.database import BadDatabase, Database, FrontierUnavailable
from crawler.frontier.entries import Captured, Due
from crawler.frontier.frontier import Frontier
from crawler.frontier.schema import MIGRATIONS, SCHEMA_VERSION
from crawler.frontier.tables import METADATA
from tests.support.postgres import Postgres
from tests.support.processes import free_ports

OLD = Path(__file__).parent / "data" / "frontier-of-the-beginning.sql"
NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of the test's own, to be ended."""
    with Postgres() as started:
        yield started


def found(number: int) -> Due:
    return Due(f"https://example.org/{number}", Discovery(role=Role.ARTICLE, site="a", via="feed"))


def differences(address: str) -> list[object]:
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        result = compare_metadata(context, METADATA)
    engine.dispose()
    return list(result)


def old_database(address: str) -> None:
    """What the first version that had a frontier left behind, with one address in it."""
    script = OLD.read_text()
    if address.startswith("sqlite"):
        with sqlite3.connect(address.removeprefix("sqlite:///")) as connection:
            connection.executescript(script)
        return
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in script.split(";\n"):
            if statement.strip().startswith(("CREATE", "INSERT")):
                connection.execute(text(statement.replace(":", "\\:")))
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("make", [old_database, lambda _: None], ids=["old", "new"])
def test_tables_of_any_age_become_todays(
    kind: str, make: Callable[[str], None], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        address = f"sqlite:///{tmp_path / 'frontier.sqlite'}"
    else:
        address = request.getfixturevalue("postgres").database()
    make(address)
    frontier = Frontier(Database(address))
    known = [item.url for item in frontier.discover([found(1), found(2)])]
    frontier.captured([Captured(found(2).url, capture(), NOW, found(2).discovery, full=True, shows_page=True)])
    assert [item.url for item in frontier.due(["a"])] == [found(1).url], "an address of before is kept"
    assert len(known) == (1 if make is old_database else 2)
    frontier.close()
    assert differences(address) == []
    Database(address).close()


HELD = [
    "https://www.example.org/news/quay-wall-is-raised-8412097",
    "https://example.org/item?n=4&view=text",
    "https://example.org/read?q=%EF%BF%BD%EF%BF%BD",
    "https://example.org/trains?from=arden&to=holme",
    "https://example.org/a/ferry-ends-its-season",
    "https://example.org/read?48213=",
]
FORMS_OF_HELD = [
    "http://m.example.org/news/quay-wall-is-raised-8412097/amp",
    "http://example.org/item?view=text&n=4",
    "https://www.example.org/trains?to=holme&from=arden",
    "https://example.org/read?48213",
]
NOT_HELD = [
    "https://example.org/news/gallery-of-the-quay-8412097",
    "https://example.org/item?n=4&view=pictures",
    "https://example.org/trains?from=irby&to=holme",
]


def test_what_is_held_is_not_new_though_addresses_were_told_apart_otherwise_before(tmp_path: Path) -> None:
    """The sample was written by the version whose rule took one number in two addresses for one article."""
    with sqlite3.connect(tmp_path / "frontier.sqlite") as connection:
        connection.executescript((OLD.parent / "frontier-of-shared-numbers.sql").read_text())
    frontier = Frontier.in_directory(tmp_path)
    discovery = Discovery(role=Role.ARTICLE, site="a", via="feed")
    new = frontier.discover([Due(url, discovery) for url in (*FORMS_OF_HELD, *HELD, *NOT_HELD)])
    assert [due.url for due in new] == NOT_HELD
    frontier.close()


def test_what_an_earlier_version_redacted_stays_so(tmp_path: Path) -> None:
    """That version called it given up, with nothing of how it was found."""
    with sqlite3.connect(tmp_path / "frontier.sqlite") as connection:
        connection.executescript((OLD.parent / "frontier-of-shared-numbers.sql").read_text())
        rows = [(f"https://paper.example/{state}", state, found) for state, found in
                (("given_up", "{}"), ("given_up_too", '{"role": "article", "site": "a"}'))]  # fmt: skip
        for url, state, found in rows:
            connection.execute(
                "INSERT INTO addresses (url, site, state, discovery, attempts, outcome, segment, identity)"
                " VALUES (?, 'a', ?, ?, 1, 'not_found', '', ?)",
                (url, state.removesuffix("_too"), found, url.removeprefix("https://")),
            )
    frontier = Frontier.in_directory(tmp_path)
    discovery = Discovery(role=Role.ARTICLE, site="a", via="feed")
    frontier.failures.listed([Due(url, discovery) for url, _, _ in rows], datetime(2026, 3, 2, tzinfo=UTC))
    assert [failure.url for failure in frontier.failures.all()] == ["https://paper.example/given_up_too"]
    assert frontier.discover([Due(rows[0][0], discovery)]) == []
    frontier.close()


def capture() -> CaptureAddress:
    return CaptureAddress("s1", 10, 20, UUID(int=1), "sha256:1")


def test_the_version_is_that_of_the_last_change() -> None:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION


def test_many_that_begin_at_once_make_the_tables_once(postgres: Postgres) -> None:
    address = postgres.database()
    with ThreadPoolExecutor(8) as threads:
        for database in threads.map(lambda _: Database(address), range(8)):
            database.close()


def test_tables_of_a_later_version_are_left_alone(tmp_path: Path) -> None:
    Database.in_directory(tmp_path).close()
    with sqlite3.connect(tmp_path / "frontier.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BadDatabase, match="upgrade"):
        Database.in_directory(tmp_path)


@pytest.mark.parametrize("address", ["nonsense", "mysql://host/name", "postgresql//host"])
def test_an_address_that_is_none_is_a_users_mistake(address: str) -> None:
    with pytest.raises(BadDatabase, match="postgresql://user@host/name"):
        Database(address)


def test_a_server_that_is_not_there_is_told_at_once_without_the_password() -> None:
    begun = time.monotonic()
    with pytest.raises(FrontierUnavailable) as raised:
        Database(f"postgresql://me:secret@127.0.0.1:{free_ports(1)[0]}/name")
    assert "secret" not in str(raised.value)
    assert time.monotonic() - begun < 5


def test_a_restart_is_waited_for(server: Postgres) -> None:
    frontier = Frontier(Database(server.database()))
    assert len(frontier.discover([found(1)])) == 1
    frontier.known_capture(found(1).url)
    frontier.settle()
    server.kill()
    restart = threading.Timer(1.0, server.start)
    restart.start()
    assert frontier.known_capture(found(3).url) is None, "a look-up"
    assert [item.url for item in frontier.discover([found(1), found(2)])] == [found(2).url], "and a transaction"
    restart.join()
    frontier.close()


def test_patience_ends_and_what_follows_fails_at_once_until_it_is_back(server: Postgres) -> None:
    frontier = Frontier(Database(server.database(), patience=1.0))
    server.stop()
    with pytest.raises(FrontierUnavailable):
        frontier.discover([found(1)])
    begun = time.monotonic()
    with pytest.raises(FrontierUnavailable):
        frontier.discover([found(1)])
    assert time.monotonic() - begun < 0.5
    server.start()
    assert len(frontier.discover([found(1)])) == 1
    frontier.close()


def test_two_that_take_the_same_rows_do_not_end_each_other(postgres: Postgres) -> None:
    """Transactions over the same rows in other orders: one waits, or is done again."""
    address = postgres.database()
    frontiers = [Frontier(Database(address)) for _ in range(2)]

    def take(frontier: Frontier, numbers: list[int]) -> None:
        for _ in range(20):
            frontier.discover([found(number) for number in numbers])
            frontier.claim([found(number).url for number in numbers])

    numbers = list(range(200))
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(take, frontiers[0], numbers), threads.submit(take, frontiers[1], numbers[::-1])]
        for one in both:
            one.result()
    for frontier in frontiers:
        frontier.close()
