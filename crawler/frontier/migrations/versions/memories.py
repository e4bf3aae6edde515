"""What recurs on the pages of a site."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, String, Text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "memories",
        Column("site", String, primary_key=True),
        Column("paragraphs", Text, nullable=False),
    )
