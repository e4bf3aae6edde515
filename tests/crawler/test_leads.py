"""Where articles lead: their other languages, their canonical address; and what a backfill does not read twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from archive.library import articles
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer, Reply
from tests.crawler.test_politeness import answer
from tests.support.processes import newswarc

PARAGRAPHS = "".join(
    f"<p>The council of the town met for the {n} time this year and spoke at length of the bridge over the river, of what "
    f"its repair will cost, and of who shall pay for it in the years to come, as the mayor said in the hall.</p>"
    for n in ("first", "second", "third", "fourth")
)


def page(title: str, head: str = "") -> Callable[[], Reply]:
    body = (
        f"<html lang=en><head><title>{title}</title>{head}<meta property='article:published_time' "
        f"content='2026-01-05T08:00:00Z'></head><body><article><h1>{title}</h1>{PARAGRAPHS}</article></body></html>"
    )
    return lambda: Reply(body.encode())


def crawl(server: DemoServer, directory: Path, *options: str) -> Any:
    done = newswarc(
        "crawl", f"{server.base}/", "--json", "--allow-host", server.base.removeprefix("http://"), *options,
        cwd=directory, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
    )  # fmt: skip
    assert done.code == 0, done.err
    return done.json()


def test_other_languages_and_the_canonical_address_are_followed_within_the_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DemoServer() as server:
        base = server.base
        head = (
            f"<link rel=alternate hreflang=fr href='{base}/fr/2026/01/05/le-pont-de-la-ville'>"
            f"<link rel=alternate hreflang=en href='{base}/en/2026/01/05/the-bridge-of-the-town'>"
            f"<link rel=alternate hreflang=de href='http://127.0.0.2:9/de/2026/01/05/die-bruecke-der-stadt'>"
            f"<link rel=alternate hreflang=x-default href='{base}/'>"
            f"<link rel=canonical href='{base}/news/2026/01/05/the-bridge-of-the-whole-town'>"
        )
        further = f"<a rel=next href='{base}/fr/2026/01/05/le-pont-de-la-ville/2'>2</a>"
        another = f"<link rel=next href='{base}/fr/2026/01/06/un-autre-article-du-jour'>"
        front = "<html><body><a href='/en/2026/01/05/the-bridge-of-the-town'>x</a></body></html>"
        nothing = lambda: Reply(status=404)  # noqa: E731
        replies = dict.fromkeys(("/robots.txt", "/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml"), nothing)
        sitemaps = ("/sitemap-news.xml", "/news-sitemap.xml", "/sitemap.xml", "/sitemap_index.xml")
        replies |= dict.fromkeys(("/index.xml", *sitemaps), nothing)
        replies |= {
            "/": lambda: Reply(front.encode()),
            "/en/2026/01/05/the-bridge-of-the-town": page("The bridge of the town", head),
            "/fr/2026/01/05/le-pont-de-la-ville": page("Le pont de la ville", further),
            "/fr/2026/01/05/le-pont-de-la-ville/2": page("Le pont, suite", another),
            "/news/2026/01/05/the-bridge-of-the-whole-town": page("The bridge of the whole town"),
        }
        answer(monkeypatch, replies)
        crawl(server, tmp_path)
        assert all(count == 1 for path, count in server.counts().items() if "2026" in path)
        found = {
            article.url.removeprefix(base): article for article in articles(LocalStorage(tmp_path / "newswarc-data"))
        }
    assert set(found) == {path for path in replies if "2026" in path}
    french = found["/fr/2026/01/05/le-pont-de-la-ville"].discovery
    assert french is not None
    assert french.via == "alternate"
    assert french.source_url == f"{base}/en/2026/01/05/the-bridge-of-the-town"


def test_what_a_slow_source_says_of_another_edition_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DemoServer() as server:
        english, french = "/en/2026/01/05/the-bridge-of-the-town", "/fr/2026/01/05/le-pont-de-la-ville"
        now = datetime.now(UTC).isoformat(timespec="seconds")
        body = page("The bridge of the town", f"<link rel=alternate hreflang=fr href='{server.base}{french}'>")().body

        def slow() -> Reply:
            time.sleep(5)  # meanwhile the feed's article is extracted
            old = "".join(
                f"<url><loc>{server.base}/old/{n}</loc><lastmod>2020</lastmod></url>" for n in range(30_000)
            )
            return sitemap(f"{old}<url><loc>{server.base}{french}</loc><lastmod>{now}</lastmod></url>")()

        nothing = lambda: Reply(status=404)  # noqa: E731
        replies = dict.fromkeys(("/robots.txt", "/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml"), nothing)
        replies |= dict.fromkeys(("/index.xml", "/news-sitemap.xml", "/sitemap.xml"), nothing)
        replies |= {
            "/": lambda: Reply(
                b"<html><head><link rel=alternate type=application/rss+xml href=/news.rss></head></html>"
            ),
            "/news.rss": lambda: Reply(
                f"<rss version='2.0'><channel><item><link>{server.base}{english}</link>"
                f"<pubDate>{format_datetime(datetime.now(UTC))}</pubDate></item></channel></rss>".encode(),
                "application/rss+xml",
            ),
            "/sitemap-news.xml": sitemap(
                f"<sitemap><loc>{server.base}/news-of-today.xml</loc><lastmod>{now}</lastmod></sitemap>", index=True
            ),
            "/news-of-today.xml": slow,
            english: lambda: Reply(body),
            french: page("Le pont de la ville"),
        }
        answer(monkeypatch, replies)
        crawl(server, tmp_path)
        found = {article.url: article.discovery for article in articles(LocalStorage(tmp_path / "newswarc-data"))}
        discovery = found[f"{server.base}{french}"]
        assert discovery is not None
        assert (discovery.via, discovery.source_date) == ("sitemap", now)


def sitemap(items: str, *, index: bool = False) -> Callable[[], Reply]:
    name = "sitemapindex" if index else "urlset"
    text = f"<{name} xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{items}</{name}>"
    return lambda: Reply(text.encode(), "application/xml")


def test_a_backfill_that_goes_on_leaves_out_the_old_sitemaps_it_has_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DemoServer() as server:
        base = server.base
        now = datetime.now(UTC)
        children = {
            "/sitemap-old.xml": "2020-01-31",
            "/sitemap-undated.xml": "",
            "/sitemap-recent.xml": now.date().isoformat(),
            "/sitemap-changed.xml": (now - timedelta(days=10)).isoformat(),
        }
        stories = {
            f"/{child[1:-4]}/2020/01/0{n}/a-story": page(f"A story {n} of {child}")
            for child in children
            for n in (1, 2)
        }
        dates = dict(children)

        def index() -> Reply:
            lines = [
                f"<sitemap><loc>{base}{child}</loc>{f'<lastmod>{date}</lastmod>' if date else ''}</sitemap>"
                for child, date in dates.items()
            ]
            return sitemap("".join(lines), index=True)()

        def child(name: str) -> Callable[[], Reply]:
            return sitemap(
                "".join(
                    f"<url><loc>{base}{path}</loc></url>" for path in stories if path.startswith(f"/{name[1:-4]}/")
                )
            )

        robots = f"User-agent: *\nSitemap: {base}/index-of-all.xml\n".encode()
        answer(
            monkeypatch,
            {
                "/": lambda: Reply(b"<html><body>nothing</body></html>"),
                "/robots.txt": lambda: Reply(robots, "text/plain"),
                "/index-of-all.xml": index,
                **{name: child(name) for name in children},
                **stories,
            },
        )
        first = crawl(server, tmp_path, "--backfill", "--limit", "3")
        assert sum(first["articles"].values()) == 3
        assert all(server.counts()[name] == 1 for name in children)
        dates["/sitemap-changed.xml"] = (now + timedelta(seconds=60)).isoformat()
        crawl(server, tmp_path, "--backfill")
        counts = server.counts()
        assert {name: counts[name] for name in children} == {
            "/sitemap-old.xml": 1, "/sitemap-undated.xml": 1, "/sitemap-recent.xml": 2, "/sitemap-changed.xml": 2,
        }  # fmt: skip
        assert all(counts[path] == 1 for path in stories), "what the first run found and did not fetch"


@pytest.mark.parametrize("has_feed", [True, False])
def test_an_index_without_dates_is_told_only_of_a_site_that_lists_nothing_else(
    has_feed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DemoServer() as server:
        english = "/en/2026/01/05/the-bridge-of-the-town"
        nothing = lambda: Reply(status=404)  # noqa: E731
        replies = dict.fromkeys(("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml"), nothing)
        replies |= dict.fromkeys(("/sitemap-news.xml", "/news-sitemap.xml", "/sitemap.xml"), nothing)
        replies |= {
            "/robots.txt": lambda: Reply(f"Sitemap: {server.base}/maps.xml\n".encode(), "text/plain"),
            "/maps.xml": sitemap(
                "".join(f"<sitemap><loc>{server.base}/map-{n}.xml</loc></sitemap>" for n in range(3)), index=True
            ),
            "/": lambda: Reply(
                b"<html><head><link rel=alternate type=application/rss+xml href=/news.rss></head></html>"
                if has_feed
                else b"<html><body>Welcome</body></html>"
            ),
            "/news.rss": lambda: Reply(
                f"<rss version='2.0'><channel><item><link>{server.base}{english}</link>"
                f"<pubDate>{format_datetime(datetime.now(UTC))}</pubDate></item></channel></rss>".encode(),
                "application/rss+xml",
            ),
            english: page("The bridge of the town"),
        }
        answer(monkeypatch, replies)
        done = newswarc(
            "crawl", f"{server.base}/", "--json", "--allow-host", server.base.removeprefix("http://"),
            cwd=tmp_path, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
        )  # fmt: skip
    told = [problem for problem in done.json()["problems"] if "/maps.xml: none of its 3 sitemaps is read" in problem]
    assert (done.code, len(told)) == ((0, 0) if has_feed else (1, 1)), done.err
