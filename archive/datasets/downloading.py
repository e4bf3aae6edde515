"""One file onto this machine, in pieces that may come at once and in any order.

The file grows beside its name as ``.NAME.part``; ``.NAME.part.pieces`` says which pieces are in it, one per line. A
download that was interrupted continues with the others. The file gets its name when its digest is right; what was
noted and never reached the disk shows then, and all of it is downloaded again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from archive.datasets.manifest import DatasetFile
from archive.manifests import file_sha256
from archive.storage.protocol import Storage

PIECE = 8 << 20
"""Bytes of a piece. Each waits in memory until it is whole."""


class Download:
    """A file that is downloaded. Pieces may be fetched by several threads."""

    def __init__(self, storage: Storage, key: str, file: DatasetFile, target: Path, piece: int = PIECE) -> None:
        self.key = key
        self._storage = storage
        self._file = file
        self._target = target
        self._piece = piece
        self._part = target.with_name(f".{target.name}.part")
        self._noted = target.with_name(f".{target.name}.part.pieces")
        self._lock = threading.Lock()
        self.received = 0
        """Number of bytes read from the storage."""

    @property
    def target(self) -> Path:
        """Where it goes."""
        return self._target

    def is_there(self) -> bool:
        """Whether the file is there, as it should be."""
        return self._is_right(self._target)

    def missing(self) -> list[int]:
        """Numbers of the missing pieces. Allocates space for them."""
        self._target.parent.mkdir(parents=True, exist_ok=True)
        known = set(self._known()) if self._part.exists() else set()
        if not known:
            self._noted.unlink(missing_ok=True)
        with self._part.open("ab") as part:
            part.truncate(self._file.size)
        return [number for number in range(-(-self._file.size // self._piece)) if number not in known]

    def fetch(self, number: int) -> int:
        """Fetch a piece; returns its size. Raises ObjectMissing or StorageError."""
        start = number * self._piece
        length = min(self._piece, self._file.size - start)
        with self._storage.open_range(self.key, start, length) as stream:
            data = stream.read()
        with self._part.open("r+b") as part:
            part.seek(start)
            part.write(data[:length])
        with self._lock:
            self.received += len(data)
            if len(data) == length:
                with self._noted.open("a", encoding="ascii") as noted:
                    noted.write(f"{self._piece} {number}\n")
        return len(data)

    def finish(self) -> bool:
        """Give the file its name when it is right; else nothing is left of it."""
        is_right = self._is_right(self._part)
        if is_right:
            self._part.replace(self._target)
        self._part.unlink(missing_ok=True)
        self._noted.unlink(missing_ok=True)
        return is_right

    def _is_right(self, path: Path) -> bool:
        is_whole = path.is_file() and path.stat().st_size == self._file.size
        return is_whole and file_sha256(path) == self._file.sha256

    def _known(self) -> Iterator[int]:
        if not self._noted.exists():
            return
        for line in self._noted.read_text(encoding="ascii", errors="replace").splitlines():
            size, _, number = line.partition(" ")
            if size == str(self._piece) and number.isdigit():
                yield int(number)
