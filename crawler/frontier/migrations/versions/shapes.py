"""What the forms of a site's addresses were seen to be."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, String

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "shapes",
        Column("site", String, primary_key=True),
        Column("shape", String, primary_key=True),
        Column("articles", Float, nullable=False),
        Column("others", Float, nullable=False),
    )
