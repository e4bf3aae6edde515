"""One attempt to fetch one URL: the bytes that crossed the wire both ways, and how it ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import IO
from uuid import UUID

from archive.http1 import ResponseHead, parse_head
from archive.rendering import Rendering

_READ_SIZE = 1 << 18


class CaptureOutcome(StrEnum):
    """How an attempt ended. Every attempt ends in exactly one of these."""

    OK = "ok"
    """A complete response of status 2xx."""
    NOT_MODIFIED = "not_modified"
    """304: the server confirms that an earlier capture is still current."""
    REDIRECT = "redirect"
    """Any other 3xx."""
    FORBIDDEN = "forbidden"
    """401, 402, 403, 407 or 451."""
    NOT_FOUND = "not_found"
    """404 or 410."""
    RATE_LIMITED = "rate_limited"
    """429: the host asks for fewer requests."""
    CLIENT_ERROR = "client_error"
    """Any other 4xx."""
    UNAVAILABLE = "unavailable"
    """503: the host is temporarily unavailable."""
    SERVER_ERROR = "server_error"
    """Any other 5xx, or a status outside HTTP's range."""
    TRUNCATED_LENGTH = "truncated_length"
    """The body exceeded the size limit; the part before it is kept."""
    TRUNCATED_TIME = "truncated_time"
    """The time ran out during the response; the part received is kept."""
    TRUNCATED_DISCONNECT = "truncated_disconnect"
    """The connection was lost during the response; the part received is kept."""
    MALFORMED = "malformed"
    """The server sent something that is not an HTTP response."""
    DNS_FAILURE = "dns_failure"
    """The host name could not be resolved."""
    CONNECTION_REFUSED = "connection_refused"
    """The host refused the connection."""
    CONNECTION_FAILED = "connection_failed"
    """The host could not be reached, or the connection was lost before a response."""
    TLS_FAILURE = "tls_failure"
    """No secure connection: bad certificate or failed handshake."""
    TIMEOUT = "timeout"
    """The time ran out before the first byte of a response."""
    ROBOTS_DENIED = "robots_denied"
    """robots.txt does not allow the URL; nothing was sent."""
    ROBOTS_UNREACHABLE = "robots_unreachable"
    """robots.txt can't be fetched, so nothing is allowed for now (RFC 9309, section 2.3.1.4); nothing was sent."""
    BLOCKED = "blocked"
    """The URL is on the operator's block list; nothing was sent."""
    UNWANTED = "unwanted"
    """A page in a browser asked for what is not captured: a WebSocket, a tracker, more than its budget; nothing was
    sent."""
    ADDRESS_REFUSED = "address_refused"
    """The host is, or resolves to, an internal address; nothing was sent."""
    CANCELLED = "cancelled"
    """The crawl was stopped before the exchange ended."""


class Truncation(StrEnum):
    """Values of ``WARC-Truncated`` (WARC/1.1, section 5.13)."""

    LENGTH = "length"
    TIME = "time"
    DISCONNECT = "disconnect"
    UNSPECIFIED = "unspecified"


class Role(StrEnum):
    """What a URL was fetched as."""

    ARTICLE = "article"
    FEED = "feed"
    SITEMAP = "sitemap"
    SECTION = "section"
    ROBOTS = "robots"
    REQUISITE = "requisite"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Discovery:
    """How a URL was found. Kept in the capture's metadata record.

    Texts are one line each: white space is folded when the metadata record is written.
    """

    role: Role = Role.OTHER
    site: str = ""
    """Id of the site definition, or the host for a site without one."""
    via: str = ""
    """Kind of the source: ``feed``, ``sitemap``, ``section``, ``seed``, ``list``, ``page``."""
    source_url: str = ""
    source_date: str = ""
    """Publication date as the source gave it (ISO 8601 when it could be read)."""
    source_title: str = ""
    source_author: str = ""
    source_record_id: str = ""
    """WARC record id of the source's own capture."""
    seen_at: str = ""
    """When the source listed the URL (ISO 8601, UTC)."""
    requested_url: str = ""
    """Where the redirects began, when there were any."""
    previous_text: str = ""
    """Of a page that is fetched again: extractor generation, text digest and record id of its newest record."""

    def facts(self) -> dict[str, str]:
        """What is known, by the field's name. Asked for several times a page, for which `asdict` is slow."""
        return {name: str(value) for name in _DISCOVERY_FIELDS if (value := getattr(self, name))}


_DISCOVERY_FIELDS = tuple(each.name for each in fields(Discovery))


@dataclass(frozen=True, slots=True)
class Transport:
    """The connection an exchange ran over."""

    address: str = ""
    """The peer's IP address; empty if none was reached."""
    port: int = 0
    tls_version: str = ""
    tls_cipher: str = ""
    certificate: bytes = b""
    """The peer's certificate (DER)."""
    verified: bool = True
    """Whether a bad certificate would have ended the attempt."""
    reused: bool = False
    """Whether the connection had served another exchange before."""
    proxy: str = ""
    """``host:port`` of the proxy between; then the server's own address is not known."""


@dataclass(frozen=True, slots=True)
class SpooledBytes:
    """A response too large for memory, in a separate file, which is removed once nobody uses it."""

    start: bytes
    """The status line and header section; also in the file."""
    file: IO[bytes]
    length: int
    """Bytes in the file that count."""

    def __len__(self) -> int:
        return self.length

    def parts(self, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` on, piece by piece."""
        descriptor = self.file.fileno()
        while start < self.length:
            part = os.pread(descriptor, min(_READ_SIZE, self.length - start), start)
            if not part:
                return
            start += len(part)
            yield part


@dataclass(frozen=True, slots=True)
class Exchange:
    """Request and response as bytes, and everything else that is known about the exchange.

    `response` holds the status line, the header section and the body just as received, with its
    transfer coding. It is empty when nothing came.
    """

    url: str
    method: str
    request: bytes
    """As sent; empty if nothing was sent."""
    response: bytes | SpooledBytes
    started: datetime
    finished: datetime
    outcome: CaptureOutcome
    status: int = 0
    truncated: Truncation | None = None
    interim: tuple[bytes, ...] = ()
    """1xx responses received before."""
    transport: Transport = field(default_factory=Transport)
    discovery: Discovery = field(default_factory=Discovery)
    detail: str = ""
    """One line about a failure: the message of the system or library."""
    redacted: tuple[str, ...] = ()
    """Names of request headers that were sent but whose values are not kept."""
    extraction_configuration: str = ""
    """Digest of the extraction configuration in force (a resource record of the segment)."""
    duplicate_of: UUID | None = None
    """Of a page that is kept whole: the first capture of the same payload, which is of another address."""

    record_id: UUID | None = None
    """Id that the response record gets, where others name it already."""
    rendering: Rendering | None = None
    """Of a page: what a browser made of it."""
    rendering_failure: str = ""
    """Of a page that a browser was to render: why there is no rendering."""

    head: ResponseHead | None = None
    """The response's head where it was read already; it saves reading it again."""

    def response_head(self) -> ResponseHead:
        """The response's head. Raises BadMessage when it has none."""
        return self.head or parse_head(self.response_start)

    @property
    def response_start(self) -> bytes:
        """The beginning of the response: its head at least, if one came whole."""
        return self.response.start if isinstance(self.response, SpooledBytes) else self.response

    def response_parts(self, start: int = 0) -> Iterator[bytes]:
        """The response from `start` on, piece by piece."""
        if isinstance(self.response, SpooledBytes):
            return self.response.parts(start)
        return iter((self.response[start:],))


@dataclass(frozen=True, slots=True)
class Original:
    """An earlier capture that a revisit can refer to."""

    record_id: UUID
    url: str
    date: datetime
    payload_digest: str


@dataclass(frozen=True, slots=True)
class CaptureAddress:
    """Where a capture's response (or, when none came, metadata) record is."""

    segment: str
    offset: int
    """Bytes from the start of the segment's WARC to the record's gzip member."""
    length: int
    """Bytes of that gzip member."""
    record_id: UUID
    payload_digest: str = ""
    """``sha256:…`` of the entity body; empty when there is no response record."""
    revisit: bool = False


_STATUS_OUTCOMES = {
    304: CaptureOutcome.NOT_MODIFIED,
    401: CaptureOutcome.FORBIDDEN,
    402: CaptureOutcome.FORBIDDEN,
    403: CaptureOutcome.FORBIDDEN,
    404: CaptureOutcome.NOT_FOUND,
    407: CaptureOutcome.FORBIDDEN,
    410: CaptureOutcome.NOT_FOUND,
    429: CaptureOutcome.RATE_LIMITED,
    451: CaptureOutcome.FORBIDDEN,
    503: CaptureOutcome.UNAVAILABLE,
}
_CLASS_OUTCOMES = {
    2: CaptureOutcome.OK,
    3: CaptureOutcome.REDIRECT,
    4: CaptureOutcome.CLIENT_ERROR,
}


def outcome_of_status(status: int) -> CaptureOutcome:
    """The outcome of a complete response of this status (RFC 9110, section 15)."""
    exact = _STATUS_OUTCOMES.get(status)
    return exact or _CLASS_OUTCOMES.get(status // 100, CaptureOutcome.SERVER_ERROR)
