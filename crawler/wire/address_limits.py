"""How many exchanges run at once with one IP address, whichever hosts share it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from weakref import WeakValueDictionary

from crawler.frontier.presence import Presence
from crawler.wire.resolver import NoAddress, Resolver


class AddressLimits:
    """Places by address. Of a host with several the first in the order of their text stands for all."""

    def __init__(self, most: int, resolver: Resolver, presence: Presence) -> None:
        """`most` places an address; 0: any number, and no matter which machine's."""
        self._presence = presence
        self._most = most
        self._resolver = resolver
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def place(self, host: str, port: int, pause: float) -> AsyncIterator[float]:
        """Wait for a place at a host's address, and have it while the context lasts, or until the moment it gives.

        `pause`, the moment, and what is raised are those of `Presence.at`.
        """
        if not self._most:
            yield inf
            return
        key = await self._address(host, port)
        places = self._places.get(key)
        if places is None:
            places = self._places[key] = asyncio.Semaphore(self._most)
        async with places:
            until = await self._presence.at(f"address {key}", pause)
            try:
                yield until
            finally:
                self._presence.done(f"address {key}")

    async def _address(self, host: str, port: int) -> str:
        try:
            return min(str(info[4][0]) for info in await self._resolver.addresses(host, port))
        except NoAddress:
            return host  # the attempt says so
