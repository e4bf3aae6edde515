"""Assigning a state directory to an archive before anything is written to it.

States of the first versions do not say whose they are, and archives of two buckets could have the same. What they
know to be stored tells: some of it is in the archive, or the state is another's.
"""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from archive.errors import StorageUnavailable
from archive.layout import SegmentName
from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from crawler.config import Configuration, ConfigurationError
from crawler.frontier.database import Database
from crawler.frontier.tables import CAPTURES
from crawler.state_place import former_place, own_place, read_identity

logger = logging.getLogger(__name__)

_SAMPLE = 20
"""Stored segments that are looked for, the newest ones."""


def adopt_state(configuration: Configuration) -> None:
    """Make the state directory this archive's. Raises ConfigurationError, StorageError or OSError."""
    address = configuration.archive_address
    if configuration.state or address.directory is not None:
        configuration.claim_state()
        return
    former = former_place(address)
    if configuration.state_directory == former and read_identity(former) is None:
        try:
            is_ours = _is_state_of(open_storage(configuration.archive, configuration.s3), former)
        except StorageUnavailable as error:
            raise ConfigurationError(
                f"{former}: an earlier version's state; whether it belongs to this archive can't be checked: "
                f"{error}; try again when the storage can be reached, or set `state` to this directory"
            ) from error
        if not is_ours:
            own = own_place(address, configuration.s3_endpoint)
            logger.warning(
                "%s: belongs to another archive; this archive's state is kept in %s from now on", former, own
            )
            own.mkdir(parents=True, exist_ok=True)
    configuration.claim_state()


def _is_state_of(storage: Storage, former: Path) -> bool:
    """Whether a state knows nothing to be stored, or something of it is in the storage."""
    if not (former / "frontier.sqlite").exists():
        return True
    with closing(Database.in_directory(former)) as database:
        known = select(CAPTURES.c.segment).where(CAPTURES.c.stored).group_by(CAPTURES.c.segment)
        newest = database.rows(known.order_by(CAPTURES.c.segment.desc()).limit(_SAMPLE))
    keys = [SegmentName.parse(row.segment).manifest_key for row in newest]
    return not keys or any(next(iter(storage.list(key)), None) is not None for key in keys)
