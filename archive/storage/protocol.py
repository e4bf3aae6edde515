"""What every storage can do. Keys are relative, with forward slashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What the storage knows about an object."""

    key: str
    size: int
    sha256: str = ""
    """SHA-256 (hexadecimal) as the storage computed it; empty when it did not."""


class Storage(Protocol):
    """A place for objects. An object is complete or does not exist.

    Every method may raise StorageUnavailable (try later) or StorageRefused (somebody has to act).
    """

    @property
    def uri(self) -> str:
        """The location with which the storage was opened."""
        ...

    def put(self, key: str, file: Path, sha256: str) -> None:
        """Store a file, replacing any object with that key, and verify what was stored.

        Raises DamagedArchive when what was stored is not what `sha256` says.
        """
        ...

    def put_if_absent(self, key: str, data: bytes) -> None:
        """Store bytes under a new key. If the key exists, raises ObjectExists and changes nothing."""
        ...

    def open_range(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Read `length` bytes from `start`, or everything that follows. Raises ObjectMissing."""
        ...

    def fetch(self, key: str, directory: Path) -> Path:
        """A file with the object's bytes: the object itself where it is one, else a copy in `directory`.

        Raises ObjectMissing.
        """
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """All objects whose keys begin with `prefix`, in the order of their keys."""
        ...

    def stat(self, key: str) -> StoredObject:
        """Size and, where known, digest of an object. Raises ObjectMissing."""
        ...

    def tidy(self, before: datetime) -> int:
        """Remove unfinished uploads that began before this time; returns their number."""
        ...

    def forget(self, key: str) -> int:
        """Remove earlier versions of an object; returns their number.

        Raises StorageRefused if they are locked.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove an object, if it exists."""
        ...
