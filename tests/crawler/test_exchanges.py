"""Exchanges of every kind: the bytes in the WARC are the bytes that crossed the wire, all of them."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import brotli
import pytest

from archive.captures import Capture, read_capture
from archive.exchange import Exchange
from archive.identity import FixedIdentities
from archive.layout import SegmentName
from archive.segment import SegmentWriter
from crawler.safety import AddressRules, parse_allow_entry
from crawler.wire.connection import Patience
from crawler.wire.fetcher import Fetcher, WireRequest
from crawler.wire.origin import Proxy
from crawler.wire.pool import ConnectionPool
from tests.support.proxy import ForwardProxy
from tests.support.tls import Authority
from tests.support.wire import ByteServer, Script, answering

BODY = b"<html><body>" + b"The quay wall is to be raised. " * 30 + b"</body></html>"


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


QUICK = Patience(total=0.4)
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
        chunked(BODY)[:-5], answering(chunked(BODY)[:-5], close=True), "truncated_disconnect", "disconnect"
    ),
    "cut in the head": Case(
        b"HTTP/1.1 200 OK\r\nA: ",
        answering(b"HTTP/1.1 200 OK\r\nA: ", close=True),
        "truncated_disconnect",
        "disconnect",
    ),
    "stalled in the body": Case(
        counted()[:-9], answering(counted()[:-9]), "truncated_time", "time", options={"patience": QUICK}
    ),
    "stalled in the head": Case(
        b"HTTP/1.1 200", answering(b"HTTP/1.1 200"), "truncated_time", "time", options={"patience": QUICK}
    ),
    "too long by its length": Case(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
        "truncated_length",
        "length",
        options={"limit": 4999},
    ),
    "garbage": Case(b"220 ftp ready\r\n\r\n", None, "malformed", "unspecified"),
    "a broken chunk size": Case(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot hex\r\n", None, "malformed", "unspecified"
    ),
}


def fetch(request: WireRequest, *hosts: str) -> tuple[Exchange, ...]:
    async def run() -> tuple[Exchange, ...]:
        pool = ConnectionPool(AddressRules(tuple(parse_allow_entry(host) for host in hosts)))
        try:
            return await Fetcher(pool, lambda: datetime.now(UTC)).fetch(request)
        finally:
            pool.close()

    return asyncio.run(run())


def kept(directory: Path, exchange: Exchange) -> tuple[Capture, bytes]:
    """The capture as read back from a WARC, and the block of its request record."""
    identities = FixedIdentities()
    writer = SegmentWriter(directory, SegmentName.new("t", 1, identities), identities=identities, software="t")
    address = writer.append(exchange)
    warc = writer.close().warc
    with warc.open("rb") as stream:
        capture = read_capture(stream, address.offset)
    plain = gzip.decompress(warc.read_bytes()[: address.offset])
    return capture, plain.rpartition(b"Content-Type: application/http; msgtype=request\r\n")[2].split(b"\r\n\r\n", 1)[
        1
    ][:-4]


def test_there_are_many_cases() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", CASES)
def test_the_warc_holds_what_crossed_the_wire(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    with ByteServer(case.play) as server:
        options = {"headers": ((b"User-Agent", b"x"), (b"aCCept", b"*/*")), **case.options}
        (exchange,) = fetch(WireRequest(server.url("/a%20b?c=d&c=%C3%A9"), **options), server.host)
        (received,) = server.requests
    assert exchange.outcome == case.outcome
    assert (exchange.truncated or "") == case.truncated
    assert b"".join(exchange.interim) == case.interim
    capture, request = kept(tmp_path, exchange)
    assert capture.response == case.sent
    assert request == received


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    made = Authority.new(tmp_path_factory.mktemp("tls"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(made.bundle))
        yield made


@pytest.mark.parametrize(
    ("version", "name"), [(ssl.TLSVersion.TLSv1_2, "tls/1.2"), (ssl.TLSVersion.TLSv1_3, "tls/1.3")]
)
def test_over_tls(authority: Authority, tmp_path: Path, version: ssl.TLSVersion, name: str) -> None:
    with ByteServer(answering(CASES["chunked with trailers"].sent), tls=authority.server(version=version)) as server:
        (exchange,) = fetch(WireRequest(server.url("/")), server.host)
        assert kept(tmp_path, exchange)[0].response == CASES["chunked with trailers"].sent
    assert exchange.transport.tls_version.lower().replace("tlsv", "tls/") == name
    assert exchange.transport.tls_cipher.startswith(("TLS_", "ECDHE-"))
    assert exchange.transport.certificate.startswith(b"\x30\x82")
    assert exchange.transport.verified


BAD_CERTIFICATES: dict[str, Callable[[Authority], ssl.SSLContext]] = {
    "expired": lambda authority: authority.server(days=-1),
    "self-signed": lambda authority: authority.server(self_signed=True),
    "for another host": lambda authority: authority.server("news.example"),
}


@pytest.mark.parametrize("kind", BAD_CERTIFICATES)
def test_bad_certificates_end_the_attempt_unless_they_may_not(
    authority: Authority, tmp_path: Path, kind: str
) -> None:
    with ByteServer(answering(counted()), tls=BAD_CERTIFICATES[kind](authority)) as server:
        (refused,) = fetch(WireRequest(server.url("/")), server.host)
        assert refused.outcome == "tls_failure"
        assert refused.request == b"", "nothing was sent"
        (accepted,) = fetch(WireRequest(server.url("/"), verify=False), server.host)
    assert accepted.outcome == "ok"
    capture, _ = kept(tmp_path, accepted)
    assert capture.response == counted()
    assert capture.fact("certificateVerified") == "no"


def test_over_ipv6(tmp_path: Path) -> None:
    with ByteServer(answering(counted()), address="::1") as server:
        (exchange,) = fetch(WireRequest(server.url("/")), server.host)
        assert exchange.transport.address == "::1"
        assert kept(tmp_path, exchange)[0].response == counted()
        assert b"Host: [::1]:" in server.requests[0]


def test_through_a_proxy(tmp_path: Path) -> None:
    with ByteServer(answering(counted())) as server, ForwardProxy("me:secret") as proxy:
        through = Proxy("127.0.0.1", proxy.port, b"Basic bWU6c2VjcmV0")
        (exchange,) = fetch(WireRequest(server.url("/x?y=1"), proxy=through), server.host)
    assert exchange.outcome == "ok"
    capture, request = kept(tmp_path, exchange)
    assert capture.response == counted()
    assert request.startswith(f"GET {server.url('/x?y=1')} HTTP/1.1\r\n".encode())
    assert b"bWU6" not in request
    assert b"Proxy-Authorization: [redacted]" in request
    assert capture.fact("proxy") == f"127.0.0.1:{proxy.port}"
    assert "bWU6c2VjcmV0" in proxy.heads[0]
    assert exchange.transport.address == "", "the proxy's address is not the server's"


def test_through_a_tunnel(authority: Authority, tmp_path: Path) -> None:
    with ByteServer(answering(counted()), tls=authority.server()) as server, ForwardProxy("me:secret") as proxy:
        through = Proxy("127.0.0.1", proxy.port, b"Basic bWU6c2VjcmV0")
        (exchange,) = fetch(WireRequest(server.url("/x"), proxy=through), server.host)
        assert exchange.outcome == "ok", exchange.detail
        capture, request = kept(tmp_path, exchange)
        assert request == server.requests[0]
        assert b"Proxy" not in request
    assert capture.response == counted()
    assert exchange.transport.tls_version


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses(authority: Authority, scheme: str) -> None:
    tls = authority.server() if scheme == "https" else None
    with ByteServer(answering(counted()), tls=tls) as server, ForwardProxy("me:secret") as proxy:
        (exchange,) = fetch(WireRequest(server.url("/"), proxy=Proxy("127.0.0.1", proxy.port)), server.host)
        assert server.requests == []
    assert exchange.outcome == ("connection_failed" if scheme == "https" else "forbidden")


def test_a_proxy_is_not_asked_for_internal_addresses() -> None:
    with ForwardProxy() as proxy:
        request = WireRequest("http://127.0.0.1:1/", proxy=Proxy("127.0.0.1", proxy.port))
        (exchange,) = fetch(request, "other.example")
        assert proxy.heads == []
    assert exchange.outcome == "address_refused"
