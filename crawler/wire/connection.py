"""One connection, on asyncio. One exchange at a time runs over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from archive.ciphers import iana_name
from archive.errors import ArchiveError
from archive.exchange import CaptureOutcome, Transport
from crawler.wire.origin import Origin
from crawler.wire.reader import ResponseReader

Watcher = Callable[[ResponseReader, bytes], None]
"""Sees a response grow. What it raises as ArchiveError ends the exchange."""


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
class Timeouts:
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
        self._facts: Transport | None = None
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
        # A reset is no end, even where the end of the connection is that of the response (RFC 9112, section 6.3)
        if not isinstance(exc, ConnectionResetError) and self._reader.end():
            self._done.set_result(None)
        else:
            self._done.set_exception(Disconnected(str(exc or "the server closed the connection")))

    async def exchange(
        self, request: bytes, reader: ResponseReader, timeouts: Timeouts, watcher: Watcher | None = None
    ) -> None:
        """Send a request and read until its response is complete.

        Raises Disconnected, TimedOut, BadMessage, LengthLimit or what the watcher raises; what arrived stands in
        the reader.
        """
        assert self.transport is not None
        self._reader, self._watcher, self._idle = reader, watcher, timeouts.idle
        self._done = asyncio.get_running_loop().create_future()
        try:
            if self.closed:
                raise Disconnected("the connection was closed while it waited")
            self._wait(timeouts.first_byte, "no byte")
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
        """Close the connection at once."""
        self.closed = True
        if self.transport is not None:
            self.transport.abort()

    def facts(self, *, reused: bool) -> Transport:
        """Peer, TLS and certificate, for the capture. Behind a proxy the server's address is not known."""
        if self._facts is None:
            self._facts = self._found_facts()
        return replace(self._facts, reused=True) if reused else self._facts

    def _found_facts(self) -> Transport:
        assert self.transport is not None
        address, port = (self.transport.get_extra_info("peername") or ("", 0))[:2]
        proxy = self.origin.proxy
        through = f"{proxy.host}:{proxy.port}" if proxy else ""
        if proxy is not None:
            address, port = "", 0
        tls = self.transport.get_extra_info("ssl_object")
        if tls is None:
            return Transport(address, port, proxy=through)
        cipher = tls.cipher()
        return Transport(
            address=address,
            port=port,
            tls_version=tls.version() or "",
            tls_cipher=iana_name(cipher[0]) if cipher else "",
            certificate=tls.getpeercert(binary_form=True) or b"",
            verified=self.origin.verify,
            proxy=through,
        )
