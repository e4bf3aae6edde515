"""Signed notes, verifier keys and checkpoints, as C2SP's signed-note, tlog-checkpoint and tlog-cosignature have them.

A note is text, an empty line, and a line for each signature: an em dash, the key's name, and base 64 of the key's id
(four bytes) and the signature. A checkpoint is a note that says which log, how many entries, and the root over them.

Three kinds of signature are known: Ed25519 over the text (type 1), Ed25519 over a moment and the text, as witnesses
cosign (type 4), and ML-DSA-44 over the checkpoint's facts (type 6), which holds against quantum computers too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.errors import DamagedArchive
from archive.merkle_tree import HASH_SIZE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

ED25519 = 1
ED25519_COSIGNATURE = 4
ML_DSA_44 = 6
_SIZES = {ED25519: 32, ED25519_COSIGNATURE: 32, ML_DSA_44: 1312}
"""Bytes of a public key."""
_ID_SIZE = 4
_DASH = "\u2014 "
_TIME = struct.Struct(">Q")
_MOST_SIGNATURES = 64
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class BadNote(DamagedArchive):
    """A note that is none, or that no known key has signed."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name it signs under."""

    name: str
    algorithm: int
    """`ED25519`, `ED25519_COSIGNATURE` or `ML_DSA_44`."""
    public: bytes

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read ``NAME+ID+BASE64``. Raises BadNote."""
        name, _, rest = text.strip().partition("+")
        identifier, _, encoded = rest.partition("+")
        data = _base64(encoded, "a verifier key")
        if not name or not data or len(data) - 1 != _SIZES.get(data[0], -1):
            raise BadNote(
                f"{text[:60]!r} is not a verifier key; it is NAME+ID+BASE64, as `newswarc custody key` says"
            )
        key = cls(name, data[0], data[1:])
        if key.id.hex() != identifier:
            raise BadNote(f"{text[:60]!r}: its id is not that of its key; it was altered or cut")
        return key

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.algorithm]) + self.public).digest()[:_ID_SIZE]

    def __str__(self) -> str:
        """As people give it to each other."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.algorithm]) + self.public).decode()}"

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether the key made a signature of a note's text."""
        from cryptography.exceptions import InvalidSignature

        try:
            if self.algorithm == ED25519:
                self._ed25519.verify(signature, text.encode())
            elif self.algorithm == ED25519_COSIGNATURE:
                self._ed25519.verify(signature[_TIME.size :], timed_message(cosigned_at(signature), text))
            else:
                message = cosigned_message(self.name, cosigned_at(signature), Checkpoint.parse_text(text))
                self._ml_dsa_44.verify(signature[_TIME.size :], message)
        except (InvalidSignature, BadNote, struct.error):
            return False
        return True

    @property
    def _ed25519(self) -> Ed25519PublicKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        return Ed25519PublicKey.from_public_bytes(self.public)

    @property
    def _ml_dsa_44(self) -> MLDSA44PublicKey:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        return MLDSA44PublicKey.from_public_bytes(self.public)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log at a size."""

    origin: str
    """The log's name."""
    size: int
    """Entries."""
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse_text(cls, text: str) -> Checkpoint:
        """Read a note's text. Raises BadNote."""
        lines = text.split("\n")
        if len(lines) < 4 or not lines[0] or not lines[1].isascii() or not lines[1].isdigit():
            raise BadNote("not a checkpoint: it wants origin, size and root, each on a line")
        root = _base64(lines[2], "a checkpoint's root")
        if str(int(lines[1])) != lines[1] or len(root) != HASH_SIZE:
            raise BadNote("not a checkpoint: its size or its root is malformed")
        return cls(lines[0], int(lines[1]), root)

    @classmethod
    def parse(cls, note: str) -> Checkpoint:
        """Read a note, whoever signed it. Raises BadNote."""
        return cls.parse_text(Note.parse(note).text)


@dataclass(frozen=True, slots=True)
class Signature:
    """One line of a note."""

    name: str
    key_id: bytes
    data: bytes

    def line(self) -> str:
        """The line with its end."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.data).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures."""

    text: str
    """With its last line end."""
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """The note as stored."""
        return f"{self.text}\n{''.join(signature.line() for signature in self.signatures)}"

    @classmethod
    def parse(cls, note: str) -> Note:
        """Read a note. Raises BadNote."""
        text, gap, tail = note.rpartition("\n\n")
        if not gap or not tail.endswith("\n") or _CONTROL.search(note):
            raise BadNote("not a signed note")
        lines = tail[:-1].split("\n")
        if len(lines) > _MOST_SIGNATURES:
            raise BadNote("not a signed note: too many signatures")
        return cls(f"{text}\n", tuple(_signature(line) for line in lines))

    def signers(self, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
        """Those of the known keys that signed it. Raises BadNote when none did, or a signature of one is wrong."""
        found = []
        for key in keys:
            for signature in self.signatures:
                if (signature.name, signature.key_id) == (key.name, key.id):
                    if not key.verifies(self.text, signature.data):
                        raise BadNote(f"the signature by {key.name} ({key.id.hex()}) is wrong: the text was altered")
                    found.append(key)
        if not found:
            by = ", ".join(f"{signature.name} ({signature.key_id.hex()})" for signature in self.signatures)
            raise BadNote(f"no known key has signed it; it is signed by {by}")
        return found


def cosigned_at(signature: bytes) -> int:
    """When a timed signature was made, in seconds since 1970. Raises struct.error for one that is cut short."""
    (moment,) = _TIME.unpack_from(signature)
    return int(moment)


def timed_message(moment: int, text: str) -> bytes:
    """What an Ed25519 key of a witness signs of a checkpoint's text (tlog-cosignature, Ed25519 signed message)."""
    return f"cosignature/v1\ntime {moment}\n{text}".encode()


def cosigned_message(name: str, moment: int, checkpoint: Checkpoint) -> bytes:
    """What an ML-DSA-44 key signs of a checkpoint; `moment` is seconds since 1970 (tlog-cosignature)."""
    cosigner, origin = name.encode(), checkpoint.origin.encode()
    return b"".join(
        (
            b"subtree/v1\n\0",
            bytes([len(cosigner)]) + cosigner,
            _TIME.pack(moment),
            bytes([len(origin)]) + origin,
            _TIME.pack(0),
            _TIME.pack(checkpoint.size),
            checkpoint.root,
        )
    )


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not name:
        raise BadNote("not a signed note: a line behind its text is no signature")
    data = _base64(encoded, "a signature")
    if len(data) <= _ID_SIZE:
        raise BadNote("not a signed note: a signature is cut short")
    return Signature(name, data[:_ID_SIZE], data[_ID_SIZE:])


def _base64(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote(f"{what} is not base 64") from error
