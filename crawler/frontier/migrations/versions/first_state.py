"""The tables as they were when changes began to be numbered; those of before are completed."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    inspect,
)
from sqlalchemy.schema import CreateColumn

revision = "0001"
down_revision = None


def _tables() -> MetaData:
    tables = MetaData()
    Table(
        "addresses",
        tables,
        Column("url", String, primary_key=True),
        Column("site", String, nullable=False),
        Column("state", String, nullable=False),
        Column("discovery", String, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("outcome", String, nullable=False),
        Column("segment", String, nullable=False),
        Column("not_before", Float, nullable=False, server_default="0"),
        Column("identity", String, nullable=False, server_default=""),
        Index("addresses_due", "site", "state"),
        Index("addresses_segment", "segment"),
        Index("addresses_identity", "identity"),
    )
    _sources(tables)
    Table("captures", tables, *_capture("url"), *_validators(), Index("captures_segment", "segment"))
    Table("payloads", tables, *_capture("payload_digest"), Index("payloads_segment", "segment"))
    _table(tables, "texts", url=String, text=String)
    pages = _table(tables, "pages", url=String, site=String, discovery=String, first=Float, last=Float)
    Index("pages_site", pages.c.site, pages.c.first)
    Table(
        "outcomes",
        tables,
        Column("site", String, primary_key=True),
        Column("hour", BigInteger, primary_key=True, autoincrement=False),
        Column("kind", String, primary_key=True),
        Column("outcome", String, primary_key=True),
        Column("count", BigInteger, nullable=False),
        Index("outcomes_hour", "hour"),
    )
    _table(tables, "robots", origin=String, status=Integer, body=LargeBinary, fetched=String)
    _table(tables, "holds", host=String, refusals=Integer, until=Float)
    return tables


def _sources(tables: MetaData) -> None:
    sources = _table(tables, "sources", url=String, site=String, found=Integer, looked_at=Float)
    schedules = _table(tables, "schedules", url=String, articles=Float, seconds=Float, looked_at=Float, due_at=Float)
    for table, name, kind, default in (
        (sources, "role", String, ""),
        (sources, "via", String, ""),
        (schedules, "best", Float, "0"),
    ):
        table.append_column(Column(name, kind, nullable=False, server_default=default))


def _table(tables: MetaData, name: str, **columns: type) -> Table:
    """A table whose first column is its key."""
    first = next(iter(columns))
    kinds: list[Column[object]] = [
        Column(column, kind, primary_key=column == first, nullable=False) for column, kind in columns.items()
    ]
    return Table(name, tables, *kinds)


def _capture(key: str) -> list[Column[object]]:
    names = ("url", "record_id", "date", "payload_digest", "segment")
    columns: list[Column[object]] = [Column(name, String, primary_key=name == key, nullable=False) for name in names]
    return [*columns, Column("stored", Boolean, nullable=False)]


def _validators() -> list[Column[object]]:
    return [Column(name, String, nullable=False) for name in ("etag", "last_modified")]


def upgrade() -> None:
    """Make the tables that are missing, and the columns and indexes that those of before did not have."""
    connection = op.get_bind()
    tables = _tables()
    tables.create_all(connection)
    inspector = inspect(connection)
    for table in tables.sorted_tables:
        known = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                definition = CreateColumn(column).compile(dialect=connection.dialect)
                op.execute(f"ALTER TABLE {table.name} ADD COLUMN {definition}")
        indexed = {index["name"] for index in inspector.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in indexed:
                index.create(connection)
