"""What each verification of an archive found: its fixity history.

``fixity/YYYY/MM/DD/ID.json`` is the result of one `newswarc verify`: when, by what, what was looked at and what was
wrong. None is ever replaced, and each is in the archive's holdings with its digest, so that a history that was
altered or shortened shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

from pydantic import AwareDatetime, ValidationError

from archive.clock_and_ids import ClockAndIds
from archive.errors import DamagedArchive
from archive.faults import Fault
from archive.holdings import note_manifest
from archive.manifests import StoredPart
from archive.storage.protocol import Storage

PREFIX = "fixity/"
MOST_FAULTS = 1000
"""Faults that a result lists; the others it counts."""


class FixityFault(StoredPart):
    """One thing that was wrong."""

    kind: str
    """Name of a `archive.faults.FaultKind`."""
    key: str
    detail: str


class FixityResult(StoredPart):
    """What a verification found."""

    id: str
    date: AwareDatetime
    """When it ended."""
    began: AwareDatetime
    software: str
    by: str
    """Contact of whoever ran it."""
    host: str
    """The machine it ran on."""
    deep: bool
    """Whether every byte was read, not only names and lengths."""
    shard: str
    """The part of the segments, ``1/1`` for all."""
    segments: int
    records: int
    """WARC records that were read."""
    counts: dict[str, int]
    """Faults by kind; empty: all was sound."""
    faults: tuple[FixityFault, ...]
    """The first of them."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing was wrong."""
        return not self.counts


def fixity_result(
    clock_and_ids: ClockAndIds,
    began: AwareDatetime,
    faults: Iterable[Fault],
    *,
    software: str,
    by: str,
    deep: bool,
    shard: str,
    segments: int,
    records: int,
) -> FixityResult:
    """The result of a verification that ends now."""
    now, found = clock_and_ids.now(), list(faults)
    return FixityResult(
        id=f"{now:%Y%m%d%H%M%S}-{clock_and_ids.token()}",
        date=now,
        began=began,
        software=software,
        by=by,
        host=clock_and_ids.host(),
        deep=deep,
        shard=shard,
        segments=segments,
        records=records,
        counts=dict(sorted(Counter(fault.kind.value for fault in found).items())),
        faults=tuple(FixityFault(kind=one.kind.value, key=one.key, detail=one.detail) for one in found[:MOST_FAULTS]),
    )


def store_fixity(storage: Storage, result: FixityResult) -> None:
    """Store a result. Raises StorageError."""
    key, data = f"{PREFIX}{result.date:%Y/%m/%d}/{result.id}.json", result.to_bytes()
    storage.put_if_absent(key, data)
    note_manifest(storage, result.host, key, data)


def fixity_history(storage: Storage) -> Iterator[FixityResult]:
    """All results, oldest first. Raises DamagedArchive or StorageError."""
    for _, of_day in groupby(storage.list(PREFIX), key=lambda item: item.key.rpartition("/")[0]):
        # The names of one second's results are in no order
        yield from sorted(
            (_read(storage, item.key) for item in of_day), key=lambda one: (one.date, one.began, one.id)
        )


def _read(storage: Storage, key: str) -> FixityResult:
    with storage.open_range(key) as stream:
        data = stream.read()
    try:
        return FixityResult.model_validate_json(data)
    except ValidationError as error:
        raise DamagedArchive(f"{key}: not the result of a verification") from error
