"""Whether a full capture was made of an article: the same page captured as a source or robots.txt has no record."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, true

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns. Earlier captures did not note it, and count as articles."""
    for table in ("captures", "payloads"):
        op.add_column(table, Column("is_article", Boolean, nullable=False, server_default=true()))
