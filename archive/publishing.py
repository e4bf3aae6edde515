"""Storing a closed segment, and its records.

The manifest goes last and is never overwritten, so a thing exists only when it is whole. Every step
may be repeated: a manifest that is there already ends the work if it says the same. The entry that the archive holds
it (`archive.holdings`) comes behind it.
"""

from __future__ import annotations

from archive.derived import CompletedRecords
from archive.errors import DamagedArchive, ObjectExists
from archive.holdings import note_manifest
from archive.layout import SegmentName
from archive.segment import ClosedSegment
from archive.storage.protocol import Storage


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

    Raises StorageError, or DamagedArchive when another one is stored under this key.
    """
    again = False
    try:
        storage.put_if_absent(key, data)
    except ObjectExists as error:
        again = True
        with storage.open_range(key) as stored:
            if stored.read() != data:
                raise DamagedArchive(f"{key}: another manifest is stored under this name") from error
    note_manifest(storage, name.host, key, data, again=again)
