"""One request in, its attempts out as exchanges. A failure is a result, not an exception."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from archive.content_coding import decode_body
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
from archive.http1 import BadMessage, ResponseHead, entity_parts
from crawler.wire.connection import Disconnected, NoConnection, TimedOut, Timeouts, Watcher, WireConnection
from crawler.wire.origin import Origin, Proxy, origin_of
from crawler.wire.pool import ConnectionPool
from crawler.wire.reader import LengthLimit, ResponseReader
from crawler.wire.response_file import ResponseFile, ResponseFileFailed

_MAY_BE_WHOLE = frozenset({CaptureOutcome.TRUNCATED_DISCONNECT, CaptureOutcome.MALFORMED})
_LARGEST_WHOLE = 16 << 20
_END = 4096
"""Bytes in which the end of a page is looked for, with what caches write behind it."""
_END_OF_PAGE = re.compile(rb"</html\s*>\s*(?:<!--(?:(?!-->).)*-->\s*)*\Z", re.I | re.S)
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
_REDACTED = b"[redacted]"
_PROXY_AUTHORIZATION = "proxy-authorization"


class Stopped(ArchiveError):
    """A watcher stopped the response."""


class Halt:
    """Ends all exchanges of a group that are in progress; each keeps what came of it until then."""

    def __init__(self) -> None:
        self.is_over = False
        self._limits: set[asyncio.Timeout] = set()

    def end(self) -> None:
        """End them, and those that begin later."""
        self.is_over = True
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())

    @contextmanager
    def watched(self, limit: asyncio.Timeout) -> Iterator[None]:
        """Within this context, `end` makes a limit pass, which is in force already."""
        self._limits.add(limit)
        try:
            if self.is_over:
                limit.reschedule(asyncio.get_running_loop().time())
            yield
        finally:
            self._limits.discard(limit)


@dataclass(frozen=True)
class WireRequest:
    """What to fetch."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Sent in this order, after ``Host`` when it is not among them."""
    body: bytes = b""
    timeouts: Timeouts = field(default_factory=Timeouts)
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
    halt: Halt | None = None
    """What may end it before its time, as a response that is stopped."""

    @cached_property
    def origin(self) -> Origin:
        """Where the request goes."""
        return origin_of(self.url, self.proxy, verify=self.verify)

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """Names of the headers sent whose values are not kept."""
        sent = {name.decode("latin-1").lower() for name, _ in self.headers}
        return tuple(sorted(sent & self.redacted))

    @property
    def has_secrets(self) -> bool:
        """Whether something is sent that is not kept."""
        return bool(self.hidden) or (self.proxy is not None and bool(self.proxy.authorization))


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
        attempt = _Attempt(request, ResponseFile(self._spool_directory), self._clock)
        connection: WireConnection | None = None
        try:
            async with asyncio.timeout(request.timeouts.total) as limit:
                with request.halt.watched(limit) if request.halt is not None else nullcontext():
                    connection, reused = await self._connection(request, fresh=fresh)
                    sent = attempt.begin(connection.facts(reused=reused))
                    await connection.exchange(sent, attempt.reader, request.timeouts, request.watcher)
            self._release(connection, attempt.reader)
            return attempt.ended(None), False
        except NoConnection as error:
            return attempt.unconnected(error), False
        except (TimeoutError, ArchiveError) as error:
            if connection is not None:
                connection.abort()
            stale = attempt.transport.reused and not attempt.reader.received and isinstance(error, Disconnected)
            if isinstance(error, TimeoutError) and request.halt is not None and request.halt.is_over:
                error = Stopped("nobody waits for it any more")
            elif isinstance(error, TimeoutError):
                error = TimedOut(f"no end within {request.timeouts.total:g} seconds")
            return attempt.ended(error), stale and request.method in _REPEATABLE
        except asyncio.CancelledError:
            if connection is not None:
                connection.abort()
            raise

    async def _connection(self, request: WireRequest, *, fresh: bool) -> tuple[WireConnection, bool]:
        kept = None if fresh else self._pool.idle(request.origin)
        if kept is not None:
            return kept, True
        return await self._pool.connect(request.origin, request.timeouts), False

    def _release(self, connection: WireConnection, reader: ResponseReader) -> None:
        head = reader.head
        assert head is not None
        wishes = ",".join(head.values("connection")).lower()
        closing = reader.closes or reader.excess or "close" in wishes
        if closing or (head.version == "HTTP/1.0" and "keep-alive" not in wishes):
            connection.abort()
        else:
            self._pool.release(connection)


class _Attempt:
    """An attempt in progress."""

    def __init__(self, request: WireRequest, spool: ResponseFile, clock: Callable[[], datetime]) -> None:
        self.reader = ResponseReader(request.method, request.limit, spool)
        self.transport = Transport()
        self._request = request
        self._clock = clock
        self._started = clock()
        self._kept = b""

    def begin(self, transport: Transport) -> bytes:
        """A connection is there; the bytes to be sent over it."""
        self.transport = transport
        sent = request_bytes(self._request)
        self._kept = request_bytes(self._request, redact=True) if self._request.has_secrets else sent
        return sent

    def unconnected(self, error: NoConnection) -> Exchange:
        """No connection could be had."""
        return self._exchange(b"", error.outcome, None, str(error))

    def ended(self, error: Exception | None) -> Exchange:
        """The exchange is over, by an error or by itself."""
        response: bytes | SpooledBytes = b""
        try:
            response = self.reader.response()
        except ResponseFileFailed as failure:
            error = failure
        outcome, truncated = _ending(self.reader, error)
        head = self.reader.head
        if outcome in _MAY_BE_WHOLE and head is not None and _is_whole_page(head, response):
            # The mark stays: the message was not complete (RFC 9112, section 8), though the page is
            outcome = outcome_of_status(head.status)
        return self._exchange(response, outcome, truncated if response else None, str(error) if error else "")

    def _exchange(
        self, response: bytes | SpooledBytes, outcome: CaptureOutcome, truncated: Truncation | None, detail: str
    ) -> Exchange:
        head = self.reader.head
        return Exchange(
            url=self._request.url,
            method=self._request.method,
            request=self._kept,
            response=response,
            started=self._started,
            finished=self._clock(),
            outcome=outcome,
            status=head.status if head else 0,
            truncated=truncated,
            interim=tuple(self.reader.interim),
            transport=self.transport,
            discovery=self._request.discovery,
            detail=detail,
            redacted=self._request.hidden,
            head=head,
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
    if isinstance(error, Stopped | ResponseFileFailed):
        return CaptureOutcome.CANCELLED, Truncation.UNSPECIFIED
    started = reader.received > 0
    if isinstance(error, TimedOut):
        return (CaptureOutcome.TRUNCATED_TIME if started else CaptureOutcome.TIMEOUT), Truncation.TIME
    ended = CaptureOutcome.TRUNCATED_DISCONNECT if started else CaptureOutcome.CONNECTION_FAILED
    return ended, Truncation.DISCONNECT


def _is_whole_page(head: ResponseHead, response: bytes | SpooledBytes) -> bool:
    """Whether a response whose framing is broken ends where an HTML page does: its length was wrong."""
    if "html" not in head.first("content-type", "text/html").lower() or not isinstance(response, bytes):
        return False
    body = b"".join(entity_parts(head, (response[head.length :],)))
    decoded = decode_body(head.content_codings, body, _LARGEST_WHOLE, cut=True)
    return not decoded.flaw and _END_OF_PAGE.search(decoded.body[-_END:]) is not None


def unsent(url: str, outcome: CaptureOutcome, now: datetime, discovery: Discovery, detail: str) -> Exchange:
    """An attempt that ended before anything was sent, such as one that robots.txt denies."""
    return Exchange(
        url, "GET", b"", b"", now, now, outcome, discovery=discovery, detail=detail, transport=Transport()
    )
