"""Whether fetching may continue. It pauses when there is no room for more."""

from __future__ import annotations

import asyncio

from archive.errors import ArchiveError


class GateShut(ArchiveError):
    """The crawl ended while a request waited: do not send it."""


class FetchGate:
    """Open as long as there is no reason to pause."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._shut = False

    @property
    def reasons(self) -> list[str]:
        """A line on each reason why fetching waits."""
        return list(self._reasons.values())

    def __contains__(self, name: str) -> bool:
        return name in self._reasons

    def close(self, name: str, line: str) -> bool:
        """Stop for a reason; whether it is a new one."""
        new = name not in self._reasons
        self._reasons[name] = line
        return new

    def open(self, name: str) -> bool:
        """A reason is gone; whether there was one."""
        had = self._reasons.pop(name, None) is not None
        self._announce()
        return had

    def shut(self) -> None:
        """The crawl ends: who waits waits no more."""
        self._shut = True
        self._announce()

    async def passed(self) -> None:
        """Wait until nothing speaks against fetching. Raises GateShut when the crawl ends first."""
        while self._reasons and not self._shut:
            await self._changed.wait()
        if self._reasons:
            raise GateShut("; ".join(self._reasons.values()))

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
