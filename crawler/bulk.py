"""Bulk work on one segment at a time, by functions that any process can call: all they need is in their arguments."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from archive.manifests import parse_manifest
from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options
from crawler.extraction import ExtractedSegment, ReExtraction
from crawler.rebuilding import Rebuilding, RebuiltSegment

_QUEUE = 16


@dataclass(frozen=True, slots=True)
class Place:
    """Where segments are read, and where goes what comes of them."""

    source: str
    target: str
    """Addresses, as the command line has them."""
    s3: S3Options

    def storages(self) -> tuple[Storage, Storage]:
        """The two."""
        source = open_storage(self.source, self.s3)
        return source, source if self.target == self.source else open_storage(self.target, self.s3)


def rebuild_segment(place: Place, key: str, now: datetime) -> RebuiltSegment:
    """Rebuild what is derived from the WARC file with this key. Raises StorageError."""
    source, target = place.storages()
    return asyncio.run(Rebuilding(source, target, workers=1, queue=_QUEUE, now=now).one(key))


def extract_segment(place: Place, manifest: bytes) -> ExtractedSegment:
    """Derive a segment's records again. Raises DamagedArchive or StorageError."""
    source, target = place.storages()
    known = parse_manifest(manifest, "a manifest")
    return asyncio.run(ReExtraction(source, target, workers=1, queue=_QUEUE).one(known))
