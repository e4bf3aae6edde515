"""The history of runs."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, String, Text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "runs",
        Column("id", String, primary_key=True),
        Column("begun", Float, nullable=False),
        Column("ended", Float, nullable=False),
        Column("holder", String, nullable=False),
        Column("facts", Text, nullable=False),
    )
    op.create_index("runs_begun", "runs", ["begun"])
