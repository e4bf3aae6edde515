"""Pages that only lead to another page: ``<meta http-equiv="refresh">`` with a short pause. Pure.

As browsers read it (WHATWG HTML, "shared declarative refresh steps"), also within ``noscript``, since no script runs
here. A longer pause is that of a page that is meant to be read, and one to the page itself only reloads it.
"""

from __future__ import annotations

import re
from html import unescape

from spiders.links import is_fetchable, joined

LONGEST_PAUSE = 5.0
"""Seconds up to which a page is taken for a way to another."""

_BEGINNING = 64 << 10
"""Bytes of a page in which it is looked for."""
_MAY_REFRESH = re.compile(rb"http-equiv[^a-z<>&]*(?:refresh|&)")
"""In lower case: without it no attribute of that name has that value, which may begin with character references."""
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|template|textarea|title)\b.*?(?:</\1|\Z)", re.I | re.S)
_TAG = re.compile(r"<(meta|base)\b((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", re.I)
_ATTRIBUTE = re.compile(r"([a-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.I)
_CONTENT = re.compile(
    r"\s*(?P<pause>\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})[\d.]*\s*[;,\s]\s*(?:url\s*=\s*)?(?P<quote>[\"']?)(?P<url>.*)",
    re.I | re.S,
)


def refresh_target(page: bytes, url: str) -> str | None:
    """The address that a page leads to at once; None when it is to be read itself. No bytes raise."""
    beginning = page[:_BEGINNING]
    if not _MAY_REFRESH.search(beginning.lower()):
        return None
    text = _UNSEEN.sub("", beginning.decode("utf-8", "replace"))
    base = url
    for tag in _TAG.finditer(text):
        attributes: dict[str, str] = {}
        for name, *values in _ATTRIBUTE.findall(tag[2]):
            attributes.setdefault(name.lower(), unescape(next((value for value in values if value), "")))
        if tag[1].lower() == "base":
            base = joined(base, attributes.get("href", "")) if base == url else base
        elif attributes.get("http-equiv", "").strip().lower() == "refresh":
            return _target(attributes.get("content", ""), base, url)
    return None


def _target(content: str, base: str, url: str) -> str | None:
    found = _CONTENT.fullmatch(content)
    if found is None or float(found["pause"]) > LONGEST_PAUSE:
        return None
    address = found["url"].partition(found["quote"])[0] if found["quote"] else found["url"]
    target = joined(base, address).partition("#")[0]
    return target if address.strip() and is_fetchable(target) and target != url.partition("#")[0] else None
