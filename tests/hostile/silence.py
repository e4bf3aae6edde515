"""Where articles used to vanish without a word: redirects, sources, addresses and framing that bend the rules a little.

Each has to end in a record, or in an outcome that is named; and none may cost the host's good story.
"""

from __future__ import annotations

import asyncio
import gzip

from archive.exchange import CaptureOutcome as C
from archive.outcomes import PageOutcome as P
from tests.hostile.case import (
    CASE,
    GOOD,
    NOTHING_SENT,
    Answer,
    Asked,
    Behaviour,
    Case,
    feed,
    feed_text,
    page,
    response,
    story_case,
)
from tests.hostile.server import filled

_OTHER = "/2026/01/05/where-the-story-went"
_STORY = "http://{host}" + CASE
_XML = "application/xml"
_DATED = "<lastmod>2026-01-05</lastmod>"


def _to(location: str, *headers: str, status: str = "302 Found") -> bytes:
    return response(b"", f"Location: {location}", *headers, status=status)


def _gate(
    cookie: str = "seen=1",
    *,
    location: str = CASE,
    more: str = "; Path=/",
    status: str = "302 Found",
    then: bytes = b"",
) -> Behaviour:
    """Redirects until the cookie comes back."""

    async def behave(writer: asyncio.StreamWriter, asked: Asked) -> None:
        name = cookie.partition("=")[0].encode()
        opened = name in asked.head.lower().partition(b"cookie:")[2]
        answer = (then or response(page())) if opened else _to(location, f"Set-Cookie: {cookie}{more}", status=status)
        writer.write(filled(answer, asked))

    return behave


def _once(first: bytes, then: bytes) -> Behaviour:
    """Answers otherwise the first time; each case has a host of its own, so that this is asked in one place."""
    asked_before: set[str] = set()

    async def behave(writer: asyncio.StreamWriter, asked: Asked) -> None:
        is_first = asked.host not in asked_before
        asked_before.add(asked.host)
        writer.write(filled(first if is_first else then, asked))

    return behave


def _passed(name: str, answer: Answer, *, requests: int = 8, **pages: Answer) -> Case:
    """A gate in front of the story that opens: its last attempt has the page."""
    answers = {CASE: answer, **{f"/{path}": text for path, text in pages.items()}}
    return Case(f"gate-{name}", answers, captures={CASE: (C.OK,)}, outcome=None, requests=requests)


def _nowhere(name: str, answer: Answer, failure: str = "redirect", *, requests: int = 8, **pages: Answer) -> Case:
    """Redirects that lead to no page: the story waits, and `failure` says why."""
    answers = {CASE: answer, **{f"/{path}": text for path, text in pages.items()}}
    return Case(
        f"nowhere-{name}",
        answers,
        captures={CASE: (C.REDIRECT,)},
        outcome=P.REDIRECTED,
        failure=failure,
        requests=requests,
    )


def _refresh(target: str) -> bytes:
    """A page that is no more than a way to another."""
    return f'<html><head><meta http-equiv="refresh" content="0; url={target}"></head><body></body></html>'.encode()


def _source(name: str, answer: Answer, *, kind: str = "feed", requests: int = 10, moved: Answer = b"") -> Case:
    """A source with a flaw that lists the story all the same: it has to become a record."""
    path = "/news.xml"
    pages = {path: answer, CASE: response(page()), "/other.xml": feed("http://{host}" + GOOD)}
    if moved:
        pages["/moved.xml"] = moved
    return Case(
        f"source-{name}",
        pages,
        (),
        {CASE: (C.OK,)},
        P.RECORD,
        sources=(("feed", "/other.xml"), (kind, path)),
        requests=requests,
    )


def _map(
    inside: str, *, declaration: str = '<?xml version="1.0" encoding="utf-8"?>', end: str = "</urlset>"
) -> bytes:
    start = f'{declaration}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    return response(f"{start}{inside}{end}".encode(), kind=_XML, counted=False)


def _entry(address: str = _STORY, more: str = _DATED) -> str:
    return f"<url><loc>{address}</loc>{more}</url>"


def _sitemap(name: str, answer: bytes) -> Case:
    return _source(f"sitemap-{name}", answer, kind="sitemap")


def _entries(name: str, *items: str) -> Case:
    """Feed entries, written out."""
    text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>N</title>{"".join(items)}</channel></rss>'
    return _source(f"feed-{name}", response(text.encode(), kind="application/rss+xml", counted=False))


def _item(link: str = _STORY, date: str = "Mon, 05 Jan 2026 10:00:00 GMT", more: str = "") -> str:
    return f"<item><title>A story</title><link>{link}</link><pubDate>{date}</pubDate>{more}</item>"


def _address(name: str, address: str, *, asked: str = "") -> Case:
    """A feed's entry with an odd address that is asked for as it is meant."""
    asked = asked or address
    return Case(f"address-{name}", {asked: response(page())}, (address,), {asked: (C.OK,)})


def _left_out(name: str, address: str) -> Case:
    """A feed's entry that cannot be asked for, and costs no other."""
    return Case(f"unfit-{name}", {}, (address,), {address: (NOTHING_SENT, C.ADDRESS_REFUSED)})


def _unchunked(body: bytes, *headers: bytes) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
        + b"".join(header + b"\r\n" for header in headers)
        + b"\r\n"
        + body
    )


_PACKED = bytearray(gzip.compress(page(), mtime=0))
_PACKED[-8] ^= 0x55
_LONG_QUERY = "?" + "&".join(f"k{number}={number}" for number in range(180))

_REDIRECTS: tuple[Case, ...] = (
    _passed("with-a-cookie", _gate()),
    _passed("moved-permanently", _gate(status="301 Moved Permanently")),
    _passed("see-other", _gate(status="303 See Other")),
    _passed("temporary", _gate(status="307 Temporary Redirect")),
    _passed("permanent", _gate(status="308 Permanent Redirect")),
    _passed("by-its-whole-address", _gate(location="http://{host}" + CASE)),
    _passed("by-a-fragment", _gate(location=CASE + "#top")),
    _passed("with-an-expiry", _gate(more="; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax")),
    _passed("with-an-empty-cookie", _gate("seen=")),
    _passed("by-a-consent-page", _gate(location="/consent"), consent=_to(CASE)),
    _passed("by-two-consent-pages", _gate(location="/consent"), consent=_to("/consent2"), consent2=_to(CASE)),
    _nowhere("without-a-cookie", _to(CASE)),
    _nowhere("by-turns", _to("/a"), a=_to(CASE), requests=10),
    _nowhere("to-nothing", _to("/gone-for-good"), "not_found"),
    _nowhere("to-a-failure", _to("/broken"), "server_error", broken=response(b"x", status="500 No")),
    _nowhere("to-a-login", _to("/login"), "forbidden", login=response(b"x", status="401 No")),
    _nowhere("multiple-choices", response(b"<a href=/x>x</a>", status="300 Multiple Choices")),
    _nowhere("without-a-location", response(b"", status="302 Found")),
    _nowhere("to-an-empty-location", _to("")),
    _nowhere("to-a-mail-address", _to("mailto:news@example.org")),
    _nowhere("to-half-an-address", _to("http://[::1")),
    _nowhere("to-the-hidden-service-by-a-gate", _gate(location="http://{hidden}/"), "address_refused"),
    _nowhere("use-proxy", response(b"", "Location: http://{hidden}/", status="305 Use Proxy", counted=False)),
)

_FRAMING: tuple[Case, ...] = (
    story_case(
        "lenient-gzip-with-a-wrong-checksum", response(bytes(_PACKED), "Content-Encoding: gzip"), C.OK, P.RECORD
    ),
    story_case("lenient-length-too-long", _unchunked(page(), b"Content-Length: 99999"), C.OK, P.RECORD),
    story_case(
        "lenient-last-chunk-missing",
        _unchunked(f"{len(page()):x}\r\n".encode() + page() + b"\r\n", b"Transfer-Encoding: chunked"),
        C.OK,
        P.RECORD,
    ),
    story_case("lenient-identity", _unchunked(page(), b"Transfer-Encoding: identity"), C.OK, P.RECORD),
    story_case("lenient-line-before-the-status", b"\r\n" + response(page()), C.OK, P.RECORD),
    story_case("lenient-lines-before-the-status", b"\r\n\r\n\n" + response(page()), C.OK, P.RECORD),
    story_case("lines-before-no-status", b"\r\n" * 50 + response(page()), C.MALFORMED, P.HTTP_ERROR),
    story_case("lenient-bare-line-feeds", response(page()).replace(b"\r\n", b"\n", 5), C.OK, P.RECORD),
    story_case("lenient-without-a-reason", response(page()).replace(b"200 OK", b"200", 1), C.OK, P.RECORD),
    story_case("lenient-http-1.0", response(page()).replace(b"HTTP/1.1", b"HTTP/1.0", 1), C.OK, P.RECORD),
    story_case("closes-once", _once(b"", response(page())), C.OK, P.RECORD),
    story_case("busy-once", _once(response(b"x", status="502 Bad"), response(page())), C.OK, P.RECORD),
    story_case("times-out-once", _once(response(b"x", status="504 Late"), response(page())), C.OK, P.RECORD),
)

_SITEMAPS: tuple[Case, ...] = (
    _sitemap("with-a-bare-ampersand", _map(_entry(more=f"{_DATED}<title>Sand & gravel</title>"))),
    _sitemap("with-an-undeclared-prefix", _map(_entry(more=f"{_DATED}<photo:credit>Q</photo:credit>"))),
    _sitemap("with-an-unknown-entity", _map(_entry(more=f"{_DATED}<title>&grain;</title>"))),
    _sitemap("without-its-end", _map(_entry(), end="")),
    _sitemap("cut-in-the-next-entry", _map(_entry() + "<url><loc>http://{host}/2026/01", end="")),
    _sitemap("in-upper-case", _map(_entry()).replace(b"<url>", b"<URL>").replace(b"</url>", b"</URL>")),
    _sitemap("with-white-space", _map(_entry(f"\n\n   {_STORY}  \n"))),
    _sitemap("in-a-section-of-text", _map(_entry(f"<![CDATA[{_STORY}]]>"))),
    _sitemap("behind-a-comment", _map(f"<!-- -- > -->{_entry()}")),
    _sitemap("behind-a-mark-and-lines", _map(_entry(), declaration="\ufeff\n\n<?xml version='1.0'?>")),
    _sitemap("with-a-relative-address", _map(_entry(CASE))),
    _sitemap("that-is-a-feed", feed(_STORY)),
    _sitemap("that-is-a-list", response(f"{_STORY}\n".encode(), kind="text/plain", counted=False)),
    _sitemap("behind-one-that-is-none", _map("<url></url><url><loc/></url>" + _entry())),
)

_FEEDS: tuple[Case, ...] = (
    _entries("with-a-date-of-a-long-year", _item(date="Mon, 05 Jan 88888888888888888888 10:00:00 GMT")),
    _entries("with-a-date-that-is-none", _item(date="the day before yesterday")),
    _entries("with-no-date", _item(date="")),
    _entries("behind-an-entry-without-a-link", "<item><title>x</title></item>", _item()),
    _entries("behind-an-entry-of-half-an-address", _item("http://[::1"), _item()),
    _entries("behind-an-entry-of-a-port-too-high", _item("http://{host}9999999/x"), _item()),
    _entries("with-a-permanent-id", f"<item><title>x</title><guid isPermaLink='true'>{_STORY}</guid></item>"),
    _source("feed-behind-lines", response(b"\n\n  " + feed_text(_STORY), kind=_XML, counted=False)),
    _source("feed-called-a-page", response(feed_text(_STORY), kind="text/html", counted=False)),
    _source("feed-without-its-end", response(feed_text(_STORY)[:-20], kind=_XML, counted=False)),
    _source("feed-behind-a-redirect", _to("/moved.xml"), requests=12, moved=feed(_STORY)),
    _source("feed-behind-a-gate", _gate(location="/news.xml", then=feed(_STORY)), requests=12),
    _source("feed-behind-a-page", response(_refresh("/moved.xml")), requests=12, moved=feed(_STORY)),
)

_ADDRESSES: tuple[Case, ...] = (
    _address("with-a-query-of-a-number", CASE + "?123"),
    _address("with-a-semicolon", CASE + "?a=1;b=2"),
    _address("in-another-charset", CASE + "-%CF%F0"),
    _address("with-a-view", CASE + "?view=full"),
    _address("with-a-source", CASE + "?source=wire"),
    _address("with-a-key", "/articleView.html?idxno=104322"),
    _address("with-a-number-alone", "/?p=104322"),
    _address("with-many-parameters", CASE + _LONG_QUERY),
    _address("with-a-campaign", CASE + "?utm_source=feed", asked=CASE),
    _address("with-a-campaign-between", CASE + "?id=1&utm_medium=rss&nr=2", asked=CASE + "?id=1&nr=2"),
    _address("with-a-blank", CASE + "-a b", asked=CASE + "-a%20b"),
    _address("with-an-accent", CASE + "-caf\u00e9", asked=CASE + "-caf%C3%A9"),
    _left_out("half-an-address", "http://[::1"),
    _left_out("a-port-too-high", "http://127.2.0.1:99999/x"),
    _left_out("a-user", "http://me:secret@{hidden}/x"),
    _left_out("ftp", "ftp://{hidden}/x"),
    _left_out("a-mail-address", "mailto:news@example.org"),
    _left_out("too-long", "http://{hidden}/" + "x" * 3000),
)

_LEADING_ON: tuple[Case, ...] = (
    Case(
        "refresh-to-the-story",
        {CASE: response(_refresh(_OTHER)), _OTHER: response(page())},
        captures={CASE: (C.OK,), _OTHER: (C.OK,)},
    ),
    Case(
        "refresh-to-nothing",
        {CASE: response(_refresh("/gone"))},
        captures={"/gone": (C.NOT_FOUND,)},
        failure="not_found",
    ),
    Case(
        "refresh-without-end",
        {CASE: response(_refresh(_OTHER)), _OTHER: response(_refresh(CASE))},
        captures={CASE: (C.OK,)},
        failure="redirect",
    ),
    Case(
        "refresh-to-the-hidden-service",
        {CASE: response(_refresh("http://{hidden}/by-a-page"), counted=False)},
        failure="address_refused",
    ),
    Case("refresh-to-a-script", {CASE: response(_refresh("javascript:void(0)"))}, captures={CASE: (C.OK,)}),
    Case("refresh-to-itself", {CASE: response(_refresh(CASE))}, captures={CASE: (C.OK,)}),
)

CASES: tuple[Case, ...] = (*_REDIRECTS, *_FRAMING, *_SITEMAPS, *_FEEDS, *_ADDRESSES, *_LEADING_ON)
