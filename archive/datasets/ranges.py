"""A stored object as a file read by byte ranges, for Parquet readers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from archive.storage.protocol import Storage

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class StoredFileReader(io.RawIOBase):
    """Requests only the bytes that are read."""

    def __init__(self, storage: Storage, key: str, size: int) -> None:
        super().__init__()
        self._storage = storage
        self._key = key
        self._size = size
        self._at = 0
        self.received = 0
        """Number of bytes requested so far."""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read from."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go elsewhere."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Raises ObjectMissing or StorageError."""
        view = memoryview(buffer).cast("B")
        length = min(len(view), self._size - self._at)
        if length <= 0:
            return 0
        with self._storage.open_range(self._key, self._at, length) as stream:
            data = stream.read()
        view[: len(data)] = data
        self._at += len(data)
        self.received += len(data)
        return len(data)
