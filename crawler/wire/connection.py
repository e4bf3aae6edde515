"""Connections and their pool, on asyncio. One exchange at a time runs over a connection."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from archive.errors import ArchiveError
from archive.exchange import CaptureOutcome, Transport
from crawler.safety import AddressRules
from crawler.wire.origin import Origin, Proxy
from crawler.wire.reader import ResponseReader

Watcher = Callable[[ResponseReader, bytes], None]
"""Sees a response grow. What it raises as ArchiveError ends the exchange."""

_IDLE_SECONDS = 15.0
"""Servers close idle connections after a while; older ones are not tried again."""


class NoConnection(ArchiveError):
    """No connection could be had; `outcome` says why. The attempt ends with it."""

    def __init__(self, outcome: CaptureOutcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome


class Disconnected(ArchiveError):
    """The connection ended before the response did."""


class TimedOut(ArchiveError):
    """The server let too much time pass."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds."""

    connect: float = 20.0
    """For a connection, TLS and proxy included."""
    first_byte: float = 30.0
    """From the request to the first byte of the response."""
    idle: float = 30.0
    """Between two bytes."""
    total: float = 60.0
    """For all of it."""


class WireConnection(asyncio.Protocol):
    """One connection. Every byte that arrives goes to the reader of the running exchange."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.closed = False
        self.idle_since = 0.0
        self.transport: asyncio.Transport | None = None
        self._reader: ResponseReader | None = None
        self._watcher: Watcher | None = None
        self._done: asyncio.Future[None] | None = None
        self._idle = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        reader, done = self._reader, self._done
        if reader is None or done is None or done.done():
            self.abort()  # bytes that nobody asked for: whatever follows could be theirs
            return
        self._wait(self._idle, "no further byte")
        try:
            complete = reader.feed(data)
            if self._watcher is not None:
                self._watcher(reader, data)
            if complete:
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

    async def exchange(
        self, request: bytes, reader: ResponseReader, patience: Patience, watcher: Watcher | None = None
    ) -> None:
        """Send a request and read until its response is complete.

        Raises Disconnected, TimedOut, BadMessage, LengthLimit or what the watcher raises; what arrived stands in
        the reader.
        """
        assert self.transport is not None
        self._reader, self._watcher, self._idle = reader, watcher, patience.idle
        self._done = asyncio.get_running_loop().create_future()
        try:
            if self.closed:
                raise Disconnected("the connection was closed while it waited")
            self._wait(patience.first_byte, "no byte")
            self.transport.write(request)
            await self._done
        finally:
            self._wait(0, "")
            self._reader = self._watcher = self._done = None

    def _wait(self, seconds: float, what: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds, self._expire, f"{what} within {seconds:g} seconds")

    def _expire(self, message: str) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(TimedOut(message))

    def abort(self) -> None:
        """Drop the connection at once."""
        self.closed = True
        if self.transport is not None:
            self.transport.abort()

    def facts(self, *, reused: bool) -> Transport:
        """Peer, TLS and certificate, for the capture. Behind a proxy the server's address is not known."""
        assert self.transport is not None
        address, port = (self.transport.get_extra_info("peername") or ("", 0))[:2]
        proxy = self.origin.proxy
        through = f"{proxy.host}:{proxy.port}" if proxy else ""
        if proxy is not None:
            address, port = "", 0
        tls = self.transport.get_extra_info("ssl_object")
        if tls is None:
            return Transport(address, port, reused=reused, proxy=through)
        cipher = tls.cipher()
        return Transport(
            address=address,
            port=port,
            tls_version=tls.version() or "",
            tls_cipher=cipher[0] if cipher else "",
            certificate=tls.getpeercert(binary_form=True) or b"",
            verified=self.origin.verify,
            reused=reused,
            proxy=through,
        )


class ConnectionPool:
    """Opens connections to permitted addresses and keeps idle ones for the next exchange."""

    def __init__(self, rules: AddressRules, idle_per_origin: int = 4) -> None:
        self._rules = rules
        self._idle_per_origin = idle_per_origin
        self._idle: dict[Origin, deque[WireConnection]] = {}
        self._contexts = {verify: tls_context(verify=verify) for verify in (True, False)}

    def idle(self, origin: Origin) -> WireConnection | None:
        """The idle connection used last, if one is left that is not too old."""
        waiting = self._idle.get(origin.pool_key, deque())
        oldest = asyncio.get_running_loop().time() - _IDLE_SECONDS
        while waiting:
            connection = waiting.pop()
            if not connection.closed and connection.idle_since >= oldest:
                return connection
            connection.abort()
        return None

    async def connect(self, origin: Origin, patience: Patience) -> WireConnection:
        """A new connection to the first address that answers. Raises NoConnection."""
        try:
            async with asyncio.timeout(patience.connect):
                return await self._connect(origin, patience)
        except TimeoutError as error:
            message = f"no connection within {patience.connect:g} seconds"
            raise NoConnection(CaptureOutcome.TIMEOUT, message) from error

    def release(self, connection: WireConnection) -> None:
        """Keep a connection whose exchange is complete."""
        waiting = self._idle.setdefault(connection.origin.pool_key, deque())
        if connection.closed or len(waiting) >= self._idle_per_origin:
            connection.abort()
        else:
            connection.idle_since = asyncio.get_running_loop().time()
            waiting.append(connection)

    def close(self) -> None:
        """Drop all idle connections."""
        for waiting in self._idle.values():
            for connection in waiting:
                connection.abort()
        self._idle.clear()

    async def _connect(self, origin: Origin, patience: Patience) -> WireConnection:
        if origin.proxy is not None:
            if not self._rules.permits_name(origin.host, origin.port):
                raise refusal(origin.host, origin)
            connection = await self._open(origin, origin.proxy.host, origin.proxy.port, None)
            if origin.scheme == "https":
                await self._tunnel(connection, origin, origin.proxy, patience)
            return connection
        failure = NoConnection(CaptureOutcome.DNS_FAILURE, f"{origin.host} has no address")
        for address in await _addresses(origin.host, origin.port):
            if not self._rules.permits(origin.host, origin.port, address):
                failure = refusal(address, origin)
                continue
            try:
                tls = self._contexts[origin.verify] if origin.scheme == "https" else None
                return await self._open(origin, address, origin.port, tls)
            except NoConnection as error:
                failure = error
        raise failure

    async def _open(self, origin: Origin, address: str, port: int, tls: ssl.SSLContext | None) -> WireConnection:
        connection = WireConnection(origin)
        name = origin.host if tls is not None else None
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: connection, address, port, ssl=tls, server_hostname=name)
        except ssl.SSLError as error:
            raise tls_failure(origin, error) from error
        except ConnectionRefusedError as error:
            message = f"{address}:{port}: connection refused"
            raise NoConnection(CaptureOutcome.CONNECTION_REFUSED, message) from error
        except OSError as error:
            raise NoConnection(CaptureOutcome.CONNECTION_FAILED, f"{address}:{port}: {error}") from error
        return connection

    async def _tunnel(self, connection: WireConnection, origin: Origin, proxy: Proxy, patience: Patience) -> None:
        """A tunnel through the proxy (RFC 9110, section 9.3.6), then TLS within it."""
        reader = ResponseReader("HEAD", 0)
        try:
            await connection.exchange(connect_request(origin, proxy), reader, patience)
            _require_tunnel(reader)
            assert connection.transport is not None
            loop = asyncio.get_running_loop()
            context = self._contexts[origin.verify]
            connection.transport = await loop.start_tls(
                connection.transport, connection, context, server_hostname=origin.host
            )
        except (ArchiveError, OSError) as error:
            connection.abort()
            raise _tunnel_failure(origin, error) from error


def _require_tunnel(reader: ResponseReader) -> None:
    """Raises NoConnection when the proxy's answer is not a success."""
    assert reader.head is not None
    if reader.head.status // 100 != 2:
        message = f"the proxy refused: {reader.head.status} {reader.head.reason}".rstrip()
        raise NoConnection(CaptureOutcome.CONNECTION_FAILED, message)


def _tunnel_failure(origin: Origin, error: Exception) -> NoConnection:
    if isinstance(error, NoConnection):
        return error
    if isinstance(error, ssl.SSLError):
        return tls_failure(origin, error)
    return NoConnection(CaptureOutcome.CONNECTION_FAILED, f"through the proxy: {error}")


async def _addresses(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NoConnection(CaptureOutcome.DNS_FAILURE, f"{host}: {error}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect_request(origin: Origin, proxy: Proxy) -> bytes:
    """The CONNECT request for an origin."""
    authority = f"[{origin.host}]:{origin.port}" if ":" in origin.host else f"{origin.host}:{origin.port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    head = "\r\n".join(lines).encode("idna" if not authority.isascii() else "ascii") + b"\r\n"
    return head + (b"Proxy-Authorization: " + proxy.authorization + b"\r\n" if proxy.authorization else b"") + b"\r\n"


def refusal(address: str, origin: Origin) -> NoConnection:
    """What is said when an internal address was not asked for."""
    return NoConnection(
        CaptureOutcome.ADDRESS_REFUSED,
        f"internal address {address} refused; if it is meant, allow it with --allow-host {origin.host}:{origin.port}",
    )


def tls_failure(origin: Origin, error: ssl.SSLError) -> NoConnection:
    """What is said of a failed handshake."""
    reason = getattr(error, "verify_message", "") or error.reason or str(error)
    return NoConnection(CaptureOutcome.TLS_FAILURE, f"{origin.host}: {reason}")


def tls_context(*, verify: bool = True) -> ssl.SSLContext:
    """TLS settings: certificates verified unless told otherwise, and HTTP/1.1 alone offered (ALPN)."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
