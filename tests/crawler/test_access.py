"""Sites and services that not everybody may reach: a login before everything, certificates and networks of one's own."""

from __future__ import annotations

import base64
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from crawler.demo.server import DemoServer, Reply
from tests.crawler.test_politeness import answer
from tests.support.processes import newswarc
from tests.support.tls import Authority

LOGIN = "Basic " + base64.b64encode(b"reader:open sesame").decode()
STORY = "<html><head><title>A story</title></head><body><article><h1>A story</h1>" + 30 * (
    "<p>The harbour master said on Monday that the ferry would sail again before the end of the week.</p>"
)


class Guarded(BaseHTTPRequestHandler):
    """A paper that shows nobody anything without a login, robots.txt included."""

    seen: ClassVar[list[tuple[str, str]]] = []
    robots = "User-agent: *\nDisallow: /private/\n"

    def do_GET(self) -> None:
        given = self.headers.get("Authorization", "")
        self.seen.append((self.path, given))
        status, kind, body = 404, "text/plain", ""
        if given != LOGIN:
            status = 401
        elif self.path == "/robots.txt":
            status, body = 200, self.robots
        elif self.path == "/":
            status, kind = 200, "text/html"
            body = "<html><head><title>P</title><link rel='alternate' type='application/rss+xml' href='/feed.xml'>"
        elif self.path == "/feed.xml":
            base = f"http://{self.headers['Host']}"
            links = "".join(f"<item><link>{base}/{path}</link></item>" for path in ("news/1", "private/2"))
            status, kind = 200, "application/rss+xml"
            body = f"<rss version='2.0'><channel><title>P</title>{links}</channel></rss>"
        elif self.path.startswith(("/news/", "/private/")):
            status, kind, body = 200, "text/html", STORY
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def guarded() -> Iterator[str]:
    Guarded.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_robots_txt_is_asked_for_with_the_sites_login(tmp_path: Path, guarded: str) -> None:
    (tmp_path / "own" / "xx").mkdir(parents=True)
    (tmp_path / "own" / "xx" / "p.toml").write_text(
        f'name = "P"\nurl = "{guarded}/"\n[[sources]]\nkind = "feed"\nurl = "{guarded}/feed.xml"\n'
        '[access.headers]\nAuthorization = "env:PAPER_LOGIN"\n'
    )
    done = newswarc(
        "crawl", "xx/p", "--sites", "own", "--json", "--allow-host", "127.0.0.0/8",
        cwd=tmp_path, PAPER_LOGIN=LOGIN, NEWSWARC_DELAY="0",
    )  # fmt: skip
    assert ("/robots.txt", LOGIN) in Guarded.seen
    assert not [path for path, _ in Guarded.seen if path.startswith("/private/")], "robots.txt is read and obeyed"
    assert done.json()["outcomes"]["robots_denied"] == 1
    assert sum(path.startswith("/news/") for path, _ in Guarded.seen) == 1
    for warc in (tmp_path / "newswarc-data").rglob("*.warc.gz"):
        assert b"sesame" not in warc.read_bytes()


def test_a_site_behind_a_login_is_added_with_it(tmp_path: Path, guarded: str) -> None:
    done = newswarc(
        "site", "add", f"{guarded}/", "--name", "xx/p", "--allow-host", "127.0.0.0/8",
        "--header", "Authorization: env:PAPER_LOGIN", "--cookie", "consent=yes",
        cwd=tmp_path, PAPER_LOGIN=LOGIN, NEWSWARC_DELAY="0",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert {given for _, given in Guarded.seen} == {LOGIN}
    written = tomllib.loads((tmp_path / "sites" / "xx" / "p.toml").read_text())
    assert written["access"] == {"headers": {"Authorization": "env:PAPER_LOGIN"}, "cookies": {"consent": "yes"}}


@pytest.mark.parametrize(
    "words",
    [
        ("--header", "Authorization"),
        ("--header", "a b: c"),
        ("--cookie", "consent"),
        ("--header", "A: b\n"),
        ("--header", "A:"),
    ],
)
def test_a_header_that_is_none_is_told(tmp_path: Path, words: tuple[str, str]) -> None:
    done = newswarc("site", "add", "https://paper.example/", *words, cwd=tmp_path)
    assert done.code == 2
    assert f"site add: {words[0]}" in done.err
    assert len(done.err.splitlines()) == 1


def test_check_reads_the_definitions_that_are_named_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DemoServer() as server:
        (tmp_path / "own" / "xx").mkdir(parents=True)
        (tmp_path / "own" / "xx" / "p.toml").write_text(
            f'name = "P"\nurl = "{server.base}/"\n[[sources]]\nkind = "feed"\nurl = "{server.base}/en/feed.atom"\n'
        )
        answer(monkeypatch, {"/robots.txt": lambda: Reply(b"", "text/plain")})
        done = newswarc(
            "site", "check", "--sites", "own", "--json", "--allow-host", "127.0.0.0/8", cwd=tmp_path,
            NEWSWARC_DELAY="0",
        )  # fmt: skip
    assert {source["site"] for source in done.json()["sources"]} == {"xx/p"}
    assert done.code == 0, done.err


def test_certificates_of_an_authority_of_ones_own(tmp_path: Path) -> None:
    authority = Authority.new(tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    server.socket = authority.server("127.0.0.1").wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "list.txt").write_text(f"https://127.0.0.1:{server.server_port}/news/1\n")
    command = ("crawl", "--urls", "list.txt", "--allow-host", "127.0.0.0/8", "--json", "--to")
    try:
        Guarded.seen.clear()
        refused = newswarc(*command, "refused", cwd=tmp_path, NEWSWARC_DELAY="0", NEWSWARC_RETRIES="0")
        assert Guarded.seen == []
        trusted = newswarc(
            *command, "trusted", cwd=tmp_path, NEWSWARC_DELAY="0", NEWSWARC_CA_FILE=str(authority.bundle)
        )
    finally:
        server.shutdown()
        server.server_close()
    assert "tls_failure" in refused.json()["outcomes"]
    assert "tls_failure" not in trusted.json()["outcomes"]
    assert [path for path, _ in Guarded.seen] == ["/robots.txt", "/news/1"]
