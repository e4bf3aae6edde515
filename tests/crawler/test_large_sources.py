"""Documents that are too large for memory, and codings that lie: crawled by the program."""

from __future__ import annotations

import gzip
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.processes import Finished, newswarc

ARTICLES = 12
_PLACES = ("harbour", "market", "station", "library", "mill", "school", "theatre", "bridge")
_PARAGRAPHS = "".join(
    f"<p>The board of the {place} has voted to raise its wall by {number + 3} centimetres before the winter storms.</p>"
    for number, place in enumerate(_PLACES)
)


def page(number: int) -> bytes:
    head = f"<html lang='en'><head><title>The quay wall, part {number}</title></head>"
    return f"{head}<body><article><h1>The quay wall, part {number}</h1>{_PARAGRAPHS}<p>This was part {number} of the story.</p></article></body></html>".encode()


class Paper(ThreadingHTTPServer):
    """A feed of more than 4 MiB, a feed that unpacks to more, pages under a wrong coding."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host = f"127.0.0.1:{self.server_port}"
        self.asked: Counter[str] = Counter()

    def feed(self, numbers: range) -> bytes:
        filler = "<description>" + "x" * 500_000 + "</description>"
        items = "".join(
            f"<item><link>http://{self.host}/news/2026/{number}-quay-wall</link><title>t</title>{filler}</item>"
            for number in numbers
        )
        return f'<rss version="2.0"><channel><title>f</title>{items}</channel></rss>'.encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Paper

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        status, kind, body, coding = 200, "text/html", b"", ""
        if self.path == "/large.xml":
            kind, body = "application/rss+xml", self.server.feed(range(ARTICLES))
        elif self.path == "/packed.xml":
            kind, body, coding = "application/rss+xml", gzip.compress(self.server.feed(range(20, 32))), "gzip"
        elif self.path.startswith("/news/"):
            body, coding = page(int(self.path.split("/")[3].split("-")[0])), "gzip"  # it is not
        else:
            status = 404
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if coding:
            self.send_header("Content-Encoding", coding)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Requests are not printed."""


@pytest.fixture(scope="module")
def paper() -> Iterator[Paper]:
    with Paper() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def runs(paper: Paper, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Finished, Path]:
    directory = tmp_path_factory.mktemp("paper")
    (directory / "sites" / "xx").mkdir(parents=True)
    sources = "".join(
        f'[[sources]]\nkind = "feed"\nurl = "http://{paper.host}/{name}.xml"\n' for name in ("large", "packed")
    )
    definition = f'name = "Paper"\nurl = "http://{paper.host}/"\nlanguage = "en"\n{sources}'
    (directory / "sites" / "xx" / "paper.toml").write_text(definition)

    def crawl() -> Finished:
        return newswarc(
            "crawl", "xx/paper", "--json", cwd=directory,
            NEWSWARC_SITES=str(directory / "sites"), NEWSWARC_ALLOW_HOSTS=paper.host, NEWSWARC_DELAY="0",
        )  # fmt: skip

    return crawl(), crawl(), directory


def test_large_feeds_are_read_all_the_same(runs: tuple[Finished, Finished, Path]) -> None:
    report = runs[0].json()
    assert report["problems"] == [], runs[0].err
    assert report["found"] == {"xx/paper": 2 * ARTICLES}


def test_a_lie_about_the_coding_loses_no_page(runs: tuple[Finished, Finished, Path]) -> None:
    assert runs[0].json()["pages"] == {"record": 2 * ARTICLES}


def test_an_unchanged_large_feed_is_no_problem(runs: tuple[Finished, Finished, Path], paper: Paper) -> None:
    report = runs[1].json()
    assert report["problems"] == [], runs[1].err
    assert report["pages"] == {}
    assert paper.asked["/large.xml"] == 2
    assert all(count == 1 for path, count in paper.asked.items() if path.startswith("/news/"))
