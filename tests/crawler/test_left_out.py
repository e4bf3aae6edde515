"""What sources announce and nobody asks for is told; what leads on at once is followed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from archive.library import articles
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer, Reply
from spiders.left_out import LeftOut
from tests.crawler.test_leads import page
from tests.crawler.test_politeness import answer
from tests.support.processes import newswarc

NOW = datetime.now(UTC)
NOWHERE = (
    "/robots.txt /feed /rss /feed.xml /rss.xml /atom.xml /index.xml /sitemap-news.xml /news-sitemap.xml /sitemap.xml"
    " /sitemap_index.xml"
).split()


def nothing() -> Reply:
    return Reply(status=404)


def crawl(server: DemoServer, directory: Path, *options: str, what: str = "") -> Any:
    (directory / "sites").mkdir(exist_ok=True)
    return newswarc(
        "crawl", what or f"{server.base}/", "--json", "--allow-host", "127.0.0.0/8", *options,
        cwd=directory, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org", NEWSWARC_SITES="sites",
    )  # fmt: skip


def serve(monkeypatch: pytest.MonkeyPatch, replies: dict[str, Callable[[], Reply]]) -> None:
    answer(monkeypatch, dict.fromkeys(NOWHERE, nothing) | replies)


def written(markup: str) -> Callable[[], Reply]:
    return lambda: Reply(markup.encode())


def feed(*links: str) -> Callable[[], Reply]:
    items = "".join(f"<item><link>{link}</link><pubDate>{format_datetime(NOW)}</pubDate></item>" for link in links)
    return written(f"<rss version='2.0'><channel>{items}</channel></rss>")


FRONT = written(
    "<html><head><link rel=alternate type=application/rss+xml href=/news.rss></head><body>News</body></html>"
)


def define(directory: Path, server: DemoServer, rest: str) -> None:
    (directory / "sites" / "xx").mkdir(parents=True, exist_ok=True)
    source = f'[[sources]]\nkind = "feed"\nurl = "{server.base}/news.rss"\n'
    text = f'name = "Paper"\nurl = "{server.base}/"\n{source}{rest}'
    (directory / "sites" / "xx" / "paper.toml").write_text(text)


def test_each_announced_article_is_asked_for_or_has_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DemoServer() as server:
        links = ["/a/one", "/b/two", "https://elsewhere.example/x", f"/a/{'x' * 2500}", "/a/v", "http://[::1/a"]
        serve(monkeypatch, {"/news.rss": feed(*links), "/a/one": page("A bridge is opened again in the town")})
        define(tmp_path, server, '[urls]\nallow = ["/a/"]\ndeny = ["/v$"]\n')
        done = crawl(server, tmp_path, what="xx/paper")
        report = done.json()
        left_out = report["left_out"]["xx/paper"]
        # A feed's reader drops an address with a bracket too many: its entry then has none
        unfit = left_out.pop(LeftOut.UNFIT, 0) + left_out.pop(LeftOut.NO_ADDRESS, 0)
        assert (left_out, unfit) == (
            {LeftOut.NOT_ALLOWED: 1, LeftOut.OFF_SITE: 1, LeftOut.TOO_LONG: 1, LeftOut.DENIED: 1},
            1,
        )
        assert report["articles"] == {"xx/paper": 1}
        assert done.code == 0
        assert [line for line in report["problems"] if "longer than" in line]


def test_a_feed_that_moved_names_where_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DemoServer() as server:
        serve(monkeypatch, {"/news.rss": feed("https://new.example/a-b-c-d", "https://new.example/e-f-g-h")})
        define(tmp_path, server, "")
        done = crawl(server, tmp_path, what="xx/paper")
        assert done.code == 1
        (line,) = done.json()["problems"]
        assert "new.example" in line
        assert "definition" in line


def test_a_front_page_that_moved_names_where_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DemoServer() as server:
        there = server.base.replace("127.0.0.1", "localhost")
        moved = written(f"<html><head><meta http-equiv=refresh content='0;url={there}/home'></head></html>")
        serve(monkeypatch, {"/": moved, "/home": written("<html><body>News</body></html>")})
        done = crawl(server, tmp_path, "--allow-host", "localhost")
        assert done.code == 1
        assert there.removeprefix("http://") in done.json()["problems"][0]


def test_a_plain_sitemaps_entries_have_reasons_by_their_dates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dated = {
        "/town/the-new-bridge-is-open": NOW.strftime("%Y/%m/%d"),
        "/town/the-old-bridge-was-shut": "2019-04",
        "/town/the-bridge-of-no-day": "",
        "/town/the-bridge-of-some-day": "some day",
        "/plan.pdf": NOW.isoformat(),
        "/town": NOW.isoformat(),
    }
    with DemoServer() as server:
        entries = "".join(f"<url><loc>{path}</loc><lastmod>{date}</lastmod></url>" for path, date in dated.items())
        serve(
            monkeypatch,
            {
                "/": FRONT,
                "/news.rss": feed("/town/from-the-feed"),
                "/sitemap.xml": written(f"<urlset>{entries}<url><priority>1</priority></url>"),
                "/town/from-the-feed": page("A feed of the town"),
                "/town/the-new-bridge-is-open": page("A bridge is opened again in the town"),
            },
        )
        done = crawl(server, tmp_path)
        report = done.json()
        (left_out,) = report["left_out"].values()
        assert left_out == dict.fromkeys(
            sorted(["asset", "no_address", "not_an_article", "old", "undated", "unreadable_date"]), 1
        )
        assert list(report["articles"].values()) == [2]
        assert (done.code, len(report["problems"])) == (0, 3)
        for words in ("some day", "has no URL", "its end is missing"):
            assert [line for line in report["problems"] if words in line], words


def test_a_front_page_that_leads_to_no_article_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DemoServer() as server:
        serve(monkeypatch, {"/": written("<html><body><p>Loading</p></body></html>")})
        done = crawl(server, tmp_path)
        assert done.code == 1
        (line,) = done.json()["problems"]
        assert "front page" in line


def test_what_leads_on_at_once_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    to = "<html><head><meta http-equiv=refresh content='0;url={}'></head></html>".format
    with DemoServer() as server:
        serve(
            monkeypatch,
            {
                "/": written(to("/home")),
                "/home": FRONT,
                "/news.rss": written(to("/latest.rss")),
                "/latest.rss": feed("/news/bridge", "/news/round", "/news/reloaded"),
                "/news/bridge": written(to("/news/the-bridge")),
                "/news/the-bridge": page("A bridge is opened again in the town"),
                "/news/round": written(to("/news/round-2")),
                "/news/round-2": written(to("/news/round")),
                "/news/reloaded": page("The ferry", "<meta http-equiv=refresh content='4;url=/news/reloaded#top'>"),
            },
        )
        done = crawl(server, tmp_path)
        assert (done.code, done.json()["problems"]) == (0, [])
        counts = server.counts()
        assert {path: count for path, count in counts.items() if path.startswith("/news/")} == {
            "/news/bridge": 1,
            "/news/the-bridge": 1,
            "/news/round": 2,  # a page that sets a cookie leads back once
            "/news/round-2": 2,
            "/news/reloaded": 1,
        }
        found = {article.url: article.requested_url for article in articles(LocalStorage(tmp_path / "newswarc-data"))}
        assert {url.removeprefix(server.base) for url in found} == {"/news/the-bridge", "/news/reloaded"}
        assert found[f"{server.base}/news/the-bridge"] == f"{server.base}/news/bridge"


def test_every_reason_has_a_sentence() -> None:
    assert all(reason.sentence.endswith(".") for reason in LeftOut)
