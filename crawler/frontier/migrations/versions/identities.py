"""What two addresses share is told by a stricter rule: the identities of all addresses, recreated by it."""

from __future__ import annotations

from alembic import op
from sqlalchemy import bindparam, column, select, table, update

from spiders.url_identity import identity

revision = "0006"
down_revision = "0005"

_ADDRESSES = table("addresses", column("url"), column("identity"))
_BATCH = 5000


def upgrade() -> None:
    """Write the identities that are others now, so that no form of what is held is taken for new."""
    connection = op.get_bind()
    change = update(_ADDRESSES).where(_ADDRESSES.c.url == bindparam("of")).values(identity=bindparam("now"))
    last = ""
    while True:
        following = select(_ADDRESSES.c.url, _ADDRESSES.c.identity).where(_ADDRESSES.c.url > last)
        rows = connection.execute(following.order_by(_ADDRESSES.c.url).limit(_BATCH)).all()
        changes = [{"of": url, "now": now} for url, known in rows if (now := identity(url)) != known]
        if changes:
            connection.execute(change, changes)
        if len(rows) < _BATCH:
            return
        last = rows[-1].url
