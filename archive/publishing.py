"""Storing a closed segment, and its records.

The manifest goes last and is never overwritten, so a thing exists only when it is whole. Every step
may be repeated: a manifest that is there already ends the work if it says the same. The entry that the archive holds
it (`archive.holdings`) comes behind it.
"""

from __future__ import annotations

import json

from archive.derived import CompletedRecords
from archive.errors import DamagedArchive, ObjectExists
from archive.holdings import note_manifest
from archive.layout import SegmentName
from archive.segment import ClosedSegment
from archive.storage.protocol import Storage

_NOT_IN_WARC = ("closed",)


def publish_segment(storage: Storage, closed: ClosedSegment) -> None:
    """Store WARC, index and manifest, in that order, each verified.

    Raises StorageError, or DamagedArchive when another segment of the same name is stored.
    """
    manifest = closed.manifest
    storage.put(manifest.warc.key, closed.warc, manifest.warc.sha256)
    storage.put(manifest.cdxj.key, closed.cdxj, manifest.cdxj.sha256)
    put_manifest(storage, closed.name, closed.name.manifest_key, manifest.to_bytes())


def publish_records(storage: Storage, name: SegmentName, completed: CompletedRecords) -> None:
    """Store articles, outcomes and their completion manifest, in that order, each verified.

    Raises StorageError, or DamagedArchive when other records of this generation are stored.
    """
    manifest = completed.manifest
    storage.put(manifest.records.key, completed.records, manifest.records.sha256)
    storage.put(manifest.outcomes.key, completed.outcomes, manifest.outcomes.sha256)
    put_manifest(storage, name, name.completion_key(manifest.generation), manifest.to_bytes())


def put_manifest(storage: Storage, name: SegmentName, key: str, data: bytes) -> None:
    """Store a manifest of a segment, and the entry that the archive holds it.

    One that is stored already, and differs only in what a WARC does not tell (when its writer closed it), holds:
    `newswarc rebuild` made it while the writer was still storing the segment.
    Raises StorageError, or DamagedArchive when another one is stored under this key.
    """
    again = False
    try:
        storage.put_if_absent(key, data)
    except ObjectExists as error:
        again = True
        with storage.open_range(key) as stream:
            stored = stream.read()
        if not _agree(stored, data):
            raise DamagedArchive(f"{key}: another manifest is stored under this name") from error
        data = stored
    note_manifest(storage, name.host, key, data, again=again)


def _agree(stored: bytes, made: bytes) -> bool:
    """Whether two manifests say the same of the objects they name."""
    if stored == made:
        return True
    try:
        known, new = json.loads(stored), json.loads(made)
        return {**known, **dict.fromkeys(_NOT_IN_WARC)} == {**known, **new, **dict.fromkeys(_NOT_IN_WARC)}
    except (ValueError, TypeError):
        return False
