"""Files that a user names: none takes the place of another one unasked, and each has its name only when it is whole.

What is no regular file, such as ``/dev/stdout`` or a named pipe, is written to as it is.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive.errors import BadAddress

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL})
"""What file systems without hard links answer."""


def require_new(*paths: Path, overwrite: bool) -> None:
    """Raises BadAddress when one of the files is there, unless `overwrite`."""
    for path in paths:
        if not overwrite and (path.is_file() or (path.is_symlink() and not path.exists())):
            raise taken(path)


def taken(path: Path) -> BadAddress:
    """What is said of a file that is there."""
    return BadAddress(f"{path}: is there already; give another name, or replace it with --overwrite")


@contextmanager
def part_of(path: Path) -> Iterator[Path]:
    """A name beside a file, for what is not whole yet; no other writer has it. What still has it is removed."""
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def settle(part: Path, path: Path, *, overwrite: bool) -> None:
    """Give a whole file its name. Raises BadAddress when another file has it, unless `overwrite`; or OSError."""
    if overwrite:
        part.replace(path)
        return
    try:
        os.link(part, path)  # unlike a rename it fails when the name is taken, also by another run just now
    except FileExistsError as error:
        raise taken(path) from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        require_new(path, overwrite=False)
        part.rename(path)
    else:
        part.unlink()


def write_new(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Write a file, and the directories it is in. Raises BadAddress or OSError."""
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    require_new(path, overwrite=overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    with part_of(path) as part:
        part.write_bytes(data)
        settle(part, path, overwrite=overwrite)
