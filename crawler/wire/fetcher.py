"""One request in, its attempts out as exchanges. A failure is a result, not an exception."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from archive.errors import ArchiveError
from archive.exchange import (
    CaptureOutcome,
    Discovery,
    Exchange,
    SpooledBytes,
    Transport,
    Truncation,
    outcome_of_status,
)
from archive.http1 import BadMessage
from crawler.wire.connection import Disconnected, NoConnection, Patience, TimedOut, Watcher, WireConnection
from crawler.wire.origin import Origin, Proxy, origin_of
from crawler.wire.pool import ConnectionPool
from crawler.wire.reader import LengthLimit, ResponseReader
from crawler.wire.spool import SpoolFailed, SpoolFile

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
_REDACTED = b"[redacted]"
_PROXY_AUTHORIZATION = "proxy-authorization"


class Stopped(ArchiveError):
    """A watcher wants no more of the response."""


@dataclass(frozen=True, slots=True)
class WireRequest:
    """What is to be fetched."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Sent in this order, after ``Host`` when it is not among them."""
    body: bytes = b""
    patience: Patience = field(default_factory=Patience)
    limit: int = 0
    """Greatest length of the entity body in bytes; 0 means none."""
    discovery: Discovery = field(default_factory=Discovery)
    redacted: frozenset[str] = frozenset()
    """Lower-case names of headers whose values are sent but not kept."""
    proxy: Proxy | None = None
    verify: bool = True
    """Whether a bad TLS certificate ends the attempt."""
    watcher: Watcher | None = None
    """Sees the response grow; may raise Stopped."""

    @property
    def origin(self) -> Origin:
        """Where the request goes."""
        return origin_of(self.url, self.proxy, verify=self.verify)

    @property
    def hidden(self) -> tuple[str, ...]:
        """Names of the headers sent whose values are not kept."""
        sent = {name.decode("latin-1").lower() for name, _ in self.headers}
        return tuple(sorted(sent & self.redacted))


def request_bytes(request: WireRequest, *, redact: bool = False) -> bytes:
    """The request as sent, or as kept: with the values of `redacted` headers blotted out."""
    lines = [f"{request.method} {_target(request)} HTTP/1.1".encode("ascii")]
    names = {name.lower() for name, _ in request.headers}
    if b"host" not in names:
        lines.append(b"Host: " + _authority(request.url))
    hidden = request.redacted | {_PROXY_AUTHORIZATION}
    for name, value in _headers(request):
        blotted = redact and name.decode("latin-1").lower() in hidden
        lines.append(name + b": " + (_REDACTED if blotted else value))
    if (request.body or request.method in _WITH_BODY) and b"content-length" not in names:
        lines.append(b"Content-Length: %d" % len(request.body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + request.body


def _headers(request: WireRequest) -> tuple[tuple[bytes, bytes], ...]:
    """The headers, with the proxy's where the proxy reads them."""
    if request.proxy is None or not request.proxy.authorization or not request.origin.is_forwarded:
        return request.headers
    return (*request.headers, (b"Proxy-Authorization", request.proxy.authorization))


def _target(request: WireRequest) -> str:
    """The request target: origin form, or absolute form for a proxy (RFC 9112, section 3.2)."""
    parts = urlsplit(request.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"http://{_authority(request.url).decode()}{target}" if request.origin.is_forwarded else target


def _authority(url: str) -> bytes:
    netloc = urlsplit(url).netloc.rpartition("@")[2]
    return netloc.encode("ascii" if netloc.isascii() else "idna")


class Fetcher:
    """Fetches over a pool of connections, by a given clock."""

    def __init__(
        self, pool: ConnectionPool, clock: Callable[[], datetime], spool_directory: Path | None = None
    ) -> None:
        """Large responses are spooled in `spool_directory`; None: in the system's directory of temporary files."""
        self._pool = pool
        self._clock = clock
        self._spool_directory = spool_directory

    async def fetch(self, request: WireRequest) -> tuple[Exchange, ...]:
        """The attempts made, the last one being the result.

        There are two when a kept connection turned out to be dead and the request was sent again over a new
        one. Only CancelledError is raised.
        """
        first, stale = await self._attempt(request, fresh=False)
        if not stale:
            return (first,)
        second, _ = await self._attempt(request, fresh=True)
        return first, second

    async def _attempt(self, request: WireRequest, *, fresh: bool) -> tuple[Exchange, bool]:
        """One attempt, and whether it failed only because a kept connection was dead."""
        reader = ResponseReader(request.method, request.limit, SpoolFile(self._spool_directory))
        attempt = self._begun(request)
        connection: WireConnection | None = None
        try:
            async with asyncio.timeout(request.patience.total):
                connection, reused = await self._connection(request, fresh=fresh)
                attempt = replace(
                    attempt, request=request_bytes(request, redact=True), transport=connection.facts(reused=reused)
                )
                await connection.exchange(request_bytes(request), reader, request.patience, request.watcher)
            self._release(connection, reader)
            return self._result(attempt, reader, None), False
        except NoConnection as error:
            ended = replace(attempt, finished=self._clock(), outcome=error.outcome, detail=str(error))
            return ended, False
        except (TimeoutError, ArchiveError) as error:
            if connection is not None:
                connection.abort()
            stale = attempt.transport.reused and not reader.received and isinstance(error, Disconnected)
            if isinstance(error, TimeoutError):
                error = TimedOut(f"no end within {request.patience.total:g} seconds")
            return self._result(attempt, reader, error), stale and request.method in _REPEATABLE
        except asyncio.CancelledError:
            if connection is not None:
                connection.abort()
            raise

    def _begun(self, request: WireRequest) -> Exchange:
        return Exchange(
            url=request.url,
            method=request.method,
            request=b"",
            response=b"",
            started=self._clock(),
            finished=self._clock(),
            outcome=CaptureOutcome.CANCELLED,
            discovery=request.discovery,
            redacted=request.hidden,
        )

    async def _connection(self, request: WireRequest, *, fresh: bool) -> tuple[WireConnection, bool]:
        kept = None if fresh else self._pool.idle(request.origin)
        if kept is not None:
            return kept, True
        return await self._pool.connect(request.origin, request.patience), False

    def _release(self, connection: WireConnection, reader: ResponseReader) -> None:
        head = reader.head
        assert head is not None
        wishes = ",".join(head.values("connection")).lower()
        closing = reader.closes or reader.excess or "close" in wishes
        if closing or (head.version == "HTTP/1.0" and "keep-alive" not in wishes):
            connection.abort()
        else:
            self._pool.release(connection)

    def _result(self, attempt: Exchange, reader: ResponseReader, error: Exception | None) -> Exchange:
        response: bytes | SpooledBytes = b""
        try:
            response = reader.response()
        except SpoolFailed as failure:
            error = failure
        outcome, truncated = _ending(reader, error)
        return replace(
            attempt,
            finished=self._clock(),
            response=response,
            interim=tuple(reader.interim),
            status=reader.head.status if reader.head else 0,
            outcome=outcome,
            truncated=truncated if response else None,
            detail=str(error) if error else "",
        )


def _ending(reader: ResponseReader, error: Exception | None) -> tuple[CaptureOutcome, Truncation | None]:
    """How an attempt ended that had a connection."""
    if error is None:
        assert reader.head is not None
        return outcome_of_status(reader.head.status), None
    if isinstance(error, LengthLimit):
        return CaptureOutcome.TRUNCATED_LENGTH, Truncation.LENGTH
    if isinstance(error, BadMessage):
        return CaptureOutcome.MALFORMED, Truncation.UNSPECIFIED
    if isinstance(error, Stopped | SpoolFailed):
        return CaptureOutcome.CANCELLED, Truncation.UNSPECIFIED
    started = reader.received > 0
    if isinstance(error, TimedOut):
        return (CaptureOutcome.TRUNCATED_TIME if started else CaptureOutcome.TIMEOUT), Truncation.TIME
    ended = CaptureOutcome.TRUNCATED_DISCONNECT if started else CaptureOutcome.CONNECTION_FAILED
    return ended, Truncation.DISCONNECT


def unsent(url: str, outcome: CaptureOutcome, now: datetime, discovery: Discovery, detail: str) -> Exchange:
    """An attempt that ended before anything was sent, such as one that robots.txt denies."""
    return Exchange(
        url, "GET", b"", b"", now, now, outcome, discovery=discovery, detail=detail, transport=Transport()
    )
