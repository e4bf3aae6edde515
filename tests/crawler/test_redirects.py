"""Chains of redirects that come back to one of their own steps: gates are passed, circles are told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import newswarc

TEXT = "<p>The ferry to the outer islands will sail twice a day until the end of the summer, the company said.</p>"
LOGIN = "Bearer a-word"


class Moving(BaseHTTPRequestHandler):
    """A paper whose feed has moved to where a cookie and perhaps a login are asked for; another feed is as it was."""

    asks_for_login = False
    opens = True

    def do_GET(self) -> None:
        base = f"http://{self.headers['Host']}"
        there = base.replace("127.0.0.1", "127.0.0.2")
        has_cookie = "seen=1" in self.headers.get("Cookie", "")
        match self.path.partition("?")[0], self.headers["Host"].partition(":")[0]:
            case "/moved.xml", "127.0.0.1":
                self._lead(f"{there}/moved.xml")
            case "/moved.xml", _ if not (has_cookie and self.opens):
                self._lead("/gate?to=/moved.xml")
            case "/gate", _:
                self._lead(self.path.partition("to=")[2], cookie="seen=1; Path=/")
            case "/moved.xml", _ if self.asks_for_login and self.headers.get("Authorization") != LOGIN:
                self._show(401, "text/plain", "")
            case (("/moved.xml" | "/plain.xml"), _):
                number = 1 if "plain" in self.path else 2
                self._show(200, "application/rss+xml", _feed(f"{base.replace('127.0.0.2', '127.0.0.1')}/{number}"))
            case (("/1" | "/2"), _):
                self._show(200, "text/html", f"<article><h1>Ferry {self.path}</h1>{TEXT * 9}{self.path}</article>")
            case _:
                self._show(404, "text/plain", "")

    def _lead(self, target: str, cookie: str = "") -> None:
        self.send_response(302)
        self.send_header("Location", target)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _show(self, status: int, kind: str, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _feed(link: str) -> str:
    item = f"<item><link>{link}</link><pubDate>{format_datetime(datetime.now(UTC))}</pubDate></item>"
    return f"<rss version='2.0'><channel><title>F</title>{item}</channel></rss>"


@pytest.fixture
def address() -> Iterator[str]:
    first = ThreadingHTTPServer(("127.0.0.1", 0), Moving)
    second = ThreadingHTTPServer(("127.0.0.2", first.server_port), Moving)
    for server in (first, second):
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{first.server_port}"
    for server in (first, second):
        server.shutdown()
        server.server_close()


def crawl(address: str, directory: Path) -> Any:
    (directory / "sites" / "xx").mkdir(parents=True)
    sources = "".join(f'[[sources]]\nkind = "feed"\nurl = "{address}/{name}.xml"\n' for name in ("moved", "plain"))
    (directory / "sites" / "xx" / "ferry.toml").write_text(
        f'name = "Ferry"\nurl = "{address}/"\n{sources}[access]\nheaders = {{ Authorization = "{LOGIN}" }}\n'
    )
    return newswarc(
        "crawl", "xx/ferry", "--json", "--sites", "sites", "--allow-host", "127.0.0.0/8",
        cwd=directory, NEWSWARC_DELAY="0", NEWSWARC_RETRIES="0", NEWSWARC_CONTACT="tests@example.org",
    )  # fmt: skip


def test_a_gate_behind_a_redirect_is_passed(address: str, tmp_path: Path) -> None:
    done = crawl(address, tmp_path)
    assert done.json()["articles"] == {"xx/ferry": 2}
    assert (done.code, done.json()["problems"]) == (0, [])


def test_a_login_that_stays_behind_is_told(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Moving, "asks_for_login", True)
    done = crawl(address, tmp_path)
    assert done.json()["articles"] == {"xx/ferry": 1}, "the other feed is read"
    (problem,) = done.json()["problems"]
    assert "401" in problem
    assert "never sent to another host" in problem
    assert done.code == 1, "somebody has to act, whatever else went well"


def test_a_circle_is_told(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Moving, "opens", False)
    done = crawl(address, tmp_path)
    (problem,) = done.json()["problems"]
    assert f"{address}/moved.xml: redirect loop" in problem
    assert "cookies" in problem
    assert done.code == 1
