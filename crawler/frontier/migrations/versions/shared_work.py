"""What several machines need to work together: leases, the sites they crawl, their spools."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, Float, String

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, and the column that tells whose an address is."""
    op.add_column("addresses", Column("holder", String, nullable=False, server_default=""))
    op.create_index("addresses_holder", "addresses", ["holder", "state"])
    op.create_table(
        "leases",
        Column("key", String, primary_key=True),
        Column("holder", String, nullable=False),
        Column("until", Float, nullable=False),
        Column("pause", Float, nullable=False),
    )
    op.create_index("leases_holder", "leases", ["holder"])
    op.create_table(
        "fleet",
        Column("site", String, primary_key=True),
        Column("host", String, nullable=False),
        Column("definition", String, nullable=False),
        Column("due_at", Float, nullable=False),
    )
    op.create_index("fleet_due", "fleet", ["due_at"])
    op.create_table(
        "machines",
        Column("holder", String, primary_key=True),
        Column("worker", String, nullable=False),
        Column("seen_at", Float, nullable=False),
        Column("lost", Boolean, nullable=False),
    )
