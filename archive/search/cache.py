"""Splits on this machine, seen as one index.

The library merges nothing and asks nothing of the storage here: the parts of all splits are listed in one description
over links to their files, so that a query over many splits is a query over one index, with the same counts, weights
and order. Layout of the directory, all of which can be made again::

    splits/NAME/FILE    copies of a split's files, or links to them where the archive is a directory
    views/…/            one for each reader that is open: links and a description; locked as long as it is read
"""

from __future__ import annotations

import fcntl
import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from archive.errors import DamagedArchive
from archive.manifests import StoredFile, file_sha256
from archive.search.engine import META, index_files, new_index, open_index
from archive.search.splits import SplitManifest
from archive.storage.protocol import Storage

_AT_ONCE = 8
"""Files that are fetched beside each other."""


class SplitCache:
    """This machine's copies of splits."""

    def __init__(self, storage: Storage, directory: Path) -> None:
        self._storage = storage
        self._splits = directory / "splits"
        self._views = directory / "views"

    def fetch(self, splits: Iterable[SplitManifest]) -> None:
        """Take in what is not here. Raises ObjectMissing when a split was removed, StorageError or OSError."""
        wanted = [
            (split.name, file)
            for split in splits
            for file in split.files
            if not (self._splits / split.name / _name(file)).exists()
        ]
        if not wanted:
            return
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda pair: self._fetch(*pair), wanted))

    def _fetch(self, split: str, file: StoredFile) -> None:
        directory = self._splits / split
        directory.mkdir(parents=True, exist_ok=True)
        target = directory / _name(file)
        target.unlink(missing_ok=True)  # a link that leads nowhere
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=directory) as scratch:
            found = self._storage.fetch(file.key, Path(scratch)).resolve()
            if found.is_relative_to(Path(scratch).resolve()):
                if file_sha256(found) != file.sha256:
                    raise DamagedArchive(f"{file.key}: its SHA-256 is not what the split says; remove the split")
                found.replace(target)
            else:
                link = Path(scratch) / "link"
                link.symlink_to(found)
                link.replace(target)

    def view(self, splits: Sequence[SplitManifest], others: Iterable[Path] = ()) -> View:
        """Splits that are here, and other indexes of this machine, as one index."""
        self._views.mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix="view-", dir=self._views))
        lock = (directory / ".lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        parts: list[Any] = []
        opstamp = 0
        for split in splits:
            description = json.loads(split.description)
            parts += description["segments"]
            opstamp = max(opstamp, description["opstamp"])
            _link((self._splits / split.name / _name(file) for file in split.files), directory)
        for other in others:
            description = json.loads((other / META).read_text(encoding="utf-8"))
            parts += description["segments"]
            _link(index_files(other), directory)
        (directory / META).write_text(json.dumps({**_described(directory), "segments": parts, "opstamp": opstamp}))
        return View(directory, lock)

    def purge(self, kept: Iterable[str]) -> None:
        """Remove the copies of all other splits, and views that nobody reads. Readers of them are not disturbed."""
        names = set(kept)
        for directory in _below(self._splits):
            if directory.name not in names:
                shutil.rmtree(directory, ignore_errors=True)
        for directory in _below(self._views):
            with suppress(OSError), (directory / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(directory, ignore_errors=True)


class View:
    """Several splits as one index, as they were at one moment."""

    def __init__(self, directory: Path, lock: IO[str]) -> None:
        self._directory = directory
        self._lock = lock
        try:
            self.index = open_index(directory)
            self.searcher = self.index.searcher()
        except ValueError as error:  # how the library says that a file is not there
            raise FileNotFoundError(f"{directory}: {error}") from error

    def close(self) -> None:
        """Let the files go."""
        del self.searcher, self.index
        shutil.rmtree(self._directory, ignore_errors=True)
        self._lock.close()


def _described(directory: Path) -> dict[str, Any]:
    """What the library writes of an index without documents."""
    with tempfile.TemporaryDirectory(prefix="newswarc-view-", dir=directory) as scratch:
        new_index(Path(scratch))
        described: dict[str, Any] = json.loads((Path(scratch) / META).read_text(encoding="utf-8"))
    return described


def _link(files: Iterable[Path], directory: Path) -> None:
    for file in files:
        (directory / file.name).symlink_to(file.absolute())


def _below(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.is_dir()] if directory.is_dir() else []


def _name(file: StoredFile) -> str:
    return file.key.rpartition("/")[2]
