"""A crawl whose spool stands on a disk that is too small: it pauses, goes on, or ends in order, and loses nothing."""

from __future__ import annotations

import random
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from archive.library import articles
from archive.storage.local import LocalStorage
from tests.support.processes import Finished, newswarc

ARTICLES = 24
_SIZE = 200_000


class Paper(ThreadingHTTPServer):
    """Pages that do not get smaller when they are packed."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host = f"127.0.0.1:{self.server_port}"
        self.asked: Counter[str] = Counter()

    def page(self, number: int) -> bytes:
        words = "".join(f"<p>Sentence {n} of story {number} tells what the board has decided.</p>" for n in range(12))
        noise = random.Random(number).randbytes(_SIZE // 2).hex()
        return f"<html lang='en'><h1>Story {number} of the board</h1><article>{words}</article><!--{noise}--></html>".encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Paper

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        number = self.path.removeprefix("/news/2026/")
        body = self.server.page(int(number)) if number.isdigit() else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Requests are not printed."""


@pytest.fixture
def paper() -> Iterator[Paper]:
    with Paper() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "state"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"NOT TESTED: a full disk needs the right to mount: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def crawl(paper: Paper, directory: Path, **settings: str) -> Finished:
    (directory / "pages.txt").write_text("".join(f"http://{paper.host}/news/2026/{n}\n" for n in range(ARTICLES)))
    variables = {
        "ALLOW_HOSTS": paper.host, "DELAY": "0.05", "STATE": str(directory / "state"), "LEAST_FREE": str(4 << 20),
        "SEGMENT_SIZE": str(1 << 20), "SYNC_INTERVAL": "0.02", "CONCURRENCY": "2", "STORAGE_PATIENCE": "0.2", "RETRIES": "9", **settings,
    }  # fmt: skip
    return newswarc(
        "crawl", "--urls", "pages.txt", "--json", cwd=directory,
        **{f"NEWSWARC_{name}": value for name, value in variables.items()},
    )  # fmt: skip


def captured(directory: Path) -> Counter[str]:
    return Counter(article.url for article in articles(LocalStorage(directory / "newswarc-data")))


def everything(paper: Paper) -> Counter[str]:
    return Counter(f"http://{paper.host}/news/2026/{number}" for number in range(ARTICLES))


def test_a_crawl_larger_than_its_disk_goes_through(paper: Paper, small_disk: Path, tmp_path: Path) -> None:
    done = crawl(paper, tmp_path)
    assert done.code == 0, done.err + str(done.json()["problems"])
    assert captured(tmp_path) == everything(paper)
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0


def test_a_full_disk_ends_the_run_in_order_and_the_next_one_goes_on(
    paper: Paper, small_disk: Path, tmp_path: Path
) -> None:
    (tmp_path / "newswarc-data").mkdir()
    obstacle = tmp_path / "newswarc-data" / "warc"
    obstacle.write_text("the storage takes nothing either")
    done = crawl(paper, tmp_path, DISK_PATIENCE="1.5")
    assert done.code == 1
    assert any("free disk space" in problem for problem in done.json()["problems"]), done.json()["problems"]
    assert "Traceback" not in done.err
    obstacle.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    again = newswarc("upload", "--json", cwd=tmp_path, NEWSWARC_STATE=str(small_disk))
    assert again.code == 0, again.err
    first = captured(tmp_path)
    assert first
    assert set(first.values()) == {1}
    done = crawl(paper, tmp_path)
    assert done.code == 0, done.json()["problems"]
    assert captured(tmp_path).keys() == everything(paper).keys()
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0
