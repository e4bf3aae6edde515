"""Sitemaps and feeds with flaws: no flaw of one entry costs another, and what is lost is told."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.problems import NotASource
from spiders.sources.feed import parse_feed
from spiders.sources.found import Feed
from spiders.sources.sitemap import Sitemap, parse_announced, parse_sitemap
from spiders.sources.unpacking import STEP, unpacked
from spiders.sources.xml_mending import decoded, mended

URL = "https://paper.example/map"
FLAWS = {
    "a bare ampersand": b"<loc>https://paper.example/x?a=1&b=2</loc><title>Sand & gravel</title>",
    "an ampersand at an end": b"<loc>https://paper.example/x</loc><title>Sand &</title>",
    "an entity of HTML": b"<loc>https://paper.example/caf&eacute;</loc><title>&nbsp;&hellip;</title>",
    "an unknown entity": b"<loc>https://paper.example/x</loc><title>&nosuchthing;</title>",
    "an impossible character": b"<loc>https://paper.example/x</loc><title>\x00\x0b &#0; &#xFFFFFF; &#xD800;</title>",
    "a byte of another charset": b"<loc>https://paper.example/x</loc><title>M\xeal\xe9e</title>",
    "an undeclared prefix": b"<loc>https://paper.example/x</loc><photo:photo><photo:loc>https://p.example/1.jpg</photo:loc></photo:photo>",
    "a sign for less": b"<loc>https://paper.example/x</loc><title>Boats < 5 m, <3</title>",
    "a tag that is not closed": b"<loc>https://paper.example/x</loc><title>Ferry",
    "a tag that was never opened": b"<loc>https://paper.example/x</loc></b></title>",
    "an attribute without quotes": b"<loc lang=en>https://paper.example/x</loc>",
    "one attribute twice": b"<loc a='1' a='2'>https://paper.example/x</loc>",
    "the end of a section": b"<loc>https://paper.example/x</loc><title>]]></title>",
    "dashes in a comment": b"<!-- a -- b --- --><loc>https://paper.example/x</loc>",
    "a comment without an end": b"<!-- a <loc>https://paper.example/x</loc>",
    "a declaration in the middle": b"<?xml version='1.0'?><loc>https://paper.example/x</loc>",
    "no address": b"<lastmod>2026-02-03</lastmod>",
    "an address that is none": b"<loc>https://[paper.example/x</loc>",
    "a date that is none": b"<loc>https://paper.example/x</loc><lastmod>Sun, 1 Feb 88888888888888888888</lastmod>",
}


def _numbered(first: int, last: int) -> bytes:
    return b"".join(b"<url><loc>https://paper.example/n/%d</loc></url>" % number for number in range(first, last))


def _sitemap(*entries: bytes) -> bytes:
    return (
        b'<?xml version="1.0"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">%s</urlset>'
        % b"".join(entries)
    )


@pytest.mark.parametrize("flaw", FLAWS.values(), ids=FLAWS)
def test_a_flaw_of_one_entry_costs_no_other(flaw: bytes) -> None:
    sitemap = parse_sitemap(_sitemap(_numbered(0, 7), b"<url>" + flaw + b"</url>", _numbered(7, 12)), URL)
    found = [item.url for item in sitemap.articles]
    assert [url for url in found if "/n/" in url] == [f"https://paper.example/n/{number}" for number in range(12)]
    assert len(found) + sitemap.without_address == 13
    assert sitemap.flaws == ()


def test_addresses_are_read_as_they_were_meant() -> None:
    locs = [
        b"/a?x=1&y=2",
        b"/a?x=1&amp;y=2",
        b"<![CDATA[/a?x=1&y=2]]>",
        b"<![CDATA[/a?x=1&amp;y=2]]>",
        b"/a?x=1&#38;y=2",
    ]
    sitemap = parse_sitemap(_sitemap(*(b"<url><loc>" + loc + b"</loc></url>" for loc in locs)), URL)
    assert {item.url for item in sitemap.articles} == {"https://paper.example/a?x=1&y=2"}


def test_an_entrys_own_address_comes_before_those_of_its_pictures() -> None:
    picture = b"<image:image><image:loc>https://p.example/1.jpg</image:loc></image:image>"
    sitemap = parse_sitemap(_sitemap(b"<url>" + picture + b"<loc>https://paper.example/x</loc></url>"), URL)
    assert [item.url for item in sitemap.articles] == ["https://paper.example/x"]


@given(st.dictionaries(st.integers(0, 9), st.sampled_from(sorted(FLAWS)), max_size=4), st.integers(1, 60))
def test_flaws_in_any_entries_of_a_document_in_any_pieces(places: dict[int, str], step: int) -> None:
    places = {place: name for place, name in places.items() if name != "a comment without an end"}
    entries = [
        b"<url>" + FLAWS[places[number]] + b"</url>" if number in places else _numbered(number, number + 1)
        for number in range(10)
    ]
    document = _sitemap(*entries)
    pieces = [document[start : start + step] for start in range(0, len(document), step)]
    assert "".join(mended(decoded(pieces))) == "".join(mended(decoded([document])))
    whole = [item.url for item in parse_sitemap(document, URL).articles if "/n/" in item.url]
    assert whole == [f"https://paper.example/n/{number}" for number in range(10) if number not in places]


@given(st.integers(0, 2000))
def test_what_stands_before_a_cut_is_read_and_the_cut_is_told(kept: int) -> None:
    document = _sitemap(_numbered(0, 30))[:kept]
    complete = document.count(b"</loc>")
    try:
        sitemap = parse_sitemap(document, URL)
    except NotASource:
        assert complete == 0
        return
    assert len(sitemap.articles) == complete
    assert bool(sitemap.flaws) == (not document.endswith(b"</urlset>"))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("damage", ["cut", "checksum", "none"])
def test_packed_sitemaps_are_read_as_far_as_they_go(layers: int, damage: str) -> None:
    packed = _sitemap(_numbered(0, 400))
    for _ in range(layers):
        packed = gzip.compress(packed)
    if damage == "cut":
        packed = packed[: len(packed) * 3 // 4]
    if damage == "checksum":
        packed = packed[:-8] + bytes(4) + packed[-4:]
    sitemap = parse_sitemap(packed, URL)
    assert (len(sitemap.articles) == 400) == (damage != "cut")
    assert sitemap.articles
    is_inner_whole = damage == "none" or (damage, layers) == ("checksum", 2)
    assert bool(sitemap.flaws) != is_inner_whole


def test_gzip_in_several_members() -> None:
    document = _sitemap(_numbered(0, 50))
    packed = gzip.compress(document[:700]) + gzip.compress(document[700:]) + bytes(20)
    assert len(parse_sitemap(packed, URL).articles) == 50


@given(st.binary(max_size=3 * 1000), st.integers(1, 3))
def test_unpacking_is_the_inverse_of_packing(data: bytes, layers: int) -> None:
    packed = b"x" + data
    for _ in range(layers):
        packed = gzip.compress(packed)
    flaws: list[str] = []
    assert b"".join(unpacked(packed, flaws)) == b"x" + data
    assert flaws == []
    assert len(b"".join(unpacked(b"x" * (STEP + 5), flaws))) == STEP + 5


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "koi8-r"])
def test_sitemaps_in_other_encodings(encoding: str) -> None:
    name = "koi8-r" if encoding == "koi8-r" else "utf-8"
    text = f'<?xml version="1.0" encoding="{name}"?><urlset><url><loc>https://paper.example/мост</loc></url></urlset>'
    assert [item.url for item in parse_sitemap(text.encode(encoding), URL).articles] == ["https://paper.example/мост"]


@pytest.mark.parametrize(
    "body",
    [
        b"<urlset><urlset><url><loc>https://paper.example/x</loc></url></urlset></urlset>",
        b"<urlset></urlset><urlset><url><loc>https://paper.example/x</loc></url></urlset>",
        b"<url><loc>https://paper.example/x</loc></url>",
        b"<s:urlset><s:url><s:loc>\n https://paper.example/x </s:loc></s:url></s:urlset>",
        b"\xef\xbb\xbfhttps://paper.example/x\r",
        "https://paper.example/x\nno address\n".encode("utf-16"),
        b"<rss version='2.0'><channel><item><link>https://paper.example/x</link></item></channel></rss>",
        b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='https://paper.example/x'/></entry></feed>",
        b'{"version": "https://jsonfeed.org/version/1", "items": [{"url": "https://paper.example/x"}]}',
        gzip.compress(
            b"<rss version='2.0'><channel><item><link>https://paper.example/x</link></item></channel></rss>",
            mtime=0,  # the test's name has it
        ),
    ],
)
def test_whatever_is_declared_as_a_sitemap(body: bytes) -> None:
    assert [item.url for item in parse_sitemap(body, URL).articles] == ["https://paper.example/x"]


@pytest.mark.parametrize(
    ("written", "date", "unreadable"),
    [("2026-02-03", "2026-02-03", ""), ("null", "", ""), ("soon", "", "soon"), ("0000-00-00", "", "")],
)
def test_a_date_that_cannot_be_read_is_not_taken_for_none(written: str, date: str, unreadable: str) -> None:
    entry = b"<loc>https://paper.example/x</loc><lastmod>" + written.encode() + b"</lastmod>"
    (found,) = parse_sitemap(_sitemap(b"<url>" + entry + b"</url>"), URL).articles
    assert (found.date, found.unreadable_date) == (date, unreadable)
    (child,) = parse_sitemap(b"<sitemapindex><sitemap>" + entry + b"</sitemap></sitemapindex>", URL).children
    assert (child.lastmod, child.unreadable_date) == (date, unreadable)


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"<urlset>", b"<", b"\xff\xfe", b"\x1f\x8b\x08\x00", b"<!DOCTYPE "]),
)
def test_no_bytes_raise_anything_but_that_they_are_no_sitemap(data: bytes, beginning: bytes) -> None:
    for parse in (parse_sitemap, parse_feed):
        try:
            parse(beginning + data, URL)
        except NotASource as error:
            assert str(error)


def _rss(*items: bytes) -> bytes:
    return (
        b'<rss version="2.0" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"><channel>%s</channel></rss>'
        % (b"".join(b"<item>" + item + b"</item>" for item in items))
    )


def test_a_feeds_entry_without_an_address_is_counted_and_a_bad_date_costs_only_itself() -> None:
    feed = parse_feed(
        _rss(
            b"<link>/a</link><pubDate>Tue, 03 Feb 2026 07:00:00 GMT</pubDate>",
            b"<link>/b</link><pubDate>Tue, 03 Feb 55555555555555555555 07:00:00 GMT</pubDate>",
            b"<title>No address</title>",
            b"<link>https://[paper.example/c</link>",
        ),
        URL,
    )
    assert [item.url for item in feed.articles][:2] == ["https://paper.example/a", "https://paper.example/b"]
    assert [item.date for item in feed.articles][:2] == ["2026-02-03T07:00:00+00:00", ""]
    assert len(feed.articles) + feed.without_address == 4


def test_the_address_behind_a_feed_services_comes_first() -> None:
    feed = parse_feed(
        _rss(
            b"<link>https://count.example/~r/1</link><feedburner:origLink>https://paper.example/a</feedburner:origLink>",
            b"<link>https://count.example/~r/2</link><guid>https://paper.example/b</guid>",
        ),
        URL,
    )
    assert [(item.url, item.others) for item in feed.articles] == [
        ("https://paper.example/a", ("https://count.example/~r/1",)),
        ("https://count.example/~r/2", ("https://paper.example/b",)),
    ]


@pytest.mark.parametrize("layers", [1, 2])
def test_packed_feeds(layers: int) -> None:
    packed = _rss(b"<link>https://paper.example/a</link>")
    for _ in range(layers):
        packed = gzip.compress(packed)
    assert [item.url for item in parse_feed(packed, URL).articles] == ["https://paper.example/a"]
    cut = parse_feed(packed[:-6], URL)
    assert len(cut.articles) == 1
    assert bool(cut.flaws) == (layers == 1), "of two layers the inner one is complete"


@pytest.mark.parametrize(
    "before",
    ["<br />\n<b>Warning</b>: no cache in <b>cache.php</b><br />\n", "Notice: no cache\n", "<?php echo 1 ?>x"],
)
def test_a_message_before_a_sitemap_is_told(before: str) -> None:
    sitemap = parse_sitemap(before.encode() + _sitemap(_numbered(0, 3)), URL)
    assert len(sitemap.articles) == 3
    assert "stands before it" in sitemap.flaws[0]


@pytest.mark.parametrize("before", ["<!-- made at noon -->", "<!DOCTYPE urlset [<!ENTITY a 'b'>]>", "\ufeff\n"])
def test_what_may_stand_before_a_sitemap_is_no_flaw(before: str) -> None:
    assert parse_sitemap(before.encode() + _sitemap(_numbered(0, 3)), URL).flaws == ()


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_entries_that_run_together_are_all_read(parted: list[bool]) -> None:
    parts = [
        b"<loc>https://paper.example/n/%d</loc>%s" % (number, b"</url><url>" if is_parted else b"")
        for number, is_parted in enumerate(parted)
    ]
    found = parse_sitemap(_sitemap(b"<url>", *parts, b"</url>"), URL)
    assert [item.url for item in found.articles] == [f"https://paper.example/n/{n}" for n in range(len(parted))]


def test_lines_of_a_list_that_are_no_addresses_are_counted() -> None:
    found = parse_sitemap(b"# all\nHTTPS://paper.example/1\n/2\npaper.example/3\n", URL)
    assert [item.url for item in found.articles] == ["https://paper.example/1", "https://paper.example/2"]
    assert found.without_address == 1


def test_a_feed_that_ends_within_a_comment_or_section_is_told() -> None:
    items = b"<item><link>https://paper.example/a</link></item>"
    for cut in (b"<!-- begun", b"<item><title><![CDATA[begun"):
        assert parse_feed(
            _rss(b"<link>https://paper.example/b</link>").replace(b"</channel>", items + cut), URL
        ).flaws
    assert parse_feed(_rss(b"<!-- a --><title><![CDATA[b]]></title><link>/b</link>"), URL).flaws == ()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_mark_of_byte_order_counts_before_what_a_server_says(encoding: str) -> None:
    feed = "\ufeff<?xml version='1.0' encoding='UTF-16'?>" + _rss(b"<link>https://paper.example/a</link>").decode()
    found = parse_feed(feed.encode(encoding), URL, "text/xml; charset=utf-8")
    assert [item.url for item in found.articles] == ["https://paper.example/a"]


def test_a_sitemap_may_be_declared_as_a_feed() -> None:
    found = parse_announced(b"<?xml version='1.0'?><!-- all -->" + _sitemap(_numbered(0, 2)), URL)
    assert isinstance(found, Sitemap)
    assert len(found.articles) == 2
    assert isinstance(parse_announced(_rss(b"<link>https://paper.example/a</link>"), URL), Feed)
    for other in (b"", b"<html><urlset></html>", b"urlset", gzip.compress(b"<opml>")):
        with pytest.raises(NotASource):
            parse_announced(other, URL)
