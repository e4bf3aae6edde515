"""One request in, its attempts out as exchanges. A failure is a result, not an exception."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from archive.errors import ArchiveError
from archive.exchange import CaptureOutcome, Discovery, Exchange, Transport, Truncation, outcome_of_status
from archive.http1 import BadMessage
from crawler.wire.connection import ConnectionPool, Disconnected, Key, NoConnection, WireConnection
from crawler.wire.reader import LengthLimit, ResponseReader

_DEFAULT_PORTS = {"http": 80, "https": 443}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
_REDACTED = b"[redacted]"


@dataclass(frozen=True, slots=True)
class WireRequest:
    """What is to be fetched."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Sent in this order, after ``Host`` when it is not among them."""
    body: bytes = b""
    timeout: float = 60.0
    """Seconds for all of it."""
    limit: int = 0
    """Greatest length of the entity body in bytes; 0 means none."""
    discovery: Discovery = field(default_factory=Discovery)
    redacted: frozenset[str] = frozenset()
    """Lower-case names of headers whose values are sent but not kept."""


def request_bytes(request: WireRequest, *, redact: bool = False) -> bytes:
    """The request as sent, or as kept: with the values of `redacted` headers blotted out."""
    parts = urlsplit(request.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{request.method} {target} HTTP/1.1".encode("ascii")]
    names = {name.lower() for name, _ in request.headers}
    if b"host" not in names:
        lines.append(
            b"Host: " + parts.netloc.rpartition("@")[2].encode("idna" if not parts.netloc.isascii() else "ascii")
        )
    for name, value in request.headers:
        hidden = redact and name.decode("latin-1").lower() in request.redacted
        lines.append(name + b": " + (_REDACTED if hidden else value))
    if (request.body or request.method in _WITH_BODY) and b"content-length" not in names:
        lines.append(b"Content-Length: %d" % len(request.body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + request.body


class Fetcher:
    """Fetches over a pool of connections, by a given clock."""

    def __init__(self, pool: ConnectionPool, clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._clock = clock

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
        reader = ResponseReader(request.method, request.limit)
        attempt = Exchange(
            url=request.url,
            method=request.method,
            request=b"",
            response=b"",
            started=self._clock(),
            finished=self._clock(),
            outcome=CaptureOutcome.CANCELLED,
            discovery=request.discovery,
        )
        connection: WireConnection | None = None
        try:
            async with asyncio.timeout(request.timeout):
                connection, reused = await self._connection(_key(request.url), fresh=fresh)
                attempt = replace(
                    attempt, request=request_bytes(request, redact=True), transport=connection.facts(reused=reused)
                )
                await connection.exchange(request_bytes(request), reader)
            self._release(connection, reader)
            return self._result(attempt, reader, None), False
        except NoConnection as error:
            ended = replace(attempt, finished=self._clock(), outcome=error.outcome, detail=str(error))
            return ended, False
        except (TimeoutError, ArchiveError) as error:
            if connection is not None:
                connection.abort()
            stale = attempt.transport.reused and not reader.buffer and isinstance(error, Disconnected)
            timed_out = f"no end within {request.timeout:g} seconds" if isinstance(error, TimeoutError) else None
            return self._result(attempt, reader, error, timed_out), stale and request.method in _REPEATABLE
        except asyncio.CancelledError:
            if connection is not None:
                connection.abort()
            raise

    async def _connection(self, key: Key, *, fresh: bool) -> tuple[WireConnection, bool]:
        kept = None if fresh else self._pool.idle(key)
        return (kept, True) if kept is not None else (await self._pool.connect(key), False)

    def _release(self, connection: WireConnection, reader: ResponseReader) -> None:
        head = reader.head
        assert head is not None
        wishes = ",".join(head.values("connection")).lower()
        closing = reader.closes or reader.excess or "close" in wishes
        if closing or (head.version == "HTTP/1.0" and "keep-alive" not in wishes):
            connection.abort()
        else:
            self._pool.release(connection)

    def _result(
        self, attempt: Exchange, reader: ResponseReader, error: Exception | None, detail: str | None = None
    ) -> Exchange:
        outcome, truncated = _ending(reader, error)
        return replace(
            attempt,
            finished=self._clock(),
            response=reader.response(),
            interim=tuple(reader.interim),
            status=reader.head.status if reader.head else 0,
            outcome=outcome,
            truncated=truncated if reader.buffer else None,
            detail=detail or (str(error) if error else ""),
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
    started = bool(reader.buffer)
    if isinstance(error, TimeoutError):
        return (CaptureOutcome.TRUNCATED_TIME if started else CaptureOutcome.TIMEOUT), Truncation.TIME
    ended = CaptureOutcome.TRUNCATED_DISCONNECT if started else CaptureOutcome.CONNECTION_FAILED
    return ended, Truncation.DISCONNECT


def _key(url: str) -> Key:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]


def unsent(url: str, outcome: CaptureOutcome, now: datetime, discovery: Discovery, detail: str) -> Exchange:
    """An attempt that ended before anything was sent, such as one that robots.txt denies."""
    return Exchange(
        url, "GET", b"", b"", now, now, outcome, discovery=discovery, detail=detail, transport=Transport()
    )
