"""A replica: all of an archive at another place, every object verified on its way.

An object is copied before the manifest that names it, and the entry that the archive holds a manifest
(`archive.holdings`) after that manifest, so that at every moment the replica is an archive, though perhaps a smaller
one. It can be interrupted anywhere, and copied again.

What a manifest names by its SHA-256 is held against that before anything of the replica is replaced: a damaged object
of the source never takes the place of a sound one. A segment of which the replica has the newest manifest is not
copied again, unless one of its objects is missing or has another length, or, when asked for, other bytes.

Nothing is removed from the replica, except what follows a redaction: the bytes that were taken out are replaced, the
former index and the files of a withdrawn data set are removed, with the former versions that the storage keeps. What
the replica has and the source has not is counted and stays: a source that lost something must not make its replica
lose it too.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from archive.datasets.manifest import DatasetManifest, dataset_prefix, parse_dataset_manifest
from archive.errors import DamagedArchive, ObjectExists, ObjectMissing
from archive.faults import Fault, FaultKind
from archive.layout import revision_of
from archive.manifests import Manifest, StoredFile, file_sha256, parse_completion, parse_manifest
from archive.storage.protocol import Storage

_FIRST = ("access/", "collections/", "redactions/", "fixity/")
"""Small objects of their own: rules come before what they withhold."""
_DERIVED = ("search/",)
_LAST = ("custody/", "holdings/")
"""What speaks of other objects."""
_OF_MANIFESTS = ("warc/", "cdxj/", "manifests/", "records/", "datasets/")
_READ = 1 << 20
_REPLACED = ("search/",)
"""Where an object may be replaced under its key."""
_CHECKPOINT = "custody/checkpoint"
"""The log of custody as it stands (C2SP tlog-checkpoint): the one object of it that is replaced, and comes last."""
_PASSING = "redactions/begun/"
"""Notes of a redaction under way, which are worth nothing elsewhere."""


@dataclass(slots=True)
class Copied:
    """What came of it."""

    objects: int = 0
    """Objects that were copied."""
    bytes: int = 0
    """Bytes of these."""
    unchanged: int = 0
    """Objects that were there already."""
    removed: int = 0
    """Objects that a redaction or withdrawal took from the replica."""
    only_there: int = 0
    """Objects that the replica alone has."""
    faults: list[Fault] = field(default_factory=list)
    """What could not be copied, or differs."""


Progress = Callable[[Copied, int, int], None]
"""Called with what was done, and with groups of objects done and in all."""


class Replication:
    """Copies one archive to another place."""

    def __init__(
        self,
        source: Storage,
        target: Storage,
        scratch: Path,
        *,
        deep: bool = False,
        jobs: int = 4,
        progress: Progress = lambda _copied, _done, _of: None,
    ) -> None:
        """`scratch` is a directory for files on their way; `deep` reads what the replica has already."""
        self._source = source
        self._target = target
        self._scratch = scratch
        self._deep = deep
        self._jobs = jobs
        self._progress = progress
        self._copied = Copied()
        self._lock = threading.Lock()
        self._there: dict[str, int] = {}

    def run(self) -> Copied:
        """Copy. Raises StorageUnavailable, StorageRefused or OSError; what was copied till then stays."""
        listed = {item.key: item.size for prefix in _ALL for item in self._source.list(prefix)}
        self._there = {item.key: item.size for prefix in _ALL for item in self._target.list(prefix)}
        plain = [[key] for key in _below(listed, _FIRST) if not key.startswith(_PASSING)]
        late = [[key] for key in _below(listed, (*_DERIVED, *_LAST)) if key != _CHECKPOINT]
        groups = list(_groups(listed))
        total, done = len(plain) + len(groups) + len(late), 0
        for work, copy in ((plain, self._copy_plain), (groups, self._copy_group), (late, self._copy_plain)):
            with ThreadPoolExecutor(self._jobs) as pool:
                tasks = [pool.submit(copy, keys) for keys in work]
                try:
                    for task in as_completed(tasks):
                        task.result()
                        done += 1
                        self._progress(self._copied, done, total)
                finally:
                    for task in tasks:
                        task.cancel()
        if _CHECKPOINT in listed and not self._copied.faults:
            self._copy_checkpoint()
        self._copied.only_there = sum(key not in listed for key in self._there)
        self._copied.faults.sort(key=lambda fault: (fault.key, fault.kind))
        return self._copied

    def _copy_group(self, keys: list[str]) -> None:
        """Manifests of one segment, of its records in one generation, or of a data set's version: newest first."""
        newest, *former = sorted(keys, key=lambda key: revision_of(key)[1], reverse=True)
        try:
            data = _bytes_of(self._source, newest)
            files, needless = self._named(newest, data)
        except (DamagedArchive, ObjectMissing) as error:
            self._fault(FaultKind.BAD_MANIFEST, newest, str(error))
            return
        is_known = newest in self._there and _bytes_of(self._target, newest) == data
        copied = [self._copy_file(file, is_known=is_known) for file in files]
        if not all(copied):
            return  # its manifest would name what is not there
        self._copy_manifest(newest, data, replaces=newest.startswith("datasets/"))
        for key in former:
            self._copy_manifest(key, _bytes_of(self._source, key), replaces=False)
        for key in needless(former):
            self._remove(key)

    def _named(self, key: str, data: bytes) -> tuple[list[StoredFile], Callable[[Iterable[str]], Iterator[str]]]:
        """The objects that a manifest names, and, given former manifests, what the replica has no more need of."""
        if key.startswith("manifests/"):
            manifest = parse_manifest(data, key)
            return [manifest.warc, manifest.cdxj], lambda former: self._former_indexes(manifest, former)
        if key.startswith("records/"):
            completion = parse_completion(data, key)
            return [completion.records, completion.outcomes], lambda _former: iter(())
        dataset = parse_dataset_manifest(data, key)
        prefix = dataset_prefix(dataset.name, dataset.version)
        files = [StoredFile(key=f"{prefix}{one.path}", size=one.size, sha256=one.sha256) for one in dataset.files]
        return files, lambda _former: self._files_withdrawn(dataset, prefix)

    def _former_indexes(self, manifest: Manifest, former: Iterable[str]) -> Iterator[str]:
        for key in former:
            earlier = parse_manifest(_bytes_of(self._source, key), key).cdxj.key
            if earlier != manifest.cdxj.key and earlier in self._there:
                yield earlier

    def _files_withdrawn(self, dataset: DatasetManifest, prefix: str) -> Iterator[str]:
        if dataset.withdrawn:
            there = [key for key in list(self._there) if key.startswith(prefix)]
            yield from (key for key in there if not key.endswith("/manifest.json"))

    def _copy_file(self, file: StoredFile, *, is_known: bool) -> bool:
        """Copy an object that a manifest names; whether the replica has it now."""
        has_size = self._there.get(file.key) == file.size
        if has_size and ((is_known and not self._deep) or _digest(self._target, file.key) == file.sha256):
            self._count(unchanged=1)
            return True
        try:
            with self._fetched(file.key) as path:
                if path.stat().st_size != file.size or file_sha256(path) != file.sha256:
                    self._fault(FaultKind.WRONG_DIGEST, file.key, "the source has other bytes than its manifest says")
                    return False
                self._target.put(file.key, path, file.sha256)
        except (ObjectMissing, DamagedArchive) as error:
            self._fault(FaultKind.MISSING_OBJECT, file.key, str(error))
            return False
        if file.key in self._there:
            self._target.forget(file.key)  # what it replaces was taken out, or is damaged
        self._count(objects=1, size=file.size)
        return True

    def _copy_manifest(self, key: str, data: bytes, *, replaces: bool) -> None:
        if key in self._there:
            if _bytes_of(self._target, key) == data:
                self._count(unchanged=1)
            elif replaces:
                self._put_bytes(key, data)
            else:
                self._fault(FaultKind.WRONG_DIGEST, key, "the replica has another one under this key")
            return
        try:
            self._target.put_if_absent(key, data)
            self._count(objects=1, size=len(data))
        except ObjectExists:
            self._fault(FaultKind.WRONG_DIGEST, key, "another one appeared in the replica meanwhile")

    def _copy_plain(self, keys: list[str]) -> None:
        """Objects that no manifest names."""
        for key in keys:
            try:
                data_size = self._source.stat(key).size
                if key.startswith(_REPLACED) or data_size > _READ:
                    self._copy_large(key, data_size)
                else:
                    self._copy_manifest(key, _bytes_of(self._source, key), replaces=False)
            except ObjectMissing:
                continue  # removed meanwhile

    def _copy_checkpoint(self) -> None:
        """Copy where the log of custody stands, unless the replica's stands further: a log never goes back."""
        data = _bytes_of(self._source, _CHECKPOINT)
        known = _bytes_of(self._target, _CHECKPOINT) if _CHECKPOINT in self._there else b""
        if known == data or _log_size(known) > _log_size(data):
            self._count(unchanged=1)
        else:
            self._put_bytes(_CHECKPOINT, data)

    def _copy_large(self, key: str, size: int) -> None:
        with self._fetched(key) as path:
            sha256 = file_sha256(path)
            if self._there.get(key) == size and _digest(self._target, key) == sha256:
                self._count(unchanged=1)
                return
            if key in self._there and not key.startswith(_REPLACED):
                self._fault(FaultKind.WRONG_DIGEST, key, "the replica has another one under this key")
                return
            self._target.put(key, path, sha256)
        self._count(objects=1, size=size)

    def _put_bytes(self, key: str, data: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=self._scratch) as place:
            path = Path(place) / "object"
            path.write_bytes(data)
            self._target.put(key, path, hashlib.sha256(data).hexdigest())
        self._count(objects=1, size=len(data))

    def _fetched(self, key: str) -> _Fetched:
        return _Fetched(self._source, key, self._scratch)

    def _remove(self, key: str) -> None:
        self._target.delete(key)
        self._target.forget(key)
        self._there.pop(key, None)
        self._count(removed=1)

    def _count(self, *, objects: int = 0, size: int = 0, unchanged: int = 0, removed: int = 0) -> None:
        with self._lock:
            self._copied.objects += objects
            self._copied.bytes += size
            self._copied.unchanged += unchanged
            self._copied.removed += removed

    def _fault(self, kind: FaultKind, key: str, detail: str) -> None:
        with self._lock:
            self._copied.faults.append(Fault(kind, key, detail))


_ALL = (*_FIRST, *_OF_MANIFESTS, *_DERIVED, *_LAST)


class _Fetched:
    """A copy of an object in a file of its own: never the source's own file, which a directory could only link to."""

    def __init__(self, source: Storage, key: str, scratch: Path) -> None:
        self._source = source
        self._key = key
        self._place = tempfile.TemporaryDirectory(dir=scratch)

    def __enter__(self) -> Path:
        path = Path(self._place.name) / "object"
        with self._source.open_range(self._key) as stream, path.open("wb") as file:
            while part := stream.read(_READ):
                file.write(part)
        return path

    def __exit__(self, *exc: object) -> None:
        self._place.cleanup()


def _below(keys: Iterable[str], prefixes: tuple[str, ...]) -> Iterator[str]:
    """Keys below the prefixes, in the order of these."""
    for prefix in prefixes:
        yield from sorted(key for key in keys if key.startswith(prefix))


def _groups(keys: Iterable[str]) -> Iterator[list[str]]:
    """Manifests that go together: those of a segment, then of its records, then of data sets."""
    found: dict[tuple[str, str], list[str]] = {}
    for prefix in ("manifests/", "records/", "datasets/"):
        for key in sorted(key for key in keys if key.startswith(prefix) and key.endswith(".json")):
            if prefix != "datasets/":
                found.setdefault((key.rpartition("/")[0], revision_of(key)[0]), []).append(key)
            elif key.endswith("/manifest.json") and key.count("/") == 3:
                found[key, ""] = [key]
    yield from found.values()


def _log_size(checkpoint: bytes) -> int:
    """Entries of the log, by the second line of its checkpoint; -1 without one."""
    lines = checkpoint.splitlines()
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() else -1


def _bytes_of(storage: Storage, key: str) -> bytes:
    with storage.open_range(key) as stream:
        return stream.read()


def _digest(storage: Storage, key: str) -> str:
    digest = hashlib.sha256()
    try:
        with storage.open_range(key) as stream:
            while part := stream.read(_READ):
                digest.update(part)
    except ObjectMissing:
        return ""
    return digest.hexdigest()
