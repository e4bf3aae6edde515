"""A selection of an archive as one WARC file, with its index beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from archive.cdxj import IndexBuffer
from archive.clock_and_ids import ClockAndIds
from archive.durable import sync_directory, write_parts_durably
from archive.excerpt import Excerpt, Piece


@dataclass(frozen=True, slots=True)
class WrittenWarc:
    """What a WARC file contains."""

    captures: int
    bytes: int
    lost: tuple[str, ...]
    """URLs of revisits whose originals are not in the archive."""


def export_warc(excerpt: Excerpt, path: Path, clock_and_ids: ClockAndIds, software: str) -> WrittenWarc:
    """Copy an excerpt into one WARC file; it has its name when it is whole.

    Raises DamagedArchive, StorageError or OSError.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with tempfile.TemporaryDirectory(prefix="newswarc-export-") as scratch, part.open("wb") as target:
            index = IndexBuffer(Path(scratch))
            size = 0
            for file in excerpt.files():
                size = _copy(file.pieces, target, size, index, path.name)
            size = _copy(excerpt.originals(clock_and_ids, software), target, size, index, path.name)
            write_parts_durably(path.with_name(f"{path.name.removesuffix('.warc.gz')}.cdxj"), index.sorted_lines())
            index.close()
        part.rename(path)
        sync_directory(path.parent)
    finally:
        part.unlink(missing_ok=True)
    return WrittenWarc(excerpt.captures, size, tuple(excerpt.lost))


def _copy(pieces: Iterator[Piece], target: IO[bytes], size: int, index: IndexBuffer, name: str) -> int:
    """Append pieces; the size then. Places in a piece's index line count from where its file begins."""
    begins = size
    for piece in pieces:
        for entry in piece.entries:
            index.add(replace(entry, filename=name, offset=begins + entry.offset))
        for part in piece.parts():
            target.write(part)
        size += piece.length
    return size
