"""Extracting records from stored segments again, with the same function as in the live crawl."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.derived import CompletedRecords, DerivedFiles
from archive.errors import ObjectMissing
from archive.layout import SegmentName
from archive.library import segment_name, segments
from archive.manifests import Manifest
from archive.publishing import publish_records
from archive.sharding import WHOLE, Shard
from archive.storage.protocol import Storage
from crawler.keeping.spool import pages_of
from pipelines.generation import EXTRACTOR_GENERATION
from pipelines.pool import DerivationTask, ExtractionPool


@dataclass(frozen=True, slots=True)
class ExtractedSegment:
    """The result for one segment."""

    segment: str
    articles: int
    pages: int
    skipped: bool
    """Whether its records of this generation were complete already."""


Progress = Callable[[ExtractedSegment], None]


class ReExtraction:
    """Derives records of the current generation from stored WARCs. Segments that have them are skipped."""

    def __init__(self, source: Storage, target: Storage, *, workers: int, queue: int, shard: Shard = WHOLE) -> None:
        self._shard = shard
        self._source = source
        self._target = target
        self._workers = workers
        self._queue = queue

    async def run(self, progress: Progress) -> list[ExtractedSegment]:
        """Go over all segments; interrupted, it continues from the first that is not complete."""
        pool = ExtractionPool(self._workers, self._queue)
        done: list[ExtractedSegment] = []
        try:
            for manifest in self.manifests():
                done.append(await self.extract_segment(manifest, pool))
                progress(done[-1])
        finally:
            pool.close()
        return done

    def manifests(self) -> Iterator[Manifest]:
        """The segments that it goes over."""
        return (manifest for manifest in segments(self._source) if self._shard.holds(manifest.segment))

    async def extract_segment(self, manifest: Manifest, pool: ExtractionPool) -> ExtractedSegment:
        """Do one segment. Raises DamagedArchive or StorageError."""
        name = segment_name(manifest)
        if self._is_complete(name):
            return ExtractedSegment(manifest.segment, 0, 0, skipped=True)
        with tempfile.TemporaryDirectory(prefix="newswarc-extract-") as directory:
            warc = self._source.fetch(manifest.warc.key, Path(directory))
            completed = await derive_all(warc, name, Path(directory), pool)
            publish_records(self._target, name, completed)
        return ExtractedSegment(
            manifest.segment, completed.manifest.articles, completed.manifest.pages, skipped=False
        )

    def _is_complete(self, name: SegmentName) -> bool:
        try:
            self._target.stat(name.completion_key(EXTRACTOR_GENERATION))
        except ObjectMissing:
            return False
        return True


async def derive_all(warc: Path, name: SegmentName, directory: Path, pool: ExtractionPool) -> CompletedRecords:
    """The records and outcomes of a segment's pages, made in a directory. Raises DamagedArchive or OSError."""
    derived = DerivedFiles(directory, name, EXTRACTOR_GENERATION)
    tasks = [DerivationTask(warc, offset, name.warc_key, rules) for offset, _, rules, _ in pages_of(warc)]

    async def derive(task: DerivationTask) -> None:
        derived.add(await pool.derive(task))

    await asyncio.gather(*map(derive, tasks))
    return derived.complete()
