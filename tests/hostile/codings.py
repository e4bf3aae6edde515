"""Bodies that unpack to more than they say, or to nothing."""

from __future__ import annotations

import gzip
import sys
import zlib
from typing import Protocol

import brotli

from archive.exchange import CaptureOutcome as C
from archive.outcomes import PageOutcome as P
from tests.hostile.case import CASE, GOOD, Case, feed_text, page, response, source_case, story_case

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1 << 20
_ZEROS = bytes(MIB)
_TIMES = 128


class _Packer(Protocol):
    """A compressor of any coding, as they all have it."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class _Brotli:
    """brotli's compressor with the names of the others."""

    def __init__(self) -> None:
        self._inner = brotli.Compressor(quality=5)

    def compress(self, data: bytes, /) -> bytes:
        return bytes(self._inner.process(data))

    def flush(self) -> bytes:
        return bytes(self._inner.finish())


def _packed(packer: _Packer, start: bytes, part: bytes, times: int) -> bytes:
    """What `start` and so many `part`s are packed to; they are never there as a whole."""
    return b"".join([packer.compress(start), *(packer.compress(part) for _ in range(times)), packer.flush()])


def _bomb(start: bytes = b"", part: bytes = _ZEROS, times: int = _TIMES) -> bytes:
    return _packed(zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16), start, part, times)


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)


_GZIP_BOMB = _bomb()
_NESTED = _gzip(_GZIP_BOMB * 40)
_BROTLI_BOMB = _packed(_Brotli(), b"", _ZEROS, _TIMES)
_ZSTD_BOMB = _packed(zstd.ZstdCompressor(), b"", _ZEROS, _TIMES)
_DEFLATE_BOMB = _packed(zlib.compressobj(9), b"", _ZEROS, _TIMES)
_WHITE_BOMB = _bomb(b"<p>", b" " * MIB, 100)
_FEED_BOMB = _bomb(b'<?xml version="1.0"?><rss version="2.0"><channel>', b"<item/>" * (MIB // 7), 70)
_RULED_BOMB = _bomb(b"User-agent: *\nDisallow: /2026/01/05/the-story\n", b"#" * MIB, 100)
_SITEMAP_BOMB = _bomb(b'<?xml version="1.0"?><urlset>', b"<url><loc>http://x/</loc></url>" * (MIB // 31), 100)


def _coded(body: bytes, coding: str, kind: str = "text/html; charset=utf-8") -> bytes:
    return response(body, f"Content-Encoding: {coding}", kind=kind)


CASES: tuple[Case, ...] = (
    story_case("gzip-bomb", _coded(_GZIP_BOMB, "gzip"), C.OK, P.UNDECODABLE),
    story_case("gzip-bomb-of-blanks", _coded(_WHITE_BOMB, "gzip"), C.OK, P.UNDECODABLE),
    story_case("gzip-bomb-of-many-members", _coded(_GZIP_BOMB * 16, "gzip"), C.OK, P.UNDECODABLE),
    story_case("gzip-bomb-in-gzip", _coded(_NESTED, "gzip, gzip"), C.OK, P.UNDECODABLE),
    story_case("brotli-bomb", _coded(_BROTLI_BOMB, "br"), C.OK, P.UNDECODABLE),
    story_case("zstd-bomb", _coded(_ZSTD_BOMB, "zstd"), C.OK, P.UNDECODABLE),
    story_case("deflate-bomb", _coded(_DEFLATE_BOMB, "deflate"), C.OK, P.UNDECODABLE),
    story_case("bomb-under-all-codings", _coded(_gzip(_BROTLI_BOMB), "br, gzip"), C.OK, P.UNDECODABLE),
    story_case("forty-codings", _coded(page(), ", ".join(["gzip"] * 40)), C.OK, P.RECORD),
    story_case("ten-thousand-codings", _coded(page(), ",".join(["gzip"] * 10_000)), C.OK, P.RECORD),
    story_case("unknown-coding", _coded(page(), "x-rot13"), C.OK, P.RECORD),
    story_case("gzip-that-is-none", _coded(page(), "gzip"), C.OK, P.RECORD),
    story_case("gzip-cut-short", _coded(_gzip(page() * 50)[:900], "gzip"), C.OK, P.RECORD),
    story_case("gzip-with-bytes-behind", _coded(_gzip(page()) + b"\x00" * 1000, "gzip"), C.OK, P.RECORD),
    story_case("brotli-called-gzip", _coded(brotli.compress(page()), "gzip"), C.OK, P.UNDECODABLE),
    story_case(
        "zstd-of-a-large-window", _coded(b"\x28\xb5\x2f\xfd\x00\xf8" + b"\xff" * 64, "zstd"), C.OK, P.UNDECODABLE
    ),
    source_case("gzip-bomb-as-feed", _coded(_FEED_BOMB, "gzip", "application/rss+xml")),
    source_case("brotli-bomb-as-feed", _coded(_BROTLI_BOMB, "br", "application/rss+xml")),
    source_case(
        "gzip-bomb-as-sitemap", response(_GZIP_BOMB, kind="application/gzip"), path="/sitemap.xml.gz", kind="sitemap"
    ),
    source_case(
        "full-bomb-as-sitemap",
        response(_SITEMAP_BOMB, kind="application/gzip"),
        path="/sitemap.xml.gz",
        kind="sitemap",
    ),
    source_case(
        "gzip-in-gzip-as-sitemap", _coded(_NESTED, "gzip", "application/gzip"), path="/sitemap.xml.gz", kind="sitemap"
    ),
    source_case("gzip-bomb-as-section", _coded(_WHITE_BOMB, "gzip"), path="/news", kind="section"),
    Case(
        "gzip-bomb-as-robots", {"/robots.txt": _coded(_GZIP_BOMB, "gzip", "text/plain")}, (), {"/robots.txt": (C.OK,)}
    ),
    Case(
        "zstd-bomb-as-robots", {"/robots.txt": _coded(_ZSTD_BOMB, "zstd", "text/plain")}, (), {"/robots.txt": (C.OK,)}
    ),
    Case(
        "rules-at-the-start-of-a-bomb",
        {
            "/robots.txt": _coded(_RULED_BOMB, "gzip", "text/plain"),
        },
        captures={CASE: (C.ROBOTS_DENIED,)},
        outcome=P.NO_RESPONSE,
    ),
    source_case(
        "gzip-of-a-feed-cut-short", _coded(_gzip(feed_text("http://x/") * 100)[:300], "gzip", "application/rss+xml")
    ),
    Case(
        "feed-under-a-lie",
        {
            "/feed.xml": response(
                feed_text("http://{host}" + GOOD), "Content-Encoding: gzip", kind="application/rss+xml", counted=False
            )
        },
        (),
    ),
)
