"""Where an archive's state is on this machine, and to which archive a directory belongs.

A state directory knows what its archive holds: with another archive's, articles would be taken for captured that are
not there. So each archive has one of its own, and a file in it says whose it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from archive.durable import sync_directory, write_durably
from archive.storage.addresses import ArchiveAddress

IDENTITY_FILE = "archive.json"
REMOTE_STATES = Path("newswarc-state")
"""The directory for states of archives that are not on this machine."""

_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_DIGITS = 10


class StateOfAnother(Exception):
    """The directory is the state of another archive; the message says which one, and what to do."""


@dataclass(frozen=True, slots=True)
class ArchiveIdentity:
    """What distinguishes an archive from all others on this machine."""

    archive: str
    """Its address; of a directory the absolute path, or ``..`` when the state is in it and moves with it."""
    endpoint: str = ""
    """The S3 service; empty: Amazon's, or the account's own."""

    @classmethod
    def of(cls, address: ArchiveAddress, endpoint: str, state: Path) -> Self:
        """The identity as it stands in a state directory."""
        if address.directory is None:
            return cls(str(address), endpoint)
        directory = address.directory.resolve()
        return cls(".." if state.resolve().parent == directory else str(directory))

    def __str__(self) -> str:
        """The identity as readable text."""
        return f"{self.archive} at {self.endpoint}" if self.endpoint else self.archive


def state_place(address: ArchiveAddress, endpoint: str) -> Path:
    """The default state directory of an archive.

    Of a directory it is in it. Of a bucket its name is a readable one with a digest of address and service, since the
    readable part is the same for ``s3://a/b`` and ``s3://a-b``. A directory without the digest was made by the first
    versions: it is taken until its file says that it is another archive's.
    """
    if address.directory is not None:
        return address.directory / "state"
    own, former = own_place(address, endpoint), former_place(address)
    if own.exists() or not former.is_dir():
        return own
    return former if read_identity(former) in (None, ArchiveIdentity(str(address), endpoint)) else own


def former_place(address: ArchiveAddress) -> Path:
    """Where the first versions had the state of an archive in a bucket."""
    return REMOTE_STATES / _readable(address)


def own_place(address: ArchiveAddress, endpoint: str) -> Path:
    """Where the state is when there is no former one."""
    identity = ArchiveIdentity(str(address), endpoint)
    digest = hashlib.sha256(json.dumps(asdict(identity), sort_keys=True).encode()).hexdigest()
    return REMOTE_STATES / f"{_readable(address)}-{digest[:_DIGITS]}"


def _readable(address: ArchiveAddress) -> str:
    return _IN_A_NAME.sub("-", f"{address.bucket}/{address.prefix}").strip("-")


def read_identity(state: Path) -> ArchiveIdentity | None:
    """To which archive a state directory belongs; None if it does not say. Raises StateOfAnother when its file can't
    be read.
    """
    file = state / IDENTITY_FILE
    try:
        values = json.loads(file.read_bytes())
        return ArchiveIdentity(str(values["archive"]), str(values["endpoint"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateOfAnother(f"{file}: can't be read: {error}; remove it if this is the archive's state") from error


def require_own(state: Path, identity: ArchiveIdentity) -> None:
    """Raises StateOfAnother when a directory says that it is another archive's."""
    known = read_identity(state)
    if known not in (None, identity):
        raise StateOfAnother(
            f"{state}: belongs to the archive {known}, not to {identity}; set `state` to another directory, or "
            f"remove {state / IDENTITY_FILE} if the archive was moved"
        )


def claim(state: Path, identity: ArchiveIdentity) -> None:
    """Make a directory an archive's state. Raises StateOfAnother or OSError."""
    require_own(state, identity)
    if read_identity(state) is None:
        state.mkdir(parents=True, exist_ok=True)
        write_durably(state / IDENTITY_FILE, json.dumps(asdict(identity)).encode() + b"\n")
        sync_directory(state)
