"""The sequencer continues the log: claim, write, sign.

1. What the archive's holdings name and the log does not have yet becomes a claim for the log's size (`claims`). Of
   several sequencers one gets it; the others finish it and try the next size.
2. Tiles and entry bundles are written: their content follows from the claim, so anyone may write them, again too.
3. The checkpoint is signed, kept under ``custody/checkpoints/SIZE`` and made the newest (``custody/checkpoint``).

Nothing is signed that does not continue what this machine signed before: it keeps the newest checkpoint that it has
seen in a file of its own, and refuses a log that is smaller than that, or another one.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from archive.clock_and_ids import ClockAndIds
from archive.counted import counted
from archive.custody.claims import NEWEST_KEY, Claim, NewestClaim, claim_key, newest_known, read_claim
from archive.custody.entries import EntryKind, LogEntry, entry_of, parse_entry
from archive.custody.notes import BadNote, Checkpoint, Note, VerifierKey
from archive.custody.signing import Signer, signed, verifier_key
from archive.custody.tiles import PREFIX, Tiles
from archive.durable import sync_directory, write_durably
from archive.errors import DamagedArchive, ObjectExists, ObjectMissing
from archive.holdings import PREFIX as HOLDINGS
from archive.holdings import HoldingEntry, entry_key
from archive.members import warc_date
from archive.merkle_tree import GrowingTree, leaf_hash
from archive.storage.protocol import Storage

CHECKPOINT_KEY = f"{PREFIX}checkpoint"

MOST_ENTRIES = 1000
"""Entries of one claim."""


def signed_checkpoint(storage: Storage) -> str:
    """The newest checkpoint of an archive's log, as it was signed; empty without a log. Raises StorageError."""
    try:
        with storage.open_range(CHECKPOINT_KEY) as stream:
            return bytes(stream.read()).decode("utf-8", "replace")
    except ObjectMissing:
        return ""


class OtherHistory(DamagedArchive):
    """The log is not the continuation of what was signed or seen before."""


def signed_key(size: int) -> str:
    """The key under which the checkpoint of a size is kept."""
    return f"{PREFIX}checkpoints/{size}"


@dataclass(frozen=True, slots=True)
class Logged:
    """What a run of the sequencer did."""

    size: int
    """Entries of the log."""
    added: int
    """Those that this run claimed, or finished for another."""
    note: str
    """The newest checkpoint."""


class Sequencer:
    """Continues one log."""

    def __init__(
        self,
        storage: Storage,
        signers: Sequence[Signer],
        clock_and_ids: ClockAndIds,
        *,
        seen: Path | None = None,
    ) -> None:
        """`seen` is the file in which this machine keeps the newest checkpoint that it has signed or seen."""
        self._storage = storage
        self._signers = tuple(signers)
        self._clock_and_ids = clock_and_ids
        self._seen = seen
        self._tiles = Tiles(storage)
        self._last: Claim | None = None
        self._own: Claim | None = None
        """What this sequencer claimed last, from holdings that it has just read."""
        self._tree = GrowingTree()
        """Over the entries up to the last claim."""
        self._continues = False
        """Whether the log was found to begin with what this machine has seen; all that follows continues it then."""
        self._origin = ""
        self._note = ""

    def begin(self, origin: str, adopted: int = 0) -> Logged:
        """Begin a log of this name; `adopted` is how many manifests stand there already.

        Raises DamagedArchive when a log has begun already, StorageError or KeyRefused.
        """
        if read_claim(self._storage, 0) is not None:
            raise DamagedArchive(
                f"{claim_key(0)}: this archive has a log already; newswarc custody status tells of it"
            )
        keys = tuple(str(verifier_key(origin, signer)) for signer in self._signers)
        first = LogEntry(kind=EntryKind.LOG, at=self._now(), origin=origin, adopted=adopted, keys=keys)
        self._claim(None, [first], {})
        return self.run()

    def run(self, writers: Iterable[str] | None = None) -> Logged:
        """Log what is not logged yet; of these writers of holdings only, when they are given.

        Raises DamagedArchive, StorageError or KeyRefused.
        """
        added = self._catch_up()
        named = sorted(set(self._writers() if writers is None else writers))
        while True:
            last = self._require_begun()
            entries, taken = self._waiting(last.taken, named)
            if not entries:
                return Logged(last.end, added, self._note)
            self._claim(last, entries, taken)
            added += self._catch_up()

    def add(self, entry: LogEntry) -> Logged:
        """Log an entry that no holding tells of, such as a change of keys; `at` is filled in.

        The checkpoint is signed by all keys of this sequencer. Raises as `run` does.
        """
        self._catch_up()
        timed = entry.model_copy(update={"at": self._now()})
        last = self._require_begun()
        while not self._claim(last, [timed], last.taken):
            self._catch_up()
            last = self._require_begun()
        added = self._catch_up()
        return Logged(self._require_begun().end, added, self._note)

    def _now(self) -> str:
        return warc_date(self._clock_and_ids.now())

    def _require_begun(self) -> Claim:
        if self._last is None:
            raise DamagedArchive(f"{self._storage.uri}: no log has begun here; run newswarc custody begin")
        return self._last

    def _claim(self, last: Claim | None, entries: list[LogEntry], taken: dict[str, int]) -> bool:
        """Claim the log's size; whether no other sequencer was faster."""
        start = last.end if last else 0
        tree = self._grown(start)
        encoded = [entry.encoded() for entry in entries]
        for entry in encoded:
            tree.add(leaf_hash(entry))
        texts = tuple(entry.decode() for entry in encoded)
        claim = Claim(start=start, entries=texts, root=tree.root().hex(), at=entries[0].at, taken=taken)
        try:
            self._storage.put_if_absent(claim_key(start), claim.to_bytes())
        except ObjectExists:
            return False
        self._own = claim
        return True

    def _grown(self, size: int) -> GrowingTree:
        return self._tree.copy() if self._tree.size == size else self._tiles.growing(size)

    def _waiting(self, taken: dict[str, int], writers: Iterable[str]) -> tuple[list[LogEntry], dict[str, int]]:
        """What the holdings name behind what is taken, at most `MOST_ENTRIES`, and what is taken then."""
        now, found, reached = self._now(), list[LogEntry](), dict(taken)
        for writer in sorted({*writers, *taken}):
            while len(found) < MOST_ENTRIES:
                holding = self._holding(writer, reached.get(writer, 0) + 1)
                if holding is None:
                    break
                found.append(entry_of(holding, now, self._manifest(holding)))
                reached[writer] = holding.number
        return found, reached

    def _writers(self) -> Iterator[str]:
        return (item.key.removeprefix(HOLDINGS).partition("/")[0] for item in self._storage.list(HOLDINGS))

    def _holding(self, writer: str, number: int) -> HoldingEntry | None:
        key = entry_key(writer, number)
        try:
            with self._storage.open_range(key) as stream:
                holding = HoldingEntry.model_validate_json(stream.read())
        except ObjectMissing:
            return None
        except ValidationError as error:
            raise DamagedArchive(f"{key}: not an entry of what the archive holds") from error
        if (holding.writer, holding.number) != (writer, number):
            raise DamagedArchive(f"{key}: it says that it is {holding.writer}, {holding.number}")
        return holding

    def _manifest(self, holding: HoldingEntry) -> bytes | None:
        """The bytes of what a holding names, when they are those that it names."""
        try:
            with self._storage.open_range(holding.key) as stream:
                data = stream.read()
        except ObjectMissing:
            return None
        return data if hashlib.sha256(data).hexdigest() == holding.sha256 else None

    def _catch_up(self) -> int:
        """Finish what is claimed; how many entries that were, those of this sequencer included."""
        if self._last is None:
            first = read_claim(self._storage, 0)
            if first is None:
                return 0
            self._origin = parse_entry(first.entries[0].encode()).origin
            known = newest_known(self._storage)
            self._finish(known if known is not None and self._is_signed(known.end) else first)
        added = 0
        while (claim := read_claim(self._storage, self._require_begun().end)) is not None:
            if claim != self._own and not self._is_signed(claim.end):
                self._require_held(claim)
            self._finish(claim)
            added += len(claim.entries)
        self._require_grown(self._require_begun().end)
        return added

    def _is_signed(self, size: int) -> bool:
        try:
            self._storage.stat(signed_key(size))
        except ObjectMissing:
            return False
        return True

    def _require_held(self, claim: Claim) -> None:
        """Raises OtherHistory when a claim, which anyone may have written, says what the holdings do not."""
        for text in claim.entries:
            entry = parse_entry(text.encode())
            if not entry.holding:
                continue
            writer, _, number = entry.holding.rpartition("/")
            holding = self._holding(writer, int(number)) if number.isdigit() else None
            if holding is None or not _tells_of(entry, holding, self._manifest(holding)):
                raise OtherHistory(
                    f"{claim_key(claim.start)}: it says of {entry.key} what the archive's holdings do not"
                )

    def _finish(self, claim: Claim) -> None:
        """Write and sign a claim, or find that this is done."""
        entries = [text.encode() for text in claim.entries]
        tree = self._grown(claim.start)
        for entry in entries:
            tree.add(leaf_hash(entry))
        if tree.root().hex() != claim.root:
            raise OtherHistory(f"{claim_key(claim.start)}: its entries do not lead to the root that it names")
        self._tiles.append(claim.start, entries)
        self._require_continues(claim.end)
        checkpoint = Checkpoint(self._origin, claim.end, tree.root())
        self._note = self._signed(checkpoint, claim)
        self._publish(claim)
        self._last, self._tree = claim, tree
        self._keep()

    def _signed(self, checkpoint: Checkpoint, claim: Claim) -> str:
        """The note that is kept of a size, signed now if it was not."""
        key = signed_key(checkpoint.size)
        with suppress(ObjectMissing):
            return self._checked(key, checkpoint)
        self._require_grown(checkpoint.size)
        moment = int(datetime.fromisoformat(claim.at).timestamp())
        note = str(signed(checkpoint, self._signers, moment))
        try:
            self._storage.put_if_absent(key, note.encode())
        except ObjectExists:
            return self._checked(key, checkpoint)
        return note

    def _checked(self, key: str, checkpoint: Checkpoint) -> str:
        with self._storage.open_range(key) as stream:
            note = stream.read().decode("utf-8", "replace")
        if Checkpoint.parse(note) != checkpoint:
            raise OtherHistory(f"{key}: it is signed for another root than the log's entries lead to")
        return note

    def _publish(self, claim: Claim) -> None:
        """Make the note the newest, unless a newer one is; again while another sequencer puts an older one there."""
        while True:
            size = newest_size(self._storage)
            if size < claim.end:
                self._put(CHECKPOINT_KEY, self._note.encode())
                self._put(NEWEST_KEY, NewestClaim(start=claim.start).to_bytes())
            if newest_size(self._storage) >= claim.end:
                return

    def _put(self, key: str, data: bytes) -> None:
        with tempfile.NamedTemporaryFile(prefix="newswarc-custody-") as file:
            file.write(data)
            file.flush()
            self._storage.put(key, Path(file.name), hashlib.sha256(data).hexdigest())

    def _require_continues(self, size: int) -> None:
        """Raises OtherHistory when a log of this size does not begin with what this machine has seen."""
        if self._continues:
            return
        seen = seen_checkpoint(self._seen)
        if seen is None:
            self._continues = True
            return
        if seen.origin != self._origin:
            raise OtherHistory(
                f"{self._seen}: this machine has seen the log {seen.origin}, and here is {self._origin}"
            )
        self._continues = seen.size <= size
        if self._continues and self._tiles.root(seen.size) != seen.root:
            self._continues = False
            raise OtherHistory(
                f"{self._seen}: the log's first {seen.size} entries are others than this machine has seen"
            )

    def _require_grown(self, size: int) -> None:
        """Raises OtherHistory when this machine has seen more entries than this."""
        seen = seen_checkpoint(self._seen)
        if seen is not None and seen.size > size:
            raise OtherHistory(
                f"{self._seen}: this machine has seen {counted(seen.size, 'entry')} of the log, and here are {size}"
            )

    def _keep(self) -> None:
        seen = seen_checkpoint(self._seen)
        if self._seen is not None and (seen is None or seen.size < self._require_begun().end):
            keep_checkpoint(self._seen, self._note)


def _tells_of(entry: LogEntry, holding: HoldingEntry, manifest: bytes | None) -> bool:
    made = entry_of(holding, entry.at, manifest)
    if manifest is None:
        return (entry.key, entry.sha256, entry.kind) == (made.key, made.sha256, made.kind)
    return entry == made


def newest_size(storage: Storage) -> int:
    """Entries of the newest checkpoint; 0 when there is none or it is no checkpoint."""
    try:
        with storage.open_range(CHECKPOINT_KEY) as stream:
            return Checkpoint.parse(stream.read().decode("utf-8", "replace")).size
    except (ObjectMissing, BadNote):
        return 0


def seen_checkpoint(path: Path | None) -> Checkpoint | None:
    """The checkpoint that a machine keeps; None when it keeps none. Raises BadNote."""
    if path is None or not path.exists():
        return None
    try:
        return Checkpoint.parse(path.read_text(encoding="utf-8"))
    except BadNote as error:
        raise BadNote(
            f"{path}: {error}; restore it, or remove it when this machine should trust the log anew"
        ) from error


def keep_checkpoint(path: Path, note: str) -> None:
    """Keep a checkpoint on this machine. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    write_durably(part, note.encode())
    part.replace(path)
    sync_directory(path.parent)


def parsed_note(note: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """A checkpoint that one of the keys signed. Raises BadNote."""
    parsed = Note.parse(note)
    parsed.signers(keys)
    return Checkpoint.parse_text(parsed.text)
