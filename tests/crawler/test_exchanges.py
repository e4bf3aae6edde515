"""Exchanges of every kind: the bytes in the WARC are the bytes that crossed the wire, all of them."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.captures import Capture, read_capture
from archive.clock_and_ids import FixedClockAndIds
from archive.exchange import Exchange
from archive.layout import SegmentName
from archive.segment import SegmentWriter
from crawler.safety import AddressRules, parse_allow_entry
from crawler.wire.fetcher import Fetcher, WireRequest
from crawler.wire.origin import Proxy
from crawler.wire.pool import ConnectionPool
from tests.support.exchanges import CASES, counted
from tests.support.proxy import ForwardProxy
from tests.support.tls import Authority
from tests.support.wire import ByteServer, answering


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
    clock_and_ids = FixedClockAndIds()
    writer = SegmentWriter(
        directory, SegmentName.new("t", 1, clock_and_ids), clock_and_ids=clock_and_ids, software="t"
    )
    address = writer.append(exchange)
    warc = writer.close().warc
    with warc.open("rb") as stream:
        capture = read_capture(stream, address.offset)
    plain = gzip.decompress(warc.read_bytes()[: address.offset])
    record = plain.rpartition(b"Content-Type: application/http; msgtype=request\r\n")[2]
    return capture, record.split(b"\r\n\r\n", 1)[1][:-4]


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
