"""WARC/1.1 records as gzip members.

Each record is one member of its own (WARC/1.1, annex D), so that a reader can start at any of
them. Blocks are written as given; only the WARC header is formatted here.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import lru_cache, partial
from typing import Protocol
from uuid import UUID

from isal import isal_zlib

WARC_VERSION = "WARC/1.1"
IDENTICAL_PAYLOAD = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
SERVER_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"

HTTP_REQUEST = "application/http; msgtype=request"
HTTP_RESPONSE = "application/http; msgtype=response"
WARC_FIELDS = "application/warc-fields"

DIGEST_ALGORITHMS = ("sha256", "sha1")
FASTEST_LEVELS = 3
"""Compression levels up to this one are ISA-L's, those above are zlib's."""

STORED = 0
"""Level of members whose block is not compressed once more."""

_GZIP_WINDOW = zlib.MAX_WBITS | 16
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_FAST_LEVEL = 2
_LONGEST_STORED = 0xFFFF
_FEW_BYTES = 1 << 12
_RECORD_END = b"\r\n\r\n"
_ALGORITHMS = frozenset(name for name in hashlib.algorithms_guaranteed if not name.startswith("shake"))
_DATE = re.compile(
    r"(?P<year>\d{4})(?:-?(?P<month>\d\d)(?:-?(?P<day>\d\d)"
    r"(?:[Tt ]?(?P<hour>\d\d):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r"\s*(?P<zone>[Zz]|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)
_DATE_PARTS = (("year", 0), ("month", 1), ("day", 1), ("hour", 0), ("minute", 0), ("second", 0))
_LAST_SECOND = 59


@dataclass(frozen=True, slots=True)
class Encoding:
    """How records are written."""

    level: int = 2
    """Compression level, 1 to 9, for blocks that are not compressed already."""
    digest: str = "sha256"
    """One of `DIGEST_ALGORITHMS`."""


def new_digest(algorithm: str) -> hashlib._Hash:
    """A digest of one of `DIGEST_ALGORITHMS`, of nothing yet."""
    return hashlib.new(algorithm, usedforsecurity=False)


def labelled_digest(data: bytes, algorithm: str = "sha256") -> str:
    """A digest as WARC headers spell it: the algorithm, a colon, hexadecimal digits."""
    digest = new_digest(algorithm)
    digest.update(data)
    return f"{algorithm}:{digest.hexdigest()}"


class DigestCheck(Enum):
    """What holding bytes against a labelled digest told."""

    RIGHT = auto()
    WRONG = auto()
    UNKNOWN = auto()
    """The digest is of an algorithm that nobody here knows, or is none."""


def check_digest(claimed: str, parts: Iterable[bytes]) -> DigestCheck:
    """Hold bytes against a labelled digest in hexadecimal, or in base 32 as many write SHA-1.

    Known are the algorithms that Python guarantees, by any spelling (``SHA-256``, ``sha256``).
    """
    label, _, value = claimed.partition(":")
    name = label.strip().lower()
    spellings = (name, name.replace("-", ""), name.replace("-", "_"))
    algorithm = next((spelling for spelling in spellings if spelling in _ALGORITHMS), "")
    if not algorithm:
        return DigestCheck.UNKNOWN
    digest = new_digest(algorithm)
    for part in parts:
        digest.update(part)
    value = value.strip()
    is_right = value.lower() == digest.hexdigest() or value.upper().rstrip("=") == _base32(digest.digest())
    return DigestCheck.RIGHT if is_right else DigestCheck.WRONG


def _base32(digest: bytes) -> str:
    return base64.b32encode(digest).decode("ascii").rstrip("=")


@lru_cache(maxsize=64)
def warc_date(moment: datetime) -> str:
    """``WARC-Date`` of a moment, in UTC, to the millisecond (WARC/1.1, section 5.4)."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def parse_warc_date(text: str) -> datetime:
    """The moment (UTC) of a ``WARC-Date``: a year, month, day, minute, second or fraction of one (W3C-DTF, as
    WARC/1.1, section 5.4, allows), or fourteen digits, as old writers have it. Without a zone it is UTC. Raises
    ValueError.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:60]!r} is not a date")
    numbers = [int(match[name] or default) for name, default in _DATE_PARTS]
    micro = int((match["fraction"] or "").ljust(6, "0")[:6])
    zone = match["zone"] or "Z"
    year, month, day, hour, minute, second = numbers
    second = min(second, _LAST_SECOND)  # a leap second is the one before
    moment = datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
    if zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        moment -= timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    return moment


def record_urn(record_id: UUID) -> str:
    """``WARC-Record-ID`` of an id."""
    return f"<urn:uuid:{record_id}>"


@dataclass(frozen=True, slots=True)
class Block:
    """A record's block, in pieces that can be gone through more than once."""

    parts: Callable[[], Iterable[bytes]]
    length: int
    digest: str
    """Labelled digest of the whole block."""

    @classmethod
    def of(cls, data: bytes, algorithm: str) -> Block:
        """A block that is in memory."""
        return cls(lambda: (data,), len(data), labelled_digest(data, algorithm))


def record_head(
    kind: str, record_id: UUID, date: datetime, content_type: str, block: Block, headers: Iterable[tuple[str, str]]
) -> bytes:
    """The WARC header of a record, the empty line behind it included (WARC/1.1, section 4)."""
    fields = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", record_urn(record_id)),
        ("WARC-Date", warc_date(date)),
        *headers,
        ("WARC-Block-Digest", block.digest),
        ("Content-Type", content_type),
        ("Content-Length", str(block.length)),
    ]
    lines = "".join([f"{name}: {value}\r\n" for name, value in fields])
    if lines.count("\n") != len(fields) or lines.count("\r") != len(fields):
        # A line end in a value would begin a field of its own
        lines = "".join([f"{name}: {' '.join(value.split())}\r\n" for name, value in fields])
    return f"{WARC_VERSION}\r\n{lines}\r\n".encode("utf-8", "surrogateescape")


def member_parts(head: bytes, block: Block, level: int, leaf: hashlib._Hash | None = None) -> Iterator[bytes]:
    """The record as one gzip member, piece by piece, without a time stamp: the same in, the same out.

    At level `STORED` the header is deflated and the block is not (RFC 1951, section 3.2.4). `leaf` takes in the
    record's bytes.
    """
    if leaf is not None:
        leaf.update(head)
        block = Block(partial(_watched, block.parts, leaf), block.length, block.digest)
    yield from _stored_member(head, block) if level == STORED else _deflated_member(head, block, level)
    if leaf is not None:
        leaf.update(_RECORD_END)


def _watched(parts: Callable[[], Iterable[bytes]], leaf: hashlib._Hash) -> Iterator[bytes]:
    for part in parts():
        leaf.update(part)
        yield part


def _deflated_member(head: bytes, block: Block, level: int) -> Iterator[bytes]:
    deflater = _deflater(level, len(head) + block.length)
    yield deflater.compress(head)
    for part in block.parts():
        yield deflater.compress(part)
    yield deflater.compress(_RECORD_END)
    yield deflater.flush()


def gzip_member(head: bytes, block: Block, level: int, leaf: hashlib._Hash | None = None) -> bytes:
    """The same in one piece."""
    return b"".join(member_parts(head, block, level, leaf))


def _stored_member(head: bytes, block: Block) -> Iterator[bytes]:
    deflater = isal_zlib.compressobj(_FAST_LEVEL, isal_zlib.DEFLATED, -isal_zlib.MAX_WBITS)
    yield _GZIP_HEADER + deflater.compress(head) + deflater.flush(isal_zlib.Z_SYNC_FLUSH)
    checksum = zlib.crc32(head)
    for part in block.parts():
        checksum = zlib.crc32(part, checksum)
        for start in range(0, len(part), _LONGEST_STORED):
            piece = part[start : start + _LONGEST_STORED]
            yield _stored_block_head(len(piece), last=False)
            yield piece
    checksum = zlib.crc32(_RECORD_END, checksum)
    yield _stored_block_head(len(_RECORD_END), last=True) + _RECORD_END
    size = len(head) + block.length + len(_RECORD_END)
    yield struct.pack("<LL", checksum, size & 0xFFFFFFFF)


class _Deflater(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def _deflater(level: int, length: int) -> _Deflater:
    """ISA-L for its own levels, and for a few bytes, which zlib takes ten times as long for and makes no smaller."""
    if level <= FASTEST_LEVELS or length <= _FEW_BYTES:
        return isal_zlib.compressobj(min(level, _FAST_LEVEL), isal_zlib.DEFLATED, _GZIP_WINDOW)
    return zlib.compressobj(level, zlib.DEFLATED, _GZIP_WINDOW)


def _stored_block_head(length: int, *, last: bool) -> bytes:
    return struct.pack("<BHH", last, length, length ^ 0xFFFF)


def member_level(content_encoding: str, mime: str, level: int) -> int:
    """The compression level for a response: `STORED` for bodies that do not get smaller."""
    compressed = content_encoding.strip().lower() not in ("", "identity")
    return STORED if compressed or (mime.startswith(("image/", "video/", "audio/")) and "svg" not in mime) else level


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


_NAMES = {
    name.lower(): name
    for name in (
        "WARC-Type WARC-Record-ID WARC-Date WARC-Target-URI WARC-Concurrent-To WARC-Block-Digest WARC-Filename "
        "WARC-Payload-Digest WARC-IP-Address WARC-Refers-To WARC-Refers-To-Target-URI WARC-Refers-To-Date "
        "WARC-Truncated WARC-Warcinfo-ID WARC-Profile WARC-Identified-Payload-Type WARC-Segment-Number "
        "WARC-Segment-Origin-ID WARC-Segment-Total-Length Content-Length Content-Type"
    ).split()
}


def canonical_name(name: str) -> str:
    """A field's name as the specification spells it: case does not count (WARC/1.1, section 4)."""
    return _NAMES.get(name.lower(), name)
