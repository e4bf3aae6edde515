"""WARC/1.1 records as gzip members.

Each record is one member of its own (WARC/1.1, annex D), so that a reader can start at any of
them. Blocks are written as given; only the WARC header is formatted here, by warcio.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from warcio.statusandheaders import StatusAndHeaders

WARC_VERSION = "WARC/1.1"
IDENTICAL_PAYLOAD = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
SERVER_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"

HTTP_REQUEST = "application/http; msgtype=request"
HTTP_RESPONSE = "application/http; msgtype=response"
WARC_FIELDS = "application/warc-fields"

DIGEST_ALGORITHMS = ("sha256", "sha1")
_GZIP_WINDOW = zlib.MAX_WBITS | 16
_STORED = 0


@dataclass(frozen=True, slots=True)
class Encoding:
    """How records are written."""

    level: int = 6
    """zlib level, 1 to 9, for blocks that are not compressed already."""
    digest: str = "sha256"
    """One of `DIGEST_ALGORITHMS`."""


def labelled_digest(data: bytes, algorithm: str = "sha256") -> str:
    """A digest as WARC headers spell it: the algorithm, a colon, hexadecimal digits."""
    return f"{algorithm}:{hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()}"


def warc_date(moment: datetime) -> str:
    """``WARC-Date`` of a moment, in UTC, to the millisecond (WARC/1.1, section 5.4)."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def record_urn(record_id: UUID) -> str:
    """``WARC-Record-ID`` of an id."""
    return f"<urn:uuid:{record_id}>"


def record_bytes(
    kind: str,
    record_id: UUID,
    date: datetime,
    content_type: str,
    block: bytes,
    headers: Iterable[tuple[str, str]] = (),
    *,
    encoding: Encoding,
) -> bytes:
    """One uncompressed record: WARC header, block, and the two line ends behind it."""
    fields = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", record_urn(record_id)),
        ("WARC-Date", warc_date(date)),
        *headers,
        ("WARC-Block-Digest", labelled_digest(block, encoding.digest)),
        ("Content-Type", content_type),
        ("Content-Length", str(len(block))),
    ]
    head: bytes = StatusAndHeaders("", fields, protocol=WARC_VERSION).to_bytes()
    return b"".join((head, block, b"\r\n\r\n"))


def gzip_member(record: bytes, level: int) -> bytes:
    """The record as one gzip member, without a time stamp: the same bytes in, the same bytes out."""
    deflater = zlib.compressobj(level, zlib.DEFLATED, _GZIP_WINDOW)
    return deflater.compress(record) + deflater.flush()


def member_level(content_encoding: str, mime: str, level: int) -> int:
    """The zlib level for a response: none for bodies that do not get smaller."""
    compressed = content_encoding.strip().lower() not in ("", "identity")
    return _STORED if compressed or (mime.startswith(("image/", "video/", "audio/")) and "svg" not in mime) else level


def warc_fields(pairs: Iterable[tuple[str, str]]) -> bytes:
    """A block of type application/warc-fields. Values: white space folded, empty ones left out."""
    lines = [f"{name}: {' '.join(value.split())}\r\n" for name, value in pairs if value.strip()]
    return "".join(lines).encode("utf-8")


def parse_warc_fields(block: bytes) -> dict[str, list[str]]:
    """Read such a block: names as written, all values of each in order."""
    fields: dict[str, list[str]] = {}
    for line in block.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip(), []).append(value.strip())
    return fields
