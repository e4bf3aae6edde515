"""XML and JSON that grow, nest, or reach for files and hosts."""

from __future__ import annotations

import json

from archive.exchange import CaptureOutcome as C
from archive.outcomes import PageOutcome as P
from tests.hostile.case import (
    CASE,
    FEED,
    GOOD,
    NOTHING_SENT,
    Case,
    endless,
    feed,
    feed_text,
    page,
    response,
    source_case,
)

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
_BILLION = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{_LAUGHS}]>'
_QUADRATIC = f'<!DOCTYPE rss [<!ENTITY a "{"a" * 50_000}">]>'
_FILE = '<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
_WEB = '<!DOCTYPE rss [<!ENTITY f SYSTEM "http://{hidden}/secret">]>'
_PARAMETER = '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://{hidden}/p.dtd"> %p;]>'
_DTD = '<!DOCTYPE rss SYSTEM "http://{hidden}/rss.dtd">'
_DEEP = "<a>" * 100_000
_XML = "application/xml"
_STORY = "http://{host}" + GOOD


def _sitemap(*addresses: str, before: str = "", inside: str = "") -> bytes:
    entries = "".join(f"<url><loc>{address}</loc><lastmod>2026-01-05</lastmod></url>" for address in addresses)
    text = f'<?xml version="1.0"?>{before}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inside}{entries}</urlset>'
    return response(text.encode(), kind=_XML, counted=False)


def _of_sitemap(name: str, answer: bytes) -> Case:
    return source_case(name, answer, path="/sitemap.xml", kind="sitemap")


def _json(document: object) -> bytes:
    return response(json.dumps(document).encode(), kind="application/feed+json", counted=False)


def _json_text(text: bytes) -> bytes:
    return response(text, kind="application/feed+json")


_JSON_FEED = {"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": [{"id": "1", "url": _STORY}]}


def _pointing(name: str, address: str) -> Case:
    """A feed whose entry points somewhere it may not."""
    return Case(f"feed-entry-{name}", {}, (address,), {address: (NOTHING_SENT, C.ADDRESS_REFUSED)})


CASES: tuple[Case, ...] = (
    source_case("billion-laughs-feed", feed(_STORY, before=_BILLION, title="&l11;")),
    source_case("quadratic-feed", feed(_STORY, before=_QUADRATIC, title="&a;" * 5000)),
    source_case("file-entity-feed", feed(_STORY, before=_FILE, title="&f;")),
    source_case("web-entity-feed", feed(_STORY, before=_WEB, title="&f;")),
    source_case("parameter-entity-feed", feed(_STORY, before=_PARAMETER)),
    source_case("external-dtd-feed", feed(_STORY, before=_DTD)),
    source_case(
        "stylesheet-feed", feed(_STORY, before='<?xml-stylesheet type="text/xsl" href="http://{hidden}/x.xsl"?>')
    ),
    source_case(
        "include-feed",
        feed(_STORY, extra='<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="http://{hidden}/"/>'),
    ),
    source_case("deep-feed", feed(_STORY, extra=_DEEP)),
    source_case("deep-html-in-a-feed", feed(_STORY, title="&lt;div&gt;" * 20_000)),
    source_case("open-brackets-feed", response(b"<rss>" + b"<" * 2_000_000, kind=_XML)),
    source_case("small-open-brackets-feed", response(b"<rss>" + b"<" * 30_000, kind=_XML)),
    source_case("small-ampersands-feed", response(b"<rss><channel><item><title>" + b"&" * 30_000, kind=_XML)),
    source_case("small-declarations-feed", response(b"<rss>" + b"<!" * 15_000, kind=_XML)),
    source_case("small-comments-feed", response(b"<rss>" + b"<!--" * 7_500, kind=_XML)),
    source_case("small-quotes-feed", response(b"<rss><a " + b'b="' * 10_000, kind=_XML)),
    source_case("zeros-in-a-feed", response(feed_text("http://x/") + b"\x00" * 5000, kind=_XML)),
    source_case(
        "utf-16-feed",
        response(feed_text("http://x/").decode().replace("utf-8", "utf-16").encode("utf-16"), kind=_XML),
    ),
    source_case("utf-7-feed", response(b'<?xml version="1.0" encoding="utf-7"?>+ADw-rss+AD4-', kind=_XML)),
    source_case("unknown-charset-feed", response(feed_text("http://x/"), kind="application/xml; charset=klingon-8")),
    source_case("page-as-feed", response(page(), kind=_XML)),
    source_case(
        "endless-feed",
        endless(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n\r\n<rss><channel>",
            b"<item><title>x</title></item>" * 2000,
        ),
        C.TRUNCATED_LENGTH,
    ),
    source_case(
        "feed-of-foreign-stories", feed(*(f"http://stranger-{n}.invalid/2026/01/05/a-b-c-d" for n in range(3000)))
    ),
    source_case(
        "json-feed-of-depth-100000",
        _json_text(b'{"version":"https://jsonfeed.org/version/1.1","items":' + b"[" * 100_000),
    ),
    source_case("json-feed-of-objects-in-objects", _json_text(b'{"a":' * 50_000 + b"1" + b"}" * 50_000)),
    source_case(
        "json-feed-with-a-huge-number",
        _json_text(b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":' + b"9" * 1_000_000 + b"}]}"),
    ),
    source_case(
        "json-feed-cut-short", _json_text(b'{"version":"https://jsonfeed.org/version/1.1","items":[{"url":"http')
    ),
    source_case(
        "json-feed-of-wrong-kinds",
        _json(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "items": [None, 5, "x", [], {"url": {"a": 1}}, {"url": 7, "authors": "x", "date_published": []}],
            }
        ),
    ),
    source_case(
        "json-feed-of-wrong-items", _json({"version": "https://jsonfeed.org/version/1.1", "items": {"a": 1}})
    ),
    source_case(
        "json-feed-with-not-a-number",
        _json_text(b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":NaN,"url":-Infinity}]}'),
    ),
    Case("json-feed-that-is-well", {FEED: _json(_JSON_FEED)}, (), {GOOD: (C.OK,)}),
    _of_sitemap(
        "billion-laughs-sitemap", _sitemap(_STORY, "&l11;", before=_BILLION.replace("DOCTYPE rss", "DOCTYPE urlset"))
    ),
    _of_sitemap("quadratic-sitemap", _sitemap("&a;" * 5000, before=_QUADRATIC)),
    _of_sitemap("file-entity-sitemap", _sitemap("http://{host}/&f;", before=_FILE)),
    _of_sitemap("web-entity-sitemap", _sitemap("http://{host}/&f;", before=_WEB)),
    _of_sitemap("parameter-entity-sitemap", _sitemap(_STORY, before=_PARAMETER)),
    _of_sitemap("deep-sitemap", _sitemap(_STORY, inside=_DEEP)),
    _of_sitemap("sitemap-with-a-long-address", _sitemap("http://{host}/" + "a" * 5_000_000)),
    _of_sitemap(
        "sitemap-with-line-ends-in-addresses",
        _sitemap("http://{host}/2026/01/05/a-b-c-d\r\nHost: {hidden}", "http://{host}/2026/01/05/e-f-g-h%0d%0aX: y"),
    ),
    _of_sitemap(
        "list-of-odd-schemes",
        response(
            b"file:///etc/passwd\nftp://{hidden}/\njavascript:alert(1)\nhttp://{hidden}/2026/01/05/a-b-c-d\n",
            kind="text/plain",
            counted=False,
        ),
    ),
    _pointing("to-the-hidden-service", "http://{hidden}/2026/01/05/a-b-c-d"),
    _pointing("to-a-file", "file:///etc/passwd"),
    _pointing("to-ftp", "ftp://{hidden}/2026/01/05/a-b-c-d"),
    _pointing("to-gopher", "gopher://{hidden}/2026/01/05/a-b-c-d"),
    _pointing("to-a-script", "javascript:alert(1)"),
    _pointing("to-data", "data:text/html,2026/01/05/a-b-c-d"),
    _pointing("with-a-port-of-seven-digits", "http://127.0.0.1:9999999/2026/01/05/a-b-c-d"),
    _pointing("with-broken-brackets", "http://[::1/2026/01/05/a-b-c-d"),
    _pointing("with-an-empty-host", "http:///2026/01/05/a-b-c-d"),
    _pointing("of-100-kilobytes", "http://{host}/2026/01/05/" + "a-b" * 33_000),
    Case(
        "feed-entry-with-a-user",
        {},
        ("http://user:secret@{host}" + CASE,),
        {"http://user:secret@{host}" + CASE: (NOTHING_SENT,)},
        outcome=None,
    ),
    Case(
        "feed-entry-with-line-ends", {}, ("http://{host}/2026/01/05/a-b%0d%0aHost:%20{hidden}-c-d",), {}, requests=7
    ),
    Case(
        "feed-entry-up-the-tree",
        {"/etc/passwd": response(page())},
        ("http://{host}/../../../../etc/passwd",),
        {},
        requests=7,
    ),
    Case(
        "escapes-in-feed-titles", {FEED: feed(_STORY, title="&#27;[2J&#27;]0;owned&#7;\u202e")}, (), {GOOD: (C.OK,)}
    ),
    Case(
        "story-with-entities",
        {
            CASE: response(
                b'<?xml version="1.0"?>'
                + _BILLION.replace("DOCTYPE rss", "DOCTYPE html").encode()
                + page(extra="&l11;"),
                kind="application/xhtml+xml",
            )
        },
        (CASE,),
        {CASE: (C.OK,)},
        outcome=P.RECORD,
    ),
)
