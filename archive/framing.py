"""How a response's payload was framed on the wire, so that the exact bytes can be reconstructed from the payload.

A revisit record keeps a response's head only (WARC/1.1, section 6.7.2). What stood between the pieces of a chunked
body (RFC 9112, section 7.1: sizes, extensions, trailers, and whatever followed) is kept in the exchange's metadata
record as ``framing``: pairs of literal bytes and of how many bytes of the payload follow, deflated and in base 64.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterable, Iterator

from archive.errors import DamagedArchive
from archive.http1 import ResponseHead, chunked_parts

LARGEST = 1 << 16
"""Bytes of a framing, as it is kept, past which a response is kept whole instead."""

_PAIR = struct.Struct(">LQ")
_LARGEST_UNPACKED = 1 << 24


def framing_of(head: ResponseHead, body: Iterable[bytes]) -> str | None:
    """The framing of a body, given as it came behind its head; empty for one that is not chunked; None: too large."""
    if not head.chunked:
        return ""
    packed = bytearray()
    literal, length = bytearray(), 0
    for part, is_payload in chunked_parts(body):
        if is_payload:
            length += len(part)
        else:
            if length:
                packed += _PAIR.pack(len(literal), length) + literal
                literal, length = bytearray(), 0
            literal += part
            if len(packed) + len(literal) > _LARGEST_UNPACKED:
                return None
    packed += _PAIR.pack(len(literal), length) + literal
    text = base64.b64encode(zlib.compress(bytes(packed), 9)).decode("ascii")
    return text if len(text) <= LARGEST else None


def framed(framing: str, payload: bytes) -> bytes:
    """The body as it was on the wire. Raises DamagedArchive when the framing does not fit the payload."""
    if not framing:
        return payload
    body = bytearray()
    at = 0
    for literal, length in _pairs(framing):
        body += literal
        body += payload[at : at + length]
        at += length
    if at != len(payload):
        raise DamagedArchive(f"the framing is of a payload of {at} bytes, not of {len(payload)}")
    return bytes(body)


def _pairs(framing: str) -> Iterator[tuple[bytes, int]]:
    try:
        packed = zlib.decompressobj().decompress(base64.b64decode(framing, validate=True), _LARGEST_UNPACKED << 1)
        at = 0
        while at < len(packed):
            size, length = _PAIR.unpack_from(packed, at)
            at += _PAIR.size
            yield packed[at : at + size], length
            at += size
    except (ValueError, zlib.error, struct.error) as error:
        raise DamagedArchive(f"the framing cannot be read: {error}") from error
