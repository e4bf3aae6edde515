"""The log of custody as the settings want it: which keys sign, what this machine has seen, who is trusted."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from archive.clock_and_ids import SystemClockAndIds
from archive.custody.notes import BadNote, VerifierKey
from archive.custody.sequencer import Sequencer, seen_checkpoint
from archive.custody.signing import KeyRefused, Signer, open_signer
from archive.custody.timestamps import NoStamps, Stamper
from archive.custody.wacz_signature import WaczKey
from archive.custody.witnesses import Cosigning, Witness
from archive.storage.protocol import Storage
from crawler.config import Configuration, software

_PATIENCE = 30.0
"""Seconds to wait for a time authority or a witness."""
_LONGEST_ANSWER = 1 << 20


def password_of(configuration: Configuration, ask: Callable[[], str] = lambda: "") -> bytes | None:
    """The password of the signing key: from its file, or asked for. Raises KeyRefused."""
    if not configuration.custody_password_file:
        return ask().encode() or None
    path = Path(configuration.custody_password_file).expanduser()
    try:
        return path.read_bytes().rstrip(b"\r\n") or None
    except OSError as error:
        raise KeyRefused(f"{path}: the password file cannot be read: {error.strerror}") from error


def signers(configuration: Configuration, ask: Callable[[], str] = lambda: "") -> list[Signer]:
    """The keys that the settings name. Raises KeyRefused."""
    places = [place for place in (configuration.custody_key, configuration.custody_second_key) if place]
    if not places:
        raise KeyRefused(
            "custody_key is not set; make a key with `newswarc custody key FILE`, and set custody_key to FILE"
        )
    return [
        open_signer(place, lambda: password_of(configuration, ask), configuration.agent_socket) for place in places
    ]


def wacz_key_of(configuration: Configuration, ask: Callable[[], str] = lambda: "") -> WaczKey | None:
    """The key that signs WACZ files; None if none is set. Raises KeyRefused."""
    if not configuration.wacz_key:
        return None
    return WaczKey(Path(configuration.wacz_key).expanduser(), lambda: password_of(configuration, ask))


def sequencer(configuration: Configuration, storage: Storage, keys: list[Signer]) -> Sequencer:
    """What continues the log of an archive from this machine."""
    return Sequencer(storage, keys, SystemClockAndIds(), seen=configuration.seen_checkpoint_file)


def stamper(configuration: Configuration, storage: Storage) -> Stamper | None:
    """What has checkpoints stamped; None when no authorities are set. Raises NoStamps."""
    if not configuration.custody_authorities:
        return None
    if not configuration.custody_certificates:
        raise NoStamps("custody_authorities: set custody_certificates too, or anyone could stand in for them")
    path = Path(configuration.custody_certificates).expanduser()
    try:
        roots = path.read_bytes()
    except OSError as error:
        raise NoStamps(f"{path}: the certificates cannot be read: {error.strerror}") from error
    return Stamper(storage, configuration.custody_authorities, roots, _ask, SystemClockAndIds())


def _ask(address: str, request: bytes) -> bytes:
    """Send a request to a time authority (RFC 3161, section 3.4). Raises OSError."""
    if urlsplit(address).scheme not in ("http", "https"):
        raise OSError("not a web address")
    headers = {"Content-Type": "application/timestamp-query", "User-Agent": software()}
    query = urllib.request.Request(address, request, headers)  # noqa: S310 - its scheme was looked at
    with urllib.request.urlopen(query, timeout=_PATIENCE) as answer:  # noqa: S310
        data = answer.read(_LONGEST_ANSWER)
    return bytes(data)


def witnesses(configuration: Configuration) -> list[Witness]:
    """Who cosigns. Raises BadNote."""
    return [Witness.parse(text) for text in configuration.custody_witnesses]


def cosigning(configuration: Configuration, storage: Storage) -> Cosigning | None:
    """What has checkpoints cosigned; None when no witnesses are set. Raises BadNote."""
    asked = witnesses(configuration)
    return Cosigning(storage, asked, _post, SystemClockAndIds()) if asked else None


def _post(address: str, body: bytes) -> tuple[int, bytes]:
    """Post to a witness (tlog-witness, add-checkpoint); its status and answer. Raises OSError."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": software()}
    request = urllib.request.Request(address, body, headers)  # noqa: S310 - Witness.parse looked at its scheme
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
            return answer.status, bytes(answer.read(_LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        return error.code, bytes(error.read(_LONGEST_ANSWER))


def newest_checkpoint(configuration: Configuration) -> str:
    """The newest checkpoint that this machine knows, on one line; empty when it knows none, or it cannot be read."""
    if not configuration.custody_key:
        return ""
    try:
        seen = seen_checkpoint(configuration.seen_checkpoint_file)
    except (BadNote, OSError):
        return ""
    return " ".join(seen.text.split("\n")).strip() if seen is not None else ""


def trusted(configuration: Configuration) -> list[VerifierKey]:
    """The keys that are trusted. Raises BadNote."""
    return [VerifierKey.parse(text) for text in configuration.custody_trusted]


def kept_checkpoints(configuration: Configuration, files: list[Path]) -> list[tuple[str, str]]:
    """Checkpoints that were kept, each with the name of its file: this machine's, and others. Raises OSError."""
    seen = configuration.seen_checkpoint_file
    paths = [*files, *([seen] if seen.exists() else [])]
    return [(str(path), path.read_text(encoding="utf-8", errors="replace")) for path in paths]
