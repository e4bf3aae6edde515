"""Claims: who may continue the log from a size, and with what.

``custody/claims/SIZE.json`` is stored by `put_if_absent` before anything is signed: of several sequencers one gets
the size, and the log continues with the entries of its claim and no others. The claim says all that it takes to write
tiles and to sign, so whoever comes next finishes what a killed one began. Claims are never removed.
"""

from __future__ import annotations

from pydantic import ValidationError

from archive.counted import counted
from archive.custody.tiles import PREFIX
from archive.errors import DamagedArchive, ObjectMissing
from archive.manifests import LeafHash, StoredPart
from archive.storage.protocol import Storage

NEWEST_KEY = f"{PREFIX}newest.json"
"""Where the newest claim is that is signed, as a hint: every claim says where the next one is."""


class Claim(StoredPart):
    """What the log continues with."""

    start: int
    """Entries before."""
    entries: tuple[str, ...]
    """As they stand in the log."""
    root: LeafHash
    """The root over all entries, these included (hexadecimal)."""
    at: str
    """When it was claimed (ISO 8601, UTC)."""
    taken: dict[str, int]
    """For each writer of the archive's holdings the number of its last entry that is in the log."""

    @property
    def end(self) -> int:
        """Entries with these."""
        return self.start + len(self.entries)


class NewestClaim(StoredPart):
    """The hint."""

    start: int


def claim_key(size: int) -> str:
    """The key of the claim that continues a log of this size."""
    return f"{PREFIX}claims/{size:012d}.json"


def read_claim(storage: Storage, size: int) -> Claim | None:
    """The claim that continues a log of this size; None when there is none.

    Raises DamagedArchive or StorageError.
    """
    key = claim_key(size)
    try:
        with storage.open_range(key) as stream:
            claim = Claim.model_validate_json(stream.read())
    except ObjectMissing:
        return None
    except ValidationError as error:
        raise DamagedArchive(f"{key}: not a claim ({counted(error.error_count(), 'fault')})") from error
    if claim.start != size or not claim.entries:
        raise DamagedArchive(f"{key}: it does not continue a log of {size} entries")
    return claim


def newest_known(storage: Storage) -> Claim | None:
    """The claim that the hint names, else the first one; None when the log has not begun."""
    try:
        with storage.open_range(NEWEST_KEY) as stream:
            start = NewestClaim.model_validate_json(stream.read()).start
    except (ObjectMissing, ValidationError):
        start = 0
    return read_claim(storage, start) or read_claim(storage, 0)
