"""The proxy of a browser: its only way out.

What a page asks for is handed to whoever fetches (`Fetch`), and what comes back is passed on as it arrives, byte for
byte. Each page finds the proxy at an address of loopback of its own, so that whatever comes there is of that page:
its workers' and frames' requests too. HTTPS ends here, under certificates of the run (`crawler.browser.authority`);
towards the server the fetcher speaks TLS itself.
"""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import logging
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from archive.exchange import Exchange
from archive.http1 import ResponseHead
from crawler.browser.authority import RunAuthority
from crawler.browser.proxy_requests import MOST_HEAD, AskedFor, BadRequest, Tunnel, parse_tunnel, read_request
from crawler.wire.connection import Watcher
from crawler.wire.fetcher import Stopped
from crawler.wire.reader import ResponseReader

logger = logging.getLogger(__name__)

_HANDSHAKE_SECONDS = 10.0
_MOST_CONNECTIONS = 256
_READ_SIZE = 1 << 16
_NO_PAGE = ipaddress.IPv4Address("127.0.0.1")
_FIRST_PAGE = ipaddress.IPv4Address("127.1.0.1")
_TLS_HANDSHAKE = b"\x16"
"""First byte of a TLS handshake record (RFC 8446, section 5.1)."""
_NO_BODY = frozenset({204, 304})
_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
_NOT_REACHED = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"


class Fetch(Protocol):
    """Fetches what a page asks for and keeps the exchange."""

    async def __call__(self, asked: AskedFor, watcher: Watcher | None) -> Exchange:
        """The exchange, which is kept already. `watcher` sees the response grow and may raise Stopped.

        Nothing was sent when `Exchange.request` is empty: the request was refused, or answered from an earlier
        capture, whose response it then has. Raises nothing but CancelledError.
        """
        ...


@dataclass(slots=True)
class _Passing:
    """Passes a response on while it arrives."""

    writer: asyncio.StreamWriter
    passed: int = 0

    def __call__(self, _reader: ResponseReader, data: bytes) -> None:
        """Called by the wire with each piece."""
        if self.writer.is_closing():
            raise Stopped("the browser no longer wants it")
        self.writer.write(data)
        self.passed += len(data)


@dataclass(slots=True)
class _Page:
    """A page that has the proxy on an address of its own."""

    fetch: Fetch
    connections: set[asyncio.Task[None]] = field(default_factory=set)


class BrowserProxy:
    """The proxy of one browser; each of its pages has an address of loopback (127.0.0.0/8) for itself."""

    def __init__(self, listener: socket.socket, authority: RunAuthority) -> None:
        """`listener` listens already on all of loopback, wherever that is; it is closed with the proxy."""
        listener.setblocking(False)
        self.strays = 0
        """Connections to addresses that are no page's: what the browser wants for itself."""
        self._listener = listener
        self._port = listener.getsockname()[1]
        self._authority = authority
        self._pages: dict[str, _Page] = {}
        self._addresses = itertools.count(int(_FIRST_PAGE))
        self._accepting: asyncio.Task[None] | None = None

    @property
    def own_address(self) -> str:
        """Host and port for what the browser wants for itself; nothing is answered there."""
        return f"{_NO_PAGE}:{self._port}"

    def start(self) -> None:
        """Take connections from now on."""
        self._accepting = asyncio.create_task(self._accept())

    def open_page(self, fetch: Fetch) -> str:
        """Host and port of the proxy for a new page, whose requests `fetch` answers."""
        address = str(ipaddress.IPv4Address(next(self._addresses)))
        self._pages[address] = _Page(fetch)
        return f"{address}:{self._port}"

    async def close_page(self, place: str) -> None:
        """End all connections of a page; what is fetched for them is ended by whoever fetches."""
        page = self._pages.pop(place.partition(":")[0], None)
        if page is not None:
            await _ended(page.connections)

    async def close(self) -> None:
        """End all connections, and take no more."""
        if self._accepting is not None:
            await _ended({self._accepting})
        for address in list(self._pages):
            await self.close_page(address)
        self._listener.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._listener)
            except OSError as error:
                logger.info("the browser's proxy takes no more connections: %s", error)
                return
            page = self._pages.get(connection.getsockname()[0])
            if page is None or len(page.connections) >= _MOST_CONNECTIONS:
                self.strays += page is None
                connection.close()
                continue
            task = asyncio.create_task(self._serve(connection, page.fetch))
            page.connections.add(task)
            task.add_done_callback(page.connections.discard)

    async def _serve(self, connection: socket.socket, fetch: Fetch) -> None:
        connection.setblocking(False)
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                reader, writer, base = await self._opened(connection)
            streams = reader, writer
            while (asked := await read_request(reader, base)) is not None:
                if not await _answer(asked, fetch, writer):
                    return
        except (BadRequest, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            logger.debug("a connection of the browser ended: %s", error)
        finally:
            if streams is None:
                connection.close()
            else:
                await _close(streams[1])

    async def _opened(self, connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        """The streams of a connection, behind its tunnel if it asks for one, and the beginning of its addresses."""
        received = await _first_bytes(connection)
        tunnel = parse_tunnel(received)
        if tunnel is None:
            return *await _streams(connection, None, received), ""
        if not received.endswith(b"\r\n\r\n"):
            raise BadRequest("bytes behind the request for a tunnel, which is not open yet")
        await asyncio.get_running_loop().sock_sendall(connection, b"HTTP/1.1 200 OK\r\n\r\n")
        return await self._in_tunnel(connection, tunnel)

    async def _in_tunnel(
        self, connection: socket.socket, tunnel: Tunnel
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        """TLS, or plain HTTP, which a page's ``ws:`` addresses bring into a tunnel too."""
        if await _peek(connection) != _TLS_HANDSHAKE:
            return *await _streams(connection, None), tunnel.base("http")
        return *await _streams(connection, self._authority.context(tunnel.name)), tunnel.base("https")


async def _answer(asked: AskedFor, fetch: Fetch, writer: asyncio.StreamWriter) -> bool:
    """Answer a request; whether the connection can take another one."""
    passing = _Passing(writer)
    exchange = await fetch(asked, passing)
    if passing.passed:
        await writer.drain()
        return _ends_by_itself(exchange, asked.method)
    if not exchange.response:
        writer.write(_NOT_REACHED if exchange.request else _REFUSED)
        await writer.drain()
        return True
    for part in exchange.response_parts():
        writer.write(part)
        await writer.drain()
    return _ends_by_itself(exchange, asked.method)


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _ends_by_itself(exchange: Exchange, method: str) -> bool:
    """Whether the browser sees where the response ends, without the connection's end (RFC 9112, section 6.3)."""
    head = exchange.head
    if head is None or exchange.truncated is not None:
        return False
    return method == "HEAD" or head.status in _NO_BODY or _has_framing(head)


def _has_framing(head: ResponseHead) -> bool:
    return head.chunked or head.content_length is not None


async def _first_bytes(connection: socket.socket) -> bytes:
    """What comes first, up to the end of a head at least. Raises BadRequest."""
    received = b""
    loop = asyncio.get_running_loop()
    while b"\r\n\r\n" not in received:
        part = await loop.sock_recv(connection, _READ_SIZE)
        received += part
        if not part or len(received) > MOST_HEAD:
            raise BadRequest("no whole head")
    return received


async def _peek(connection: socket.socket) -> bytes:
    """The next byte, which stays to be read."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()

    def ready() -> None:
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(connection.fileno(), ready)
    try:
        await readable
    finally:
        loop.remove_reader(connection.fileno())
    return connection.recv(1, socket.MSG_PEEK)


async def _streams(
    connection: socket.socket, tls: ssl.SSLContext | None, received: bytes = b""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Streams over a connection, of which the bytes `received` were read already."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MOST_HEAD)
    if received:
        reader.feed_data(received)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=tls)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _close(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, TimeoutError):
        writer.close()
        async with asyncio.timeout(1):
            await writer.wait_closed()
