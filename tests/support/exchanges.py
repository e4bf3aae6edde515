"""Exchanges of every kind that a server of given bytes can have: what it sends, and what has to become of it."""

from __future__ import annotations

import gzip
import random
import socket
import sys
import time
import zlib
from dataclasses import dataclass, field
from typing import Any

import brotli

from crawler.wire.connection import Timeouts
from tests.support.wire import Script, answering

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BODY = b"<html><body>" + b"The quay wall is to be raised. " * 30 + b"</body></html>"


NOISE = random.Random(1).randbytes(3 << 20)
"""A body that is spooled."""


def counted(body: bytes = BODY, *headers: bytes, status: bytes = b"200 OK", line: bytes = b"\r\n") -> bytes:
    lines = [b"HTTP/1.1 " + status, *headers, b"Content-Length: %d" % len(body)]
    return line.join([*lines, b"", b""]) + body


def chunked(*parts: bytes, extension: bytes = b"", trailer: bytes = b"", line: bytes = b"\r\n") -> bytes:
    head = line.join([b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", b"", b""])
    chunks = b"".join(b"%x%b%b%b%b" % (len(part), extension, line, part, line) for part in parts)
    return head + chunks + b"0" + line + trailer + line


def until_close(head: bytes, body: bytes = BODY) -> Script:
    return answering(head + b"\r\n\r\n" + body, close=True)


def dribbled(data: bytes, step: int) -> Script:
    def script(connection: socket.socket, _: bytes) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), step):
            connection.sendall(data[start : start + step])
            time.sleep(0.0005)

    return script


UNENDED, UNSIZED = BODY.replace(b"quay", b"harbour"), BODY.replace(b"quay", b"sea")
"""Bodies of responses that are broken: tools that look originals up by digest would show these for whole ones."""
NO_PAGE = b"<p>The quay wall" * 90
"""Not the end of a page."""
COMMENTED = BODY + b"\n<!-- kept by a cache\n> -->\n<!-- twice -->\n"


def _too_long(body: bytes, *lines: bytes) -> bytes:
    """A response that announces seven bytes more than it has."""
    head = b"".join(line + b"\r\n" for line in lines)
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (head, len(body) + 7, body)


@dataclass(frozen=True)
class Case:
    """What a server sends, and what becomes of it."""

    sent: bytes
    """All that the server sends of the response itself."""
    script: Script | None = None
    outcome: str = "ok"
    truncated: str = ""
    interim: bytes = b""
    excess: bytes = b""
    options: dict[str, Any] = field(default_factory=dict)

    def play(self, connection: socket.socket, request: bytes) -> None:
        (self.script or answering(self.interim + self.sent + self.excess))(connection, request)


def header(*lines: bytes) -> Case:
    return Case(counted(BODY, *lines))


QUICK = Timeouts(total=0.4)
LATER = Timeouts(total=3.0)
CASES: dict[str, Case] = {
    "plain": Case(counted()),
    "empty body": Case(counted(b"")),
    "no reason phrase": Case(counted(status=b"200")),
    "no reason, one space": Case(counted(status=b"200 ")),
    "odd reason phrase": Case(counted(status=b"200 C'est bon, d\xe9j\xe0")),
    "unknown status": Case(counted(status=b"299 Whatever")),
    "status 999": Case(counted(status=b"999 Go away"), outcome="server_error"),
    "headers in odd case": header(b"sErVeR: x", b"CONTENT-type: text/html"),
    "duplicate headers": header(b"Set-Cookie: a=1", b"Set-Cookie: b=2", b"set-cookie: a=1"),
    "conflicting duplicates": header(b"Content-Type: text/html", b"Content-Type: text/plain"),
    "folded header": header(b"X-Long: one\r\n two\r\n\tthree"),
    "latin-1 header": header(b"X-Name: caf\xe9"),
    "utf-8 header": header("X-Name: خبر".encode()),
    "binary header": header(b"X-Bytes: \x01\x7f\xff"),
    "header without colon": header(b"this is no header"),
    "header without name": header(b": nameless"),
    "header without value": header(b"X-Empty:"),
    "space before the colon": header(b"X-Space : a"),
    "no space after the colon": header(b"X-Tight:a"),
    "much white space": header(b"X-Wide:  \t a \t  "),
    "a very long header": header(b"X-Long: " + b"x" * 60_000),
    "a thousand headers": header(*(b"X-%d: y" % number for number in range(1000))),
    "bare line feeds": Case(counted(line=b"\n")),
    "mixed line ends": Case(b"HTTP/1.1 200 OK\nA: 1\r\nContent-Length: 2\n\r\nok"),
    "lower-case version": Case(b"http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    "content length twice": Case(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"),
    "chunked": Case(chunked(BODY[:10], BODY[10:])),
    "chunked, many": Case(chunked(*(b"%d" % number for number in range(500)))),
    "chunked with extensions": Case(chunked(BODY, extension=b';name="a;b"')),
    "chunked with trailers": Case(chunked(BODY, trailer=b"X-Sum: 1\r\nX-Two: 2\r\n")),
    "chunked with bare line feeds": Case(chunked(BODY, line=b"\n")),
    "chunked, upper-case hexadecimal": Case(chunked().replace(b"0\r\n", b"0A\r\n0123456789\r\n0\r\n", 1)),
    "chunked, leading zeros": Case(chunked().replace(b"0\r\n", b"0000a\r\n0123456789\r\n000\r\n", 1)),
    "chunked and a length": Case(chunked(BODY).replace(b"chunked", b"chunked\r\nContent-Length: 3", 1)),
    "chunked in odd case": Case(chunked(BODY).replace(b"chunked", b"Chunked", 1)),
    "chunked, dribbled by three": Case(chunked(BODY), dribbled(chunked(BODY), 3)),
    "counted, dribbled by one": Case(counted(b"ok"), dribbled(counted(b"ok"), 1)),
    "gzip": Case(counted(gzip.compress(BODY), b"Content-Encoding: gzip")),
    "deflate": Case(counted(zlib.compress(BODY), b"Content-Encoding: deflate")),
    "br": Case(counted(brotli.compress(BODY), b"Content-Encoding: br")),
    "gzip, chunked": Case(chunked(gzip.compress(BODY)).replace(b"\r\n", b"\r\nContent-Encoding: gzip\r\n", 1)),
    "a lie about gzip": Case(counted(BODY, b"Content-Encoding: gzip")),
    "gzip cut short by the server": Case(counted(gzip.compress(BODY)[:-9], b"Content-Encoding: gzip")),
    "an image": Case(counted(bytes(range(256)) * 20, b"Content-Type: image/jpeg")),
    "nulls": Case(counted(b"\x00" * 1000)),
    "a body that looks like a response": Case(counted(b"HTTP/1.1 200 OK\r\n\r\n")),
    "a body that looks like a record": Case(counted(b"\r\n\r\nWARC/1.1\r\nWARC-Type: response\r\n\r\n")),
    "a large body": Case(counted(bytes(range(256)) * 8192)),
    "103 before": Case(counted(), interim=b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n"),
    "100 and 102 before": Case(
        counted(), interim=b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nA: 1\r\n\r\n"
    ),
    "204": Case(b"HTTP/1.1 204 No Content\r\nA: 1\r\n\r\n"),
    "301": Case(counted(b"", b"Location: /there", status=b"301 Moved"), outcome="redirect"),
    "304": Case(b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 900\r\n\r\n', outcome="not_modified"),
    "403": Case(counted(status=b"403 Forbidden"), outcome="forbidden"),
    "404": Case(counted(status=b"404 Not Found"), outcome="not_found"),
    "429": Case(counted(b"", b"Retry-After: 7", status=b"429 Slow down"), outcome="rate_limited"),
    "500": Case(counted(status=b"500 Oh"), outcome="server_error"),
    "503": Case(counted(status=b"503 Later"), outcome="unavailable"),
    "HEAD": Case(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", options={"method": "HEAD"}),
    "POST": Case(counted(), options={"method": "POST", "body": b"a=1&b=\xff"}),
    "HTTP/1.0 until close": Case(b"HTTP/1.0 200 OK\r\nA: 1\r\n\r\n" + BODY, until_close(b"HTTP/1.0 200 OK\r\nA: 1")),
    "HTTP/1.1 until close": Case(b"HTTP/1.1 200 OK\r\nA: 1\r\n\r\n" + BODY, until_close(b"HTTP/1.1 200 OK\r\nA: 1")),
    "a length that is no number": Case(
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" + BODY,
        until_close(b"HTTP/1.1 200 OK\r\nContent-Length: many"),
    ),
    "pipelined excess": Case(counted(), excess=counted(b"not asked for")),
    "cut in the body": Case(
        counted()[:-100], answering(counted()[:-100], close=True), "truncated_disconnect", "disconnect"
    ),
    "cut in a chunk": Case(
        chunked(BODY)[:100], answering(chunked(BODY)[:100], close=True), "truncated_disconnect", "disconnect"
    ),
    "cut before the last chunk": Case(
        chunked(UNENDED)[:-5], answering(chunked(UNENDED)[:-5], close=True), "ok", "disconnect"
    ),
    "cut before the last chunk, of something else": Case(
        chunked(NO_PAGE)[:-5], answering(chunked(NO_PAGE)[:-5], close=True), "truncated_disconnect", "disconnect"
    ),
    "a bad size behind the page": Case(
        chunked(UNSIZED)[:-5] + b"zz\r\n", answering(chunked(UNSIZED)[:-5] + b"zz\r\n"), "ok", "unspecified"
    ),
    "a bad size within the page": Case(
        chunked(BODY[:-40])[:-5] + b"zz\r\n",
        answering(chunked(BODY[:-40])[:-5] + b"zz\r\n"),
        "malformed",
        "unspecified",
    ),
    "a length too long, packed, with a comment behind": Case(
        _too_long(gzip.compress(COMMENTED), b"Content-Encoding: gzip"),
        answering(_too_long(gzip.compress(COMMENTED), b"Content-Encoding: gzip"), close=True),
        "ok",
        "disconnect",
    ),
    "a length too long, packed and cut": Case(
        _too_long(gzip.compress(COMMENTED)[:-20], b"Content-Encoding: gzip"),
        answering(_too_long(gzip.compress(COMMENTED)[:-20], b"Content-Encoding: gzip"), close=True),
        "truncated_disconnect",
        "disconnect",
    ),
    "a length of thousands of figures": Case(
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n" + BODY,
        until_close(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000),
        "ok",
        "disconnect",
    ),
    "a status of thousands of figures": Case(
        b"HTTP/1.1 " + b"2" * 5000 + b" OK\r\n\r\n",
        answering(b"HTTP/1.1 " + b"2" * 5000 + b" OK\r\n\r\n", close=True),
        "malformed",
        "unspecified",
    ),
    "cut in the head": Case(
        b"HTTP/1.1 200 OK\r\nA: ",
        answering(b"HTTP/1.1 200 OK\r\nA: ", close=True),
        "truncated_disconnect",
        "disconnect",
    ),
    "stalled in the body": Case(
        counted()[:-9], answering(counted()[:-9]), "truncated_time", "time", options={"timeouts": QUICK}
    ),
    "stalled in the head": Case(
        b"HTTP/1.1 200", answering(b"HTTP/1.1 200"), "truncated_time", "time", options={"timeouts": QUICK}
    ),
    "too long by its length": Case(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
        "truncated_length",
        "length",
        options={"limit": 4999},
    ),
    "too long by its chunks": Case(
        chunked(BODY[:500]).replace(b"0\r\n\r\n", b"1388\r\n"),
        answering(chunked(BODY[:500]).replace(b"0\r\n\r\n", b"1388\r\n")),
        "truncated_length",
        "length",
        options={"limit": 4999},
    ),
    "too long until close": Case(
        b"HTTP/1.1 200 OK\r\n\r\n" + BODY,
        answering(b"HTTP/1.1 200 OK\r\n\r\n" + BODY),
        "truncated_length",
        "length",
        options={"limit": 100},
    ),
    "zstd": Case(counted(zstd.compress(BODY), b"Content-Encoding: zstd")),
    "gzip in gzip": Case(counted(gzip.compress(gzip.compress(BODY)), b"Content-Encoding: gzip, gzip")),
    "raw deflate": Case(counted(zlib.compress(BODY)[2:-4], b"Content-Encoding: deflate")),
    "spooled, counted": Case(counted(NOISE)),
    "spooled, gzip": Case(counted(gzip.compress(NOISE, 1), b"Content-Encoding: gzip")),
    "spooled, chunked": Case(chunked(*(NOISE[at : at + 70_001] for at in range(0, len(NOISE), 70_001)))),
    "spooled, one chunk": Case(chunked(NOISE, trailer=b"X-Sum: 1\r\n")),
    "spooled, until close": Case(
        b"HTTP/1.1 200 OK\r\nA: 1\r\n\r\n" + NOISE, until_close(b"HTTP/1.1 200 OK\r\nA: 1", NOISE)
    ),
    "spooled, cut": Case(
        counted(NOISE)[:-100], answering(counted(NOISE)[:-100], close=True), "truncated_disconnect", "disconnect"
    ),
    "spooled, stalled": Case(
        counted(NOISE)[:-9], answering(counted(NOISE)[:-9]), "truncated_time", "time", options={"timeouts": LATER}
    ),
    "garbage": Case(b"220 ftp ready\r\n\r\n", None, "malformed", "unspecified"),
    "a broken chunk size": Case(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot hex\r\n", None, "malformed", "unspecified"
    ),
}
