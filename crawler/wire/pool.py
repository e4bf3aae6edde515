"""Connections to permitted addresses: opened, kept while idle, closed when there are too many or they are too old."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from dataclasses import dataclass

import aiohappyeyeballs

from archive.errors import ArchiveError
from archive.exchange import CaptureOutcome
from crawler.safety import AddressRules
from crawler.wire.connection import NoConnection, Timeouts, WireConnection
from crawler.wire.origin import Origin, Proxy
from crawler.wire.reader import ResponseReader
from crawler.wire.resolver import AddressInfo, NoAddress, Resolver

_ATTEMPT_DELAY = 0.25
"""Seconds until the next address is tried beside the one before (RFC 8305, section 5)."""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How many idle connections are kept, and for how long."""

    idle_per_origin: int = 4
    idle_total: int = 64
    idle_seconds: float = 15.0
    """Servers close idle connections after a while; older ones are not tried again."""


class ConnectionPool:
    """Opens connections to permitted addresses and keeps idle ones for the next exchange."""

    def __init__(
        self,
        rules: AddressRules,
        limits: PoolLimits | None = None,
        *,
        bind_address: str = "",
        ca_file: str = "",
        resolver: Resolver | None = None,
    ) -> None:
        """`bind_address` is the local address that connections come from; empty: the system chooses.

        `ca_file` has certificate authorities that are trusted beside the system's.
        """
        self._rules = rules
        self._limits = limits or PoolLimits()
        self._bind_address = bind_address
        self._ca_file = ca_file
        self._resolver = resolver or Resolver()
        self._idle: dict[Origin, deque[WireConnection]] = {}
        self._idle_count = 0
        self._sweeping: asyncio.TimerHandle | None = None
        self._contexts: dict[bool, ssl.SSLContext] = {}

    def idle(self, origin: Origin) -> WireConnection | None:
        """The idle connection used last, if one is left that is not too old."""
        waiting = self._idle.get(origin.pool_key, deque())
        oldest = asyncio.get_running_loop().time() - self._limits.idle_seconds
        while waiting:
            connection = waiting.pop()
            self._idle_count -= 1
            if not connection.closed and connection.idle_since >= oldest:
                return connection
            connection.abort()
        return None

    async def connect(self, origin: Origin, timeouts: Timeouts) -> WireConnection:
        """A new connection to the first address that answers. Raises NoConnection."""
        try:
            async with asyncio.timeout(timeouts.connect):
                return await self._connect(origin, timeouts)
        except TimeoutError as error:
            message = f"no connection within {timeouts.connect:g} seconds"
            raise NoConnection(CaptureOutcome.TIMEOUT, message) from error

    def release(self, connection: WireConnection) -> None:
        """Keep a connection whose exchange is complete."""
        waiting = self._idle.setdefault(connection.origin.pool_key, deque())
        if connection.closed or len(waiting) >= self._limits.idle_per_origin:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        waiting.append(connection)
        self._idle_count += 1
        if self._idle_count > self._limits.idle_total:
            self._drop(min(self._all_idle(), key=lambda idle: idle.idle_since).idle_since)
        if self._sweeping is None:
            self._sweeping = loop.call_later(self._limits.idle_seconds, self._sweep)

    def close(self) -> None:
        """Close all idle connections."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for connection in self._all_idle():
            connection.abort()
        self._idle.clear()
        self._idle_count = 0

    def _all_idle(self) -> list[WireConnection]:
        return [connection for waiting in self._idle.values() for connection in waiting]

    def _sweep(self) -> None:
        """Close what has been idle for too long, and check again later while anything is left."""
        loop = asyncio.get_running_loop()
        self._drop(loop.time() - self._limits.idle_seconds)
        self._sweeping = loop.call_later(self._limits.idle_seconds, self._sweep) if self._idle else None

    def _drop(self, until: float) -> None:
        """Close idle connections that were last used at `until` or before, and those the server has closed."""
        for key, waiting in list(self._idle.items()):
            kept = deque(c for c in waiting if not c.closed and c.idle_since > until)
            for connection in waiting:
                if connection not in kept:
                    connection.abort()
            self._idle_count -= len(waiting) - len(kept)
            if kept:
                self._idle[key] = kept
            else:
                del self._idle[key]

    async def _connect(self, origin: Origin, timeouts: Timeouts) -> WireConnection:
        proxy = origin.proxy
        if proxy is None:
            infos = await self._permitted(origin)
            tls = self._context(origin) if origin.scheme == "https" else None
            return await self._open(origin, infos, tls)
        if not self._rules.permits_name(origin.host, origin.port):
            raise refusal(origin.host, origin)
        connection = await self._open(origin, await self._resolved(proxy.host, proxy.port), None)
        if origin.scheme == "https":
            await self._tunnel(connection, origin, proxy, timeouts)
        return connection

    def _context(self, origin: Origin) -> ssl.SSLContext:
        if origin.verify not in self._contexts:
            self._contexts[origin.verify] = tls_context(verify=origin.verify, ca_file=self._ca_file)
        return self._contexts[origin.verify]

    async def _resolved(self, host: str, port: int) -> list[AddressInfo]:
        try:
            return await self._resolver.addresses(host, port)
        except NoAddress as error:
            raise NoConnection(CaptureOutcome.DNS_FAILURE, str(error)) from error

    async def _permitted(self, origin: Origin) -> list[AddressInfo]:
        """The origin's addresses that may be contacted. Raises NoConnection when there is none."""
        found = await self._resolved(origin.host, origin.port)
        permitted = [info for info in found if self._rules.permits(origin.host, origin.port, str(info[4][0]))]
        if not permitted:
            raise refusal(str(found[0][4][0]), origin)
        return permitted

    async def _open(self, origin: Origin, infos: list[AddressInfo], tls: ssl.SSLContext | None) -> WireConnection:
        """Race the addresses (RFC 8305), then TLS over the connection that came first."""
        connection = WireConnection(origin)
        name = origin.host if tls is not None else None
        place = ", ".join(f"{info[4][0]}:{info[4][1]}" for info in infos)
        try:
            winner = await aiohappyeyeballs.start_connection(
                infos, local_addr_infos=await self._local(), happy_eyeballs_delay=_ATTEMPT_DELAY
            )
        except ConnectionRefusedError as error:
            raise NoConnection(CaptureOutcome.CONNECTION_REFUSED, f"{place}: connection refused") from error
        except (OSError, RuntimeError) as error:
            raise NoConnection(CaptureOutcome.CONNECTION_FAILED, f"{place}: {error}") from error
        winner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: connection, sock=winner, ssl=tls, server_hostname=name)
        except ssl.SSLError as error:
            raise tls_failure(origin, error) from error
        except OSError as error:
            raise NoConnection(CaptureOutcome.CONNECTION_FAILED, f"{place}: {error}") from error
        return connection

    async def _local(self) -> list[AddressInfo] | None:
        return await self._resolved(self._bind_address, 0) if self._bind_address else None

    async def _tunnel(self, connection: WireConnection, origin: Origin, proxy: Proxy, timeouts: Timeouts) -> None:
        """A tunnel through the proxy (RFC 9110, section 9.3.6), then TLS within it."""
        reader = ResponseReader("HEAD", 0)
        try:
            await connection.exchange(connect_request(origin, proxy), reader, timeouts)
            _require_tunnel(reader)
            assert connection.transport is not None
            loop = asyncio.get_running_loop()
            connection.transport = await loop.start_tls(
                connection.transport, connection, self._context(origin), server_hostname=origin.host
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


def connect_request(origin: Origin, proxy: Proxy) -> bytes:
    """The CONNECT request for an origin."""
    authority = f"[{origin.host}]:{origin.port}" if ":" in origin.host else f"{origin.host}:{origin.port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    head = "\r\n".join(lines).encode("idna" if not authority.isascii() else "ascii") + b"\r\n"
    return head + (b"Proxy-Authorization: " + proxy.authorization + b"\r\n" if proxy.authorization else b"") + b"\r\n"


def refusal(address: str, origin: Origin) -> NoConnection:
    """The message when an internal address is not allowed."""
    return NoConnection(
        CaptureOutcome.ADDRESS_REFUSED,
        f"internal address {address} refused; to allow it, give --allow-host {origin.host}:{origin.port}",
    )


def tls_failure(origin: Origin, error: ssl.SSLError) -> NoConnection:
    """The message for a failed handshake."""
    reason = getattr(error, "verify_message", "") or error.reason or str(error)
    return NoConnection(CaptureOutcome.TLS_FAILURE, f"{origin.host}: {reason}")


def tls_context(*, verify: bool = True, ca_file: str = "") -> ssl.SSLContext:
    """TLS settings: certificates verified unless told otherwise, and HTTP/1.1 alone offered (ALPN)."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
