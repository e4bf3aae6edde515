"""A site's sources are found, tried and written down; and looked at later to see whether they are alive."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from crawler.demo.server import DemoServer, Reply
from tests.crawler.test_politeness import answer
from tests.support.processes import Finished, newswarc


def site(server: DemoServer, directory: Path, *arguments: object) -> Finished:
    host = server.base.removeprefix("http://")
    settings = {"NEWSWARC_DELAY": "0", "NEWSWARC_CONTACT": "tests@example.org", "NEWSWARC_RETRIES": "0"}
    return newswarc("site", *arguments, "--allow-host", host, cwd=directory, **settings)


def test_a_definition_is_written_and_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DemoServer() as server:
        added = site(server, tmp_path, "add", f"{server.base}/", "--name", "xx/tidewater")
        assert added.code == 0, added.err
        assert not (tmp_path / "newswarc-data").exists(), "nothing is archived"
        assert not [path for path, _ in server.requests if path.startswith("/stories/")], "no article is fetched"
        written = tomllib.loads((tmp_path / "sites" / "xx" / "tidewater.toml").read_text())
        kinds = {source["url"].removeprefix(server.base): source["kind"] for source in written["sources"]}
        assert kinds["/en/feed.atom"] == "feed"
        assert "sitemap" in kinds.values()
        assert written["language"] == "en"
        assert written["name"] == "The Tidewater Courier"

        again = site(server, tmp_path, "add", f"{server.base}/", "--name", "xx/tidewater")
        assert again.code == 2
        assert "--overwrite" in again.err

        host = server.base.removeprefix("http://")
        crawled = newswarc(
            "crawl", "xx/tidewater", "--sites", "sites", "--json", "--allow-host", host,
            cwd=tmp_path, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
        )  # fmt: skip
        assert crawled.code == 0, crawled.err
        assert crawled.json()["articles"]["xx/tidewater"] >= 10

        checked = site(server, tmp_path, "check", "xx/tidewater", "--sites", "sites")
        assert checked.code == 0, checked.out + checked.err
        assert "/en/feed.atom" in checked.out
        answer(monkeypatch, {"/en/feed.atom": lambda: Reply(b"gone", "text/plain", 410)})
        broken = site(server, tmp_path, "check", "xx/tidewater", "--sites", "sites", "--json")
        assert broken.code == 1
        assert [address for _, address in broken.json()["silent"]] == [f"{server.base}/en/feed.atom"]


def test_a_page_without_sources_is_no_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DemoServer() as server:
        answer(monkeypatch, {"/alone": lambda: Reply(b"<html><body><p>Nothing here.</p></body></html>")})
        missing = {path: (lambda: Reply(b"no", "text/plain", 404)) for path in ("/robots.txt", "/sitemap_index.xml")}
        answer(monkeypatch, missing)
        done = site(server, tmp_path, "add", f"{server.base}/alone")
    assert done.code == 2
    assert "no source with articles" in done.err
    assert not (tmp_path / "sites").exists()
