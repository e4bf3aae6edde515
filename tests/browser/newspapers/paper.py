"""Newspapers made with frameworks of today: what they tell, and a server for what was built of them.

English stories are static pages, which are hydrated; French ones are shells, whose text scripts fetch; of Arabic ones
the page has the first paragraph, and the others come when a reader asks for them.
"""

from __future__ import annotations

import mimetypes
import socket
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from crawler.demo.stories import load_stories
from tests.support.exchanges import counted
from tests.support.processes import ROOT
from tests.support.wire import ByteServer

BUILT = ROOT / ".newspapers"
FRAMEWORKS = ("sveltekit", "next")
_BY = {"en": "By", "fr": "Par", "ar": "بقلم"}
PLACES = {"en": "stories", "fr": "live", "ar": "late"}

needs_newspapers = pytest.mark.skipif(
    not all((BUILT / framework / "index.html").exists() for framework in FRAMEWORKS),
    reason="NO NEWSPAPERS OF FRAMEWORKS: `make newspapers` builds them (needs npm)",
)


@dataclass(frozen=True)
class Told:
    """A story as the frameworks' pages get it."""

    language: str
    slug: str
    path: str
    headline: str
    summary: str
    by: str
    """What stands before the author's name."""
    author: str
    published: str
    image: str
    body: tuple[str, ...]


def told() -> list[Told]:
    """All stories."""
    return [
        Told(
            story.language,
            str(story.id),
            f"/{PLACES[story.language]}/{story.language}/{story.id}",
            story.headline,
            story.summary,
            _BY[story.language],
            story.author,
            story.published,
            story.image,
            story.body,
        )
        for story in load_stories()
    ]


@dataclass
class BuiltPaper:
    """Serves what a framework has built, as a host of static sites does."""

    directory: Path
    asked: Counter[str] = field(default_factory=Counter)

    def server(self, port: int = 0) -> ByteServer:
        return ByteServer(self._answer, port=port)

    def _answer(self, connection: socket.socket, request: bytes) -> None:
        target = request.split(b" ", 2)[1].decode()
        self.asked[target] += 1
        path = unquote(target.partition("?")[0]).strip("/")
        candidates = (path, f"{path}.html", f"{path}/index.html".lstrip("/"))
        file = next((found for name in candidates if (found := self.directory / name).is_file()), None)
        if file is None or ".." in path:
            connection.sendall(counted(b"none", b"Content-Type: text/plain", status=b"404 Not Found"))
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        charset = "; charset=utf-8" if kind.startswith("text/") else ""
        connection.sendall(counted(file.read_bytes(), f"Content-Type: {kind}{charset}".encode()))


def address(base: str, story: Told) -> str:
    """Where a story's page is."""
    return base.rstrip("/") + quote(story.path)
