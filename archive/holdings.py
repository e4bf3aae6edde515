"""What an archive should contain: numbered entries, so that missing manifests are noticed.

``holdings/WRITER/00000001.json`` and so on: each names a manifest that was stored (of a segment, of its records, of
a data set) or an account of a redaction, its digest, and the digest of the writer's entry before. An entry is stored
behind what it names and never replaced. Of a manifest that supersedes another, or of a data set that was withdrawn,
there is an entry too: so what was removed on purpose is told apart from what is missing.

A writer is the host that a segment's name gives. Several processes may write as one: `put_if_absent` decides who
has a number, and the other one takes the next. A writer that dies behind a manifest and before its entry does the
step over again; `newswarc rebuild` adds entries of manifests that have none, such as those of archives older than
the entries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import ValidationError

from archive.errors import DamagedArchive, ObjectExists, ObjectMissing, StorageUnavailable
from archive.faults import Fault, FaultKind
from archive.layout import SegmentName, revision_of
from archive.manifests import StoredPart
from archive.storage.protocol import Storage
from archive.storage.reading_many import read_many

PREFIX = "holdings/"
DATASETS = "datasets"
"""The writer of data sets' entries."""
REDACTIONS = "redactions/"
"""Where the archive keeps what was taken out, when and why; also, without the slash, the writer of these entries."""
_TRIES = 100
_known: dict[tuple[str, str], int] = {}
"""Numbers known to be taken, by storage and writer: where the search for the last one begins."""


class HoldingEntry(StoredPart):
    """One manifest that is in the archive."""

    writer: str
    number: int
    """From 1 on, without gaps."""
    key: str
    """The manifest's key."""
    sha256: str
    """SHA-256 of the manifest's bytes (hexadecimal)."""
    before: str
    """SHA-256 of the bytes of the entry before; empty in the first one."""


def entry_key(writer: str, number: int) -> str:
    """The key of an entry."""
    return f"{PREFIX}{writer}/{number:08d}.json"


_LOOKED_BACK = 100
"""Entries among which that of a manifest is looked for that is published again, after a kill or an outage."""


def note_manifest(storage: Storage, writer: str, key: str, manifest: bytes, *, again: bool = False) -> None:
    """Add an entry of a manifest that is stored, unless the writer's last entry is of it.

    `again` tells that the manifest was stored before: its entry may stand among the last `_LOOKED_BACK`.
    Raises StorageError.
    """
    digest = hashlib.sha256(manifest).hexdigest()
    for _ in range(_TRIES):
        number = _last_number(storage, writer)
        before = _bytes_of(storage, entry_key(writer, number)) if number else b""
        if before and _is_of(before, key, digest):
            return
        if again and any(
            _is_of(_bytes_of(storage, entry_key(writer, earlier)), key, digest)
            for earlier in range(number - 1, max(0, number - _LOOKED_BACK), -1)
        ):
            return
        entry = HoldingEntry(
            writer=writer,
            number=number + 1,
            key=key,
            sha256=digest,
            before=hashlib.sha256(before).hexdigest() if before else "",
        )
        try:
            storage.put_if_absent(entry_key(writer, number + 1), entry.to_bytes())
        except ObjectExists:
            continue  # another process of this writer was faster
        return
    raise StorageUnavailable(f"{PREFIX}{writer}: other processes keep taking the next number")


def _last_number(storage: Storage, writer: str) -> int:
    """The number of the writer's last entry, found by doubling and halving; 0: there is none."""
    place = (storage.uri, writer)
    low = _known.get(place, 0)
    if low and not _is_there(storage, entry_key(writer, low)):
        low = 0  # it is another archive at this address by now
    step = 1
    while _is_there(storage, entry_key(writer, low + step)):
        low += step
        step *= 2
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        if _is_there(storage, entry_key(writer, middle)):
            low = middle
        else:
            high = middle
    _known[place] = low
    return low


def _is_there(storage: Storage, key: str) -> bool:
    try:
        storage.stat(key)
    except ObjectMissing:
        return False
    return True


def _bytes_of(storage: Storage, key: str) -> bytes:
    with storage.open_range(key) as stream:
        return stream.read()


def _is_of(entry: bytes, key: str, digest: str) -> bool:
    try:
        known = HoldingEntry.model_validate_json(entry)
    except ValidationError:
        return False
    return (known.key, known.sha256) == (key, digest)


def note_all(storage: Storage) -> int:
    """Add entries of the manifests that have none; how many. Raises StorageError."""
    known = Holdings.of(storage).digests
    missing = [key for key in manifest_keys(storage) if key not in known]
    for key in missing:
        note_manifest(storage, _writer_of(key), key, _bytes_of(storage, key))
    return len(missing)


def manifest_keys(storage: Storage) -> Iterator[str]:
    """Keys of all that the holdings should name. Raises StorageUnavailable or StorageRefused."""
    for prefix in ("manifests/", "records/", "datasets/", "access/", REDACTIONS):
        for item in storage.list(prefix):
            if is_held(item.key):
                yield item.key


def is_held(key: str) -> bool:
    """Whether an archive's holdings name objects of such a key: manifests, and what tells of redactions."""
    if not key.endswith(".json") or key.startswith(f"{REDACTIONS}begun/"):
        return False
    return not key.startswith("datasets/") or key.endswith("/manifest.json")


def _writer_of(key: str) -> str:
    if key.startswith(REDACTIONS):
        return REDACTIONS.rstrip("/")
    try:
        return SegmentName.parse(revision_of(key)[0]).host
    except DamagedArchive:
        return DATASETS


@dataclass(slots=True)
class Holdings:
    """The content of all entries of an archive."""

    digests: dict[str, set[str]] = field(default_factory=dict)
    """SHA-256s that a manifest of this key may have."""
    numbered: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    """Key and SHA-256 of a manifest, by writer and number of the entry."""
    faults: list[Fault] = field(default_factory=list)
    """What is wrong with the entries themselves."""

    @classmethod
    def of(cls, storage: Storage) -> Holdings:
        """Read all entries. Raises StorageUnavailable or StorageRefused."""
        holdings = cls()
        writer, number, digest = "", 0, ""
        for key, data in read_many(storage, (item.key for item in storage.list(PREFIX))):
            try:
                entry = HoldingEntry.model_validate_json(data or b"")
            except ValidationError:
                holdings._wrong(FaultKind.BAD_MANIFEST, key, "not an entry of what the archive holds")
                continue
            if entry.writer != writer:
                writer, number, digest = entry.writer, 0, ""
            if key != entry_key(entry.writer, entry.number):
                holdings._wrong(FaultKind.BAD_MANIFEST, key, f"it says that it is {entry.writer}, {entry.number}")
            if entry.number != number + 1:
                missing = entry_key(writer, number + 1)
                holdings._wrong(FaultKind.MISSING_OBJECT, missing, f"{key} comes behind it")
            elif entry.before != digest:
                holdings._wrong(FaultKind.WRONG_DIGEST, key, "the entry before is another than it says")
            number, digest = entry.number, hashlib.sha256(data or b"").hexdigest()
            holdings.digests.setdefault(entry.key, set()).add(entry.sha256)
            holdings.numbered[writer, number] = (entry.key, entry.sha256)
        return holdings

    def _wrong(self, kind: FaultKind, key: str, detail: str) -> None:
        self.faults.append(Fault(kind, key, detail))

    def check(self, storage: Storage) -> Iterator[Fault]:
        """Manifests that are missing, or differ from their entries. Raises StorageUnavailable or
        StorageRefused.
        """
        yield from self.faults
        for key, data in read_many(storage, sorted(self.digests)):
            if data is None:
                yield Fault(FaultKind.MISSING_OBJECT, key, "the archive's holdings name it")
            elif hashlib.sha256(data).hexdigest() not in self.digests[key]:
                yield Fault(FaultKind.WRONG_DIGEST, key, "it is not the manifest that the archive's holdings name")
