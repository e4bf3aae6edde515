"""A selection of an archive as one WARC file, with its index beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from archive.cdxj import IndexBuffer
from archive.clock_and_ids import ClockAndIds
from archive.custody.proofs import CaptureProofs
from archive.durable import sync_directory, write_parts_durably
from archive.excerpt import Excerpt, Piece


@dataclass(frozen=True, slots=True)
class WrittenWarc:
    """What a WARC file contains."""

    captures: int
    bytes: int
    lost: tuple[str, ...]
    """URLs of revisits whose originals are not in the archive."""


def export_warc(
    excerpt: Excerpt, path: Path, clock_and_ids: ClockAndIds, software: str, proofs: CaptureProofs | None = None
) -> WrittenWarc:
    """Copy an excerpt into one WARC file; it has its name when it is whole. `proofs` takes those of its captures.

    Raises DamagedArchive, StorageError or OSError.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with tempfile.TemporaryDirectory(prefix="newswarc-export-") as scratch, part.open("wb") as target:
            index = IndexBuffer(Path(scratch))
            copying = _Copying(target, index, path.name, proofs)
            for file in excerpt.files():
                copying.copy(file.pieces)
            copying.copy(excerpt.originals(clock_and_ids, software))
            write_parts_durably(path.with_name(f"{path.name.removesuffix('.warc.gz')}.cdxj"), index.sorted_lines())
            index.close()
        part.rename(path)
        sync_directory(path.parent)
    finally:
        part.unlink(missing_ok=True)
    return WrittenWarc(excerpt.captures, copying.size, tuple(excerpt.lost))


class _Copying:
    """Appends pieces to a file."""

    def __init__(self, target: IO[bytes], index: IndexBuffer, name: str, proofs: CaptureProofs | None) -> None:
        self.size = 0
        self._target = target
        self._index = index
        self._name = name
        self._proofs = proofs

    def copy(self, pieces: Iterator[Piece]) -> None:
        """Append the pieces of one file. Places in a piece's index line count from where its file begins."""
        begins = self.size
        for piece in pieces:
            for entry in piece.entries:
                if self._proofs is not None:
                    self._proofs.note(entry.segment, entry.offset + piece.shift)
                self._index.add(replace(entry, filename=self._name, offset=begins + entry.offset))
            for part in piece.parts():
                self._target.write(part)
            self.size += piece.length
        if self._proofs is not None:
            self._proofs.write()
