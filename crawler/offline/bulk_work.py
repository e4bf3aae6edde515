"""Bulk work on one segment at a time, by functions that any process can call: all they need is in their arguments.

A thread that does such work keeps its extraction process from one segment to the next: to start one takes a second.
"""

from __future__ import annotations

import asyncio
import threading

from archive.manifests import parse_manifest
from crawler.offline.bulk_storages import BulkStorages
from crawler.offline.re_extraction import ExtractedSegment, ReExtraction
from crawler.offline.rebuilding import Rebuilding, RebuiltSegment
from pipelines.pool import ExtractionPool

_QUEUE = 16


_kept = threading.local()


def _own() -> tuple[asyncio.Runner, ExtractionPool]:
    """What this thread keeps, made when it first asks."""
    if not hasattr(_kept, "own"):
        _kept.own = asyncio.Runner(), ExtractionPool(1, _QUEUE)
    own: tuple[asyncio.Runner, ExtractionPool] = _kept.own
    return own


def rebuild_segment(place: BulkStorages, key: str) -> RebuiltSegment:
    """Rebuild what is derived from the WARC file with this key. Raises StorageError."""
    source, target = place.storages()
    rebuilding = Rebuilding(source, target, workers=1, queue=_QUEUE)
    runner, pool = _own()
    return runner.run(rebuilding.rebuild_segment(key, pool))


def extract_segment(place: BulkStorages, manifest: bytes) -> ExtractedSegment:
    """Derive a segment's records again. Raises DamagedArchive or StorageError."""
    source, target = place.storages()
    known = parse_manifest(manifest, "a manifest")
    extraction = ReExtraction(source, target, workers=1, queue=_QUEUE)
    runner, pool = _own()
    return runner.run(extraction.extract_segment(known, pool))
