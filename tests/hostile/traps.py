"""Sources without end: sitemaps that name sitemaps, pages behind pages, calendars."""

from __future__ import annotations

import asyncio

from archive.exchange import CaptureOutcome as C
from tests.hostile.case import GOOD, NOTHING_SENT, Asked, Case, endless, feed, feed_text, page, response, source_case

_INDEX = '<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">%s</sitemapindex>'
_SOURCES = 700
"""Requests that a site without end may get."""


def _index(*addresses: str) -> bytes:
    children = "".join(f"<sitemap><loc>{address}</loc></sitemap>" for address in addresses)
    return response((_INDEX % children).encode(), kind="application/xml", counted=False)


async def _growing_index(writer: asyncio.StreamWriter, asked: Asked) -> None:
    """Each index names two new ones."""
    stem = asked.path.removesuffix(".xml")
    writer.write(_index(f"http://{asked.host}{stem}a.xml", f"http://{asked.host}{stem}b.xml"))


async def _next_page(writer: asyncio.StreamWriter, asked: Asked) -> None:
    """Each page has a next one, and nothing else that is new."""
    number = int(asked.path.rpartition("=")[2] or 0) if "=" in asked.path else 0
    writer.write(
        response(
            f'<html><head><link rel=next href="/news?page={number + 1}"></head><a href="{GOOD}">x</a></html>'.encode()
        )
    )


async def _calendar(writer: asyncio.StreamWriter, asked: Asked) -> None:
    """Each day leads to the next one, by links that look like articles of their own."""
    day = int(asked.path.rpartition("/")[2]) if asked.path.rpartition("/")[2].isdigit() else 1
    links = "".join(f'<a href="/calendar/2026/01/{day + step}">day</a>' for step in range(1, 8))
    writer.write(response(f"<html><body><nav>{links}</nav></body></html>".encode()))


async def _deepening(writer: asyncio.StreamWriter, asked: Asked) -> None:
    """Relative links that make paths longer with each page."""
    writer.write(
        response(
            b'<html><body><nav><a href="more/news/">m</a></nav><a href="sub/2026/01/05/a-b-c-d">x</a></body></html>'
        )
    )


async def _faceted(writer: asyncio.StreamWriter, asked: Asked) -> None:
    """A list that can be sorted and filtered in all ways."""
    links = "".join(
        f'<a href="/list?sort={a}&filter={b}&page={c}">x</a>'
        for a in "abcdefgh"
        for b in "abcdefgh"
        for c in range(8)
    )
    writer.write(response(f"<html><body><nav>{links}</nav></body></html>".encode()))


def _many_stories(count: int) -> bytes:
    return feed(*("http://{host}" + f"/2026/01/05/story-without-end-{number}" for number in range(count)))


def _of_index(name: str, answer: object, requests: int = 6) -> Case:
    pages = {"/sitemap.xml": answer, "/other.xml": feed("http://{host}" + GOOD)}
    sources = (("feed", "/other.xml"), ("sitemap", "/sitemap.xml"))
    return Case(name, pages, (), {"/sitemap.xml": (C.OK,)}, sources=sources, requests=requests, seconds=60)  # type: ignore[arg-type]


CASES: tuple[Case, ...] = (
    _of_index("index-of-itself", _index("http://{host}/sitemap.xml")),
    _of_index(
        "index-of-the-hidden-service",
        _index("http://{hidden}/news.xml", "file:///etc/passwd", "http://{host}@{hidden}/news.xml"),
    ),
    _of_index(
        "index-of-40000-sitemaps", _index(*("http://{host}/news-" + f"{n}.xml" for n in range(40_000))), _SOURCES
    ),
    Case(
        "index-that-grows",
        {
            "/feed.xml": feed("http://{host}" + GOOD),
            "*": _growing_index,
            "/robots.txt": response(status="404 No"),
            GOOD: response(page()),
        },
        (),
        sources=(("feed", "/feed.xml"), ("sitemap", "/sitemap-news.xml")),
        requests=_SOURCES,
        seconds=60,
    ),
    Case(
        "pages-behind-pages",
        {"*": _next_page, "/robots.txt": response(status="404 No"), GOOD: response(page())},
        (),
        sources=(("section", "/news"),),
        requests=_SOURCES,
        seconds=60,
    ),
    Case(
        "calendar-without-end",
        {
            "*": _calendar,
            "/robots.txt": response(status="404 No"),
            GOOD: response(page()),
            "/feed.xml": feed("http://{host}" + GOOD),
        },
        (),
        sources=(("feed", "/feed.xml"), ("section", "/calendar/")),
        requests=_SOURCES,
        seconds=60,
    ),
    Case(
        "paths-that-deepen",
        {
            "*": _deepening,
            "/robots.txt": response(status="404 No"),
            GOOD: response(page()),
            "/feed.xml": feed("http://{host}" + GOOD),
        },
        (),
        sources=(("feed", "/feed.xml"), ("section", "/news/")),
        requests=_SOURCES,
        seconds=60,
    ),
    Case(
        "lists-in-all-orders",
        {
            "*": _faceted,
            "/robots.txt": response(status="404 No"),
            GOOD: response(page()),
            "/feed.xml": feed("http://{host}" + GOOD),
        },
        (),
        sources=(("feed", "/feed.xml"), ("section", "/list")),
        requests=_SOURCES,
        seconds=60,
    ),
    Case(
        "front-page-of-ten-thousand-sections",
        {
            "/": response(
                (
                    "<html><body><nav>"
                    + "".join(f'<a href="/s{n}">s</a>' for n in range(10_000))
                    + f'</nav><a href="{GOOD}">x</a></body></html>'
                ).encode()
            )
        },
        (),
        sources=(),
        requests=_SOURCES,
        seconds=60,
    ),
    Case(
        "front-page-that-points-inside",
        {
            "/": response(
                b'<html><head><base href="http://{hidden}/"><link rel=alternate type="application/rss+xml" href="http://{hidden}/feed">'
                b'<link rel=next href="http://{hidden}/2"></head><body><nav><a href="http://{hidden}/news">n</a></nav>'
                b'<a href="http://{hidden}/2026/01/05/a-b-c-d">x</a><a href="http://{host}'
                + GOOD.encode()
                + b'">x</a></body></html>',
                counted=False,
            ),
            "/robots.txt": response(
                b"Sitemap: http://{hidden}/sitemap.xml\nSitemap: file:///etc/passwd\nSitemap: //{hidden}/s.xml\n",
                kind="text/plain",
                counted=False,
            ),
        },
        (),
        sources=(),
        requests=12,
    ),
    Case(
        "front-page-without-end",
        {
            "/": endless(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<body>",
                b'<a href="/2026/01/05/a-b-c-d">x</a>' * 1000,
            )
        },
        (),
        {"/": (C.TRUNCATED_LENGTH,)},
        good=False,
        sources=(),
        requests=12,
    ),
    Case(
        "front-page-of-depth-100000",
        {"/": response(b"<div>" * 100_000 + b'<a href="' + GOOD.encode() + b'">x</a>')},
        (),
        {"/": (C.OK,)},
        good=False,
        sources=(),
        requests=16,
    ),
    Case(
        "feed-of-three-thousand-stories-that-are-not-there",
        {"/feed.xml": _many_stories(3000)},
        (),
        {},
        good=False,
        requests=3010,
        seconds=60,
    ),
    source_case(
        "sitemap-that-is-a-directory",
        response(feed_text("x"), kind="application/xml"),
        path="/sitemap.xml",
        kind="sitemap",
    ),
    Case(
        "next-page-elsewhere",
        {
            "/news": response(
                b'<html><head><link rel=next href="http://{hidden}/news?page=2"></head><a href="'
                + GOOD.encode()
                + b'">x</a></html>',
                counted=False,
            )
        },
        (),
        {"http://{hidden}/news?page=2": (NOTHING_SENT, C.ADDRESS_REFUSED)},
        sources=(("section", "/news"),),
    ),
)
