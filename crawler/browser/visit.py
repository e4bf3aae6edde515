"""One visit of a browser to a page: what the page asks for, under the rules of the crawl.

- The page itself was fetched before, like any other page. The browser gets those bytes; nothing is asked for twice.
- All that the page asks for then goes out through the crawl's own wire (`Outlet`): robots.txt, pace, block list and
  refused addresses are the run's. What was fetched lately for another page, in this run or an earlier one, is
  answered from that capture.
- WebSockets, trackers, addresses that the site's definition denies, and what is past the visit's budget are refused;
  each refusal is kept as an attempt of its own (outcome ``unwanted``).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

from archive.exchange import CaptureOutcome, Discovery, Exchange, Role
from crawler.browser.answers import RecentAnswers, answers_anybody, may_be_shared
from crawler.browser.proxy_requests import AskedFor
from crawler.wire.connection import Timeouts, Watcher
from crawler.wire.fetcher import Halt, WireRequest, unsent
from crawler.wire.origin import Proxy

VIA_BROWSER = "browser"
"""``via`` of what a page in a browser asked for."""

_LAST_MOMENTS = 5.0
"""Seconds that exchanges have to end once their visit is over."""
_ACCEPT_ENCODING = b"accept-encoding"


@dataclass(frozen=True, slots=True)
class VisitBounds:
    """What one visit may cost."""

    requests: int = 500
    bytes: int = 128 << 20
    """Of all responses together."""
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class VisitTerms:
    """How the requests of a visit are sent. The same for all of a page."""

    bounds: VisitBounds = VisitBounds()
    timeouts: Timeouts = field(default_factory=Timeouts)
    longest_body: int = 0
    """Bytes of one response; 0: any number."""
    accept_encoding: bytes = b"gzip"
    redacted: frozenset[str] = frozenset()
    """Lower-case names of request headers whose values are not kept."""
    own_headers: tuple[tuple[bytes, bytes], ...] = ()
    """What the site's definition has its own host sent, such as a login."""
    proxy: Proxy | None = None
    verify: bool = True


class Outlet(Protocol):
    """What a run lends a visit: the way out and the way into the archive."""

    async def fetched(self, request: WireRequest) -> Exchange:
        """Fetch under the run's rules and keep what came; a refusal is an exchange too."""
        ...

    async def keep(self, exchange: Exchange) -> None:
        """Keep an attempt for which nothing was sent."""
        ...

    async def earlier(self, url: str) -> Exchange | None:
        """What an earlier run was answered, if it is in the archive and young enough."""
        ...

    def refusal(self, url: str, site: str) -> str:
        """Why an address is not asked for on a site's behalf; empty if it may be."""
        ...


@dataclass(slots=True)
class VisitCost:
    """What a visit has cost so far."""

    requests: int = 0
    bytes: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """By reason."""
    answered: int = 0
    """Requests answered from captures, of this run or of earlier ones."""


class Visit:
    """One visit. Its method `fetch` is what the page's proxy calls."""

    def __init__(
        self,
        page: Exchange,
        record_id: UUID,
        terms: VisitTerms,
        outlet: Outlet,
        answers: RecentAnswers,
        now: Callable[[], datetime],
    ) -> None:
        """`page` is the exchange that brought the page, `record_id` the id that its record has or will have."""
        self.cost = VisitCost()
        self._page = page
        self._terms = terms
        self._outlet = outlet
        self._answers = answers
        self._now = now
        self._has_page = False
        self._halt = Halt()
        self._running: set[asyncio.Task[Exchange]] = set()
        self._ends = time.monotonic() + terms.bounds.seconds
        self._discovery = Discovery(
            role=Role.REQUISITE,
            site=page.discovery.site,
            via=VIA_BROWSER,
            source_url=page.url,
            source_record_id=str(record_id),
        )

    @property
    def in_progress(self) -> int:
        """Requests without an answer yet."""
        return len(self._running)

    async def fetch(self, asked: AskedFor, watcher: Watcher | None) -> Exchange:
        """See `crawler.browser.proxy.Fetch`."""
        if asked.method == "GET" and asked.url == self._page.url.partition("#")[0] and not self._has_page:
            self._has_page = True
            return replace(self._page, request=b"")
        reason = self._refusal(asked)
        if reason:
            return await self._refused(asked, CaptureOutcome.UNWANTED, reason)
        known = self._answers.answer(asked) or await self._earlier(asked)
        if known is not None:
            self.cost.answered += 1
            return replace(known, request=b"")
        self.cost.requests += 1
        return await self._tracked(asked, self._outlet.fetched(self._wire_request(asked, watcher)))

    async def close(self) -> None:
        """Nobody waits any more: end what runs, and keep what came of it."""
        self._halt.end()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=_LAST_MOMENTS)
            for task in late:
                task.cancel()

    async def _earlier(self, asked: AskedFor) -> Exchange | None:
        """The answer of an earlier run, which is among the recent ones from now on."""
        if not may_be_shared(asked):
            return None
        exchange = await self._outlet.earlier(asked.url)
        if exchange is None or exchange.head is None or not answers_anybody(asked, exchange.head):
            return None
        self._answers.note(asked, exchange, age=(self._now() - exchange.finished).total_seconds())
        return self._answers.answer(asked)

    def _refusal(self, asked: AskedFor) -> str:
        bounds = self._terms.bounds
        if asked.upgrade:
            return f"{asked.upgrade} is not captured"
        if self._halt.is_over or time.monotonic() >= self._ends:
            return "the visit is over"
        if self.cost.requests >= bounds.requests:
            return f"more than {bounds.requests} requests"
        if self.cost.bytes >= bounds.bytes:
            return f"more than {bounds.bytes} bytes"
        return self._outlet.refusal(asked.url, self._page.discovery.site)

    async def _refused(self, asked: AskedFor, outcome: CaptureOutcome, reason: str) -> Exchange:
        self.cost.refused[reason] += 1
        url = asked.url
        if asked.upgrade == "websocket":
            url = "ws" + url.removeprefix("http")
        exchange = replace(unsent(url, outcome, self._now(), self._discovery, reason), method=asked.method)
        await self._outlet.keep(exchange)
        return exchange

    async def _tracked(self, asked: AskedFor, fetching: Awaitable[Exchange]) -> Exchange:
        """Let an exchange go on for as long as the visit lasts, whatever becomes of the connection that wants it."""
        task = asyncio.ensure_future(fetching)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            exchange = await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            return await self._refused(asked, CaptureOutcome.CANCELLED, "the visit ended before its turn came")
        self.cost.bytes += len(exchange.response)
        self._answers.note(asked, exchange)
        return exchange

    def _wire_request(self, asked: AskedFor, watcher: Watcher | None) -> WireRequest:
        terms = self._terms
        left = max(0.1, self._ends - time.monotonic())
        limit = max(1, terms.bounds.bytes - self.cost.bytes)
        return WireRequest(
            url=asked.url,
            method=asked.method,
            headers=self._headers(asked),
            body=asked.body,
            timeouts=replace(terms.timeouts, total=min(terms.timeouts.total, left)),
            limit=min(limit, terms.longest_body or limit),
            discovery=self._discovery,
            redacted=terms.redacted,
            proxy=terms.proxy,
            verify=terms.verify,
            watcher=watcher,
            halt=self._halt,
        )

    def _headers(self, asked: AskedFor) -> tuple[tuple[bytes, bytes], ...]:
        """The browser's headers; only codings that readers of WARC files know are accepted."""
        terms = self._terms
        is_own = urlsplit(asked.url).netloc == urlsplit(self._page.url).netloc
        own = terms.own_headers if is_own else ()
        replaced = {name.lower() for name, _ in own}
        kept = tuple(
            (name, terms.accept_encoding if name.lower() == _ACCEPT_ENCODING else value)
            for name, value in asked.headers
            if name.lower() not in replaced
        )
        return (*kept, *own)
