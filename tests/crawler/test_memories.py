"""A crawl learns what recurs on a site; records leave it out, and can be made again from the segments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archive.library import articles
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer, Reply
from tests.crawler.test_politeness import answer
from tests.support.processes import newswarc

PLEA = "This small paper lives by its readers alone; whoever can, please give us five a month."


def story(number: int) -> Reply:
    paragraphs = "".join(
        f"<p>In part {part} of story {number} the council of the town speaks at length of bridge number {number}, of what "
        f"its repair will cost in year {2000 + number}, and of who shall pay for it in the end, as the mayor said.</p>"
        for part in ("one", "two", "three", "four")
    )
    return Reply(
        f"<html lang=en><head><title>Bridge {number} of the town is mended</title></head><body><article>"
        f"<h1>Bridge {number} of the town is mended</h1>{paragraphs}<p>{PLEA}</p></article></body></html>".encode()
    )


def test_what_recurs_is_learned_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []

    def front() -> Reply:
        links = "".join(f"<a href='/2026/01/05/bridge-number-{n}-is-mended'>x</a>" for n in shown)
        return Reply(f"<html><body>{links}</body></html>".encode())

    def crawl(server: DemoServer, *numbers: int) -> Any:
        shown[:] = numbers
        done = newswarc(
            "crawl", f"{server.base}/", "--json", "--allow-host", server.base.removeprefix("http://"),
            cwd=tmp_path, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
        )  # fmt: skip
        assert done.code == 0, done.err
        return done.json()

    with DemoServer() as server:
        paths = {f"/2026/01/05/bridge-number-{n}-is-mended": (lambda n=n: story(n)) for n in range(5)}
        nothing = dict.fromkeys(
            ("/robots.txt", "/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/sitemap.xml"),
            lambda: Reply(status=404),
        )
        answer(monkeypatch, {"/": front, **nothing, **paths})
        crawl(server, 0, 1, 2)
        crawl(server, 3)
        archive = tmp_path / "newswarc-data"
        state = list(archive.rglob("frontier.sqlite*"))
        assert state
        for path in state:
            path.unlink()
        learned_again = newswarc("rebuild", archive, "--frontier", cwd=tmp_path)
        assert learned_again.code == 0, learned_again.err
        crawl(server, 4)
    found = {article.headline: article for article in articles(LocalStorage(archive))}
    assert [PLEA in found[f"Bridge {n} of the town is mended"].paragraphs for n in range(5)] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert len(found["Bridge 4 of the town is mended"].paragraphs) == 4
    assert len({article.extraction.config_hash for article in found.values() if article.extraction}) == 2
    again = newswarc("extract", archive, "--to", tmp_path / "again", "--quiet", cwd=tmp_path)
    assert again.code == 0, again.err
    made = sorted((tmp_path / "again").rglob("*.jsonl.gz"))
    assert len(made) == 6
    for path in made:
        assert path.read_bytes() == (archive / path.relative_to(tmp_path / "again")).read_bytes()
