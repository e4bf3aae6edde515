"""Fetching as a guest: when a host's turn comes, with a place at its address, spaced, and alone among machines.

The download handler and pages in browsers fetch through the same instance, so that all limits hold over both.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from scrapy.exceptions import IgnoreRequest

from archive.exchange import Exchange, Role
from crawler.frontier.database import FrontierUnavailable
from crawler.frontier.presence import LEAST, HeldElsewhere
from crawler.run.crawl_run import CrawlRun
from crawler.wire.address_limits import AddressLimits
from crawler.wire.fetcher import Fetcher, WireRequest
from crawler.wire.pool import ConnectionPool, PoolLimits
from crawler.wire.resolver import Resolver

Keep = Callable[[Exchange], Awaitable[object]]

_AT_ONCE_OF_PAGES = 6
"""Requests of pages in browsers that may be in progress to one host, as browsers have it: a stream would hold up all
others."""


class AddressRefused(IgnoreRequest):
    """The host is, or resolves to, an internal address that is not allowed."""

    def __init__(self, message: str, url: str) -> None:
        super().__init__(message)
        self.url = url
        """The URL that was refused, after any redirects."""


class HostPaused(IgnoreRequest):
    """The host asked for a pause that is not over."""


class PoliteFetching:
    """Fetches for one run."""

    def __init__(self, run: CrawlRun, pause: Callable[[str], float]) -> None:
        """`pause` gives the seconds between two requests to a host."""
        self._run = run
        self._pause = pause
        settings = run.configuration
        limits = PoolLimits(settings.concurrency_per_host, settings.concurrency)
        resolver = Resolver()
        self._pool = ConnectionPool(
            settings.address_rules,
            limits,
            bind_address=settings.bind_address,
            ca_file=str(settings.authorities_file or ""),
            resolver=resolver,
        )
        self._address_limits = AddressLimits(settings.concurrency_per_address, resolver, run.presence)
        self._turns_of_pages: dict[str, asyncio.Semaphore] = {}
        self._places = asyncio.Semaphore(settings.concurrency)
        self._fetcher = Fetcher(self._pool, run.now, run.spool_directory)

    async def exchanged(self, request: WireRequest, keep: Keep, keep_last: Keep | None = None) -> Exchange:
        """The last attempt, when its host's turn comes. Each is kept, the last one by `keep_last` if that is given.

        Raises IgnoreRequest when the host has asked for patience meanwhile, or another machine stays at it; and what
        `keep` raises.
        """
        host = request.origin.host
        async with self._run.hosts.turn(host):
            return await self._kept(request, self._pause(host), keep, keep_last or keep)

    async def exchanged_for_page(self, request: WireRequest, pause: float, keep: Keep) -> Exchange:
        """The same for what a page in a browser asks for, with `pause` seconds between two requests to the host."""
        turns = self._turns_of_pages.setdefault(request.origin.host, asyncio.Semaphore(_AT_ONCE_OF_PAGES))
        async with turns:
            return await self._kept(request, pause, keep, keep)

    async def _kept(self, request: WireRequest, pause: float, keep: Keep, keep_last: Keep) -> Exchange:
        hosts = self._run.hosts
        host = request.origin.host
        async with self._presence(host, pause) as until:
            if hosts.left_alone(host):
                raise HostPaused("its host asked for a pause; a later run fetches it")
            *stale, last = await self._fetched(request, host, until, pause)
            for exchange in stale:
                await keep(exchange)
                hosts.answered(host, exchange)
            await keep_last(last)
            hosts.answered(host, last)
            return last

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()

    async def _fetched(self, request: WireRequest, host: str, until: float, pause: float) -> tuple[Exchange, ...]:
        """The attempts, once there is a place at the host's address and among all; over at the moment `until`."""
        origin = request.origin
        async with self._address_limits.place(origin.host, origin.port, pause) as also, self._places:
            await self._run.hosts.spaced(host, pause)
            left = min(until, also) - time.monotonic()
            timeouts = replace(request.timeouts, total=max(LEAST, min(request.timeouts.total, left)))
            if request.discovery.role is Role.ARTICLE:
                self._run.frontier.fetching(request.url)
            exchanges = await self._fetcher.fetch(replace(request, timeouts=timeouts))
            self._run.hosts.sent(host, exchanges[-1])
            return exchanges

    @asynccontextmanager
    async def _presence(self, host: str, pause: float) -> AsyncIterator[float]:
        """Alone at a host, until the moment it gives. Raises IgnoreRequest when another machine stays there."""
        presence = self._run.presence
        try:
            until = await presence.at(f"host {host}", pause)
        except (HeldElsewhere, FrontierUnavailable) as error:
            raise IgnoreRequest(str(error)) from error
        try:
            yield until
        finally:
            presence.done(f"host {host}")
