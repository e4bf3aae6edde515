"""A selection of an archive as one WARC file, with its index beside it."""

from __future__ import annotations

import os
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
from archive.named_files import part_of, require_new, settle


@dataclass(frozen=True, slots=True)
class WrittenWarc:
    """What a WARC file contains."""

    captures: int
    bytes: int
    lost: tuple[str, ...]
    """URLs of revisits whose originals are not in the archive."""


def export_warc(
    excerpt: Excerpt,
    path: Path,
    clock_and_ids: ClockAndIds,
    software: str,
    proofs: CaptureProofs | None = None,
    *,
    overwrite: bool = False,
) -> WrittenWarc:
    """Copy an excerpt into one WARC file; it has its name when it is whole. `proofs` takes those of its captures.

    Nothing is written when the excerpt is empty. Raises BadAddress when the file or its index is there already and
    may not be replaced (`overwrite`), DamagedArchive, StorageError or OSError.
    """
    beside = path.with_name(f"{path.name.removesuffix('.warc.gz')}.cdxj")
    require_new(path, beside, overwrite=overwrite)
    with (
        tempfile.TemporaryDirectory(prefix="newswarc-export-") as scratch,
        part_of(path) as part,
        part_of(beside) as index_part,
    ):
        with part.open("wb") as target:
            index = IndexBuffer(Path(scratch))
            copying = _Copying(target, index, path.name, proofs)
            for file in excerpt.files():
                copying.copy(file.pieces)
            copying.copy(excerpt.originals(clock_and_ids, software))
            write_parts_durably(index_part, index.sorted_lines())
            index.close()
            target.flush()
            os.fsync(target.fileno())
        if excerpt.captures:
            settle(index_part, beside, overwrite=overwrite)
            settle(part, path, overwrite=overwrite)
            sync_directory(path.parent)
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
