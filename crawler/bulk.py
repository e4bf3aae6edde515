"""Bulk work on one segment at a time, by functions that any process can call: all they need is in their arguments."""

from __future__ import annotations

import asyncio
from datetime import datetime

from archive.manifests import parse_manifest
from crawler.extraction import ExtractedSegment, ReExtraction
from crawler.places import Place
from crawler.rebuilding import Rebuilding, RebuiltSegment

_QUEUE = 16


def rebuild_segment(place: Place, key: str, now: datetime) -> RebuiltSegment:
    """Rebuild what is derived from the WARC file with this key. Raises StorageError."""
    source, target = place.storages()
    return asyncio.run(Rebuilding(source, target, workers=1, queue=_QUEUE, now=now).one(key))


def extract_segment(place: Place, manifest: bytes) -> ExtractedSegment:
    """Derive a segment's records again. Raises DamagedArchive or StorageError."""
    source, target = place.storages()
    known = parse_manifest(manifest, "a manifest")
    return asyncio.run(ReExtraction(source, target, workers=1, queue=_QUEUE).one(known))
