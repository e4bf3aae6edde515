"""A directory as storage.

An object appears by a rename or a hard link in its directory, after its bytes are durable.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from archive.durable import sync_directory, write_durably
from archive.errors import DamagedArchive, ObjectExists, ObjectMissing, StorageRefused, StorageUnavailable
from archive.manifests import file_sha256
from archive.storage.protocol import StoredObject

_REFUSALS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENAMETOOLONG}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL}
"""What file systems without hard links answer, such as exFAT and SMB."""
_PARTIAL = ".partial"


def _link_or_copy(file: Path, target: Path) -> None:
    """The file under another name where both are on one disk, else a copy of it; durable."""
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)
    with target.open("rb") as stored:
        os.fsync(stored.fileno())


def _files_below(directory: Path) -> Iterator[Path]:
    """All files below a directory, also behind symbolic links, as of a year on another disk; each place once."""

    def failed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    seen: set[str] = set()
    for top, folders, names in os.walk(directory, onerror=failed, followlinks=True):
        place = os.path.realpath(top)
        if place in seen:
            folders.clear()  # a link that leads back up
            continue
        seen.add(place)
        yield from (path for name in names if (path := Path(top, name)).is_file())


class LocalStorage:
    """Objects as files below a root directory."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def uri(self) -> str:
        """The root directory."""
        return str(self.root)

    def put(self, key: str, file: Path, sha256: str) -> None:
        """Store a file's bytes by way of a temporary name, verified before it gets its own."""
        with self._explained(key), self._temporary(key) as temporary:
            _link_or_copy(file, temporary)
            if file_sha256(temporary) != sha256:
                raise DamagedArchive(f"{key}: the stored copy differs from the file; nothing was replaced")
            temporary.replace(self._path(key))
            sync_directory(self._path(key).parent)

    def put_if_absent(self, key: str, data: bytes) -> None:
        """Store bytes under a new key; the link decides between several writers."""
        with self._explained(key), self._temporary(key) as temporary:
            write_durably(temporary, data)
            try:
                os.link(temporary, self._path(key))
            except FileExistsError as error:
                raise ObjectExists(f"{self.root / key} already exists") from error
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                self._rename_if_absent(temporary, key)
            sync_directory(self._path(key).parent)

    def _rename_if_absent(self, temporary: Path, key: str) -> None:
        """What a link does, where there are none: whoever makes the claim may rename; the others try again later."""
        path = self._path(key)
        claim = path.with_name(f".{path.name}.claim{_PARTIAL}")
        try:
            os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError as error:
            raise StorageUnavailable(
                f"{path}: another program is writing it, or died while doing so; try again"
            ) from error
        try:
            if path.exists():
                raise ObjectExists(f"{path} already exists")
            temporary.rename(path)
        finally:
            claim.unlink()

    def open_range(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Read a part of an object."""
        with self._explained(key):
            file = self._path(key).open("rb")
            file.seek(start)
            if length is None:
                return file
            with file:
                return io.BytesIO(file.read(length))

    def fetch(self, key: str, directory: Path) -> Path:  # noqa: ARG002 - objects are files here already
        """The object's own file."""
        self.stat(key)
        return self._path(key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """All objects below a prefix, sorted by key."""
        start = self.root / prefix if prefix.endswith("/") else (self.root / prefix).parent
        with self._explained(prefix):
            files = sorted(path.relative_to(self.root).as_posix() for path in _files_below(start))
        for key in files:
            if key.startswith(prefix) and not key.endswith(_PARTIAL):
                try:
                    size = self._path(key).stat().st_size
                except FileNotFoundError:
                    continue  # removed meanwhile
                yield StoredObject(key, size)

    def stat(self, key: str) -> StoredObject:
        """Size of an object; its digest is computed when it is put."""
        with self._explained(key):
            facts = self._path(key).stat()
            if not S_ISREG(facts.st_mode):
                raise IsADirectoryError(errno.EISDIR, "not a file")
            return StoredObject(key, facts.st_size)

    def forget(self, key: str) -> int:  # noqa: ARG002 - a directory keeps no former versions
        """Nothing is kept besides."""
        return 0

    def delete(self, key: str) -> None:
        """Remove an object."""
        with self._explained(key), suppress(FileNotFoundError):
            self._path(key).unlink()

    def tidy(self, before: datetime) -> int:
        """Remove temporary files that a writer left when it died."""
        removed = 0
        with self._explained(""):
            for path in list(_files_below(self.root)):
                if not path.name.startswith(".") or path.suffix != _PARTIAL or path.parent == self.root:
                    continue
                if path.stat().st_mtime < before.timestamp():
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed

    def _path(self, key: str) -> Path:
        return self.root / key

    @contextmanager
    def _temporary(self, key: str) -> Iterator[Path]:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{_PARTIAL}")
        try:
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def _explained(self, key: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise ObjectMissing(f"{self.root / key} does not exist") from error
        except IsADirectoryError as error:
            raise ObjectMissing(f"{self.root / key} is not a file") from error
        except FileExistsError as error:
            raise StorageRefused(f"{self.root / key}: a part of its path is not a directory") from error
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise ObjectMissing(f"{self.root / key} is a broken link") from error
            kind = StorageRefused if error.errno in _REFUSALS else StorageUnavailable
            raise kind(f"{self.root / key}: {error.strerror or error}") from error
