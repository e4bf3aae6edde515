"""Whether a full capture came in chunks: others are no repeats of it for every reader."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, false

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns. Of captures of before it is not known."""
    for table in ("captures", "payloads"):
        op.add_column(table, Column("chunked", Boolean, nullable=False, server_default=false()))
