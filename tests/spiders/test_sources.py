"""Feeds, sitemaps and sections: good ones, bad ones, and what is said of the bad ones."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.demo import pages
from crawler.demo.stories import load_stories
from spiders.problems import NotASource
from spiders.site import site_of_address
from spiders.sources.feed import MOST_ITEMS, parse_feed
from spiders.sources.found import MOST_ENTRIES, cut_at
from spiders.sources.section import parse_section
from spiders.sources.sitemap import parse_sitemap
from spiders.sources.unpacking import MAX_SIZE

BASE = "http://127.0.0.1:8765"
FEED = f"{BASE}/feed"
STORIES = load_stories()
SITE = site_of_address(f"{BASE}/en/")


def test_atom_and_rss() -> None:
    english = [story for story in STORIES if story.language == "en"]
    found = parse_feed(pages.atom_feed(BASE, "en", STORIES), FEED).articles
    assert [(item.date, item.title, item.author) for item in found] == [
        (story.published, story.headline, story.author) for story in english
    ]
    assert all(item.news for item in found)
    french = parse_feed(pages.rss_feed(BASE, "fr", STORIES), FEED).articles
    assert [item.date for item in french] == [story.published for story in STORIES if story.language == "fr"]


RDF = b"""<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><item rdf:about="http://x.example/1"><title>T</title><link>http://x.example/1</link>
 <dc:date>2026-01-05T07:30:00+01:00</dc:date></item></rdf:RDF>"""


@pytest.mark.parametrize(
    "body",
    [
        RDF,
        b"<rss version='2.0'><channel><item><title>T & U</title><link>http://x.example/1</link>",
        b"\xef\xbb\xbf\n<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><item><link>http://x.example/1</link></item></channel></rss>",
        "<?xml version='1.0' encoding='windows-1256'?><rss version='2.0'><channel><item><title>خبر</title><link>http://x.example/1</link></item></channel></rss>".encode(
            "windows-1256"
        ),
        b"<?xml version='1.0' encoding='no-such-charset'?><rss version='2.0'><channel><item><link>http://x.example/1</link></item></channel></rss>",
        b"<rss version='2.0'><channel><item><title>"
        + b"x" * 500_000
        + b"</title><link>http://x.example/1</link></item></channel></rss>",
    ],
    ids=["rdf", "not well formed", "byte order mark", "windows-1256", "unknown charset", "a very long line"],
)
def test_odd_feeds_are_read(body: bytes) -> None:
    assert [item.url for item in parse_feed(body, FEED).articles] == ["http://x.example/1"]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"<!DOCTYPE html><html><title>Home</title></html>", "HTML page"),
        (b"<rss version='2.0'><channel><title>T</title></channel></rss>", "no entries"),
        (b"{]", "not a feed"),
        (b"\x00\x01\x02" * 100, "not a feed"),
    ],
)
def test_what_is_no_feed_is_said(body: bytes, what: str) -> None:
    with pytest.raises(NotASource, match=what) as caught:
        parse_feed(body, FEED)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_a_news_sitemap() -> None:
    sitemap = parse_sitemap(pages.news_sitemap(BASE, STORIES), f"{BASE}/news-sitemap.xml.gz")
    assert [(item.date, item.title, item.news) for item in sitemap.articles] == [
        (story.published, story.headline, True) for story in STORIES
    ]
    assert sitemap.articles[0].url == pages.url(BASE, STORIES[0].path)


def test_an_index_and_a_plain_list() -> None:
    index = parse_sitemap(pages.sitemap_index(BASE), f"{BASE}/sitemap_index.xml")
    assert [child.url for child in index.children] == [f"{BASE}/news-sitemap.xml.gz", f"{BASE}/archive-sitemap.xml"]
    listed = parse_sitemap(b"http://x.example/1\nhttp://x.example/2\n", f"{BASE}/sitemap.txt")
    assert [item.url for item in listed.articles] == ["http://x.example/1", "http://x.example/2"]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "empty"),
        (b"<html><body>not here</body></html>", "HTML page"),
        (b"just words", "neither XML"),
        (b"<other/>", "'other'"),
        (gzip.compress(b"<urlset/>", mtime=0)[:-12], "cut short"),
        (gzip.compress(b" " * (MAX_SIZE + 10), mtime=0), "more than"),
    ],
)
def test_what_is_no_sitemap_is_said(body: bytes, what: str) -> None:
    with pytest.raises(NotASource, match=what):
        parse_sitemap(body, f"{BASE}/sitemap.xml")


def test_entities_are_not_followed() -> None:
    bomb = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
    <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>http://x.example/&b;&c;</loc></url></urlset>"""
    found = parse_sitemap(bomb, f"{BASE}/sitemap.xml").articles
    assert all("root:" not in item.url and "aaaaaaaaaa" not in item.url for item in found)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    for parse in (parse_feed, parse_sitemap):
        try:
            parse(body, FEED)
        except NotASource as error:
            assert str(error)


def test_a_front_page() -> None:
    section = parse_section(pages.front_page(BASE, "en", STORIES).encode(), f"{BASE}/en/", SITE)
    assert section.feeds == (f"{BASE}/en/feed.atom",)
    assert section.sections == tuple(f"{BASE}/en/{name}" for name in pages.SECTIONS)
    addresses = [item.url for item in section.articles]
    assert len([address for address in addresses if "/stories/en/100" in address]) == 5
    assert not [address for address in addresses if "utm_" in address]
    assert section.following is None


def test_a_section_leads_to_its_next_page() -> None:
    stories = [story for story in STORIES if story.section == "harbour"] * 2
    section = parse_section(
        pages.section_page(BASE, "en", "harbour", 1, stories).encode(), f"{BASE}/en/harbour", SITE
    )
    assert section.following == f"{BASE}/en/harbour?page=2"


def test_an_empty_page_is_no_section() -> None:
    with pytest.raises(NotASource):
        parse_section(b"", f"{BASE}/en/", SITE)


def test_a_json_feed() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "News",
        "authors": [{"name": "The desk"}],
        "items": [
            {"id": "1", "url": "/2026/a", "title": " A  title ", "date_published": "2026-01-05T08:00:00+02:00"},
            {"id": "https://example.org/2026/b", "authors": [{"name": "Ada"}, {"name": "Ben"}, 7]},
            {"id": "c", "external_url": "https://example.org/2026/c", "author": {"name": "Cy"}},
            {"id": "no address"},
        ],
    }
    found = parse_feed(json.dumps(feed).encode(), "https://example.org/feed.json").articles
    assert [(item.url, item.title, item.author) for item in found] == [
        ("https://example.org/2026/a", "A title", "The desk"),
        ("https://example.org/2026/b", "", "Ada, Ben"),
        ("https://example.org/2026/c", "", "Cy"),
    ]
    assert found[0].date == "2026-01-05T08:00:00+02:00"
    assert all(item.news for item in found)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["items", "url", "id", "authors", "version", "date_published"]), inner)
        ),
    )
)
def test_no_json_raises_anything_else(document: object) -> None:
    text = json.dumps({"version": "https://jsonfeed.org/version/1", "items": document}).encode()
    try:
        parse_feed(text, "https://example.org/")
    except NotASource:
        return


def test_a_flood_of_entries_is_cut() -> None:
    items = b"".join(
        b"<item><link>https://example.org/%d</link></item>" % number for number in range(MOST_ITEMS + 500)
    )
    feed = parse_feed(b'<rss version="2.0"><channel>' + items + b"</channel></rss>", "https://example.org/")
    assert len(feed.articles) == MOST_ITEMS
    assert "5,000" in feed.flaws[0]
    sitemap = b"".join(
        b"<url><loc>https://example.org/%d</loc></url>" % number for number in range(MOST_ENTRIES + 500)
    )
    found = parse_sitemap(b"<urlset>" + sitemap + b"</urlset>", "https://example.org/")
    assert (len(found.articles), found.flaws) == (MOST_ENTRIES, (cut_at(MOST_ENTRIES),))
    lines = b"".join(b"https://example.org/%d\n" % number for number in range(MOST_ENTRIES + 500))
    listed = parse_sitemap(lines, "https://example.org/")
    assert (len(listed.articles), listed.flaws) == (MOST_ENTRIES, (cut_at(MOST_ENTRIES),))
    many = [{"id": str(number), "url": f"https://example.org/{number}"} for number in range(MOST_ENTRIES + 500)]
    text = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": many})
    written = parse_feed(text.encode(), "https://example.org/")
    assert (len(written.articles), written.flaws) == (MOST_ENTRIES, (cut_at(MOST_ENTRIES),))


def test_an_entry_of_endless_elements_is_refused() -> None:
    with pytest.raises(NotASource, match="elements"):
        parse_sitemap(b"<urlset><url>" + b"<a/>" * 20_000 + b"</url></urlset>", "https://example.org/")


def test_entities_of_a_feed_are_not_resolved() -> None:
    laughs = b"<!DOCTYPE rss [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'><!ENTITY f SYSTEM 'file:///etc/passwd'>]>"
    body = (
        laughs
        + b"<rss version='2.0'><channel><item><title>&b;&f;</title><link>https://example.org/1</link></item></channel></rss>"
    )
    found = parse_feed(body, "https://example.org/").articles
    assert [item.url for item in found] == ["https://example.org/1"]
    assert "haha" not in found[0].title
    assert "root:" not in found[0].title


@pytest.mark.parametrize(
    ("link", "following"),
    [
        ('<link rel="next" href="/news?page=7">', "https://example.org/news?page=7"),
        ('<a rel="nofollow next" href="/news/7">7</a>', "https://example.org/news/7"),
        ('<a class="next page-numbers" href="/more">Older</a>', "https://example.org/more"),
        ('<a class="pagination__next" href="/more">›</a>', "https://example.org/more"),
        (
            '<a href="/news?page=1">1</a><a href="/news?page=2">2</a><a href="/news?page=3">3</a>',
            "https://example.org/news?page=2",
        ),
        ('<a class="next-story" href="/more">Next story</a>', None),
        ('<a href="/other?page=2">2</a>', None),
        ('<a href="/news?page=3">3</a>', None),
    ],
)
def test_the_next_page_of_a_list(link: str, following: str | None) -> None:
    url = "https://example.org/news"
    page = f"<html><body><p>News</p>{link}</body></html>".encode()
    assert parse_section(page, url, site_of_address(url)).following == following


def test_feeds_of_comments_are_no_sources() -> None:
    kind = 'rel="alternate" type="application/rss+xml"'
    page = f'<html><head><link {kind} href="/feed/"><link {kind} href="/comments/feed/"></head><body>x</body></html>'
    url = "https://example.org/"
    assert parse_section(page.encode(), url, site_of_address(url)).feeds == ("https://example.org/feed/",)


def test_where_a_front_page_says_that_its_sources_are() -> None:
    page = (
        "<link rel=Alternate type='application/RSS+xml; charset=utf-8' href=/a.rss>"
        "<link rel=feed href=/b?ort=Köln><link rel=alternate type=text/xml href=\\c\\d.xml>"
        "<link rel=alternate hreflang=fr href=/fr/><link rel=alternate type=application/json href=/wp-json/1>"
        "<link rel=Sitemap href=/maps/all.xml>"
        "<a href=/help/rss>Feeds</a><a href=/desk.rss>Desk</a><a href=https://paper.example/feed>Other</a>"
        "<a href=/x/comments/feed>What readers say</a><a href=/feeding-the-birds.html>Birds</a>"
    )
    section = parse_section(page.encode("latin-1"), f"{BASE}/en/", SITE, "text/html; charset=iso-8859-1")
    assert section.feeds == (f"{BASE}/a.rss", f"{BASE}/b?ort=K%F6ln", f"{BASE}/c/d.xml")
    assert section.sitemaps == (f"{BASE}/maps/all.xml",)
    assert section.linked_feeds == (f"{BASE}/help/rss", f"{BASE}/desk.rss")
