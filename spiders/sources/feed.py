"""Feeds: RSS, Atom and RDF, by feedparser, which reads malformed ones too."""

from __future__ import annotations

import calendar
import io
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

import feedparser

from pipelines.extract.dates import parse_date
from spiders.problems import NotASource
from spiders.sources.found import Found

_HTML_MARKS = (b"<!doctype html", b"<html")


def parse_feed(body: bytes, url: str, content_type: str = "") -> list[Found]:
    """The entries of a feed, newest as the feed has them.

    Raises NotASource when the document is no feed, or a feed without entries.
    """
    if not body.strip():
        raise NotASource("the feed is empty (no bytes)", "check its address in the site's definition")
    if body[:1000].lower().lstrip().startswith(_HTML_MARKS):
        raise NotASource(
            "an HTML page where a feed was expected", "look for the feed's new address on the front page"
        )
    headers = {"content-location": url, **({"content-type": content_type} if content_type else {})}
    feed = feedparser.parse(io.BytesIO(body), response_headers=headers, sanitize_html=False)
    if not feed.entries:
        if feed.get("version"):
            raise NotASource("the feed has no entries", "nothing to do if the site is quiet; else check its address")
        reason = str(feed.get("bozo_exception") or "no feed format is known that looks like this")
        raise NotASource(
            f"not a feed: {' '.join(reason.split())[:200]}", "check its address in the site's definition"
        )
    entries = [_found(entry, url) for entry in feed.entries]
    return [found for found in entries if found is not None]


def _found(entry: Any, url: str) -> Found | None:
    link = entry.get("link") or next((item.get("href") for item in entry.get("links", ()) if item.get("href")), "")
    link = link or (entry.get("id", "") if str(entry.get("id", "")).startswith("http") else "")
    if not link:
        return None
    return Found(
        url=urljoin(url, link.strip()),
        date=_date(entry),
        title=" ".join(str(entry.get("title", "")).split()),
        author=" ".join(str(entry.get("author", "")).split()),
        news=True,
    )


def _date(entry: Any) -> str:
    for name in ("published", "updated", "created"):
        written = parse_date(str(entry.get(name, "")))
        if written:
            return written
        moment = entry.get(f"{name}_parsed")
        if moment:
            return datetime.fromtimestamp(calendar.timegm(moment), UTC).isoformat()
    return ""
