"""Witnesses cosign checkpoints: others who see that the log only grows (C2SP's tlog-witness and tlog-cosignature).

A witness keeps the newest checkpoint of the log that it has seen, and cosigns another one only with a proof that the
log continues it. So nobody can show one history to some and another to others without the witness's noticing. What
it signs is kept as ``custody/cosignatures/SIZE/WITNESS``, beside the checkpoint that the archive's key signed.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from archive.clock_and_ids import ClockAndIds
from archive.custody.notes import ED25519, BadNote, Checkpoint, Note, Signature, VerifierKey, cosigned_at
from archive.custody.sequencer import signed_checkpoint
from archive.custody.tiles import PREFIX, Tiles
from archive.errors import DamagedArchive, ObjectExists
from archive.storage.protocol import Storage

COSIGNATURES = f"{PREFIX}cosignatures/"
MOST_SKEW = timedelta(minutes=5)
"""How far a witness's clock may be ahead of this machine's."""
_COSIGNED, _UNTRUSTED, _UNKNOWN, _OTHER_SIZE, _NO_CONTINUATION = 200, 403, 404, 409, 422
"""What a witness's answers mean (tlog-witness, add-checkpoint)."""

Post = Callable[[str, bytes], tuple[int, bytes]]
"""Posts to an address; the status and the body of the answer. Raises OSError."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Who cosigns, and where to ask."""

    address: str
    """What ``/add-checkpoint`` is appended to."""
    key: VerifierKey

    @classmethod
    def parse(cls, text: str) -> Witness:
        """Read ``URL NAME+ID+BASE64``. Raises BadNote."""
        address, _, key = text.strip().partition(" ")
        if urlsplit(address).scheme not in ("http", "https") or not key:
            raise BadNote(f"{text[:60]!r} is not a witness; write its address, a space, and its key NAME+ID+BASE64")
        found = cls(address.rstrip("/"), VerifierKey.parse(key))
        if found.key.algorithm == ED25519:
            raise BadNote(f"{text[:60]!r}: this is the key of a log, not of a witness, whose signatures state a time")
        return found

    @property
    def file_name(self) -> str:
        """What its cosignatures are called in the archive."""
        return f"{re.sub(r'[^a-z0-9.]+', '_', self.key.name.lower())}-{self.key.id.hex()}"


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What came of asking a witness."""

    witness: str
    """Its name."""
    size: int
    """Entries of the checkpoint."""
    at: str = ""
    """The time that it states (ISO 8601, UTC); empty when there is no cosignature."""
    problem: str = ""
    """Why there is none; empty when there is one."""


class _NotCosigned(DamagedArchive):
    """A witness did not cosign. The message says why."""


class Cosigning:
    """Has the newest checkpoint of a log cosigned."""

    def __init__(self, storage: Storage, witnesses: Sequence[Witness], post: Post, clock: ClockAndIds) -> None:
        self._storage = storage
        self._witnesses = tuple(witnesses)
        self._post = post
        self._clock = clock
        self._tiles = Tiles(storage)

    def run(self) -> list[Cosigned]:
        """Ask each witness that has not cosigned the newest checkpoint. Raises BadNote or StorageError."""
        note = signed_checkpoint(self._storage)
        checkpoint = Checkpoint.parse(note)
        known = cosigned_sizes(self._storage)
        return [
            self._asked(witness, checkpoint, note, last)
            for witness in self._witnesses
            if (last := max(known.get(witness.file_name, ()), default=0)) < checkpoint.size
        ]

    def _asked(self, witness: Witness, checkpoint: Checkpoint, note: str, last: int) -> Cosigned:
        name, size = witness.key.name, checkpoint.size
        try:
            signature = self._checked(witness, note, self._cosignatures(witness, checkpoint, note, last))
        except OSError as error:
            return Cosigned(name, size, problem=f"it does not answer: {error}")
        except DamagedArchive as error:
            return Cosigned(name, size, problem=str(error))
        with suppress(ObjectExists):
            self._storage.put_if_absent(f"{COSIGNATURES}{size}/{witness.file_name}", signature.line().encode())
        return Cosigned(name, size, datetime.fromtimestamp(cosigned_at(signature.data), UTC).isoformat())

    def _cosignatures(self, witness: Witness, checkpoint: Checkpoint, note: str, last: int) -> str:
        """The lines that a witness answers. `last` is the size that it cosigned last, as far as is known here."""
        status, body = self._submit(witness, checkpoint, note, last)
        if status == _OTHER_SIZE:
            told = _size(body)
            if told is None:
                raise _NotCosigned("it does not say which size of the log it has seen")
            if told > checkpoint.size:
                raise _NotCosigned(
                    f"it has seen {told} entries of this log, and here are {checkpoint.size}: the log was set back"
                )
            status, body = self._submit(witness, checkpoint, note, told)
            if status == _OTHER_SIZE:
                raise _NotCosigned(f"it has seen another log of {told} entries under this name: two histories")
        if status == _COSIGNED:
            return body.decode("utf-8", "replace")
        reasons = {
            _UNTRUSTED: "it trusts none of the keys that sign this log: send its operator the key",
            _UNKNOWN: "it does not know this log: ask its operator to add it",
            _NO_CONTINUATION: "the log does not continue what it has seen: two histories",
        }
        raise _NotCosigned(reasons.get(status, f"it answers with status {status}"))

    def _submit(self, witness: Witness, checkpoint: Checkpoint, note: str, old: int) -> tuple[int, bytes]:
        path = self._tiles.consistency_path(old, checkpoint.size) if old else []
        proof = "".join(f"{base64.b64encode(part).decode()}\n" for part in path)
        return self._post(f"{witness.address}/add-checkpoint", f"old {old}\n{proof}\n{note}".encode())

    def _checked(self, witness: Witness, note: str, lines: str) -> Signature:
        """Its signature of this very checkpoint, whatever else it answers. Raises BadNote when there is none."""
        answer = Note.parse(f"{note}{lines}")
        # An empty line in the answer would move what is signed
        signature = cosignature_of(witness.key, answer) if answer.text == Note.parse(note).text else None
        if signature is None:
            raise BadNote("its answer has no signature by the key that is set for it")
        at = datetime.fromtimestamp(cosigned_at(signature.data), UTC)
        if at - self._clock.now() > MOST_SKEW:
            raise BadNote(f"it says that it is {at:%Y-%m-%d %H:%M:%S} UTC, ahead of this machine's clock")
        return signature


def _size(body: bytes) -> int | None:
    text = body.strip()
    return int(text) if text.isdigit() and len(text) < len(str(1 << 63)) else None


def cosignature_of(key: VerifierKey, note: Note) -> Signature | None:
    """A witness's signature of a note; None when there is none. Raises BadNote when it is wrong."""
    for signature in note.signatures:
        if (signature.name, signature.key_id) == (key.name, key.id):
            try:
                right = cosigned_at(signature.data) < 1 << 40 and key.verifies(note.text, signature.data)
            except struct.error:
                right = False
            if not right:
                raise BadNote(f"the cosignature by {key.name} ({key.id.hex()}) is wrong")
            return signature
    return None


def cosigned_sizes(storage: Storage) -> dict[str, list[int]]:
    """By the file name of each witness the sizes of the checkpoints that it has cosigned."""
    found: dict[str, list[int]] = {}
    for item in storage.list(COSIGNATURES):
        size, _, name = item.key.removeprefix(COSIGNATURES).partition("/")
        if size.isdecimal():
            found.setdefault(name, []).append(int(size))
    return found


def with_cosignatures(storage: Storage, note: str) -> str:
    """A checkpoint with the lines of the witnesses that have cosigned it. Raises BadNote or StorageError."""
    size = Checkpoint.parse(note).size
    lines = []
    for item in storage.list(f"{COSIGNATURES}{size}/"):
        with storage.open_range(item.key) as stream:
            lines.append(stream.read().decode("utf-8", "replace"))
    return note + "".join(lines)


def cosigned_checkpoints(storage: Storage, keys: Iterable[VerifierKey]) -> Iterator[tuple[VerifierKey, int, str]]:
    """Of each witness the newest checkpoint that it has cosigned: its size, and the lines."""
    known = cosigned_sizes(storage)
    for key in keys:
        name = Witness("", key).file_name
        if name in known:
            size = max(known[name])
            with storage.open_range(f"{COSIGNATURES}{size}/{name}") as stream:
                yield key, size, stream.read().decode("utf-8", "replace")
