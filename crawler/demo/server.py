"""Serving the newspaper, with the habits of real servers: chunking, gzip, entity tags, redirects."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from crawler.demo import pages
from crawler.demo.stories import LANGUAGES, Story, load_stories

HTML = "text/html; charset=utf-8"
ORNAMENTS = Path(__file__).with_name("ornaments.ttf")
"""A font of one letter, a wave, drawn for this newspaper."""

_CHUNK = 700
_STYLES = {
    "/style.css": b"""@import url("masthead.css") screen;
@font-face { font-family: "Tidewater Ornaments"; src: url(/fonts/ornaments.ttf) format("truetype") }
body { font-family: serif; max-width: 46em; margin: auto; color: rgb(20, 40, 60) }
.newsletter { background: url('/images/paper.png') }
""",
    "/masthead.css": b"""header { border-bottom: 3px solid rgb(0, 90, 130);
  background-image: url(images/harbour-wall.png) }
header::after { font-family: "Tidewater Ornaments"; content: "~~~" }
""",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    body: bytes = b""
    content_type: str = HTML
    status: int = 200
    location: str = ""
    retry_after: str = ""
    chunked: bool = False
    compressed: bool = False
    """Whether the body is gzipped for whoever accepts it."""


@dataclass(slots=True)
class Newspaper:
    """The newspaper's content, by path."""

    base: str
    stories: list[Story] = field(default_factory=load_stories)
    corrected: bool = False
    """Whether the story that had a mistake is shown in its second version."""

    def reply(self, target: str) -> Reply:
        """The answer to a request for a path with its query."""
        parts = urlsplit(target)
        path = unquote(parts.path)
        story = next((story for story in self.stories if story.path == path), None)
        if story is not None:
            return self._article(story)
        words = path.strip("/").split("/")
        if words[0] in LANGUAGES:
            return self._edition(words, parse_qs(parts.query))
        return self._document(path) or self._special(words)

    def _article(self, story: Story) -> Reply:
        page = pages.article_page(self.base, story, self.stories, corrected=self.corrected)
        return Reply(page.encode("utf-8"), chunked=story.id % 2 == 1, compressed=story.language == "fr")

    def _edition(self, words: list[str], query: dict[str, list[str]]) -> Reply:
        language = words[0]
        if len(words) == 1:
            return Reply(pages.front_page(self.base, language, self.stories).encode("utf-8"), chunked=True)
        if words[1] == "feed.atom" and language != "fr":
            return Reply(pages.atom_feed(self.base, language, self.stories), "application/atom+xml")
        if words[1] == "rss.xml" and language == "fr":
            return Reply(pages.rss_feed(self.base, language, self.stories), "application/rss+xml", compressed=True)
        if words[1] in pages.SECTIONS:
            number = int(query.get("page", ["1"])[0])
            return Reply(pages.section_page(self.base, language, words[1], number, self.stories).encode("utf-8"))
        return Reply(b"not here\n", "text/plain", 404)

    def _document(self, path: str) -> Reply | None:
        documents = {
            "/robots.txt": (pages.robots_txt, "text/plain"),
            "/sitemap_index.xml": (pages.sitemap_index, "application/xml"),
            "/archive-sitemap.xml": (pages.archive_sitemap, "application/xml"),
        }
        if path in documents:
            make, kind = documents[path]
            return Reply(make(self.base), kind)
        if path == "/news-sitemap.xml.gz":
            return Reply(pages.news_sitemap(self.base, self.stories), "application/x-gzip")
        if path == "/fonts/ornaments.ttf":
            return Reply(ORNAMENTS.read_bytes(), "font/ttf")
        return Reply(_STYLES[path], "text/css") if path in _STYLES else None

    def _special(self, words: list[str]) -> Reply:
        if words == [""]:
            return Reply(status=302, location=f"{self.base}/en/")
        if words[0] == "s" and len(words) == 3:
            found = [s for s in self.stories if s.language == words[1] and str(s.id) == words[2]]
            if found:
                return Reply(status=301, location=pages.url(self.base, found[0].path))
        if words[0] == "stories" and words[-1].startswith("9999-"):
            return Reply(pages.not_found_page(self.base, words[1]).encode("utf-8"))
        if words[0] == "images" or words == ["favicon.ico"]:
            return Reply(pages.picture(words[-1]), "image/png")
        return Reply(b"not here\n", "text/plain", 404)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "TidewaterPress/1"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    server: DemoServer

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, *args: object) -> None:
        """Requests are counted, not printed."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return self.server.date or super().date_time_string(timestamp)

    def _answer(self, *, with_body: bool) -> None:
        self.server.note(self.path, dict(self.headers))
        reply = self.server.newspaper.reply(self.path)
        body = reply.body
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if reply.status == 200 and self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.send_header("ETag", tag)
            self.end_headers()
            return
        self.send_response(reply.status)
        if reply.compressed and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self._send_headers(reply, tag, len(body))
        if with_body:
            self._send_body(body, chunked=reply.chunked)

    def _send_headers(self, reply: Reply, tag: str, length: int) -> None:
        if reply.retry_after:
            self.send_header("Retry-After", reply.retry_after)
        if reply.location:
            self.send_header("Location", reply.location)
        elif reply.status == 200:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("ETag", tag)
        if reply.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _send_body(self, body: bytes, *, chunked: bool) -> None:
        if not chunked:
            self.wfile.write(body)
            return
        for start in range(0, len(body), _CHUNK):
            part = body[start : start + _CHUNK]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")


class DemoServer(ThreadingHTTPServer):
    """The newspaper on a loopback port. A context manager: serving in its own thread while entered."""

    daemon_threads = True

    def __init__(self, port: int = 0, *, corrected: bool = False, date: str = "") -> None:
        """`port` 0 takes a free one; `date` fixes the Date header."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.newspaper = Newspaper(f"http://127.0.0.1:{self.server_port}", corrected=corrected)
        self.date = date
        self.requests: list[tuple[str, dict[str, str]]] = []
        """Path and headers of every request, in order."""
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, name="newspaper", daemon=True)

    @property
    def base(self) -> str:
        """The newspaper's address."""
        return self.newspaper.base

    def note(self, path: str, headers: dict[str, str]) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append((path, headers))

    def counts(self) -> Counter[str]:
        """How often each path was requested."""
        return Counter(path for path, _ in self.requests)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.shutdown()
        self.server_close()
