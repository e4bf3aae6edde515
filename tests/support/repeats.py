"""A site of pages with requisites that repeat each other: at other addresses, in other chunks, again and again.

Every exchange of `tests.support.exchanges` that a crawl can have is a requisite at two addresses; those that are answered
in chunks come in other chunks each time, with extensions and trailers. Pages repeat each other too.
"""

from __future__ import annotations

import random
import re
import socket
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive.http1 import entity_body, parse_head
from archive.lookup import Lookup
from archive.storage.local import LocalStorage
from tests.support.exchanges import CASES, Case
from tests.support.processes import newswarc
from tests.support.wire import ByteServer

STORY = "The ferry council heard on Monday that the slipway has to be rebuilt before the herring come back. " * 14
CRAWLED = {
    name: case
    for name, case in CASES.items()
    if not case.options and case.outcome in ("ok", "redirect", "not_found", "not_modified")
}
"""Those after which a crawl asks the host for more: it leaves one alone that fails or refuses."""
_NAMES = sorted(CRAWLED)
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:[ \t]*chunked")


def in_other_chunks(response: bytes, chance: random.Random, *, plain: bool = False) -> bytes:
    """The same head and payload, chunked anew; unless `plain`, with extensions and trailers of all kinds."""
    head = parse_head(response)
    payload = entity_body(response)
    pieces, at = [], 0
    while at < len(payload):
        size = chance.randrange(1, max(2, len(payload) // chance.randrange(1, 9)))
        piece = payload[at : at + size]
        digits = f"{'0' * chance.randrange(4)}{len(piece):{chance.choice('xX')}}"
        extension = "" if plain else chance.choice(["", ";a", ';a="b;c"', " ; tide=high", ";" + "x" * 90])
        end = "\r\n" if plain else chance.choice(["\r\n", "\r\n", "\n"])
        pieces.append(f"{digits}{extension}{end}".encode() + piece + end.encode())
        at += size
    trailer = b"" if plain else chance.choice([b"", b"X-Sum: 1\r\n", b"Server-Timing: a;dur=1\r\nX-Sum: 2\r\n"])
    return response[: head.length] + b"".join(pieces) + b"0\r\n" + trailer + b"\r\n"


def name_of(path: str) -> str:
    """Which exchange of `CRAWLED` a requisite is."""
    return _NAMES[int(path.rpartition("/")[2])]


class RepeatingSite:
    """Says what it sent, by path, in order."""

    def __init__(self, *, plain: bool = False) -> None:
        """`plain`: chunked as most servers do it."""
        self.sent: defaultdict[str, list[bytes]] = defaultdict(list)
        self._plain = plain
        self._chance = random.Random(7)

    def play(self, connection: socket.socket, request: bytes) -> None:
        """A script for `ByteServer`."""
        path = request.split(b" ", 2)[1].decode()
        case = self._case(path)
        if case is None:
            response = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        elif case.outcome == "ok" and case.script is None and _CHUNKED.search(case.sent) and self.sent[path]:
            response = in_other_chunks(case.sent, self._chance, plain=self._plain)
        else:
            self.sent[path].append(case.sent)
            case.play(connection, request)
            return
        self.sent[path].append(response)
        connection.sendall(response)

    def _case(self, path: str) -> Case | None:
        place, _, name = path.strip("/").partition("/")
        if place == "pages":
            return Case(_page(self._requisites(name), name, len(self.sent[path])))
        if place in ("one", "two"):
            case = CRAWLED[name_of(name)]
            is_chunked = case.outcome == "ok" and case.script is None and _CHUNKED.search(case.sent)
            if place == "two" and is_chunked:
                return Case(in_other_chunks(case.sent, self._chance, plain=self._plain))
            return case
        return None

    def _requisites(self, name: str) -> list[str]:
        places = {"first": ["one"], "second": ["one", "two"]}.get(name, [])
        return [f"/{place}/{number}" for place in places for number in range(len(_NAMES))]


def _page(requisites: list[str], name: str, turn: int) -> bytes:
    """A page: with requisites it is another each time, so that they are asked for again."""
    images = "".join(f"<img src='{path}'>" for path in requisites)
    text = "".join(f"<p>{STORY}</p>" for _ in range(3))
    title = (
        "Slipway to be rebuilt"
        if name.startswith("copy")
        else f"Slipway to be rebuilt, says {name} for the {turn + 1}. time"
    )
    html = f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{text}{images}</body></html>".encode()
    pieces = [html[at : at + 700] for at in range(0, len(html), 700)]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


PAGES = ("first", "second", "copy-a", "copy-b")


def crawl_repeats(place: Path, rounds: int, *, plain: bool = False) -> tuple[str, dict[str, list[bytes]]]:
    """Crawl the site so many times; its address, and what it has sent, by path."""
    site = RepeatingSite(plain=plain)
    with ByteServer(site.play) as server:
        addresses = "\n".join(server.url(f"/pages/{name}") for name in PAGES)
        for _ in range(rounds):
            done = newswarc(
                "crawl", "--urls", "-", "--requisites", "--quiet", "--allow-host", server.host,
                cwd=place, feed=addresses, NEWSWARC_DELAY="0", NEWSWARC_RETRIES="0", NEWSWARC_IDLE_TIMEOUT="0.5",
                NEWSWARC_CONCURRENCY="1", NEWSWARC_REQUISITE_AGE="0", NEWSWARC_REQUISITE_COUNT="1000",
                NEWSWARC_CONTACT="tests@example.org", NEWSWARC_REQUISITE_BYTES="1000000000",
            )  # fmt: skip
            assert "Traceback" not in done.err, done.err
    return server.url(""), dict(site.sent)


@contextmanager
def looked_up(place: Path) -> Iterator[Lookup]:
    """The archive of a place."""
    lookup = Lookup(LocalStorage(place / "newswarc-data"), place / "index")
    lookup.refresh()
    try:
        yield lookup
    finally:
        lookup.close()
