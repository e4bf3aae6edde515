"""Connections: addresses raced and remembered, idle ones dropped, local addresses bound."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.exchange import CaptureOutcome, Exchange, SpooledBytes, Truncation
from crawler.safety import AddressRules, parse_allow_entry
from crawler.wire.connection import Timeouts
from crawler.wire.fetcher import Fetcher, WireRequest
from crawler.wire.pool import ConnectionPool, PoolLimits
from crawler.wire.resolver import AddressInfo, NoAddress, Resolver
from tests.support.wire import ByteServer, answering

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Listed(Resolver):
    """Gives the addresses it was made with."""

    def __init__(self, *addresses: tuple[str, int]) -> None:
        super().__init__()
        self._addresses = addresses

    async def addresses(self, host: str, port: int) -> list[AddressInfo]:
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address, _ in self._addresses]
        return [
            (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)
            for family, address in zip(families, self._addresses, strict=True)
        ]


def pool(
    *allowed: str, limits: PoolLimits | None = None, bind: str = "", resolver: Resolver | None = None
) -> ConnectionPool:
    rules = AddressRules(tuple(parse_allow_entry(host) for host in allowed))
    return ConnectionPool(rules, limits, bind_address=bind, resolver=resolver)


async def get(connections: ConnectionPool, url: str, spool: Path | None = None) -> Exchange:
    fetcher = Fetcher(connections, lambda: datetime.now(UTC), spool)
    return (await fetcher.fetch(WireRequest(url, timeouts=Timeouts(total=10))))[-1]


def run(connections: ConnectionPool, url: str, spool: Path | None = None) -> Exchange:
    async def once() -> Exchange:
        try:
            return await get(connections, url, spool)
        finally:
            connections.close()

    return asyncio.run(once())


def test_the_next_address_is_tried_when_one_refuses() -> None:
    with ByteServer(answering(OK)) as server:
        resolver = Listed(("::1", server.port), ("127.0.0.1", server.port))
        exchange = run(pool("news.example", resolver=resolver), f"http://news.example:{server.port}/")
    assert exchange.outcome is CaptureOutcome.OK
    assert exchange.transport.address == "127.0.0.1"


def test_all_refuse() -> None:
    with ByteServer(answering(OK)) as server:
        port = server.port
    resolver = Listed(("::1", port), ("127.0.0.1", port))
    exchange = run(pool("news.example", resolver=resolver), f"http://news.example:{port}/")
    assert exchange.outcome is CaptureOutcome.CONNECTION_REFUSED
    assert "::1" in exchange.detail
    assert "127.0.0.1" in exchange.detail


def test_of_several_addresses_only_permitted_ones_are_contacted() -> None:
    with ByteServer(answering(OK)) as server:
        resolver = Listed(("127.0.0.1", server.port), ("127.0.0.2", server.port))
        exchange = run(pool(resolver=resolver), f"http://news.example:{server.port}/")
        assert server.connections == 0
    assert exchange.outcome is CaptureOutcome.ADDRESS_REFUSED


def test_connections_come_from_the_bound_address() -> None:
    peers: list[str] = []

    def script(connection: socket.socket, _: bytes) -> None:
        peers.append(connection.getpeername()[0])
        connection.sendall(OK)

    with ByteServer(script) as server:
        run(pool(server.host, bind="127.0.0.7"), server.url())
    assert peers == ["127.0.0.7"]


def test_idle_connections_are_dropped_in_time() -> None:
    closed: list[bool] = []

    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(OK)
        connection.settimeout(5)
        closed.append(connection.recv(1) == b"")

    async def wait() -> None:
        connections = pool(server.host, limits=PoolLimits(idle_seconds=0.2))
        await get(connections, server.url())
        for _ in range(100):
            if closed:
                break
            await asyncio.sleep(0.02)
        connections.close()

    with ByteServer(script) as server:
        asyncio.run(wait())
    assert closed == [True], "the server saw the end although nobody closed the pool"


def test_not_more_idle_connections_than_allowed() -> None:
    async def fetch_all(servers: list[ByteServer]) -> int:
        connections = pool("127.0.0.1", limits=PoolLimits(idle_total=2))
        for server in servers:
            await get(connections, server.url())
        kept = sum(connections.idle(WireRequest(server.url()).origin) is not None for server in servers)
        connections.close()
        return kept

    servers = [ByteServer(answering(OK)) for _ in range(4)]
    for server in servers:
        server.__enter__()
    try:
        assert asyncio.run(fetch_all(servers)) == 2
    finally:
        for server in servers:
            server.__exit__()


class Counting(Resolver):
    """Counts the look-ups behind its memory."""

    look_ups = 0

    async def _look_up(self, key: tuple[str, int]) -> list[AddressInfo]:
        self.look_ups += 1
        return await super()._look_up(key)


def test_a_look_up_is_shared_and_remembered() -> None:
    async def ask() -> int:
        resolver = Counting()
        await asyncio.gather(*(resolver.addresses("localhost", 80) for _ in range(5)))
        await resolver.addresses("localhost", 80)
        return resolver.look_ups

    assert asyncio.run(ask()) == 1


def test_memory_of_addresses_has_bounds() -> None:
    async def ask() -> int:
        resolver = Counting(most_hosts=2)
        for port in (1, 2, 3, 1):
            await resolver.addresses("localhost", port)
        return resolver.look_ups

    assert asyncio.run(ask()) == 4


def test_literal_addresses_are_not_looked_up() -> None:
    async def ask() -> tuple[int, list[str]]:
        resolver = Counting()
        found = [await resolver.addresses(host, 80) for host in ("127.0.0.1", "::1")]
        return resolver.look_ups, [str(infos[0][4][0]) for infos in found]

    assert asyncio.run(ask()) == (0, ["127.0.0.1", "::1"])


def test_a_name_without_address() -> None:
    with pytest.raises(NoAddress):
        asyncio.run(Resolver().addresses("no.invalid", 80))


def test_a_large_response_is_spooled_where_it_is_told(tmp_path: Path) -> None:
    body = b"x" * (3 << 20)
    with ByteServer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)) as server:
        exchange = run(pool(server.host), server.url(), tmp_path)
    assert isinstance(exchange.response, SpooledBytes)
    assert b"".join(exchange.response_parts(len(exchange.response.start))) == body
    assert list(tmp_path.iterdir()) == [], "the file has no name that could be left behind"


def test_a_spool_that_refuses_costs_the_exchange_and_nothing_else(tmp_path: Path) -> None:
    body = b"x" * (3 << 20)
    with ByteServer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)) as server:
        exchange = run(pool(server.host), server.url(), tmp_path / "missing")
    assert exchange.outcome is CaptureOutcome.CANCELLED
    assert exchange.truncated is Truncation.UNSPECIFIED
    assert exchange.response_start.startswith(b"HTTP/1.1 200 OK\r\n"), "what was in memory is there"
    assert "spooled" in exchange.detail
