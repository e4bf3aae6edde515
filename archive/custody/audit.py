"""The log audited, and the archive held against it: with the log, it is known what should be there.

Everything is computed anew from the entries: the hashes of tiles, the roots, who signs from when on. What the log's
own signature does not show by itself (that nobody with the key has rewritten the past) is shown by checkpoints that
were kept elsewhere: the log has to continue each of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from archive.counted import counted
from archive.custody.entries import EntryKind, LogEntry, parse_entry
from archive.custody.notes import BadNote, Checkpoint, Note, VerifierKey
from archive.custody.sequencer import CHECKPOINT_KEY, signed_key
from archive.custody.tiles import PREFIX, WIDTH, Tiles, split_hashes, tile_key
from archive.custody.witnesses import COSIGNATURES, cosignature_of, cosigned_checkpoints, cosigned_sizes
from archive.errors import DamagedArchive, ObjectMissing
from archive.faults import Fault, FaultKind
from archive.holdings import Holdings, manifest_keys
from archive.layout import revision_of
from archive.manifests import Manifest, parse_manifest
from archive.merkle_tree import HASH_SIZE, GrowingTree, leaf_hash, root_of
from archive.storage.protocol import Storage
from archive.storage.reading_many import read_many

LATE = timedelta(days=7)
"""Time from a segment's end to its entry in the log from which on it is called late."""


@dataclass(slots=True)
class Audit:
    """What was looked at, and what is wrong."""

    origin: str = ""
    size: int = 0
    """Entries under the checkpoint."""
    root: str = ""
    signed_by: list[str] = field(default_factory=list)
    """Verifier keys whose signatures of the newest checkpoint are right."""
    keys_from_archive: bool = False
    """Nobody named a key to trust: those were taken that the log itself names, which proves less."""
    begun: str = ""
    """When the log says that it began."""
    adopted: int = 0
    """Manifests that stood there when the log began: nothing is proven of them before that moment."""
    cosigned: list[str] = field(default_factory=list)
    """Of each trusted witness its name and how many entries it has cosigned."""
    kept: list[int] = field(default_factory=list)
    """Sizes of the kept checkpoints that the log continues."""
    waiting: list[str] = field(default_factory=list)
    """Objects that are stored and not logged yet: nothing proves since when they have been there."""
    late: list[str] = field(default_factory=list)
    """Segments that were logged long after they say that they were closed: stored late, or dated back."""
    faults: list[Fault] = field(default_factory=list)

    def fault(self, kind: FaultKind, key: str, detail: str) -> None:
        """Take in a fault."""
        self.faults.append(Fault(kind, key, detail))


def has_log(storage: Storage) -> bool:
    """Whether a log of custody has begun in an archive."""
    return next(iter(storage.list(PREFIX)), None) is not None


def audit(
    storage: Storage,
    *,
    trusted: Iterable[VerifierKey] = (),
    witnesses: Iterable[VerifierKey] = (),
    kept: Iterable[tuple[str, str]] = (),
    deep: bool = False,
) -> Audit:
    """Audit the log of an archive and hold the archive against it.

    `kept` are checkpoints that were kept elsewhere, each a name and the note; `witnesses` are keys whose newest
    cosignatures have to be of this log. `deep` looks at every checkpoint that
    was ever signed too. Raises StorageUnavailable or StorageRefused.
    """
    found = Audit()
    log = _Log(storage, found, tuple(trusted), deep=deep)
    notes = list(_parsed(kept, found))
    if log.read({checkpoint.size for _, checkpoint in notes}):
        log.check_signatures()
        log.check_cosignatures(witnesses)
        for name, checkpoint in notes:
            log.check_kept(name, checkpoint)
        _Contents(storage, found, log.entries).check()
    elif notes and not has_log(storage):
        found.fault(
            FaultKind.SET_BACK, PREFIX, f"{notes[0][0]} is of a log of {notes[0][1].size} entries; here is none"
        )
    found.faults.sort(key=lambda fault: (fault.key, fault.kind, fault.detail))
    return found


def _parsed(kept: Iterable[tuple[str, str]], found: Audit) -> Iterator[tuple[str, Checkpoint]]:
    for name, text in kept:
        try:
            yield name, Checkpoint.parse(text)
        except BadNote as error:
            found.fault(FaultKind.BAD_SIGNATURE, name, str(error))


class _Log:
    """The log itself: entries, tiles, checkpoints."""

    def __init__(self, storage: Storage, found: Audit, trusted: tuple[VerifierKey, ...], *, deep: bool) -> None:
        self.entries: list[LogEntry] = []
        self._storage = storage
        self._found = found
        self._tiles = Tiles(storage)
        self._trusted = trusted
        self._deep = deep
        self._roots: dict[int, bytes] = {}
        self._note = ""

    def read(self, sizes: set[int]) -> bool:
        """Read all entries and compute the tree; roots at `sizes` are kept. Whether there is a log."""
        try:
            with self._storage.open_range(CHECKPOINT_KEY) as stream:
                self._note = stream.read().decode("utf-8", "replace")
            checkpoint = Checkpoint.parse(self._note)
        except ObjectMissing:
            if has_log(self._storage):
                self._found.fault(FaultKind.MISSING_OBJECT, CHECKPOINT_KEY, "there is a log and it has no checkpoint")
            return False
        except BadNote as error:
            self._found.fault(FaultKind.BAD_SIGNATURE, CHECKPOINT_KEY, str(error))
            return False
        self._found.origin, self._found.size = checkpoint.origin, checkpoint.size
        known = set(self._signed_sizes())
        if known and max(known) > checkpoint.size:
            detail = (
                f"it has {checkpoint.size} entries and {signed_key(max(known))} was signed; an older one was put back"
            )
            self._found.fault(
                FaultKind.SET_BACK, CHECKPOINT_KEY, f"{detail}, or a sequencer died: run newswarc custody log"
            )
        cosigned = {size for of_one in cosigned_sizes(self._storage).values() for size in of_one}
        self._roots = dict.fromkeys(sizes | known | cosigned | {checkpoint.size}, b"")
        try:
            self._read_entries(checkpoint.size)
        except DamagedArchive as error:
            self._found.fault(FaultKind.LOG_DIFFERS, str(error).partition(":")[0], str(error).partition(": ")[2])
            if self._trusted:
                self._check_signed(CHECKPOINT_KEY, self._note, self._trusted)
            return False
        root = self._roots[checkpoint.size]
        self._found.root = root.hex()
        if root != checkpoint.root:
            detail = f"its {checkpoint.size} entries lead to the root {root.hex()}, not to {checkpoint.root.hex()}"
            self._found.fault(FaultKind.LOG_DIFFERS, CHECKPOINT_KEY, detail)
        return True

    def _signed_sizes(self) -> list[int]:
        names = (item.key.rpartition("/")[2] for item in self._storage.list(f"{PREFIX}checkpoints/"))
        return sorted(int(name) for name in names if name.isdecimal())

    def _read_entries(self, size: int) -> None:
        tree, leaves = GrowingTree(), list[bytes]()
        for number in range(-(-size // WIDTH)):
            for at, data in enumerate(self._tiles.entries(number, size)):
                leaves.append(leaf_hash(data))
                tree.add(leaves[-1])
                if tree.size in self._roots:
                    self._roots[tree.size] = tree.root()
                try:
                    self.entries.append(parse_entry(data))
                except BadNote as error:
                    key = tile_key("entries", number)
                    self._found.fault(FaultKind.LOG_DIFFERS, key, f"entry {number * WIDTH + at}: {error}")
                    self.entries.append(LogEntry(kind=EntryKind.KEY, at=""))
        self._check_tiles(leaves)

    def _check_tiles(self, leaves: list[bytes]) -> None:
        level, hashes, size = 0, leaves, len(leaves)
        while hashes:
            above = []
            for number in range(-(-len(hashes) // WIDTH)):
                right = hashes[number * WIDTH : (number + 1) * WIDTH]
                if len(right) == WIDTH:
                    above.append(root_of(right))
                self._check_tile(level, number, size, right)
            level, hashes = level + 1, above

    def _check_tile(self, level: int, number: int, size: int, right: list[bytes]) -> None:
        key = tile_key(level, number, len(right))
        try:
            stored = list(split_hashes(self._tiles.hashes(level, number, size)))
        except DamagedArchive as error:
            self._found.fault(FaultKind.LOG_DIFFERS, key, str(error).removeprefix(f"{key}: "))
            return
        wrong = [at for at, (one, other) in enumerate(zip(stored, right, strict=True)) if one != other]
        if wrong:
            what = f"entry {number * WIDTH + wrong[0]} was altered" if level == 0 else f"hash {wrong[0]} is another"
            self._found.fault(FaultKind.LOG_DIFFERS, key, f"{what}: entries and tiles do not fit together")

    def check_signatures(self) -> None:
        """Who signs, from the first key on; keys change by entries that the keys before have signed."""
        first = self.entries[0] if self.entries else None
        if first is None or first.kind is not EntryKind.LOG or first.origin != self._found.origin:
            self._found.fault(
                FaultKind.LOG_DIFFERS, tile_key("entries", 0), "the log does not begin with its own name"
            )
            return
        self._found.begun, self._found.adopted = first.at, first.adopted
        self._found.keys_from_archive = not self._trusted
        keys = set(self._trusted) or set(_keys(first.keys))
        for index, entry in enumerate(self.entries):
            if entry.kind is EntryKind.KEY:
                keys = self._changed(index, entry, keys)
        self._check_signed(CHECKPOINT_KEY, self._note, keys, note_it=True)
        if self._deep:
            self._check_all()

    def _changed(self, index: int, entry: LogEntry, keys: set[VerifierKey]) -> set[VerifierKey]:
        """The keys after an entry that changes them, when one of those before has signed it."""
        changed = (keys | set(_keys(entry.keys))) - set(_keys(entry.revoked))
        if set(_keys(entry.keys)) <= keys:
            return changed
        size = next((size for size in sorted(self._roots) if size > index), 0)
        try:
            with self._storage.open_range(signed_key(size)) as stream:
                note = Note.parse(stream.read().decode("utf-8", "replace"))
            note.signers(keys)
        except (ObjectMissing, BadNote) as error:
            detail = f"entry {index} names a new key that no key before it has signed ({error})"
            self._found.fault(FaultKind.BAD_SIGNATURE, signed_key(size), detail)
            return keys
        return changed

    def _check_signed(self, key: str, text: str, keys: Iterable[VerifierKey], *, note_it: bool = False) -> None:
        try:
            signers = Note.parse(text).signers(keys)
        except BadNote as error:
            self._found.fault(FaultKind.BAD_SIGNATURE, key, str(error))
            return
        if note_it:
            self._found.signed_by = sorted(str(signer) for signer in signers)

    def _check_all(self) -> None:
        for size, root in self._roots.items():
            try:
                with self._storage.open_range(signed_key(size)) as stream:
                    checkpoint = Checkpoint.parse(stream.read().decode("utf-8", "replace"))
            except ObjectMissing:
                continue
            except BadNote as error:
                self._found.fault(FaultKind.BAD_SIGNATURE, signed_key(size), str(error))
                continue
            if root and checkpoint != Checkpoint(self._found.origin, size, root):
                self._found.fault(
                    FaultKind.OTHER_HISTORY, signed_key(size), _two_histories(size, checkpoint.root, root)
                )

    def check_cosignatures(self, witnesses: Iterable[VerifierKey]) -> None:
        """What witnesses have cosigned has to be what the entries lead to."""
        for key, size, lines in cosigned_checkpoints(self._storage, witnesses):
            note = f"{Checkpoint(self._found.origin, size, self._roots.get(size) or bytes(HASH_SIZE)).text}\n{lines}"
            try:
                right = size <= self._found.size and cosignature_of(key, Note.parse(note)) is not None
            except BadNote:
                right = False
            if right:
                self._found.cosigned.append(f"{key.name}: {counted(size, 'entry')}")
            else:
                detail = f"{key.name} has cosigned another log of {size} entries, or its signature was altered"
                self._found.fault(FaultKind.OTHER_HISTORY, f"{COSIGNATURES}{size}", detail)

    def check_kept(self, name: str, checkpoint: Checkpoint) -> None:
        """Hold the log against a checkpoint that was kept."""
        if checkpoint.origin != self._found.origin:
            detail = f"it is of the log {checkpoint.origin}, and here is {self._found.origin}: another archive"
            self._found.fault(FaultKind.OTHER_HISTORY, name, detail)
        elif checkpoint.size > self._found.size:
            detail = f"it is of {checkpoint.size} entries, and the log has {self._found.size}: its end was cut off"
            self._found.fault(FaultKind.SET_BACK, name, detail)
        elif self._roots.get(checkpoint.size) != checkpoint.root:
            detail = _two_histories(checkpoint.size, checkpoint.root, self._roots.get(checkpoint.size, b""))
            self._found.fault(FaultKind.OTHER_HISTORY, name, detail)
        else:
            self._found.kept.append(checkpoint.size)


def _two_histories(size: int, one: bytes, other: bytes) -> str:
    return (
        f"of {size} entries {one.hex()} was signed as the root, and those here lead to {other.hex()}: two histories"
    )


def _keys(texts: Iterable[str]) -> Iterator[VerifierKey]:
    for text in texts:
        try:
            yield VerifierKey.parse(text)
        except BadNote:
            continue


class _Contents:
    """The archive beside its log."""

    def __init__(self, storage: Storage, found: Audit, entries: list[LogEntry]) -> None:
        self._storage = storage
        self._found = found
        self._entries = entries
        self._named: dict[str, list[int]] = {}
        """Entries that name a key."""
        self._redacted: set[str] = set()
        """Segments that an account of a redaction names."""
        for index, entry in enumerate(entries):
            if entry.key:
                self._named.setdefault(entry.key, []).append(index)

    def check(self) -> None:
        """Hold what is there against what is logged, both ways."""
        there = set(manifest_keys(self._storage))
        for key, data in read_many(self._storage, self._named):
            self._check_object(key, self._named[key], data)
        self._check_holdings(there)
        self._check_revisions(sorted(key for key in there if key.startswith("manifests/")))
        self._note_late()

    def _check_object(self, key: str, indices: list[int], data: bytes | None) -> None:
        """What a key was logged as has to be there; only a data set may change, when it is withdrawn."""
        last = self._entries[indices[-1]]
        digests = {self._entries[index].sha256 for index in indices}
        if data is None:
            self._found.fault(
                FaultKind.MISSING_OBJECT, key, f"entry {indices[-1]} of the log names it; it was removed"
            )
            return
        actual = hashlib.sha256(data).hexdigest()
        if last.kind is EntryKind.REDACTION:
            self._redacted |= _segments_of(data)
        if actual != last.sha256:
            detail = f"entry {indices[-1]} of the log, of {last.at}, has another SHA-256; it was altered afterwards"
            self._found.fault(FaultKind.WRONG_DIGEST, key, detail)
        elif len(digests) > 1 and (last.kind is not EntryKind.DATASET or not _is_withdrawn(data)):
            detail = f"entries {', '.join(map(str, indices))} of the log name different ones under this key"
            self._found.fault(FaultKind.UNEXPLAINED_CHANGE, key, detail)

    def _read(self, key: str) -> bytes | None:
        try:
            with self._storage.open_range(key) as stream:
                return stream.read()
        except ObjectMissing:
            return None

    def _check_holdings(self, there: set[str]) -> None:
        """The inventory may only be longer than the log has it; what it does not name at all was slipped in."""
        held = Holdings.of(self._storage).numbered
        taken: dict[str, int] = {}
        for index, entry in enumerate(self._entries):
            writer, _, number = entry.holding.rpartition("/")
            if not number.isdecimal():
                continue
            taken[writer] = max(taken.get(writer, 0), int(number))
            if held.get((writer, int(number))) != (entry.key, entry.sha256):
                detail = f"entry {index} of the log has it otherwise; the inventory was altered"
                self._found.fault(FaultKind.WRONG_DIGEST, f"holdings/{entry.holding}", detail)
        waiting = {key for (writer, number), (key, _) in held.items() if number > taken.get(writer, 0)}
        for key in sorted(there - self._named.keys()):
            if key in waiting:
                self._found.waiting.append(key)
                if key.startswith("redactions/"):
                    self._redacted |= _segments_of(self._read(key) or b"")
            else:
                detail = "it is in neither the log nor the inventory: it was added behind their back"
                self._found.fault(FaultKind.NOT_LOGGED, key, detail)

    def _check_revisions(self, keys: list[str]) -> None:
        """A later manifest of a segment says the same of its records, unless a redaction tells why not."""
        revisions: dict[str, list[tuple[int, str]]] = {}
        for key in keys:
            segment, revision = revision_of(key)
            revisions.setdefault(segment, []).append((revision, key))
        for numbered in revisions.values():
            if len(numbered) > 1:
                manifests = [(key, manifest) for _, key in sorted(numbered) if (manifest := self._manifest(key))]
                for (_, before), (key, after) in pairwise(manifests):
                    self._check_change(key, before, after)

    def _manifest(self, key: str) -> Manifest | None:
        try:
            return parse_manifest(self._read(key) or b"", key)
        except DamagedArchive:
            return None  # told by whoever verifies the segment

    def _check_change(self, key: str, before: Manifest, after: Manifest) -> None:
        known = (before.records, before.records_root)
        if before.records_root and (after.records, after.records_root) != known:
            detail = "it says that the segment has other records than the manifest before: the capture was rewritten"
            self._found.fault(FaultKind.UNEXPLAINED_CHANGE, key, detail)
        elif before.warc.sha256 != after.warc.sha256 and after.segment not in self._redacted:
            detail = "the WARC is another than the manifest before says, and no redaction tells why"
            self._found.fault(FaultKind.UNEXPLAINED_CHANGE, key, detail)

    def _note_late(self) -> None:
        for entry in self._entries[self._found.adopted + 1 :]:
            if entry.kind is EntryKind.SEGMENT and entry.revision == 1 and entry.closed:
                try:
                    delay = datetime.fromisoformat(entry.at) - datetime.fromisoformat(entry.closed)
                except (ValueError, TypeError):
                    continue
                if delay > LATE:
                    self._found.late.append(f"{entry.key}: closed {entry.closed}, logged {entry.at}")


def _segments_of(account: bytes) -> set[str]:
    """The segments that an account of a redaction names."""
    try:
        return {str(capture["segment"]) for capture in json.loads(account)["captures"]}
    except (ValueError, KeyError, TypeError):
        return set()


def _is_withdrawn(manifest: bytes) -> bool:
    try:
        return bool(json.loads(manifest).get("withdrawn"))
    except (ValueError, AttributeError):
        return False
