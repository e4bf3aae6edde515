"""A real server on loopback, and requests to it byte by byte where that matters."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from crawler.config import Configuration
from crawler.web.answering import Services
from crawler.web.serving import server_of, services
from tests.search.making import archive, index, story

TEXTS = {
    1: "The harbour master closed the old quay.\nA storm was near.",
    2: "The quay is open again, the harbour master said on Monday.",
    3: "水道局は東京で2026年の工事を始めた。",
    4: "أعلنت الحكومة عن مدرسة جديدة في المدينة",
    5: "Master of the harbour: a portrait.",
}
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Server:
    services: Services
    port: int

    def ask(
        self,
        path: str,
        method: str = "GET",
        form: dict[str, str] | list[tuple[str, str]] | None = None,
        host: str = "localhost",
        **headers: str,
    ) -> Answer:
        """One request; names of headers with _ for -. A form is sent as this server's own pages send it."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = None
        if form is not None:
            body = urlencode(form)
            sent = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | sent
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host)
            for name, value in sent.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body.encode() if body is not None else None)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def post(self, path: str, form: dict[str, str] | list[tuple[str, str]] | None = None, **headers: str) -> Answer:
        return self.ask(path, "POST", form or {}, **headers)


@contextmanager
def serving(place: Path, options: Sequence[str] = (), **settings: Any) -> Iterator[Server]:
    """The server of an archive at `place`, on a free port of loopback; `rate` is without limit unless given. `options`
    are those with which it starts programs.
    """
    given = {"archive": str(place), "web_listen": "127.0.0.1:0", "web_rate": 0, "contact": "tests@example.org"}
    configuration = Configuration(**{**given, **settings})
    with services(configuration, options) as made:
        run = server_of(configuration, made)
        thread = threading.Thread(target=run.server.run, daemon=True)
        thread.start()
        while not run.server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = run.server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Server(made, port)
        finally:
            run.server.should_exit = True
            thread.join(10)


def five(place: Path) -> Path:
    """An archive of five articles in three languages, two of the same text and one with hostile words; indexed."""
    records = [story(number, text) for number, text in TEXTS.items()]
    records[0] |= {"headline": "Quay closed", "articleSection": "Port & Sea", "paragraphs": TEXTS[1].split("\n")}
    records[1] |= {"headline": "Quay open again", "publisher": "The Tide"}
    records[2] |= {"inLanguage": "ja"}
    records[3] |= {"inLanguage": "ar", "headline": "مدرسة جديدة"}
    records[4] |= {"inLanguage": "en-GB"}
    hostile = story(
        6,
        f"harbour {HOSTILE}",
        headline=HOSTILE,
        authors=[{"name": HOSTILE, "url": "javascript:alert(3)"}],
        articleSection=HOSTILE,
        publisher=HOSTILE,
        canonicalUrl="javascript:alert(4)",
        url=f"https://www.paper0.com/6?x={HOSTILE}",
        blocks=[
            {"kind": "heading", "level": 2, "text": HOSTILE},
            {"kind": "figure", "url": "javascript:alert(5)", "caption": HOSTILE, "credit": HOSTILE},
            {"kind": "embed", "what": "post", "url": "javascript:alert(6)", "paragraphs": [HOSTILE]},
            {"kind": "table", "caption": HOSTILE, "rows": [[{"text": HOSTILE, "header": True}]]},
            {"kind": "code", "text": HOSTILE},
        ],
    )
    second = story(7, "The harbour master closed the quay for good.\nA storm was near.", url=records[0]["url"])
    second |= {
        "headline": "Quay closed for good",
        "paragraphs": second["articleBody"].split("\n"),
        "inLanguage": "fr",
    }
    copy = story(8, TEXTS[2], headline="Quay open again")
    storage = archive(place, records, [hostile, second, copy])
    index(storage)
    return place / "archive"
