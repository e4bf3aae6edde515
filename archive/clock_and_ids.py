"""Where times and ids come from.

Nothing else in the archive reads the clock or creates random ids. With `FixedClockAndIds`
instead of `SystemClockAndIds`, the same input gives the same bytes.
"""

from __future__ import annotations

import secrets
import socket
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4, uuid5

_FIXED_NAMESPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
_TOKEN_BYTES = 4


class ClockAndIds(Protocol):
    """A clock and a source of ids."""

    def now(self) -> datetime:
        """The present moment: UTC, aware."""
        ...

    def record_id(self) -> UUID:
        """A new id for a WARC record."""
        ...

    def token(self) -> str:
        """A short word unique to this writer, part of a segment's name."""
        ...

    def host(self) -> str:
        """This machine's name, of letters, digits and hyphens."""
        ...


def _plain(name: str) -> str:
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.split(".")[0].lower())
    return kept.strip("-") or "host"


class SystemClockAndIds:
    """The machine's clock and random ids."""

    def now(self) -> datetime:
        """The present moment: UTC, aware."""
        return datetime.now(UTC)

    def record_id(self) -> UUID:
        """A random UUID (RFC 9562, version 4)."""
        return uuid4()

    def token(self) -> str:
        """Eight random hexadecimal digits."""
        return secrets.token_hex(_TOKEN_BYTES)

    def host(self) -> str:
        """The first label of the machine's name."""
        return _plain(socket.gethostname())


class FixedClockAndIds:
    """A clock that advances one step each time it is read, and ids counted from a seed."""

    def __init__(
        self,
        start: datetime = datetime(2026, 1, 1, tzinfo=UTC),
        step: timedelta = timedelta(milliseconds=1),
        seed: str = "fixed",
    ) -> None:
        self._now = start
        self._step = step
        self._seed = seed
        self._count = 0

    def now(self) -> datetime:
        """The moment after the last one given."""
        self._now += self._step
        return self._now

    def record_id(self) -> UUID:
        """A UUID (version 5) of the seed and a count."""
        self._count += 1
        return uuid5(_FIXED_NAMESPACE, f"{self._seed}/{self._count}")

    def token(self) -> str:
        """Always the same word."""
        return "00000000"

    def host(self) -> str:
        """Always the same name."""
        return "fixed"
