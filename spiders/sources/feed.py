"""Feeds: RSS, Atom and RDF with feedparser, even malformed ones; JSON Feed."""

from __future__ import annotations

import codecs
import io
import re
from datetime import UTC, datetime
from typing import Any

import feedparser

from spiders.dates import announced_date
from spiders.links import joined
from spiders.problems import NotASource
from spiders.sources.found import Feed, Found, cut_at
from spiders.sources.json_feed import looks_like_json, parse_json_feed
from spiders.sources.unpacking import unpacked

MOST_ITEMS = 5000
"""Entries of a feed past which it is cut: what follows is years old, or a flood."""
MOST_BYTES = 16 << 20
"""Bytes of a feed past which it is not read; its parser makes many times as much of them."""

_HTML_MARKS = (b"<!doctype html", b"<html")
_ITEM = re.compile(rb"<(?:\w{1,20}:)?(?:item|entry)[\s>/]")
_WIDE = 1 << 20
"""The same for encodings in which entries cannot be counted beforehand."""
_ENTITY = re.compile(rb"<!ENTITY\b[^>]*>")
"""Declares an entity, which nobody needs in a feed: those of HTML are known without, others are bombs."""
_SECTIONS = ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"))
_TWO_BYTE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECLARATION = re.compile(r"\s*<\?xml[^>]*>")
_ENDS = ((b"<rss", b"</channel></rss>"), (b"<feed", b"</feed>"), (b":RDF", b"</rdf:RDF>"))


def parse_feed(body: bytes, url: str, content_type: str = "") -> Feed:
    """The entries of a feed, newest as the feed has them.

    Raises NotASource when the document is no feed, or a feed without entries.
    """
    flaws: list[str] = []
    body = b"".join(unpacked(body, flaws))
    if not body.strip():
        raise NotASource("the feed is empty (no bytes)", "check its URL in the site's definition")
    if looks_like_json(body):
        return parse_json_feed(body, url)
    if body[:1000].lower().lstrip().startswith(_HTML_MARKS):
        raise NotASource("an HTML page where a feed was expected", "look for the feed's new URL on the front page")
    body = _bounded(body, flaws)
    if not flaws and _is_cut(body):
        flaws.append("its end is missing")
    if body.startswith(_TWO_BYTE_MARKS):
        # The mark counts before what the server or the declaration says (RFC 7303, section 3.3)
        body, content_type = _in_utf8(body), "application/xml; charset=utf-8"
    headers = {"content-location": url, **({"content-type": content_type} if content_type else {})}
    document = io.BytesIO(_ENTITY.sub(b"", body))
    feed = feedparser.parse(document, response_headers=headers, sanitize_html=False)
    if not feed.entries:
        if feed.get("version"):
            raise NotASource("the feed has no entries", "nothing to do if the site is quiet; otherwise check its URL")
        reason = str(feed.get("bozo_exception") or "not a known feed format")
        raise NotASource(f"not a feed: {' '.join(reason.split())[:200]}", "check its URL in the site's definition")
    entries = [_found(entry, url) for entry in feed.entries]
    found = tuple(entry for entry in entries if entry is not None)
    return Feed(found, len(entries) - len(found), tuple(flaws))


def _is_cut(body: bytes) -> bool:
    """Whether a document ends within a comment or a CDATA section: what stands there is lost."""
    return any(body.rfind(begin) > body.rfind(end) for begin, end in _SECTIONS)


def _in_utf8(body: bytes) -> bytes:
    """A document that begins with a mark of its byte order, without that and without a declaration."""
    text = body.decode("utf-16", "replace")
    return _DECLARATION.sub("", text, count=1).encode("utf-8", "replace")


def _bounded(body: bytes, flaws: list[str]) -> bytes:
    """The document, cut behind `MOST_ITEMS` entries, which is a flaw. Raises NotASource when it is too large."""
    for number, match in enumerate(_ITEM.finditer(body)):
        if number == MOST_ITEMS:
            root = next((end for mark, end in _ENDS if mark in body[:4096]), b"")
            body = body[: match.start()] + root
            flaws.append(cut_at(MOST_ITEMS))
            break
    limit = _WIDE if b"\x00" in body[:64] else MOST_BYTES
    if len(body) > limit:
        raise NotASource(f"a feed of more than {limit} bytes", "use a smaller one in the site's definition")
    return body


def _found(entry: Any, url: str) -> Found | None:
    address, *others = _addresses(entry, url) or [""]
    if not address:
        return None
    return Found(
        url=address,
        date=_date(entry),
        title=" ".join(str(entry.get("title", "")).split()),
        author=" ".join(str(entry.get("author", "")).split()),
        news=True,
        others=tuple(others),
    )


def _addresses(entry: Any, url: str) -> list[str]:
    """An entry's addresses, the likeliest first: the one behind a feed service's, its link, its permanent id."""
    original = [str(value) for name, value in entry.items() if name.endswith("_origlink")]
    linked = entry.get("link") or next((item.get("href") for item in entry.get("links", ()) if item.get("href")), "")
    named = str(entry.get("id", ""))
    given = [*original, str(linked or ""), named if named.startswith("http") else ""]
    return list(dict.fromkeys(joined(url, address) for address in given if address.strip()))


def _as_parsed(moment: Any) -> str:
    """A date in a form that only feedparser knows (such as Korean words), in UTC."""
    try:
        if not moment:
            return ""
        year, month, day, hour, minute, second = moment[:6]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).isoformat()
    except (ValueError, TypeError, OverflowError):
        return ""


def _date(entry: Any) -> str:
    for name in ("published", "updated", "created"):
        written = announced_date(str(entry.get(name, ""))) or _as_parsed(entry.get(f"{name}_parsed"))
        if written:
            return written
    return ""
