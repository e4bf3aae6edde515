"""Tables of the frontier's database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    delete,
    false,
    insert,
    select,
    text,
    true,
    update,
)

METADATA = MetaData()
ADDRESSES = Table(
    "addresses",
    METADATA,
    Column("url", String, primary_key=True),
    Column("site", String, nullable=False),
    Column("state", String, nullable=False),
    Column("discovery", String, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("outcome", String, nullable=False, default=""),
    Column("segment", String, nullable=False, default=""),
    Column("not_before", Float, nullable=False, server_default="0"),
    Column("identity", String, nullable=False, server_default=""),
    Column("holder", String, nullable=False, server_default=""),
    Column("status", Integer, nullable=False, server_default="0"),
    Column("failed_at", Float, nullable=False, server_default="0"),
    Column("tried_at", Float, nullable=False, server_default="0"),
    Column("listed_at", Float, nullable=False, server_default="0"),
    Index("addresses_holder", "holder", "state"),
    Index("addresses_due", "site", "state"),
    Index("addresses_segment", "segment"),
    Index("addresses_identity", "identity"),
    Index(
        "addresses_failed",
        "site",
        "tried_at",
        sqlite_where=text("outcome != ''"),
        postgresql_where=text("outcome != ''"),
    ),
)
CAPTURES = Table(
    "captures",
    METADATA,
    Column("url", String, primary_key=True),
    Column("record_id", String, nullable=False),
    Column("date", String, nullable=False),
    Column("payload_digest", String, nullable=False),
    Column("etag", String, nullable=False, default=""),
    Column("last_modified", String, nullable=False, default=""),
    Column("segment", String, nullable=False),
    Column("stored", Boolean, nullable=False, default=False),
    Column("chunked", Boolean, nullable=False, server_default=false()),
    Column("is_article", Boolean, nullable=False, server_default=true()),
    Index("captures_segment", "segment"),
)
PAYLOADS = Table(
    "payloads",
    METADATA,
    Column("payload_digest", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("record_id", String, nullable=False),
    Column("date", String, nullable=False),
    Column("segment", String, nullable=False),
    Column("stored", Boolean, nullable=False, default=False),
    Column("chunked", Boolean, nullable=False, server_default=false()),
    Column("is_article", Boolean, nullable=False, server_default=true()),
    Index("payloads_segment", "segment"),
)
PAGES = Table(
    "pages",
    METADATA,
    Column("url", String, primary_key=True),
    Column("site", String, nullable=False),
    Column("discovery", String, nullable=False),
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False),
    Index("pages_site", "site", "first"),
)
"""Articles that were captured: when first, and when they were last asked for."""
TEXTS = Table(
    "texts",
    METADATA,
    Column("url", String, primary_key=True),
    Column("text", String, nullable=False),
)
"""What the newest record of an article says, as `Discovery.previous_text` has it."""
SOURCES = Table(
    "sources",
    METADATA,
    Column("url", String, primary_key=True),
    Column("site", String, nullable=False),
    Column("found", Integer, nullable=False, default=0),
    Column("looked_at", Float, nullable=False, default=0.0),
    Column("role", String, nullable=False, server_default=""),
    Column("via", String, nullable=False, server_default=""),
)
SCHEDULES = Table(
    "schedules",
    METADATA,
    Column("url", String, primary_key=True),
    Column("articles", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("looked_at", Float, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("best", Float, nullable=False, server_default="0"),
)
SHAPES = Table(
    "shapes",
    METADATA,
    Column("site", String, primary_key=True),
    Column("shape", String, primary_key=True),
    Column("articles", Float, nullable=False),
    Column("others", Float, nullable=False),
)
"""How many pages of a form (`spiders.shapes`) were articles, and how many were none; the past counts less."""
MEMORIES = Table(
    "memories",
    METADATA,
    Column("site", String, primary_key=True),
    Column("paragraphs", Text, nullable=False),
)
"""What recurs on a site's pages, as `pipelines.site_memory` writes it."""
FLOORS = Table(
    "floors",
    METADATA,
    Column("site", String, primary_key=True),
    Column("found", Integer, nullable=False),
    Column("floor", Integer, nullable=False),
)
"""How many articles the sources of a site showed in the last run, and how many they should at least."""
OUTCOMES = Table(
    "outcomes",
    METADATA,
    Column("site", String, primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Column("outcome", String, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Index("outcomes_hour", "hour"),
)
"""How often attempts and pages ended so in an hour, which is the seconds since 1970 at its beginning."""
RUNS = Table(
    "runs",
    METADATA,
    Column("id", String, primary_key=True),
    Column("begun", Float, nullable=False),
    Column("ended", Float, nullable=False),
    Column("holder", String, nullable=False),
    Column("facts", Text, nullable=False),
    Index("runs_begun", "begun"),
)
"""Runs of crawls: when, at which spool, and what came of them, as `crawler.frontier.run_history` writes it. Moments
are seconds since 1970; `ended` is 0 until a run has reported."""
LEASES = Table(
    "leases",
    METADATA,
    Column("key", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("until", Float, nullable=False),
    Column("pause", Float, nullable=False),
    Index("leases_holder", "holder"),
)
"""Who alone may work at something: a site, a host, an address. Moments are the database's, seconds since 1970."""
FLEET = Table(
    "fleet",
    METADATA,
    Column("site", String, primary_key=True),
    Column("host", String, nullable=False),
    Column("definition", String, nullable=False),
    Column("due_at", Float, nullable=False),
    Index("fleet_due", "due_at"),
)
"""Sites that workers crawl, and when each is due next."""
MACHINES = Table(
    "machines",
    METADATA,
    Column("holder", String, primary_key=True),
    Column("worker", String, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("lost", Boolean, nullable=False),
)
"""Spools of workers: when each was last heard of. Moments are the database's, seconds since 1970."""
ROBOTS = Table(
    "robots",
    METADATA,
    Column("origin", String, primary_key=True),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("fetched", String, nullable=False),
)
HOLDS = Table(
    "holds",
    METADATA,
    Column("host", String, primary_key=True),
    Column("refusals", Integer, nullable=False),
    Column("until", Float, nullable=False),
)


def take_out(connection: Connection, urls: Sequence[str]) -> None:
    """Drop what is known of captures; that their addresses were found before stays known.

    Another address's capture becomes the first of a payload instead of one that goes.
    """
    gone: set[str] = set()
    for url in urls:
        gone.update(connection.scalars(select(PAYLOADS.c.payload_digest).where(PAYLOADS.c.url == url)))
        for table in (CAPTURES, PAGES, TEXTS):
            connection.execute(delete(table).where(table.c.url == url))
        connection.execute(update(ADDRESSES).where(ADDRESSES.c.url == url).values(state="forgotten", discovery="{}"))
        connection.execute(delete(PAYLOADS).where(PAYLOADS.c.url == url))
    columns = [CAPTURES.c[column.name] for column in PAYLOADS.columns]
    for digest in sorted(gone):
        others = select(*columns).where(CAPTURES.c.payload_digest == digest).order_by(CAPTURES.c.date).limit(1)
        connection.execute(insert(PAYLOADS).from_select([column.name for column in columns], others))
