"""Connections and their pool, on asyncio. One exchange at a time runs over a connection."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque

from archive.errors import ArchiveError
from archive.exchange import CaptureOutcome, Transport
from crawler.safety import AddressRules
from crawler.wire.reader import ResponseReader

Key = tuple[str, str, int]
"""Scheme, host and port: connections of one key serve the same origin."""


class NoConnection(ArchiveError):
    """No connection could be had; `outcome` says why. The attempt ends with it."""

    def __init__(self, outcome: CaptureOutcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome


class Disconnected(ArchiveError):
    """The connection ended before the response did."""


class WireConnection(asyncio.Protocol):
    """One connection. Every byte that arrives goes to the reader of the running exchange."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.closed = False
        self.transport: asyncio.Transport | None = None
        self._reader: ResponseReader | None = None
        self._done: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        reader, done = self._reader, self._done
        if reader is None or done is None or done.done():
            self.abort()  # bytes that nobody asked for: whatever follows could be theirs
            return
        try:
            if reader.feed(data):
                done.set_result(None)
        except ArchiveError as error:
            done.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self.closed = True
        if self._done is None or self._done.done() or self._reader is None:
            return
        if self._reader.end():
            self._done.set_result(None)
        else:
            self._done.set_exception(Disconnected(str(exc or "the server closed the connection")))

    async def exchange(self, request: bytes, reader: ResponseReader) -> None:
        """Send a request and read until its response is complete.

        Raises Disconnected, BadMessage or LengthLimit; what arrived stands in the reader.
        """
        assert self.transport is not None
        self._reader, self._done = reader, asyncio.get_running_loop().create_future()
        try:
            if self.closed:
                raise Disconnected("the connection was closed while it waited")
            self.transport.write(request)
            await self._done
        finally:
            self._reader, self._done = None, None

    def abort(self) -> None:
        """Drop the connection at once."""
        self.closed = True
        if self.transport is not None:
            self.transport.abort()

    def facts(self, *, reused: bool) -> Transport:
        """Peer, TLS and certificate, for the capture."""
        assert self.transport is not None
        peer = self.transport.get_extra_info("peername") or ("", 0)
        tls = self.transport.get_extra_info("ssl_object")
        if tls is None:
            return Transport(peer[0], peer[1], reused=reused)
        cipher = tls.cipher()
        certificate = tls.getpeercert(binary_form=True) or b""
        return Transport(peer[0], peer[1], tls.version() or "", cipher[0] if cipher else "", certificate, reused)


class ConnectionPool:
    """Opens connections to permitted addresses and keeps idle ones for the next exchange."""

    def __init__(self, rules: AddressRules, tls: ssl.SSLContext, idle_per_origin: int = 4) -> None:
        self._rules = rules
        self._tls = tls
        self._idle_per_origin = idle_per_origin
        self._idle: dict[Key, deque[WireConnection]] = {}

    def idle(self, key: Key) -> WireConnection | None:
        """The idle connection used last, if one is left."""
        waiting = self._idle.get(key, deque())
        while waiting:
            connection = waiting.pop()
            if not connection.closed:
                return connection
        return None

    async def connect(self, key: Key) -> WireConnection:
        """A new connection to the first address that answers. Raises NoConnection."""
        scheme, host, port = key
        failure = NoConnection(CaptureOutcome.DNS_FAILURE, f"{host} has no address")
        for address in await self._addresses(host, port):
            if not self._rules.permits(host, port, address):
                failure = NoConnection(
                    CaptureOutcome.ADDRESS_REFUSED,
                    f"internal address {address} refused; if it is meant, allow it with --allow-host {host}:{port}",
                )
                continue
            try:
                return await self._open(key, address, self._tls if scheme == "https" else None)
            except NoConnection as error:
                failure = error
        raise failure

    def release(self, connection: WireConnection) -> None:
        """Keep a connection whose exchange is complete."""
        waiting = self._idle.setdefault(connection.key, deque())
        if connection.closed or len(waiting) >= self._idle_per_origin:
            connection.abort()
        else:
            waiting.append(connection)

    def close(self) -> None:
        """Drop all idle connections."""
        for waiting in self._idle.values():
            for connection in waiting:
                connection.abort()
        self._idle.clear()

    async def _addresses(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NoConnection(CaptureOutcome.DNS_FAILURE, f"{host}: {error}") from error
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    async def _open(self, key: Key, address: str, tls: ssl.SSLContext | None) -> WireConnection:
        connection = WireConnection(key)
        name = key[1] if tls is not None else None
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: connection, address, key[2], ssl=tls, server_hostname=name)
        except ssl.SSLError as error:
            raise NoConnection(CaptureOutcome.TLS_FAILURE, f"{key[1]}: {error.reason or error}") from error
        except ConnectionRefusedError as error:
            raise NoConnection(
                CaptureOutcome.CONNECTION_REFUSED, f"{address}:{key[2]}: connection refused"
            ) from error
        except OSError as error:
            raise NoConnection(CaptureOutcome.CONNECTION_FAILED, f"{address}:{key[2]}: {error}") from error
        return connection


def tls_context(*, verify: bool = True) -> ssl.SSLContext:
    """TLS settings: certificates verified unless told otherwise, and HTTP/1.1 alone offered (ALPN)."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
