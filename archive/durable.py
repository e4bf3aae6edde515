"""Files that outlast a loss of power: bytes and names made durable with fsync."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def write_durably(path: Path, data: bytes) -> None:
    """Write a file and make its bytes durable; its name is durable after `sync_directory`. Raises OSError."""
    write_parts_durably(path, (data,))


def write_parts_durably(path: Path, parts: Iterable[bytes]) -> None:
    """The same, piece by piece."""
    with path.open("wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())


def sync_directory(directory: Path) -> None:
    """Make renames and new names in a directory durable. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
