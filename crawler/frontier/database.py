"""The database of a crawl's state: SQLite on this machine, or a PostgreSQL that several machines share.

Every piece of work is one transaction that can be done again: when PostgreSQL goes away (a restart, a failover, a cut
line) it is tried until the patience is over. SQLite's own waiting for other writers is enough there.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import namedtuple
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Select, Table, create_engine, event
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError

from crawler.config import Configuration, ConfigurationError
from crawler.frontier.database_watch import NoWatch, Watch
from crawler.frontier.schema import NewerSchema, bring_up_to_date, is_up_to_date

PATIENCE = 30.0
"""Seconds for which work is tried again on a PostgreSQL that does not answer; what comes after that fails at once,
until it answers again."""
LONGEST_ADDRESS = 2000
"""Letters of an address past which it is not kept: PostgreSQL indexes a third of a page at most, and no article that
was seen has so many."""

CONNECTING = {
    "connect_timeout": 10,
    "tcp_user_timeout": 20_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}
"""How a connection to PostgreSQL is made, and when the system gives it up (seconds, milliseconds for the second)."""
_READ_ONLY = {"mode": "ro", "immutable": "1", "uri": "true"}
"""SQLite, "Uniform Resource Identifiers", section 3.3."""
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_PASSING = (OperationalError, InterfaceError)

Result = TypeVar("Result")


class FrontierUnavailable(OSError):
    """The database refuses, because the disk is full or for another temporary reason. Nothing was changed: try
    again.
    """


class BadDatabase(ConfigurationError):
    """The database can't be used. The message says what to fix. Nothing was started."""


def open_database(configuration: Configuration, *, to_write: bool = True) -> Database:
    """The database that is configured. Raises BadDatabase, FrontierUnavailable or OSError.

    Who does not write can have one on a disk that takes nothing.
    """
    if configuration.frontier:
        return Database(configuration.frontier)
    return Database.in_directory(configuration.state_directory, to_write=to_write)


class Database:
    """Transactions, and look-ups by key that are put together but once. Close it."""

    def __init__(self, address: str | URL, patience: float = PATIENCE) -> None:
        """`address` is SQLAlchemy's. Tables are made, or brought up to date.

        Raises BadDatabase or FrontierUnavailable.
        """
        self.engine = _engine_of(address)
        self.is_shared = self.engine.dialect.name == "postgresql"
        """Whether other machines may write to it."""
        self._watch = Watch() if self.is_shared else NoWatch()
        self._patience = 0.0  # what is wrong from the beginning is told at once
        self._gone_since: float | None = None
        self._pause = _FIRST_PAUSE
        self._compiled: dict[Select[Any], tuple[str, Callable[..., Any]]] = {}
        self._reader: Connection | None = None
        try:
            if not self.transaction(is_up_to_date):
                self.transaction(bring_up_to_date)
                self.settle()
        except NewerSchema as error:
            raise BadDatabase(f"{self.name}: {error}") from error
        self._patience = patience

    @classmethod
    def in_directory(cls, directory: Path, *, to_write: bool = True) -> Database:
        """The database of a state directory. Raises OSError when the directory cannot be made."""
        file = directory / "frontier.sqlite"
        if not to_write and file.exists() and not os.access(directory, os.W_OK):
            # Of an archive on a read-only disk: without a log of its own beside it, it is read as it lies there
            return cls(URL.create("sqlite", database=f"file:{quote(str(file))}", query=_READ_ONLY))
        directory.mkdir(parents=True, exist_ok=True)
        return cls(URL.create("sqlite", database=str(file)))

    @property
    def name(self) -> str:
        """Its address for a person, without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    def transaction(self, work: Callable[[Connection], Result]) -> Result:
        """Do work that may be done twice; all of it is done, or nothing. Raises FrontierUnavailable."""

        def attempt() -> Result:
            with self.engine.connect() as connection, self._watch.over(connection), connection.begin():
                return work(connection)

        return self._answered(attempt)

    def rows(self, query: Select[Any]) -> Sequence[Any]:
        """What a query gives. Raises FrontierUnavailable."""
        return self.transaction(lambda connection: connection.execute(query).all())

    def row_of(self, statement: Select[Any], key: str) -> Any:
        """The row, by names of columns, or None, that a statement with the parameter `key` gives.

        Asked for every request, so the statement is put together but once: that costs more than to run it. SQLite is
        asked by its own cursor, since a result of SQLAlchemy's takes five times as long to make as the row to find.
        Raises FrontierUnavailable.
        """
        known = self._compiled.get(statement)
        if known is None:
            names = statement.selected_columns.keys()
            known = self._compiled[statement] = statement.compile(self.engine).string, namedtuple("row", names)
        text, made = known

        def attempt() -> Any:
            if self._reader is None or self._reader.invalidated or self._reader.closed:
                self._reader = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if not self.is_shared:
                found = _rows_of_sqlite(self._reader, text, key)
                return made(*found[0]) if found else None
            with self._watch.over(self._reader):
                return self._reader.exec_driver_sql(text, {"key": key}).one_or_none()

        return self._answered(attempt)

    def insert(
        self, table: Table, rows: Sequence[dict[str, object]], *, replace: bool | tuple[str, ...] = False
    ) -> None:
        """Insert rows; of those that are there already, replace everything, some columns, or nothing.

        Rows with an address that is too long are left out. Raises FrontierUnavailable.
        """
        rows = [row for row in rows if len(str(row.get("url", ""))) <= LONGEST_ADDRESS]
        if not rows:
            return
        statement = self.insertion(table)
        keys = [column.name for column in table.primary_key]
        # Two machines that take rows in different orders would wait for each other
        rows = sorted(rows, key=lambda row: [str(row[key]) for key in keys])
        if replace:
            names = tuple(rows[0]) if replace is True else replace or ()
            columns = {name: statement.excluded[name] for name in names if name not in keys}
            statement = statement.on_conflict_do_update(index_elements=keys, set_=columns)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=keys)
        self.transaction(lambda connection: connection.execute(statement, rows))

    def insert_new(self, table: Table, rows: Sequence[dict[str, object]]) -> set[str]:
        """Insert rows that are not there yet; the addresses of those that this call has inserted.

        Where runs insert the same at the same time, one of them has it. Rows with an address that is too long are
        left out. Raises FrontierUnavailable.
        """
        fitting = [row for row in rows if len(str(row["url"])) <= LONGEST_ADDRESS]
        rows = sorted(fitting, key=lambda row: str(row["url"]))
        statement = self.insertion(table).on_conflict_do_nothing().returning(table.c.url)
        return set(self.transaction(lambda c: c.execute(statement, rows).scalars().all())) if rows else set()

    def insertion(self, table: Table) -> Any:
        """An insertion that can say what happens to rows that are there already, in the database's own words."""
        if not self.is_shared:
            return sqlite_insert(table)
        from sqlalchemy.dialects import postgresql  # most crawls do without it

        return postgresql.insert(table)

    def settle(self) -> None:
        """Make all that was committed survive a loss of power. Raises FrontierUnavailable."""
        if self.is_shared:
            self.transaction(_flush_postgresql)
        else:
            self._answered(self._write_back)

    def close(self) -> None:
        """Close the database."""
        if self._reader is not None:
            self._reader.close()
        self._watch.end()
        self.engine.dispose()

    def _write_back(self) -> None:
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(FULL)")

    def _answered(self, attempt: Callable[[], Result]) -> Result:
        while True:
            try:
                result = attempt()
            except _PASSING as error:
                if not self._waited():
                    raise FrontierUnavailable(f"{self.name}: the frontier can't be written: {error.orig}") from error
            except DatabaseError as error:
                if type(error.orig) is not sqlite3.DatabaseError:
                    raise
                remedy = "move it away, and run `newswarc rebuild --frontier`"
                raise BadDatabase(f"{self.engine.url.database}: {error.orig}; {remedy}") from error
            else:
                self._gone_since = None
                return result

    def _waited(self) -> bool:
        """Wait before a further attempt, if there is to be one."""
        if not self.is_shared:
            return False
        now = time.monotonic()
        if self._gone_since is None:
            self._gone_since, self._pause = now, _FIRST_PAUSE
        if now - self._gone_since >= self._patience:
            return False
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return True


def _engine_of(address: str | URL) -> Engine:
    """The database at an SQLAlchemy address. Raises BadDatabase."""
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise BadDatabase("frontier: not a database URL; write postgresql://user@host/name") from error
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise BadDatabase(f"frontier: {url.drivername} is not supported; write postgresql://user@host/name")
    is_sqlite = url.get_backend_name() == "sqlite"
    arguments = {} if is_sqlite else CONNECTING
    try:
        engine = create_engine(url, connect_args=arguments)
    except ModuleNotFoundError as error:
        raise BadDatabase("frontier: PostgreSQL support is missing; install newswarc[scale]") from error
    event.listen(engine, "connect", _tune_sqlite if is_sqlite else _tune_postgresql)
    return engine


def _rows_of_sqlite(connection: Connection, statement: str, key: str) -> Sequence[Any]:
    """What SQLite gives. Raises DatabaseError as SQLAlchemy does."""
    try:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(statement, (key,))
            return cursor.fetchall()
        finally:
            cursor.close()
    except sqlite3.DatabaseError as error:
        told = OperationalError if isinstance(error, sqlite3.OperationalError) else DatabaseError
        raise told(statement, key, error) from error


def _tune_sqlite(connection: Any, _record: object) -> None:
    # Readers do not wait for the writer; a commit survives the process, though not always the machine,
    # and what the machine loses is found again in the segments
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()


def _tune_postgresql(connection: Any, _record: object) -> None:
    # The same bargain: a server that crashes forgets half a second, which is found again in the segments
    connection.execute("SET synchronous_commit = off")
    connection.commit()


def _flush_postgresql(connection: Connection) -> None:
    """A transaction that writes something, whose commit waits for the disk, and with it all before it."""
    connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
    connection.exec_driver_sql("SELECT pg_logical_emit_message(true, 'newswarc', '')")
