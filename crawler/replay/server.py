"""Serves, on loopback alone, the start page and the WARC files, these by ranges as replay tools ask for them."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO, Protocol, Self
from urllib.parse import parse_qs, unquote, urlsplit

from archive.access import AccessGate
from archive.errors import ArchiveError, ObjectMissing
from archive.storage.protocol import StoredObject
from crawler.replay.listing import Listing
from crawler.replay.start_page import articles_page, days_page, replay_address, sites_page, withheld_page

WITHHELD = "/withheld?url="
"""Beginning of the address of the page that says which access rule withholds a captured address."""
CAPTURES = "/captures/"
"""Path under which WARC files are served, by their keys."""

_RANGE = re.compile(r"bytes=(\d+)-(\d*)$")
_OWN_NAMES = ("127.0.0.1", "localhost")
_COPY = 1 << 18


class RangeReader(Protocol):
    """Where WARC files are read from."""

    def open_range(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Read a part. Raises ObjectMissing."""
        ...

    def stat(self, key: str) -> StoredObject:
        """Its size. Raises ObjectMissing."""
        ...


class ReplayServer(ThreadingHTTPServer):
    """A context manager: serving in its own thread while entered."""

    daemon_threads = True

    def __init__(
        self,
        port: int,
        title: str,
        listing: Listing,
        reader: RangeReader,
        gate: Callable[[], AccessGate | None] = lambda: None,
    ) -> None:
        """`port` 0 takes a free one. `gate` says what a reader may have. Raises OSError when the port is taken."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.title = title
        self.listing = listing
        self.reader = reader
        self.gate = gate
        self.replay = ""
        """Address of the collection in the replay tool, to which captures' addresses are appended."""
        self._thread = threading.Thread(target=self.serve_forever, name="replay", daemon=True)

    @property
    def base(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ReplayServer

    def do_GET(self) -> None:
        """Answer."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with the head alone."""
        self._answer(with_body=False)

    def log_message(self, *args: object) -> None:
        """Requests are not logged."""

    def _answer(self, *, with_body: bool) -> None:
        parts = urlsplit(self.path)
        if self.headers.get("Host", "").rpartition(":")[0] not in _OWN_NAMES:
            # Another site's script, to which its name stands for this machine (DNS rebinding), reads nothing
            self._text(HTTPStatus.MISDIRECTED_REQUEST, "this archive is at 127.0.0.1 alone\n")
            return
        try:
            if parts.path.startswith(CAPTURES):
                self._captures(unquote(parts.path.removeprefix(CAPTURES)), with_body=with_body)
            elif parts.path == "/search":
                self._search(parse_qs(parts.query).get("url", [""])[0].strip())
            elif parts.path == "/withheld":
                self._withheld(parse_qs(parts.query).get("url", [""])[0].strip())
            elif parts.path == "/":
                self._page({name: values[0] for name, values in parse_qs(parts.query).items()})
            else:
                self._text(HTTPStatus.NOT_FOUND, "nothing here\n")
        except ObjectMissing as error:
            self._text(HTTPStatus.NOT_FOUND, f"{error}\n")
        except ArchiveError as error:
            self._text(HTTPStatus.BAD_GATEWAY, f"{error}\n")

    def _page(self, query: dict[str, str]) -> None:
        server = self.server
        site, day = query.get("site", ""), query.get("day", "")
        if site and day:
            text = articles_page(site, day, server.listing.pages(site, day), server.replay)
        elif site:
            text = days_page(site, server.listing.days().get(site, Counter()))
        else:
            text = sites_page(server.title, server.listing.days())
        self._text(HTTPStatus.OK, text, "text/html; charset=utf-8")

    def _withheld(self, url: str) -> None:
        gate = self.server.gate()
        rules = gate.refusing.of(url) if gate is not None else []
        self._text(
            HTTPStatus.OK, withheld_page(url, [rule.description() for rule in rules]), "text/html; charset=utf-8"
        )

    def _search(self, url: str) -> None:
        self.send_response(HTTPStatus.FOUND)
        self.send_header("Location", replay_address(self.server.replay, url, "*") if url else "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _captures(self, key: str, *, with_body: bool) -> None:
        if not key.endswith((".warc.gz", ".warc")) or ".." in key.split("/"):
            raise ObjectMissing(f"{key} is not a WARC file")
        size = self.server.reader.stat(key).size
        asked = _RANGE.match(self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        end = min(int(asked[2]) + 1 if asked and asked[2] else size, size)
        if start >= end:
            self._text(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "", content_range=f"bytes */{size}")
            return
        self.send_response(HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", "application/gzip")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if with_body:
            self._copy(key, start, end - start)

    def _copy(self, key: str, start: int, length: int) -> None:
        with self.server.reader.open_range(key, start, length) as stream:
            while length and (part := stream.read(min(_COPY, length))):
                self.wfile.write(part)
                length -= len(part)

    def _text(
        self, status: HTTPStatus, text: str, kind: str = "text/plain; charset=utf-8", content_range: str = ""
    ) -> None:
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if content_range:
            self.send_header("Content-Range", content_range)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
