"""Generated sites on loopback, each at an address of its own, and what leads from them."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

from tests.generated import documents
from tests.generated.site import CLOSED, Article, Site, Source

OTHER_HOST = "127.4.0.1"
"""Where some articles have moved, and some readers are asked for consent."""
HIDDEN_HOST = "127.5.0.1"
"""Where nobody may go."""
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
UNASKED = b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"
"""What nobody asked for: the request has no condition."""
_LONGEST_HEAD = 1 << 16
_TLS_HANDSHAKE = 0x16


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HIDDEN_HOST, 0))
        return int(probe.getsockname()[1])


def response(
    body: bytes = b"", *headers: str, status: str = "200 OK", kind: str = "text/html; charset=utf-8"
) -> bytes:
    """A well-formed response."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        *headers,
        "Connection: close",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(target: str, *headers: str) -> bytes:
    """A redirect."""
    return response(b"", f"Location: {target}", *headers, status="302 Found")


class SiteServer:
    """Listens as long as it is entered."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self.sites = {f"127.3.{number // 200}.{number % 200 + 1}": site for number, site in enumerate(sites)}
        self.port = 0
        self.silent_port = _free_port()
        """Nobody listens there."""
        self.hidden_port = 0
        self.hidden_contacts = 0
        self.asked: Counter[str] = Counter()
        """How often each address was asked for."""
        self._now = documents.now_of_sites()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def allowed(self) -> list[str]:
        """What a crawl is allowed to contact."""
        return [f"127.3.0.0/16:{self.port}", f"127.3.0.0/16:{self.silent_port}", f"127.4.0.0/16:{self.port}"]

    def base(self, host: str) -> str:
        """Where a site's addresses begin."""
        return f"http://{host}:{self.port}"

    def address(self, host: str, article: Article) -> str:
        """An article's address, as it is asked for."""
        start = {
            "nobody": f"http://{host}:{self.silent_port}",
            "no tls": f"https://{host}:{self.port}",
            "internal": f"http://{host}:{self.hidden_port}",
        }.get(article.answer, self.base(host))
        return start + article.path

    async def _listen(self) -> None:
        hidden = await asyncio.start_server(self._hidden, HIDDEN_HOST, 0)
        self.hidden_port = hidden.sockets[0].getsockname()[1]
        first = await asyncio.start_server(self._serve, OTHER_HOST, 0, limit=_LONGEST_HEAD)
        self.port = first.sockets[0].getsockname()[1]
        others = await asyncio.start_server(self._serve, list(self.sites), self.port, limit=_LONGEST_HEAD)
        self._servers = [hidden, first, others]

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hidden(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hidden_contacts += 1
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            beginning = await reader.readexactly(1)
            if beginning[0] != _TLS_HANDSHAKE:
                head = (beginning + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                writer.write(self._answer(writer.get_extra_info("sockname")[0], head))
                await writer.drain()
        writer.close()

    def _answer(self, host: str, head: str) -> bytes:
        """All bytes of an answer; none closes the connection."""
        path = head.split(" ", 2)[1]
        self.asked[f"{host}{path}"] += 1
        if host == OTHER_HOST:
            return self._elsewhere(path)
        site = self.sites[host]
        if path in ("/robots.txt", "/rules.txt"):
            return self._robots(site, host, path, head)
        if path == "/":
            return response(documents.front_page(site))
        for source in site.sources:
            if path.removesuffix("?moved").removesuffix("?child") == source.path:
                return self._source(host, site, source, path, head)
        return self._page(host, site, path, head)

    def _robots(self, site: Site, host: str, path: str, head: str) -> bytes:
        if site.robots == "moved" and path == "/robots.txt":
            return redirect("/rules.txt")
        if site.robots == "gated" and "rules=1" not in head:
            return redirect(path, "Set-Cookie: rules=1; Path=/")
        if site.robots == "absent":
            return response(b"none", status="404 Not Found")
        if site.robots == "failing":
            return response(b"busy", status="500 Broken")
        return response(documents.robots(site, self.base(host)), kind="text/plain")

    def _elsewhere(self, path: str) -> bytes:
        if path.startswith("/back-to/"):
            return redirect(path.removeprefix("/back-to/"))
        return (
            response(documents.page(f"another-host{path.replace('/', '-')}"))
            if path != "/robots.txt"
            else (response(b"none", status="404 Not Found"))
        )

    def _source(self, host: str, site: Site, source: Source, path: str, head: str) -> bytes:
        base = self.base(host)
        kind = "text/html" if source.kind == "section" or source.flaw == "wrong type" else "application/xml"
        instead = self._instead_of(source, path) or self._before(source, base, path, head)
        if instead is not None:
            return instead
        if source.kind == "index" and not path.endswith("?child"):
            return response(documents.index(f"{base}{source.path}?child", self._now), kind=kind)
        addresses = {article.number: self.address(host, article) for article in site.articles}
        status = "203 Non-Authoritative Information" if source.flaw == "proxy" else "200 OK"
        return response(documents.document(source, addresses, base, self._now), kind=kind, status=status)

    def _instead_of(self, source: Source, path: str) -> bytes | None:
        """What is sent in a source's place."""
        match source.flaw:
            case "401" | "403" | "404" | "410" | "500":
                return response(b"no", status=f"{source.flaw} No")
            case "circle":
                return redirect(path)
            case "nothing":
                return response(b"", kind="text/html")
            case "page":
                return response(documents.page("a-page-in-its-place"))
            case "unasked 304":
                return UNASKED
            case "no content":
                return NO_CONTENT
        return None

    def _before(self, source: Source, base: str, path: str, head: str) -> bytes | None:
        """What leads to a source."""
        is_moved = path != source.path
        name = f"source{source.number}=1"
        opens = f"Set-Cookie: {name}; Path=/"
        match source.flaw:
            case "closes":
                return b""
            case "moved" if not is_moved:
                return redirect(f"{path}?moved")
            case "refresh header" if not is_moved:
                return response(b"", f"Refresh: 0; url={path}?moved")
            case "consent host" if name not in head:
                consent = f"http://{OTHER_HOST}:{self.port}/back-to/{base}{path}"
                return redirect(consent, opens)
            case "two gates" if f"second{source.number}=1" not in head:
                second = f"Set-Cookie: second{source.number}=1; Path=/"
                return redirect(path, second if name in head else opens)
            case "refresh" if not is_moved:
                return response(documents.refresh(f"{base}{path}?moved"))
            case "cookie gate" if name not in head:
                return redirect(path, opens)
        return None

    def _page(self, host: str, site: Site, path: str, head: str) -> bytes:
        if path.startswith(("/moved/", "/kept/")):
            return response(documents.page(f"{host}{path}".replace("/", "-")))
        if path.startswith("/gate/"):
            number = int(path.removeprefix("/gate/"))
            back = documents.refresh(f"{self.base(host)}{site.articles[number].path}")
            return response(back, f"Set-Cookie: gate{number}=1; Path=/")
        if path.startswith("/broken/"):
            return response(b"broken", status="500 Broken")
        if path.startswith("/endless/"):
            return redirect(f"{path}x")
        for article in site.articles:
            if path == article.path:
                return self._article(host, site, article, head)
            if article.answer == "reordered" and path == _reordered(article.path):
                return response(documents.page(f"{host}-{article.number}"))
        return response(b"<h1>Nothing</h1>", status="404 Not Found")

    def _article(self, host: str, site: Site, article: Article, head: str) -> bytes:
        base, number = self.base(host), article.number
        whole = documents.page(f"{host}-{number}")
        gate = f"gate{number}=1"
        opens = f"Set-Cookie: {gate}; Path=/"
        is_first = self.asked[f"{host}{article.path}"] == 1
        match article.answer:
            case "page" | "nobody" | "no tls" | "internal" | "closed":
                return response(whole)
            case "busy once":
                return response(b"busy", status="502 Bad Gateway") if is_first else response(whole)
            case "closes once":
                return b"" if is_first else response(whole)
            case "cookie gate":
                return response(whole) if gate in head else redirect(article.path, opens)
            case "refresh gate":
                return response(whole) if gate in head else response(documents.refresh(f"{base}/gate/{number}"))
            case "consent host":
                consent = f"http://{OTHER_HOST}:{self.port}/back-to/{base}{article.path}"
                return response(whole) if gate in head else redirect(consent, opens)
            case "same bytes":
                return response(documents.page(f"{host}-{site.articles[-1].number}"))
            case "to another":
                return redirect(site.articles[-1].path)
        return (
            self._gated(article, whole, head)
            or self._damaged(article, whole)
            or self._leading_on(host, article)
            or self._refusing(article)
        )

    def _gated(self, article: Article, whole: bytes, head: str) -> bytes:
        gate = f"gate{article.number}=1"
        match article.answer:
            case "bad cookie":
                odd = f"Set-Cookie: {gate}; Max-Age=soon; Path=here; Expires=Thu, 1 Jan 88888888888888888888 00:00:00 GMT"
                return response(whole) if gate in head else redirect(article.path, odd)
            case "reload gate":
                return (
                    response(whole) if gate in head else response(documents.reload(), f"Set-Cookie: {gate}; Path=/")
                )
            case "two gates":
                name = "last" if gate in head else "gate"
                is_open = f"last{article.number}=1" in head
                return (
                    response(whole)
                    if is_open
                    else redirect(article.path, f"Set-Cookie: {name}{article.number}=1; Path=/")
                )
        return self._odd(article, whole)

    def _odd(self, article: Article, whole: bytes) -> bytes:
        match article.answer:
            case "proxy":
                return response(whole, status="203 Non-Authoritative Information")
            case "no content":
                return NO_CONTENT
            case "unasked 304":
                return UNASKED
            case "odd coding":
                return response(whole, "Content-Encoding: utf-8")
            case "long length packed":
                sent = response(documents.packed(whole), "Content-Encoding: gzip")
                length = len(documents.packed(whole))
                return sent.replace(f"Length: {length}".encode(), f"Length: {length + 99}".encode())
            case "bad chunk":
                head = response(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
                return head + f"{len(whole):x}\r\n".encode() + whole + b"\r\nno size\r\n"
        return b""

    def _damaged(self, article: Article, whole: bytes) -> bytes:
        match article.answer:
            case "checksum":
                packed = bytearray(documents.packed(whole))
                packed[-8] ^= 0xFF
                return response(bytes(packed), "Content-Encoding: gzip")
            case "long length":
                return response(whole).replace(
                    f"Length: {len(whole)}".encode(), f"Length: {len(whole) + 99}".encode()
                )
            case "cut":
                return response(whole)[: len(whole) // 2]
            case "no last chunk":
                head = response(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
                return head + f"{len(whole):x}\r\n".encode() + whole + b"\r\n"
            case "picture":
                return response(b"\x89PNG\r\n\x1a\n" + bytes(64), kind="image/png")
            case "blank":
                return response(documents.BLANK)
            case "sorry":
                return response(documents.SORRY)
            case "no http":
                return b"220 the mail server of the islands\r\n\r\n"
        return b""

    def _leading_on(self, host: str, article: Article) -> bytes:
        base, number = self.base(host), article.number
        hidden = f"http://{HIDDEN_HOST}:{self.hidden_port}/"
        targets = {
            "moved": f"/moved/{number}",
            "moved host": f"http://{OTHER_HOST}:{self.port}/kept/{host}/{number}",
            "moved to nothing": f"/nothing/{number}",
            "moved to failure": f"/broken/{number}",
            "moved to closed": f"{CLOSED}/moved/{number}",
            "moved to internal": hidden,
            "reordered": _reordered(article.path),
            "circle": article.path,
            "endless": f"/endless/{number}",
            "script": "javascript:void(0)",
        }
        if article.answer in targets:
            return redirect(targets[article.answer])
        if article.answer == "refresh header":
            return response(b"<html></html>", f"Refresh: 0; url=/moved/{number}")
        pages = {"refresh": f"{base}/moved/{number}", "refresh to nothing": f"{base}/nothing/{number}"}
        return response(documents.refresh(pages[article.answer])) if article.answer in pages else b""

    def _refusing(self, article: Article) -> bytes:
        return b"" if article.answer == "closes" else response(b"no", status=f"{article.answer} No")


def _reordered(path: str) -> str:
    bare, _, query = path.partition("?")
    return f"{bare}?{'&'.join(reversed(query.split('&')))}"
