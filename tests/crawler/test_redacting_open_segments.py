"""Redaction reaches what has not been stored yet, and says what it cannot reach."""

from __future__ import annotations

import fcntl
from pathlib import Path

from archive.library import articles
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer
from tests.crawler.test_due import ALWAYS_DUE, crawl
from tests.support.processes import newswarc

OTHERS = 14


def redact(place: Path, url: str) -> tuple[int, str]:
    done = newswarc("redact", url, "--reason", "order 3/2026", "--yes", cwd=place)
    return done.code, done.err


def test_of_an_open_segment_nothing_is_left(tmp_path: Path) -> None:
    with DemoServer() as server:
        crawl(server, tmp_path, "--due", **ALWAYS_DUE)
        story = next(path for path in server.counts() if path.startswith("/stories/en") and "9999" not in path)
        code, said = redact(tmp_path, f"{server.base}{story}")
    assert code == 0, said
    kept = list(articles(LocalStorage(tmp_path / "newswarc-data")))
    assert len(kept) == OTHERS
    assert story not in {article.url.removeprefix(server.base) for article in kept}
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0


def test_a_segment_that_a_crawl_writes_is_named(tmp_path: Path) -> None:
    with DemoServer() as server:
        crawl(server, tmp_path, "--due", **ALWAYS_DUE, NEWSWARC_SEGMENT_AGE="0.001")
        crawl(server, tmp_path, "--due", **ALWAYS_DUE)
        story = next(path for path in server.counts() if path.startswith("/stories/en") and "9999" not in path)
        spool = tmp_path / "newswarc-data" / "state" / "spool"
        path = spool / "newswarc-20260101000000000-00009-pier-0a0b0c0d.warc.gz.open"
        path.write_bytes(b"")
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            code, said = redact(tmp_path, f"{server.base}{story}")
    assert code == 1
    assert "newswarc-20260101000000000-00009-pier-0a0b0c0d: a crawl is writing this segment" in said
    assert len(list(articles(LocalStorage(tmp_path / "newswarc-data")))) == OTHERS
