"""An index of the addresses that have failed at some time: they are few, and asked for by every run."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the index."""
    ever = text("outcome != ''")
    op.create_index("addresses_failed", "addresses", ["site", "tried_at"], sqlite_where=ever, postgresql_where=ever)
