"""What replaces removed captures in a WARC: one gzip member of exactly their length.

All other records of the segment keep their positions, so that everything that refers to them stays valid. It
contains a metadata record that says when and why (WARC/1.1, section 6.4); it is filled up with spaces that are not
compressed, and for the last few bytes with a comment in the gzip header (RFC 1952, section 2.3.1).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from archive.members import WARC_FIELDS, Block, record_head, warc_date, warc_fields

TOMBSTONE_URI = "urn:newswarc:redacted"
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_COMMENTED = b"\x1f\x8b\x08\x10\x00\x00\x00\x00\x00\xff"
_LONGEST_STORED = 0xFFFF
_AROUND = 18
"""Bytes of a gzip member beside its deflate blocks and its comment."""
_RECORD_END = b"\r\n\r\n"


class TooSmall(ValueError):
    """What is to be replaced is smaller than any record."""


def tombstone(length: int, record_id: UUID, date: datetime, reason: str, digest: str = "sha256") -> bytes:
    """A gzip member of this many bytes. Raises TooSmall."""
    text = warc_fields([("redacted", warc_date(date)), ("reason", reason)])

    def record(padding: int) -> bytes:
        block = Block.of(text + b" " * padding, digest)
        head = record_head("metadata", record_id, date, WARC_FIELDS, block, [("WARC-Target-URI", TOMBSTONE_URI)])
        return head + text + b" " * padding + _RECORD_END

    plain = record(0)
    if length >= _stored_length(len(plain)):
        data, deflated = _filled(record, length)
    else:
        data, deflated = plain, _deflated(plain)
    left = length - _AROUND - len(deflated)
    if left < 0:
        raise TooSmall(f"{length} bytes are too few for a record that stands for them")
    header = _COMMENTED + b"-" * (left - 1) + b"\x00" if left else _GZIP_HEADER
    return header + deflated + struct.pack("<LL", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def _filled(record: Callable[[int], bytes], length: int) -> tuple[bytes, bytes]:
    """The longest record that fits when it is stored; only the digits of its length make its own length uneven."""
    low, high = 0, length
    while low < high:
        middle = (low + high + 1) // 2
        if _stored_length(len(record(middle))) <= length:
            low = middle
        else:
            high = middle - 1
    data = record(low)
    return data, _stored(data)


def _stored_length(size: int) -> int:
    """Bytes of a member that holds so many uncompressed bytes (RFC 1951, section 3.2.4)."""
    return _AROUND + size + 5 * max(1, -(-size // _LONGEST_STORED))


def _stored(data: bytes) -> bytes:
    parts = [data[start : start + _LONGEST_STORED] for start in range(0, len(data), _LONGEST_STORED)]
    last = len(parts) - 1
    return b"".join(
        struct.pack("<BHH", number == last, len(part), len(part) ^ 0xFFFF) + part for number, part in enumerate(parts)
    )


def _deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()
