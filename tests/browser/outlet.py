"""A visit's way out without a crawl: the real wire, and a list of what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import uuid4

from archive.exchange import CaptureOutcome, Discovery, Exchange, Role
from archive.http1 import parse_head
from crawler.browser.answers import RecentAnswers
from crawler.browser.authority import RunAuthority
from crawler.browser.contained import loopback_listener
from crawler.browser.proxy import BrowserProxy
from crawler.browser.visit import Visit, VisitTerms
from crawler.safety import AddressRules, parse_allow_entry
from crawler.wire.fetcher import Fetcher, WireRequest
from crawler.wire.pool import ConnectionPool
from crawler.wire.resolver import Resolver


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class WireOutlet:
    """Fetches from the hosts that are allowed."""

    allowed: Sequence[str]
    denied: dict[str, str] = field(default_factory=dict)
    held: dict[str, Exchange] = field(default_factory=dict)
    """What earlier runs were answered."""
    ca_file: str = ""
    resolver: Resolver | None = None
    kept: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        rules = AddressRules(tuple(map(parse_allow_entry, self.allowed)))
        self.pool = ConnectionPool(rules, ca_file=self.ca_file, resolver=self.resolver)
        self.fetcher = Fetcher(self.pool, now)

    async def fetched(self, request: WireRequest) -> Exchange:
        exchanges = await self.fetcher.fetch(request)
        self.kept += exchanges
        return exchanges[-1]

    async def keep(self, exchange: Exchange) -> None:
        self.kept.append(exchange)

    async def earlier(self, url: str) -> Exchange | None:
        return self.held.get(url)

    def refusal(self, url: str, site: str) -> str:
        return self.denied.get(url, "")


def page_of(url: str, response: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") -> Exchange:
    """A page that was fetched already."""
    discovery = Discovery(role=Role.ARTICLE, site="paper")
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    page = Exchange(url, "GET", request, response, now(), now(), CaptureOutcome.OK, 200, discovery=discovery)
    return replace(page, head=parse_head(response))


@dataclass
class Way:
    """A page's proxy that runs, and its visit."""

    outlet: WireOutlet
    visit: Visit
    proxy: BrowserProxy
    place: str
    """Host and port of the page's proxy."""
    authority: RunAuthority


@asynccontextmanager
async def visiting(
    outlet: WireOutlet,
    page: Exchange,
    terms: VisitTerms | None = None,
    *,
    authority: RunAuthority | None = None,
    answers: RecentAnswers | None = None,
) -> AsyncIterator[Way]:
    """A visit whose proxy listens on loopback."""
    authority = authority or RunAuthority()
    loop = asyncio.get_running_loop()
    visit = Visit(page, uuid4(), terms or VisitTerms(), outlet, answers or RecentAnswers(3600, loop.time), now)
    proxy = BrowserProxy(loopback_listener(), authority)
    proxy.start()
    place = proxy.open_page(visit.fetch)
    try:
        yield Way(outlet, visit, proxy, place, authority)
    finally:
        await visit.close()
        await proxy.close_page(place)
        await proxy.close()
        outlet.pool.close()


def opened(place: str) -> Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, _, port = place.partition(":")
    return asyncio.open_connection(host, int(port))


async def said(place: str, request: bytes, *, shut: bool = True) -> bytes:
    """All that a proxy answers to the bytes of a request, until it or we close."""
    reader, writer = await opened(place)
    writer.write(request)
    try:
        if shut and writer.can_write_eof():
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), 20)
    except OSError:  # the other side has closed already
        return b""
    finally:
        writer.close()
