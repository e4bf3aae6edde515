"""Creating the frontier's tables, and upgrading those of an earlier version (Alembic).

Alembic is imported when there is something to change, which is once a release: reading one number tells.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from crawler.frontier.tables import METADATA

SCHEMA_VERSION = "0011"
"""The last of the migrations in `crawler/frontier/migrations/versions`."""
MIGRATIONS = "crawler.frontier:migrations"

_VERSIONS = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""As Alembic has it."""
_LOCK = 0x6E657773
"""Number of the lock by which one of several machines makes the tables."""


class NewerSchema(Exception):
    """The tables were made by a later version of this software, which alone can use them."""


def is_up_to_date(connection: Connection) -> bool:
    """Whether the tables are today's. Raises NewerSchema."""
    version = _version(connection)
    if version > SCHEMA_VERSION:
        raise NewerSchema(
            f"its tables have version {version}, but this software supports {SCHEMA_VERSION}; upgrade newswarc"
        )
    return version == SCHEMA_VERSION


def bring_up_to_date(connection: Connection) -> None:
    """Make the tables, or change those of an earlier version, within a transaction. Raises NewerSchema."""
    _alone(connection)
    if is_up_to_date(connection):
        return
    if inspect(connection).has_table("addresses"):
        _migrate(connection)
        return
    METADATA.create_all(connection)
    _VERSIONS.create(connection)
    connection.execute(insert(_VERSIONS).values(version_num=SCHEMA_VERSION))


def _alone(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table(_VERSIONS.name):
        return ""
    return str(connection.execute(select(_VERSIONS.c.version_num)).scalar() or "")


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
