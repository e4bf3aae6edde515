"""Importing other programs' WARC files into an archive, with records of their pages."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from archive.errors import DamagedArchive
from archive.foreign_warcs import import_file, segment_of
from archive.holdings import note_all
from archive.library import newest_manifest
from archive.publishing import publish_records, publish_segment
from archive.storage.protocol import Storage
from crawler.offline.re_extraction import derive_all
from pipelines.pool import ExtractionPool


@dataclass(slots=True)
class Import:
    """The result for one file."""

    file: str
    segment: str = ""
    records: int = 0
    pages: int = 0
    articles: int = 0
    skipped: bool = False
    """It was imported before."""
    fault: str = ""
    """Why it was not imported."""
    mended: int = 0
    """Records of which the head had to be rewritten."""
    refused: list[str] = field(default_factory=list)
    """What of it was not imported: where, and why."""
    warnings: list[str] = field(default_factory=list)
    """What was imported although something is wrong with it: where, and what."""


async def import_files(
    files: Iterable[Path],
    storage: Storage,
    *,
    prefix: str,
    workers: int,
    queue: int,
    progress: Callable[[Import], None],
    strict: bool = False,
) -> list[Import]:
    """Import files in their order; a fault of one is told in its result, and the others go on.

    `strict` refuses files in which not all are good records.

    Raises StorageError.
    """
    pool = ExtractionPool(workers, queue)
    done: list[Import] = []
    try:
        for file in files:
            result = Import(str(file))
            try:
                await _import(file, storage, prefix, pool, result, strict=strict)
            except (DamagedArchive, OSError) as error:
                result.fault = _told(error, file)
            done.append(result)
            progress(result)
    finally:
        pool.close()
    if any(result.skipped for result in done):
        note_all(storage)  # the run that imported it may have died before the last step
    return done


def _told(error: Exception, file: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error).removeprefix(f"{file}: ")


async def _import(
    file: Path, storage: Storage, prefix: str, pool: ExtractionPool, result: Import, *, strict: bool
) -> None:
    name = segment_of(file, prefix)
    result.segment = name.text
    if newest_manifest(storage, name) is not None:
        result.skipped = True
        return
    with tempfile.TemporaryDirectory(prefix="newswarc-import-") as scratch:
        made = import_file(file, name, Path(scratch), strict=strict)
        result.records, result.pages, result.mended = made.records, made.pages, made.mended
        result.refused = [refused.line for refused in made.refused]
        result.warnings = [warning.line for warning in made.warnings]
        completed = await derive_all(made.closed.warc, name, Path(scratch), pool)
        result.articles = completed.manifest.articles
        publish_segment(storage, made.closed)
        publish_records(storage, name, completed)
