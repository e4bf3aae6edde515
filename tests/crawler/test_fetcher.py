"""Fetching from servers that answer with given bytes: every byte kept, every ending named."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from archive.exchange import CaptureOutcome, Exchange, Truncation
from crawler.safety import AddressRules, parse_allow_entry
from crawler.wire.connection import Timeouts
from crawler.wire.fetcher import Fetcher, WireRequest, request_bytes
from crawler.wire.pool import ConnectionPool
from tests.support.wire import ByteServer, Script, answering

ODD = (
    b"HTTP/1.1 200 Fine by me\r\nserver: x\r\nX-Dup: 1\r\nx-dup:2\r\nX-Space:   a  \r\nno colon\r\n"
    b"Content-Length: 5\r\n\r\nhello"
)


def fetch(*requests: WireRequest, host: str) -> list[tuple[Exchange, ...]]:
    async def run() -> list[tuple[Exchange, ...]]:
        rules = AddressRules((parse_allow_entry(host),))
        pool = ConnectionPool(rules)
        fetcher = Fetcher(pool, lambda: datetime.now(UTC))
        try:
            return [await fetcher.fetch(request) for request in requests]
        finally:
            pool.close()

    return asyncio.run(run())


def one(script: Script, **options: Any) -> Exchange:
    with ByteServer(script) as server:
        request = WireRequest(server.url("/a?b=1"), **options)
        (attempts,) = fetch(request, host=server.host)
    return attempts[-1]


def test_every_byte_is_kept_both_ways() -> None:
    with ByteServer(answering(ODD)) as server:
        request = WireRequest(server.url("/a?b=1&c=%20"), headers=((b"User-Agent", b"x"), (b"aCCept", b"*/*")))
        ((exchange,),) = fetch(request, host=server.host)
        assert exchange.response == ODD
        assert exchange.request == server.requests[0]
        assert exchange.request.startswith(b"GET /a?b=1&c=%20 HTTP/1.1\r\nHost: 127.0.0.1:")
        assert b"aCCept: */*" in exchange.request
    assert (exchange.outcome, exchange.status, exchange.truncated) == (CaptureOutcome.OK, 200, None)
    assert exchange.transport.address == "127.0.0.1"


@pytest.mark.parametrize(
    ("script", "options", "outcome", "truncated"),
    [
        (answering(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), {}, "not_found", None),
        (answering(b"HTTP/1.1 200 OK\r\n\r\nto the end", close=True), {}, "ok", None),
        (
            answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel", close=True),
            {},
            "truncated_disconnect",
            "disconnect",
        ),
        (
            answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"),
            {"timeouts": Timeouts(total=0.5)},
            "truncated_time",
            "time",
        ),
        (
            answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"),
            {"timeouts": Timeouts(idle=0.3)},
            "truncated_time",
            "time",
        ),
        (answering(b""), {"timeouts": Timeouts(total=0.5)}, "timeout", None),
        (answering(b""), {"timeouts": Timeouts(first_byte=0.3)}, "timeout", None),
        (answering(b"", close=True), {}, "connection_failed", None),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"), {"limit": 50}, "truncated_length", "length"),
        (answering(b"what is this\r\n\r\n"), {}, "malformed", "unspecified"),
    ],
)
def test_every_ending_has_a_name(
    script: Script, options: dict[str, Any], outcome: str, truncated: str | None
) -> None:
    exchange = one(script, **options)
    assert exchange.outcome == outcome
    assert exchange.truncated == (Truncation(truncated) if truncated else None)
    assert exchange.detail or outcome in ("ok", "not_found")
    assert exchange.finished >= exchange.started


PAGE = b"<html><body>The dam holds.</body></html>\n"


@pytest.mark.parametrize(
    ("head", "body", "outcome"),
    [
        (b"Content-Type: text/html\r\nContent-Length: 60", PAGE, "ok"),
        (b"Content-Type: text/html\r\nTransfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(PAGE), PAGE), "ok"),
        (b"Content-Type: text/html\r\nContent-Length: 60", PAGE[:-9], "truncated_disconnect"),
        (b"Content-Type: text/plain\r\nContent-Length: 60", PAGE, "truncated_disconnect"),
        (b"Content-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 60", PAGE, "truncated_disconnect"),
    ],
)
def test_a_whole_page_outlives_a_length_that_is_wrong(head: bytes, body: bytes, outcome: str) -> None:
    """What was announced did not come, so the mark is there; but the page is the page."""
    exchange = one(answering(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body, close=True))
    assert exchange.outcome == outcome
    assert exchange.truncated is Truncation.DISCONNECT


def test_a_reset_is_no_end() -> None:
    """Without a length the end of the connection is the end of the response, but for one that is torn off."""

    def script(connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>The dam")
        time.sleep(0.2)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        raise OSError

    exchange = one(script)
    assert exchange.outcome == "truncated_disconnect"
    assert exchange.truncated is Truncation.DISCONNECT
    assert exchange.response_start.endswith(b"The dam")


def test_what_came_before_the_end_is_kept() -> None:
    assert one(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel", close=True)).response_start.endswith(
        b"\r\n\r\nhel"
    )


def test_nobody_listens() -> None:
    with ByteServer(answering(b"")) as server:
        host = server.host
    ((exchange,),) = fetch(WireRequest(f"http://{host}/"), host=host)
    assert exchange.outcome is CaptureOutcome.CONNECTION_REFUSED
    assert exchange.request == b"", "nothing was sent"


def test_a_name_without_an_address() -> None:
    ((exchange,),) = fetch(WireRequest("http://no-such-host.invalid/"), host="x")
    assert exchange.outcome is CaptureOutcome.DNS_FAILURE


def test_an_internal_address_is_not_contacted_unasked() -> None:
    with ByteServer(answering(ODD)) as server:
        for name in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            ((exchange,),) = fetch(WireRequest(f"http://{name}:{server.port}/"), host="other.example")
            assert exchange.outcome is CaptureOutcome.ADDRESS_REFUSED
            assert "--allow-host" in exchange.detail
        assert server.connections == 0


def test_connections_are_reused() -> None:
    with ByteServer(answering(ODD)) as server:
        attempts = fetch(*[WireRequest(server.url())] * 3, host=server.host)
        assert server.connections == 1
    assert [exchange.transport.reused for (exchange,) in attempts] == [False, True, True]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore than announced",
    ],
)
def test_connections_that_cannot_be_reused_are_not(answer: bytes) -> None:
    with ByteServer(answering(answer)) as server:
        fetch(*[WireRequest(server.url())] * 2, host=server.host)
        assert server.connections == 2


def test_a_dead_kept_connection_is_one_attempt_more() -> None:
    def dies_when_used_again(connection: socket.socket, _: bytes) -> None:
        if len(server.requests) == 2:
            connection.close()
        else:
            connection.sendall(ODD)

    server = ByteServer(dies_when_used_again)
    with server:
        first, second = fetch(*[WireRequest(server.url())] * 2, host=server.host)
    assert [exchange.outcome for exchange in first] == ["ok"]
    assert [exchange.outcome for exchange in second] == ["connection_failed", "ok"]
    assert [exchange.transport.reused for exchange in second] == [True, False]


def test_secrets_are_sent_but_not_kept() -> None:
    request = WireRequest(
        "http://x.example/", headers=((b"Authorization", b"Bearer s3cret"),), redacted=frozenset({"authorization"})
    )
    assert b"s3cret" in request_bytes(request)
    assert b"Authorization: [redacted]" in request_bytes(request, redact=True)
    assert b"s3cret" not in request_bytes(request, redact=True)


def test_a_body_is_sent_with_its_length() -> None:
    assert request_bytes(WireRequest("http://x.example", "POST", body=b"a=1")) == (
        b"POST / HTTP/1.1\r\nHost: x.example\r\nContent-Length: 3\r\n\r\na=1"
    )
