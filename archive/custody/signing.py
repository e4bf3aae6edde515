"""Keys that sign checkpoints: in an encrypted file, in ssh-agent, or in hardware behind PKCS#11.

A key's place is one line: the path of a file, ``agent:`` and the SHA-256 fingerprint or the comment of a key that
ssh-agent holds, or a ``pkcs11:`` address (RFC 7512) that names module, token and object.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from archive.custody.notes import ED25519, ML_DSA_44, Checkpoint, Note, Signature, VerifierKey, cosigned_message
from archive.errors import ArchiveError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

AGENT = "agent:"
HARDWARE = "pkcs11:"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyRefused(ArchiveError):
    """A signing key cannot be used. The message says what to do."""


class Signer(Protocol):
    """A key that signs."""

    @property
    def algorithm(self) -> int:
        """`ED25519` or `ML_DSA_44`."""
        ...

    @property
    def public(self) -> bytes:
        """The public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign a message. Raises KeyRefused."""
        ...


class FileKey:
    """A key in a file: PKCS #8 in PEM, for its owner alone to read, encrypted or not."""

    def __init__(self, path: Path, password: Callable[[], bytes | None] = lambda: None) -> None:
        """`password` is asked when the file is encrypted. Raises KeyRefused."""
        from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

        key = read_key(path, password)
        if isinstance(key, ed25519.Ed25519PrivateKey):
            self.algorithm = ED25519
        elif isinstance(key, mldsa.MLDSA44PrivateKey):
            self.algorithm = ML_DSA_44
        else:
            raise KeyRefused(
                f"{path}: neither an Ed25519 key nor an ML-DSA-44 key; make one with newswarc custody key"
            )
        self.public = key.public_key().public_bytes_raw()
        self._key = key

    def sign(self, message: bytes) -> bytes:
        """Sign a message."""
        return self._key.sign(message)


def read_key(path: Path, password: Callable[[], bytes | None]) -> PrivateKeyTypes:
    """The private key in a file (PKCS #8 in PEM). Raises KeyRefused, also when others may read the file."""
    from cryptography.hazmat.primitives import serialization

    try:
        if path.stat().st_mode & _OTHERS:
            raise KeyRefused(f"{path}: others can read this key; run chmod 600 {path}")
        data = path.read_bytes()
    except OSError as error:
        raise KeyRefused(f"{path}: the signing key cannot be read: {error.strerror}") from error
    secret = password() if b"ENCRYPTED" in data else None
    try:
        return serialization.load_pem_private_key(data, secret)
    except (ValueError, TypeError) as error:
        raise KeyRefused(f"{path}: no key in PEM, or the password is wrong or was not given") from error


def write_key(path: Path, key: PrivateKeyTypes, password: bytes) -> None:
    """Write a private key to a new file, unencrypted if the password is empty. Raises KeyRefused."""
    from cryptography.hazmat.primitives import serialization

    wanted = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    data = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, wanted)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError as error:
        raise KeyRefused(f"{path}: exists already, and keys are never replaced; give another file") from error
    except OSError as error:
        raise KeyRefused(f"{path}: a key cannot be made there: {error.strerror}") from error
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def create_key(path: Path, password: bytes, *, algorithm: int = ED25519) -> FileKey:
    """Make a key in a new file; an empty password leaves it unencrypted. Raises KeyRefused."""
    from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

    kind = mldsa.MLDSA44PrivateKey if algorithm == ML_DSA_44 else ed25519.Ed25519PrivateKey
    write_key(path, kind.generate(), password)
    return FileKey(path, lambda: password)


def open_signer(place: str, password: Callable[[], bytes | None] = lambda: None, agent: str = "") -> Signer:
    """The key at a place; `agent` is the socket of ssh-agent. Raises KeyRefused."""
    if place.startswith(AGENT):
        from archive.custody.agent import AgentKey

        return AgentKey(agent, place.removeprefix(AGENT))
    if place.startswith(HARDWARE):
        from archive.custody.hardware import HardwareKey

        return HardwareKey(place, password)
    return FileKey(Path(place).expanduser(), password)


def verifier_key(name: str, signer: Signer) -> VerifierKey:
    """The public half of a key, under a name."""
    return VerifierKey(name, signer.algorithm, signer.public)


def signed(checkpoint: Checkpoint, signers: Iterable[Signer], moment: int) -> Note:
    """A checkpoint with signatures under its origin's name; `moment` is seconds since 1970. Raises KeyRefused."""
    signatures = []
    for signer in signers:
        if signer.algorithm == ED25519:
            data = signer.sign(checkpoint.text.encode())
        else:
            message = cosigned_message(checkpoint.origin, moment, checkpoint)
            data = moment.to_bytes(8, "big") + signer.sign(message)
        key = verifier_key(checkpoint.origin, signer)
        signatures.append(Signature(key.name, key.id, data))
    return Note(checkpoint.text, tuple(signatures))


def works(name: str, signer: Signer) -> bool:
    """Whether what a key signs is verified by its public half."""
    checkpoint = Checkpoint(name, secrets.randbelow(1 << 30), secrets.token_bytes(32))
    note = signed(checkpoint, [signer], 0)
    return verifier_key(name, signer).verifies(note.text, note.signatures[0].data)
