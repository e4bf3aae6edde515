"""JSON Feed (jsonfeed.org, version 1.1)."""

from __future__ import annotations

import json
from typing import Any

from spiders.dates import announced_date
from spiders.links import joined
from spiders.problems import NotASource
from spiders.sources.found import MOST_ENTRIES, Feed, Found, cut_at

_REMEDY = "check its URL in the site's definition"


def looks_like_json(body: bytes) -> bool:
    """Whether a document is a JSON object rather than XML."""
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def parse_json_feed(body: bytes, url: str) -> Feed:
    """The items of a feed. Raises NotASource when the document is none, or has no items."""
    try:
        # Numbers are not wanted, and a long one is slow to make; papers leave line breaks in texts
        document = json.loads(body, parse_int=str, strict=False)
    except (ValueError, RecursionError) as error:
        raise NotASource(f"not a feed: {' '.join(str(error).split())[:200]}", _REMEDY) from error
    if not isinstance(document, dict) or "jsonfeed.org" not in str(document.get("version", "")):
        raise NotASource("JSON, but not a JSON Feed", _REMEDY)
    items = document.get("items")
    if not isinstance(items, list) or not items:
        raise NotASource("the feed has no entries", "nothing to do if the site is quiet; otherwise check its URL")
    found = [_found(item, document, url) if isinstance(item, dict) else None for item in items[:MOST_ENTRIES]]
    flaws = (cut_at(MOST_ENTRIES),) if len(items) > MOST_ENTRIES else ()
    return Feed(tuple(item for item in found if item is not None), found.count(None), flaws)


def _found(item: dict[str, Any], feed: dict[str, Any], url: str) -> Found | None:
    address = _text(item, "url") or _text(item, "external_url")
    if not address and _text(item, "id").startswith("http"):
        address = _text(item, "id")
    if not address:
        return None
    date = announced_date(_text(item, "date_published") or _text(item, "date_modified"))
    return Found(joined(url, address), date, _text(item, "title"), _author(item) or _author(feed), news=True)


def _author(part: dict[str, Any]) -> str:
    """Names of ``authors`` (version 1.1) or ``author`` (version 1)."""
    authors = part.get("authors")
    listed = authors if isinstance(authors, list) else [part.get("author")]
    return ", ".join(name for author in listed if isinstance(author, dict) and (name := _text(author, "name")))


def _text(part: dict[str, Any], name: str) -> str:
    value = part.get(name)
    return " ".join(value.split()) if isinstance(value, str) else ""
