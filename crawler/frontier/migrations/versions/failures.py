"""When an address first failed, was last tried, and was last listed by a source; what the server answered."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, Integer

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns."""
    for name in ("failed_at", "tried_at", "listed_at"):
        op.add_column("addresses", Column(name, Float, nullable=False, server_default="0"))
    # What was removed from the archive is never requested again; before, it could not be told from what was given up
    op.execute("UPDATE addresses SET state = 'forgotten' WHERE state = 'given_up' AND discovery = '{}'")
    op.add_column("addresses", Column("status", Integer, nullable=False, server_default="0"))
