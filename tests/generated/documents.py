"""Feeds, sitemaps, sections and pages as bytes."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

from spiders.left_out import LeftOut
from tests.generated.site import CLOSED, DENIED, Site, Source

ELSEWHERE = "http://elsewhere.example"
_WORDS = (
    "harbour council engineers bridge minister residents ferry storm school library fishermen railway museum orchard"
    " valley station committee quarry lighthouse meadow"
).split()
_FAR_YEAR = "88888888888888888888"


def page(name: str) -> bytes:
    """An article, other than any of another name."""
    seed = sum(map(ord, name)) * 7 + len(name)

    def paragraph(number: int) -> str:
        picked = [_WORDS[(seed + number * 11 + place * (3 + seed % 5)) % len(_WORDS)] for place in range(6)]
        return (
            f"<p>The {picked[0]} near {name} said on Tuesday that the {picked[1]} and the {picked[2]} would be opened "
            f"again after the {picked[3]} had been examined, and that nobody at the {picked[4]} had to worry about the "
            f"{picked[5]} before the end of the month.</p>"
        )

    title = f"The works at {name} will go on until spring, the council says"
    text = "".join(map(paragraph, range(5)))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta property="og:type" content="article"></head><body><article><h1>{title}</h1>{text}</article></body></html>'
    ).encode()


def refresh(target: str) -> bytes:
    """A page that is no more than a way to another."""
    return (
        f'<html><head><title>One moment</title><meta http-equiv="refresh" content="0; url={escape(target)}"></head></html>'
    ).encode()


BLANK = b'<!doctype html><html lang="en"><head><title>The ferry to the islands</title></head><body></body></html>'
SORRY = (
    b'<!doctype html><html lang="en"><head><title>Page not found</title></head><body><h1>404 - Page not found</h1>'
    b"<p>Sorry, the page you are looking for does not exist or has been removed.</p></body></html>"
)


MESSAGE = b"<br />\n<b>Notice</b>: the cache is full in <b>cache.php</b> on line <b>12</b><br />\n"
"""What some servers write before everything else."""


def reload() -> bytes:
    """A page that asks to be loaded again."""
    return b'<html><head><title>One moment</title><meta http-equiv="refresh" content="1"></head></html>'


def front_page(site: Site) -> bytes:
    """What leads to the sources of a site that no definition names."""
    feeds = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{source.path}">'
        for source in site.sources
        if source.kind == "feed"
    )
    parts = "".join(f'<a href="{source.path}">Part</a>' for source in site.sources if source.kind == "section")
    return f"<html><head><title>Paper</title>{feeds}</head><body><nav>{parts}</nav></body></html>".encode()


def robots(site: Site, base: str) -> bytes:
    """robots.txt of a site that has one."""
    if site.robots == "shut":
        return b"User-agent: *\nDisallow: /\n"
    mark = "\ufeff# \u00c6\n" if site.robots == "marked" else ""
    maps = [source for source in site.sources if source.kind in ("news", "plain", "index")]
    lines = [] if site.is_named else [f"Sitemap: {base}{source.path}" for source in maps]
    return "\n".join([f"{mark}User-agent: *", f"Disallow: {CLOSED}/", *lines, ""]).encode()


def document(source: Source, addresses: dict[int, str], base: str, now: datetime) -> bytes:
    """A source as it is sent; `addresses` are those of the articles, `base` is that of the site."""
    if source.flaw == "elsewhere":
        addresses = {number: f"{ELSEWHERE}/2026/11/03/some-other-story-{number}" for number in addresses}
    if source.kind == "section":
        return _section(source, addresses, base)
    entries = [_entry(source, addresses[number], form, base, now) for number, form in source.entries]
    entries += [_odd_entry(source, reason, number, base, now) for number, reason in enumerate(source.oddities)]
    text = _whole(source, "".join(entries))
    if source.flaw == "wide":
        return text.replace("utf-8", "utf-16", 1).encode("utf-16")
    data = text.encode("utf-8")
    data = MESSAGE + data if source.flaw == "message" else data
    data = b"\xef\xbb\xbf" + data if source.flaw == "marked" else data
    return gzip.compress(data) if source.flaw == "packed" else data


def index(child: str, now: datetime) -> bytes:
    """An index of one sitemap."""
    entry = f"<sitemap><loc>{child}</loc><lastmod>{now.isoformat(timespec='seconds')}</lastmod></sitemap>"
    return f"<?xml version='1.0'?><sitemapindex {_SITEMAP}>{entry}</sitemapindex>".encode()


_SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


def _whole(source: Source, entries: str) -> str:
    extra = {
        "ampersand": "<title>Sand & gravel</title>",
        "entity": "<title>Sand &grain; gravel</title>",
        "prefix": "<photo:credit>M. Quay</photo:credit>",
    }.get(source.flaw, "<title>Paper</title>" if source.kind == "feed" else "")
    if source.kind == "feed":
        text, end = f"<rss version='2.0'><channel>{extra}{entries}", "</channel></rss>"
    else:
        entries = entries.replace("</loc>", f"</loc>{extra}", 1)
        text, end = f"<urlset {_SITEMAP} {_NEWS}>{entries}", "</urlset>"
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}{'' if source.flaw == 'cut' else end}"


def _written(address: str, form: str, base: str) -> str:
    mark = "&" if "?" in address else "?"
    if form == "tracking":
        address = f"{address}{mark}utm_source=feed&utm_medium=rss"
    if form == "fragment":
        address = f"{address}#comments"
    if form == "upper case":
        address = address.replace("http://", "HTTP://", 1)
    if form == "relative" and address.startswith(base):
        address = address.removeprefix(base)
    text = escape(escape(address) if form == "twice escaped" else address)
    return f"\n   {text}\t\n" if form == "spaces" else text


def _entry(source: Source, address: str, form: str, base: str, now: datetime) -> str:
    link = _written(address, form, base)
    if source.kind == "feed":
        written = "" if form == "undated" else format_datetime(now)
        date = f"<pubDate>{'Sun, 1 Feb ' + _FAR_YEAR if form == 'far date' else written}</pubDate>" if written else ""
        return f"<item><title>Works go on</title><link>{link}</link>{date}</item>"
    moment = f"{_FAR_YEAR}-01-01" if form == "far date" else now.isoformat(timespec="seconds")
    if source.kind == "news":
        news = f"<news:news><news:publication_date>{moment}</news:publication_date><news:title>Works</news:title></news:news>"
        return f"<url><loc>{link}</loc>{news}</url>"
    date = "" if form == "undated" else f"<lastmod>{moment}</lastmod>"
    return f"<url><loc>{link}</loc>{date}</url>"


def _odd_entry(source: Source, reason: LeftOut, number: int, base: str, now: datetime) -> str:
    odd = f"/2026/11/03/what-nobody-asks-for-{number}"
    address = {
        LeftOut.NO_ADDRESS: "",
        # A feed's reader takes an address that it can't read for none
        LeftOut.UNFIT: "ftp://files.example/unfit" if source.kind == "feed" else "http://[2001:db8/unfit",
        LeftOut.TOO_LONG: f"{base}{odd}{'x' * 2000}",
        LeftOut.IN_FRAGMENT: f"{base}/#!{odd}",
        LeftOut.NOT_AN_ARTICLE: f"{base}/about",
        LeftOut.ASSET: f"{base}{odd}.pdf",
        LeftOut.OFF_SITE: f"{ELSEWHERE}{odd}",
        LeftOut.DENIED: f"{base}{DENIED}{odd}",
    }.get(reason, f"{base}{odd}")
    moment = now - timedelta(days=40) if reason is LeftOut.OLD else now
    form = {LeftOut.UNDATED: "undated", LeftOut.UNREADABLE_DATE: "far date"}.get(reason, "plain")
    entry = _entry(source, address, form, base, moment)
    empty = "<link></link>" if source.kind == "feed" else "<loc></loc>"
    return entry.replace(empty, "") if reason is LeftOut.NO_ADDRESS else entry


def _section(source: Source, addresses: dict[int, str], base: str) -> bytes:
    links = "".join(
        f'<li><a href="{_written(addresses[number], form, base)}">Works go on</a></li>'
        for number, form in source.entries
    )
    return f"<html><head><title>Part</title></head><body><ul>{links}</ul></body></html>".encode()


def now_of_sites() -> datetime:
    """The moment that sources date their entries by."""
    return datetime.now(UTC) - timedelta(hours=1)


def packed(body: bytes) -> bytes:
    """A body in gzip."""
    return gzip.compress(body, mtime=0)
