"""How many articles the sources of a site show, beside how many they should."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, String

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "floors",
        Column("site", String, primary_key=True),
        Column("found", Integer, nullable=False),
        Column("floor", Integer, nullable=False),
    )
