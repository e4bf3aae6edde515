"""What Alembic runs: the changes that are missing, within the transaction of whoever asks for them."""

from __future__ import annotations

from alembic import context

from crawler.frontier.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
