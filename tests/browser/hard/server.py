"""The server of the hard cases: hosts with and without TLS, a service within that nobody may reach, and a UDP port."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from crawler.wire.resolver import AddressInfo, NoAddress, Resolver
from tests.browser.hard.case import HTML, Case
from tests.support.exchanges import counted
from tests.support.tls import Authority
from tests.support.wire import ByteServer, Script

NEWS, CDN, REBOUND = "news.test", "cdn.test", "rebound.test"
_PLACES = {NEWS: "127.0.0.2", CDN: "127.0.0.3", REBOUND: "127.0.0.2"}
_WITHIN = "127.0.0.9"


class NamesOfTest(Resolver):
    """Names of this test alone; one of them leads elsewhere when it is asked for again."""

    def __init__(self) -> None:
        super().__init__(kept_seconds=0.0)
        self._asked: dict[str, int] = defaultdict(int)

    async def _look_up(self, key: tuple[str, int]) -> list[AddressInfo]:
        host, port = key
        self._asked[host] += 1
        if host not in _PLACES:
            raise NoAddress(f"{host}: no such name")
        address = _WITHIN if host == REBOUND and self._asked[host] > 1 else _PLACES[host]
        await asyncio.sleep(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))]


class HardSite:
    """Serves the cases while it is entered."""

    def __init__(self, cases: Sequence[Case], directory: Path) -> None:
        self._cases = {case.name: case for case in cases}
        self._authority = Authority.new(directory)
        self._lock = threading.Lock()
        self.sent: dict[tuple[str, str], list[bytearray]] = defaultdict(list)
        """What was answered, by method and address."""
        self.within = ByteServer(self._reached, address=_WITHIN)
        news, cdn = (self._authority.server(host) for host in (NEWS, CDN))
        self._news = ByteServer(self._script("https", NEWS), tls=news, address=_PLACES[NEWS])
        self._cdn = ByteServer(self._script("https", CDN), tls=cdn, address=_PLACES[CDN])
        self._plain = ByteServer(self._script("http", NEWS), address=_PLACES[NEWS])
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))

    @property
    def authorities(self) -> str:
        """File with the certificate that its certificates are signed with."""
        return str(self._authority.bundle)

    @property
    def allowed(self) -> list[str]:
        """Entries of an allow list that let a crawl reach what is public of it."""
        ports = {NEWS: (self._news.port, self._plain.port), CDN: (self._cdn.port,)}
        entries = [f"{host}:{port}" for host, found in ports.items() for port in found]
        return [*entries, f"resolve:{_PLACES[NEWS]}/32"]

    def url(self, case: Case) -> str:
        return f"{self._base('https', NEWS)}/{case.name}/"

    def page(self, case: Case) -> bytes:
        """The page's response."""
        return self.filled(counted(self.filled(case.page().encode()), HTML, *case.headers))

    def filled(self, data: bytes) -> bytes:
        """Text with its places."""
        for name, place in (
            (b"@CDN", self._base("https", CDN)),
            (b"@HTTP", self._base("http", NEWS)),
            (b"@NEWS", self._base("https", NEWS)),
            (b"@REBOUND", f"http://{REBOUND}:{self._plain.port}"),
            (b"@INTERNAL", f"{_WITHIN}:{self.within.port}"),
            (b"@UDP", f"127.0.0.1:{self.udp.getsockname()[1]}"),
        ):
            data = data.replace(name, place.encode())
        return data

    def received(self) -> list[bytes]:
        """All requests, as they came."""
        return [request for server in (self._news, self._cdn, self._plain) for request in server.requests]

    def packets(self) -> int:
        """How many datagrams came."""
        self.udp.setblocking(False)
        count = 0
        try:
            while self.udp.recv(1):
                count += 1
        except BlockingIOError:
            return count
        return count

    def __enter__(self) -> Self:
        for server in (self.within, self._news, self._cdn, self._plain):
            server.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        for server in (self.within, self._news, self._cdn, self._plain):
            server.__exit__(*exc)
        self.udp.close()

    def _base(self, scheme: str, host: str) -> str:
        server = self._plain if scheme == "http" else self._news if host == NEWS else self._cdn
        return f"{scheme}://{host}:{server.port}"

    @staticmethod
    def _counted(response: bytes) -> bytes:
        """A response whose length is that of its body again."""
        head, _, body = response.partition(b"\r\n\r\n")
        before, named, _ = head.rpartition(b"Content-Length: ")
        if not named or b" 304 " in head or b"\r\n" in head[len(before) + len(named) :]:
            return response
        return before + named + b"%d\r\n\r\n" % len(body) + body

    def _reached(self, connection: socket.socket, _request: bytes) -> None:
        connection.sendall(counted(b"secret"))

    def _script(self, scheme: str, host: str) -> Script:
        def answer(connection: socket.socket, request: bytes) -> None:
            method, target = request.decode("latin-1").split(" ", 2)[:2]
            kept = bytearray()
            with self._lock:
                self.sent[method, f"{self._base(scheme, host)}{target}"].append(kept)

            def send(data: bytes) -> None:
                kept.extend(data)
                connection.sendall(data)

            path = target.partition("?")[0]
            name, _, rest = path.removeprefix("/").partition("/")
            case = self._cases.get(name)
            route = case.routes.get(rest) if case is not None else None
            if case is not None and route is None and not rest:
                route = self.page(case)
            if route is None:
                route = counted(b"nothing here", status=b"404 Not Found")
            if isinstance(route, bytes):
                whole = self._counted(self.filled(route))
                head = whole.partition(b"\r\n\r\n")[0]
                send(head + b"\r\n\r\n" if method == "HEAD" else whole)
                if not any(mark in head for mark in (b"Content-Length", b"chunked", b" 204 ", b" 304 ")):
                    connection.shutdown(socket.SHUT_RDWR)
            else:
                route(request, lambda data: send(self.filled(data)))

        return answer
