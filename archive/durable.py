"""Files that survive a power loss: bytes and names are made durable with fsync."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

_CANNOT_BE_ASKED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS})


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
    """Make renames and new names in a directory durable, where the file system can be asked to. Raises OSError.

    Some cannot (SMB, many FUSE file systems) and say that the request is invalid; names are their own affair there.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_BE_ASKED:
            raise
    finally:
        os.close(descriptor)
