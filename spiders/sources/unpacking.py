"""Documents that come packed, whatever their name and type say: gzip, also twice, in several members, or damaged."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from spiders.problems import NotASource

MAX_SIZE = 50 << 20
"""Bytes of an unpacked document past which it is not read (the limit of the sitemaps protocol)."""
STEP = 1 << 18
"""Bytes of a piece."""

_GZIP_MAGIC = b"\x1f\x8b"
_MOST_LAYERS = 3


def unpacked(body: bytes, flaws: list[str], limit: int = MAX_SIZE) -> Iterator[bytes]:
    """The document in pieces. What keeps it from being read to its end is added to `flaws`.

    Raises NotASource when it has more than `limit` bytes.
    """
    pieces: Iterator[bytes] = (body[start : start + STEP] for start in range(0, len(body), STEP))
    for _ in range(_MOST_LAYERS):
        first = b""
        while len(first) < len(_GZIP_MAGIC) and (piece := next(pieces, b"")):
            first += piece
        pieces = chain((first,), pieces)
        if not first.startswith(_GZIP_MAGIC):
            break
        pieces = _bounded(_inflated(pieces, flaws), limit)
    yield from pieces


def _bounded(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise NotASource(f"more than {limit} bytes when unpacked", "use smaller ones in the site's definition")
        yield piece


def _inflated(pieces: Iterable[bytes], flaws: list[str]) -> Iterator[bytes]:
    """What is packed as gzip (RFC 1952), all members of it, up to where it is damaged."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for packed in pieces:
        while packed:
            before = inflater.copy()
            try:
                piece = inflater.decompress(packed, STEP)
            except zlib.error:
                yield b"".join(_until_damaged(before, packed))
                flaws.append("its gzip data is damaged")
                return
            if piece:
                yield piece
            packed = inflater.unconsumed_tail
            if inflater.eof:
                packed = inflater.unused_data.lstrip(b"\x00")
                if not packed.startswith(_GZIP_MAGIC):
                    return
                inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    if not inflater.eof:
        yield inflater.flush()
        flaws.append("its gzip data is cut short")


def _until_damaged(inflater: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
    for start in range(len(packed)):
        try:
            yield inflater.decompress(packed[start : start + 1])
        except zlib.error:
            return
