"""How a response's payload was framed on the wire, so that the exact bytes can be reconstructed from the payload.

A revisit record keeps a response's head only (WARC/1.1, section 6.7.2). What stood between the pieces of a chunked
body (RFC 9112, section 7.1: sizes, extensions, trailers, and whatever followed) is kept in the exchange's metadata
record as ``framing``: pairs of literal bytes and of how many bytes of the payload follow, deflated and in base 64.
"""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Iterable, Iterator

from archive.errors import DamagedArchive
from archive.http1 import ResponseHead, chunked_parts

LARGEST = 1 << 16
"""Bytes of a framing, as it is kept, past which a response is kept whole instead."""

_PAIR = struct.Struct(">LQ")
_LARGEST_UNPACKED = 1 << 24

_PLAIN_SIZE = re.compile(rb"0*[1-9a-fA-F][0-9a-fA-F]*(?:;[^\r\n]*)?\r\n")
_PLAIN_END = re.compile(rb"0+(?:;[^\r\n]*)?\r\n\r\n")
_LONGEST_PLAIN = 62
"""Bytes of a line with a chunk's size that other readers of WARC files take in."""


class FramingCheck:
    """Whether other readers of WARC files find the payload of a chunked body.

    Those of pywb and ReplayWeb.page stumble over trailers, long extensions and bare line feeds, and show chunks in
    the midst of the body. A capture of that kind is kept as it came, and stands for no other.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        """What is no size of a chunk and no line end behind one: the last chunk, and what is odd."""

    def see(self, part: bytes) -> None:
        """Take in what is not of the payload, in the pieces that `archive.http1.chunked_parts` gives."""
        is_usual = part == b"\r\n" or (len(part) <= _LONGEST_PLAIN and _PLAIN_SIZE.fullmatch(part))
        if (self._rest or not is_usual) and len(self._rest) <= _LONGEST_PLAIN:
            self._rest += part

    @property
    def is_plain(self) -> bool:
        """Whether they find it."""
        return len(self._rest) <= _LONGEST_PLAIN and _PLAIN_END.fullmatch(self._rest) is not None


def is_plain(head: ResponseHead, body: Iterable[bytes]) -> bool:
    """The same of a whole body, given as it came behind its head; one that is not chunked is plain."""
    if not head.chunked:
        return True
    check = FramingCheck()
    for part, is_payload in chunked_parts(body):
        if not is_payload:
            check.see(part)
    return check.is_plain


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
