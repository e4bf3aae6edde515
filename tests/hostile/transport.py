"""Responses that are none, do not end, do not begin, or say different things about themselves."""

from __future__ import annotations

import asyncio
import socket
import struct

from archive.exchange import CaptureOutcome as C
from archive.outcomes import PageOutcome as P
from tests.hostile.case import CASE, Asked, Case, endless, page, response, silent, story_case

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_FLOOD = b"".join(b"X-Flood-%d: y\r\n" % number for number in range(30_000))


async def _reset(writer: asyncio.StreamWriter, asked: Asked) -> None:
    """Answers with a TCP reset."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _dripping_head(writer: asyncio.StreamWriter, asked: Asked) -> None:
    """One header a moment, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await endless(b"", b"X-A: b\r\n", pause=0.05)(writer, asked)


def _chunks(*sizes: bytes, data: bytes = b"x") -> bytes:
    return _CHUNKED + b"".join(size + b"\r\n" + data + b"\r\n" for size in sizes)


def _plain(name: str, answer: bytes, *captures: C, outcome: P = P.NO_RESPONSE) -> Case:
    return story_case(name, answer, captures, outcome)


CASES: tuple[Case, ...] = (
    _plain("no-bytes", b"", C.CONNECTION_FAILED, C.TRUNCATED_DISCONNECT),
    story_case("reset", _reset, (C.CONNECTION_FAILED, C.TRUNCATED_DISCONNECT), P.NO_RESPONSE),
    story_case("never-answers", silent(), C.TIMEOUT, P.NO_RESPONSE),
    story_case("stops-in-the-head", silent(_OK), C.TRUNCATED_TIME, P.HTTP_ERROR),
    story_case(
        "stops-in-the-body", silent(_OK + b"Content-Length: 9999\r\n\r\n" + page()), C.TRUNCATED_TIME, P.TRUNCATED
    ),
    story_case("drips-its-head", _dripping_head, C.TRUNCATED_TIME, P.HTTP_ERROR),
    story_case("drips-its-body", endless(_OK + b"\r\n", b"x", pause=0.05), C.TRUNCATED_TIME, P.TRUNCATED),
    story_case("drips-its-chunks", endless(_CHUNKED, b"1\r\nx\r\n", pause=0.05), C.TRUNCATED_TIME, P.TRUNCATED),
    story_case("endless-until-close", endless(_OK + b"\r\n", b"x" * 65536), C.TRUNCATED_LENGTH, P.TRUNCATED),
    story_case(
        "endless-chunks", endless(_CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"), C.TRUNCATED_LENGTH, P.TRUNCATED
    ),
    story_case(
        "endless-tiny-chunks",
        endless(_CHUNKED, b"1\r\nx\r\n" * 8192),
        (C.TRUNCATED_LENGTH, C.TRUNCATED_TIME),
        P.TRUNCATED,
        seconds=25,
    ),
    story_case(
        "endless-counted",
        endless(_OK + b"Content-Length: 99999999999\r\n\r\n", b"x" * 65536),
        C.TRUNCATED_LENGTH,
        P.TRUNCATED,
    ),
    story_case("endless-chunk-line", endless(_CHUNKED, b"0" * 65536), C.MALFORMED, P.TRUNCATED),
    story_case("endless-chunk-extension", endless(_CHUNKED + b"1;", b"a=b;" * 8192), C.MALFORMED, P.TRUNCATED),
    story_case("endless-trailers", endless(_CHUNKED + b"0\r\n", b"X-T: y\r\n" * 4096), C.MALFORMED, P.TRUNCATED),
    story_case("endless-head", endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 4096), C.MALFORMED, P.HTTP_ERROR),
    story_case("endless-status-line", endless(b"HTTP/1.1 200 ", b"O" * 65536), C.MALFORMED, P.HTTP_ERROR),
    story_case("endless-header-line", endless(_OK + b"X-A: ", b"b" * 65536), C.MALFORMED, P.HTTP_ERROR),
    story_case(
        "endless-interim",
        endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100),
        C.MALFORMED,
        P.HTTP_ERROR,
    ),
    _plain(
        "thirty-thousand-headers",
        b"HTTP/1.1 200 OK\r\n" + _FLOOD + b"\r\n" + page(),
        C.MALFORMED,
        outcome=P.HTTP_ERROR,
    ),
    _plain(
        "header-of-200-kilobytes",
        _OK + b"X-A: " + b"b" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n",
        C.OK,
        outcome=P.UNDECODABLE,
    ),
    _plain("not-http", b"SSH-2.0-OpenSSH_9.9\r\n\r\n", C.MALFORMED, outcome=P.HTTP_ERROR),
    _plain("http-0.9", page() + b"\r\n\r\n", C.MALFORMED, outcome=P.HTTP_ERROR),
    _plain(
        "http-2-preface",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18 + b"\r\n\r\n",
        C.MALFORMED,
        outcome=P.HTTP_ERROR,
    ),
    _plain("binary-noise", bytes(range(256)) * 64 + b"\r\n\r\n", C.MALFORMED, outcome=P.HTTP_ERROR),
    _plain(
        "status-of-five-digits",
        b"HTTP/1.1 20000 OK\r\nContent-Length: 2\r\n\r\nok",
        C.MALFORMED,
        C.SERVER_ERROR,
        outcome=P.HTTP_ERROR,
    ),
    _plain("status-999", response(page(), status="999 Request denied"), C.SERVER_ERROR, outcome=P.HTTP_ERROR),
    _plain("status-000", response(page(), status="000 Nothing"), C.SERVER_ERROR, C.MALFORMED, outcome=P.HTTP_ERROR),
    _plain(
        "switching-protocols",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + b"\x00" * 100,
        C.SERVER_ERROR,
        C.MALFORMED,
        C.OK,
        outcome=P.HTTP_ERROR,
    ),
    _plain(
        "length-too-long",
        response(counted=False)[:-4] + b"\r\nContent-Length: 99999\r\n\r\n" + page(),
        C.OK,  # marked as cut, but the page is whole
        outcome=P.RECORD,
    ),
    _plain("length-negative", _OK + b"Content-Length: -5\r\n\r\n" + page(), C.OK, outcome=P.RECORD),
    _plain(
        "length-of-40-digits",
        _OK + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n" + page(),
        C.TRUNCATED_LENGTH,
        C.TRUNCATED_DISCONNECT,
        outcome=P.TRUNCATED,
    ),
    _plain(
        "lengths-that-differ",
        _OK + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\n" + page(),
        C.MALFORMED,
        C.OK,
        outcome=P.RECORD,
    ),
    _plain(
        "length-and-chunks",
        _OK
        + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"%x\r\n" % len(page())
        + page()
        + b"\r\n0\r\n\r\n",
        C.OK,
        outcome=P.RECORD,
    ),
    _plain(
        "chunk-of-2-to-the-64", _chunks(b"ffffffffffffffff"), C.TRUNCATED_LENGTH, C.MALFORMED, outcome=P.TRUNCATED
    ),
    _plain("chunk-negative", _chunks(b"-1"), C.MALFORMED, outcome=P.TRUNCATED),
    _plain("chunk-not-hexadecimal", _chunks(b"zz"), C.MALFORMED, outcome=P.TRUNCATED),
    _plain("chunk-longer-than-told", _chunks(b"1", data=b"xyz"), C.MALFORMED, outcome=P.TRUNCATED),
    _plain("transfer-coding-unknown", _OK + b"Transfer-Encoding: rot13\r\n\r\n" + page(), C.OK, outcome=P.RECORD),
    _plain("a-second-response-behind", response(page()) + response(b"smuggled"), C.OK, outcome=P.RECORD),
    _plain(
        "zeros-in-headers",
        b"HTTP/1.1 200 OK\r\nX-\x00A: \x00b\r\nContent-Type: text/html\r\n\r\n" + page(),
        C.OK,
        outcome=P.RECORD,
    ),
    _plain("bare-line-feeds", b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n" + page(), C.OK, outcome=P.RECORD),
    _plain("header-without-colon", _OK + b"no colon here\r\n\r\n" + page(), C.OK, outcome=P.RECORD),
    _plain(
        "escapes-in-the-reason",
        response(page(), status="404 \x1b[2J\x1b]0;owned\x07"),
        C.NOT_FOUND,
        outcome=P.HTTP_ERROR,
    ),
    Case(
        "tls-that-is-none",
        announced=("https://{host}" + CASE,),
        captures={"https://{host}" + CASE: (C.ROBOTS_UNREACHABLE,)},
        requests=6,
    ),
)
