"""WARC files of other programs, taken into an archive with records of their pages."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive.errors import DamagedArchive
from archive.foreign_warcs import import_file, segment_of
from archive.library import newest_manifest
from archive.publishing import publish_records, publish_segment
from archive.storage.protocol import Storage
from crawler.offline.re_extraction import derive_all
from pipelines.pool import ExtractionPool


@dataclass(slots=True)
class Import:
    """What became of a file."""

    file: str
    segment: str = ""
    records: int = 0
    pages: int = 0
    articles: int = 0
    skipped: bool = False
    """It was imported before."""
    fault: str = ""
    """Why it was not imported."""


async def import_files(
    files: list[Path], storage: Storage, *, prefix: str, workers: int, queue: int, progress: Callable[[Import], None]
) -> list[Import]:
    """Import files in their order; a fault of one is told in its result, and the others go on.

    Raises StorageError.
    """
    pool = ExtractionPool(workers, queue)
    done: list[Import] = []
    try:
        for file in files:
            result = Import(str(file))
            try:
                await _import(file, storage, prefix, pool, result)
            except (DamagedArchive, OSError) as error:
                result.fault = str(error)
            done.append(result)
            progress(result)
    finally:
        pool.close()
    return done


async def _import(file: Path, storage: Storage, prefix: str, pool: ExtractionPool, result: Import) -> None:
    name = segment_of(file, prefix)
    result.segment = name.text
    if newest_manifest(storage, name) is not None:
        result.skipped = True
        return
    with tempfile.TemporaryDirectory(prefix="newswarc-import-") as scratch:
        made = import_file(file, name, Path(scratch))
        result.records, result.pages = made.records, made.pages
        completed = await derive_all(made.closed.warc, name, Path(scratch), pool)
        result.articles = completed.manifest.articles
        publish_segment(storage, made.closed)
        publish_records(storage, name, completed)
