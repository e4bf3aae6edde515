"""Exclusive access to a site, host or IP address while a crawl uses it: leases are taken, renewed and released."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Protocol

from crawler.frontier.database import FrontierUnavailable
from crawler.frontier.host_turns import HostTurns
from crawler.frontier.leases import Leases, site_key

logger = logging.getLogger(__name__)

LONGEST_WAIT = 600.0
"""Seconds for which a request waits for a host that another machine is at; then it is left to a later run."""
RENEWALS = 4
"""Times that a lease is renewed within its length."""
LEAST = 1.0
"""Seconds of a lease that are enough to begin something."""

_IDLE = 10.0
"""Seconds beyond its pause after which a host that nothing is asked of is given back."""
_SHORTEST_POLL = 0.02
_POLL = 0.5
_LONGEST_POLL = 5.0


class HeldElsewhere(Exception):
    """Another machine is at this host, and stays there. Leave the request to a later run."""


class Presence(Protocol):
    """Being alone at what a crawl works at."""

    async def at_sites(self, sites: Iterable[str]) -> list[str]:
        """Those of the sites that another run is at, here or elsewhere. The others are this one's until `leave`."""
        ...

    async def at(self, key: str, pause: float) -> float:
        """Wait until nobody else is at a host or an address; until when (monotonic clock, seconds) that holds.

        Whoever comes next has to wait for `pause` seconds. Raises HeldElsewhere.
        """
        ...

    def done(self, key: str) -> None:
        """What `at` was called for has ended."""
        ...

    async def run(self) -> None:
        """Renew until cancelled."""
        ...

    def leave(self) -> None:
        """Give everything back."""
        ...


@dataclass(slots=True)
class _Turn:
    """A host that this run is at."""

    users: int = 0


class Alone:
    """There is but one machine: two runs on it are kept apart by a lock on a file for each site.

    Sites of different names may share a host, and so may what they lead to: a host is locked for each request.
    """

    def __init__(self, directory: Path) -> None:
        """`directory` holds the files; the system lets go of a lock when its process ends, however it ends."""
        self._directory = directory
        self._locks: list[int] = []
        self._hosts = HostTurns(directory / "hosts")
        self._turns: dict[str, _Turn] = {}
        self._taking: dict[str, asyncio.Lock] = {}

    async def at_sites(self, sites: Iterable[str]) -> list[str]:
        """Those of the sites that another run is at."""
        return [site for site in sites if not self._is_ours(site)]

    def _is_ours(self, site: str) -> bool:
        name = hashlib.sha256(site.encode()).hexdigest()[:16]
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._directory / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            return _without_lock(error)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError as error:
            os.close(descriptor)
            return _without_lock(error)
        self._locks.append(descriptor)
        return True

    async def at(self, key: str, pause: float) -> float:
        """When no other run is at a host. Raises HeldElsewhere."""
        async with self._taking.setdefault(key, asyncio.Lock()):
            turn = self._turns.get(key)
            if turn is None:
                await self._wait_for(key, pause)
                turn = self._turns[key] = _Turn()
            turn.users += 1
        return inf

    def done(self, key: str) -> None:
        """The next run may go there."""
        turn = self._turns[key]
        turn.users -= 1
        if not turn.users:
            del self._turns[key]
            self._hosts.end(key)

    async def _wait_for(self, key: str, pause: float) -> None:
        begun, poll = time.monotonic(), _SHORTEST_POLL
        while (left := self._hosts.begin(key, pause)) is None:
            if time.monotonic() - begun > LONGEST_WAIT:
                raise HeldElsewhere(f"another run is crawling {key}; a later run continues")
            await asyncio.sleep(poll)
            poll = min(2 * poll, _POLL)
        if left:
            await asyncio.sleep(left)

    async def run(self) -> None:
        """Nothing to renew."""

    def leave(self) -> None:
        """Other runs may go there."""
        self._hosts.close()
        while self._locks:
            os.close(self._locks.pop())


def _without_lock(error: OSError) -> bool:
    """A file system without locks keeps nobody apart, and nobody from crawling."""
    logger.warning("%s: can't prevent two runs from crawling the same site", error)
    return True


@dataclass(slots=True)
class _Held:
    deadline: float
    pause: float
    begins: float
    """On the monotonic clock: not before, for what a former holder did."""
    users: int = 0
    last: float = 0.0
    """When something was last done (monotonic clock)."""


class Among:
    """There are others: nothing is done without a lease."""

    def __init__(self, leases: Leases, lost: Callable[[str], None]) -> None:
        """`lost` is told when a site is no longer this machine's."""
        self._leases = leases
        self._lost = lost
        self._sites: dict[str, float] = {}
        self._held: dict[str, _Held] = {}
        self._taking: dict[str, asyncio.Lock] = {}

    async def at_sites(self, sites: Iterable[str]) -> list[str]:
        """See `Presence`. Raises FrontierUnavailable."""
        elsewhere = []
        for site in sites:
            lease = await asyncio.to_thread(self._leases.take, site_key(site))
            if lease is None:
                elsewhere.append(site)
            else:
                self._sites[site] = lease.deadline
        return elsewhere

    async def at(self, key: str, pause: float) -> float:
        """See `Presence`. Raises FrontierUnavailable too."""
        async with self._taking.setdefault(key, asyncio.Lock()):
            held = self._held.get(key)
            if held is None or held.deadline < time.monotonic() + LEAST:
                held = self._held[key] = await self._taken(key, pause)
            held.users += 1
            held.pause = max(pause, held.pause)
        if held.begins > time.monotonic():
            await asyncio.sleep(held.begins - time.monotonic())
        return held.deadline

    def done(self, key: str) -> None:
        """See `Presence`."""
        held = self._held.get(key)
        if held is not None:
            held.users = max(0, held.users - 1)
            held.last = time.monotonic()

    async def run(self) -> None:
        """See `Presence`."""
        while True:
            await asyncio.sleep(self._leases.length / RENEWALS)
            try:
                await self._give_back_idle()
                keys, deadline = await asyncio.to_thread(self._leases.renew)
            except FrontierUnavailable as error:
                logger.warning("%s; unless it returns, this machine stops when its leases expire", error)
            else:
                self._note(keys, deadline)
            self._look_at_sites()

    def leave(self) -> None:
        """See `Presence`. Raises FrontierUnavailable."""
        self._leases.release([site_key(site) for site in self._sites])
        self._sites.clear()
        for key, held in list(self._held.items()):
            self._release(key, held)

    async def _taken(self, key: str, pause: float) -> _Held:
        begun, poll = time.monotonic(), _POLL
        while True:
            lease = await asyncio.to_thread(self._leases.take, key, pause)
            if lease is not None:
                now = time.monotonic()
                return _Held(lease.deadline, pause, now + lease.wait, last=now)
            if time.monotonic() - begun > LONGEST_WAIT:
                raise HeldElsewhere(f"another machine is crawling {key}; a later run continues")
            await asyncio.sleep(poll)
            poll = min(2 * poll, _LONGEST_POLL)

    def _note(self, keys: frozenset[str], deadline: float) -> None:
        for key in list(self._held):
            if key in keys:
                self._held[key].deadline = deadline
            elif self._held[key].deadline < deadline:  # else it was taken while this was asked
                del self._held[key]
        for site in self._sites:
            if site_key(site) in keys:
                self._sites[site] = deadline

    def _look_at_sites(self) -> None:
        for site, deadline in list(self._sites.items()):
            if deadline < time.monotonic() + self._leases.length / RENEWALS:
                del self._sites[site]
                self._lost(site)

    async def _give_back_idle(self) -> None:
        for key in list(self._held):
            async with self._taking[key]:
                held = self._held.get(key)
                if held is not None and not held.users and time.monotonic() - held.last > held.pause + _IDLE:
                    await asyncio.to_thread(self._release, key, held)

    def _release(self, key: str, held: _Held) -> None:
        self._held.pop(key, None)
        self._leases.release([key], held.pause - (time.monotonic() - held.last))
