"""What is known of an address is told: from its sources, by the rules, through its tries, to its captures."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from crawler.demo.server import DemoServer, Reply
from tests.crawler.test_leads import page
from tests.crawler.test_politeness import answer
from tests.support.processes import newswarc

STORY = "/news/2026/02/03/the-dam-above-the-town-holds"
REFUSED = "/news/2026/02/03/the-mayor-will-not-say-why"
OLD = "/news/2026/01/05/the-dam-was-built-in-time"
FORBIDDEN = "/private/2026/02/03/a-letter-to-the-council"


def explained(base: str, path: str, directory: Path) -> dict[str, list[str]]:
    told = newswarc("explain", f"{base}{path}", "--json", cwd=directory)
    assert told.code == 0, told.err
    found = defaultdict(list)
    for fact in told.lines():
        found[fact["about"]].append(fact["text"])
    return dict(found)


def test_of_each_kind_of_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DemoServer() as server:
        dates = {STORY: "03 Feb", REFUSED: "03 Feb", OLD: "05 Jan", FORBIDDEN: "03 Feb"}
        items = "".join(
            f"<item><title>Of the dam</title><link>{server.base}{path}</link>"
            f"<pubDate>{date} 2026 08:00:00 GMT</pubDate></item>"
            for path, date in dates.items()
        )
        feed = f"<rss version='2.0'><channel><title>P</title>{items}</channel></rss>".encode()
        front = b"<html><head><link rel=alternate type='application/rss+xml' href='/rss'></head><body></body></html>"
        answer(
            monkeypatch,
            {
                "/": lambda: Reply(front),
                "/robots.txt": lambda: Reply(b"User-agent: *\nDisallow: /private/", content_type="text/plain"),
                "/rss": lambda: Reply(feed, content_type="application/rss+xml"),
                "/sitemap-news.xml": lambda: Reply(status=404),
                "/news-sitemap.xml": lambda: Reply(status=404),
                "/sitemap.xml": lambda: Reply(status=404),
                STORY: page("The dam above the town holds"),
                REFUSED: lambda: Reply(b"no", status=403),
            },
        )
        newswarc(
            "crawl", f"{server.base}/", "-q", "--since", "2026-02-01", cwd=tmp_path, NEWSWARC_DELAY="0",
            NEWSWARC_ALLOW_HOSTS=server.base.removeprefix("http://"),
        )  # fmt: skip
        captured = explained(server.base, f"{STORY}?utm_source=mail", tmp_path)
        assert captured["address"] == [f"it is known as {server.base}{STORY}"]
        assert captured["source"][0].startswith(f"feed {server.base}/rss, dated 2026-02-03T08:00:00")
        assert captured["state"] == ["captured and stored"]
        assert "record, 'The dam above the town holds'" in captured["capture"][0]
        assert "allows it" in captured["robots"][0]
        refused = explained(server.base, REFUSED, tmp_path)
        assert refused["state"][0] == "not captured; will be tried again"
        assert "forbidden (status 403), 1 in all" in refused["state"][1]
        assert refused["state"][2].startswith("next try ")
        assert "http_error: status 403" in refused["capture"][0]
        assert explained(server.base, OLD, tmp_path)["state"] == [
            "set aside: its date is outside --since and --until"
        ]
        assert "does not allow it" in explained(server.base, FORBIDDEN, tmp_path)["robots"][0]
        unknown = explained(server.base, "/nothing", tmp_path)
        assert unknown["state"] == ["not listed by any source that this machine has read"]
        assert newswarc("explain", "mailto:desk@paper.example", cwd=tmp_path).code in (0, 2)
