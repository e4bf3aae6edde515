"""Removing content codings (RFC 9110, section 8.4): gzip, deflate, br, zstd, stacked ones.

A wrong ``Content-Encoding`` never loses a body: what can be decoded is returned, and the flaw is named.

- A coding that is not known: the body as it is, ``unknown coding``.
- A body that does not follow its coding: the body as it is, ``not CODING``, as browsers and replay tools do.
- A truncated or broken body: what came before, ``CODING cut short``.
- Bytes after the end of the last member or frame are ignored, as in browsers.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import brotli
from isal import isal_zlib
from isal.igzip_lib import IsalError

from archive.errors import ArchiveError
from archive.unpacking import gzip_header_length

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_STEP = 1 << 18
MAX_CODINGS = 4
"""Number of stacked codings above which a response counts as malicious."""


MAX_RATIO = 1000
"""A coding that makes this much of each byte is a bomb; gzip cannot, and real pages stay far below."""

_FREE = 1 << 20
"""Number of decoded bytes that are always allowed, whatever the ratio."""


class BodyTooLarge(ArchiveError):
    """The decoded body exceeds the limit."""


@dataclass(frozen=True, slots=True)
class DecodedBody:
    """A body without its content codings."""

    body: bytes
    flaw: str = ""
    """What was wrong with the coding; empty if nothing was."""


class _Inflater(Protocol):
    """One member of a coding."""

    def decompress(self, data: bytes, max_length: int) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


class _Brotli:
    """brotli's decompressor with the methods of the others."""

    def __init__(self) -> None:
        self._inner = brotli.Decompressor()
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        parts = [self._inner.process(data, output_buffer_limit=max_length)]
        while parts[-1] and sum(map(len, parts)) < max_length and not self._inner.can_accept_more_data():
            parts.append(self._inner.process(b"", output_buffer_limit=max_length))
        return b"".join(parts)

    @property
    def eof(self) -> bool:
        return bool(self._inner.is_finished())


def _zlib(window: int) -> Callable[[], _Inflater]:
    return lambda: isal_zlib.decompressobj(window)


# isal's stubs call its exception an instance of one
_FAULTS: tuple[type[Exception], ...] = (  # type: ignore[assignment]
    IsalError,
    brotli.error,
    zstd.ZstdError,
    EOFError,
)
_CODINGS: dict[str, tuple[Callable[[], _Inflater], ...]] = {
    "gzip": (_zlib(zlib.MAX_WBITS | 16),),
    "x-gzip": (_zlib(zlib.MAX_WBITS | 16),),
    # Servers send both what the specification says (zlib) and what the name says (raw)
    "deflate": (_zlib(zlib.MAX_WBITS), _zlib(-zlib.MAX_WBITS)),
    "br": (_Brotli,),
    "zstd": (zstd.ZstdDecompressor,),
}
_GZIP = frozenset({"gzip", "x-gzip"})
GZIP_MAGIC = b"\x1f\x8b\x08"
"""What a gzip member begins with (RFC 1952, section 2.3), its method with it."""
_SEVERAL_MEMBERS = frozenset({"gzip", "x-gzip", "zstd"})


def decode_body(codings: list[str], body: bytes, limit: int, *, cut: bool = False) -> DecodedBody:
    """Remove codings, the last applied first.

    Raises BodyTooLarge past `limit` bytes, or past `MAX_RATIO` times the bytes that went in, at any stage; with `cut`
    the decoded body ends there instead, as one that is cut short.
    """
    applied = [coding.strip().lower() for coding in codings if coding.strip().lower() not in ("", "identity")]
    if len(applied) > MAX_CODINGS:
        return DecodedBody(body, f"{len(applied)} codings")
    for coding in reversed(applied):
        if coding not in _CODINGS:
            return DecodedBody(body, f"unknown coding {coding[:40]!r}")
        if not body:
            continue
        decoded = _decode(coding, body, min(limit, _FREE + MAX_RATIO * len(body)), cut=cut)
        if decoded.flaw:
            return decoded
        body = decoded.body
    return DecodedBody(body)


def _decode(coding: str, body: bytes, limit: int, *, cut: bool) -> DecodedBody:
    for start in _CODINGS[coding]:
        parts: list[bytes] = []
        try:
            whole = _members(start, body, limit, parts, several=coding in _SEVERAL_MEMBERS)
        except BodyTooLarge:
            if not cut:
                raise
            return DecodedBody(b"".join(parts)[:limit], f"{coding} cut short")
        text = b"".join(parts)[: limit if cut else None]
        if not whole and coding in _GZIP and (unchecked := _without_checksum(body, limit)):
            return DecodedBody(unchecked, f"{coding} with a wrong checksum")
        if text or whole:
            return DecodedBody(text, "" if whole else f"{coding} cut short")
    return DecodedBody(body, f"not {coding}")


def _without_checksum(body: bytes, limit: int) -> bytes:
    """What a gzip member holds whose deflated data end as they should, whatever its checksum says; else nothing."""
    if not body.startswith(GZIP_MAGIC):
        return b""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        text = inflater.decompress(body[gzip_header_length(body) :], limit)
    except zlib.error:
        return b""
    return text if inflater.eof else b""


def _members(start: Callable[[], _Inflater], body: bytes, limit: int, parts: list[bytes], *, several: bool) -> bool:
    """Decode members into `parts`; whether the first of them is whole."""
    whole = False
    while body:
        behind = _member(start(), body, limit - sum(map(len, parts)), parts)
        whole = whole or behind is not None
        if behind is None or not several:
            break
        body = behind
    return whole


def _member(inflater: _Inflater, body: bytes, limit: int, parts: list[bytes]) -> bytes | None:
    """Decode one member into `parts`, step by step, so that what came before a fault is kept.

    Gives the bytes behind its end, or None when it does not end.
    """
    taken = 0
    for position in range(0, len(body), _STEP):
        try:
            part = inflater.decompress(body[position : position + _STEP], limit - taken + 1)
        except _FAULTS:
            return None
        taken += len(part)
        parts.append(part)
        if taken > limit:
            raise BodyTooLarge(f"the body decodes to more than {limit} bytes")
        if inflater.eof:
            return inflater.unused_data + body[position + _STEP :]
    return None
