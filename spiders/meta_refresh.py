"""Pages that only lead to another page: ``<meta http-equiv="refresh">`` with a short pause. Pure.

As browsers read it (WHATWG HTML, "shared declarative refresh steps"), also within ``noscript``, since no script runs
here, and in a header ``Refresh`` of the response. A longer pause is that of a page that is meant to be read. One that
leads to the page itself only reloads it, which makes sense where a cookie was set meanwhile.
"""

from __future__ import annotations

import codecs
import re
from html import unescape

from spiders.links import clean_address, is_fetchable, joined
from spiders.page_charset import query_charset

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
    r"\s*(?P<pause>\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})[\d.]*\s*(?:[;,\s]\s*(?:url\s*=\s*)?(?P<quote>[\"']?)(?P<url>.*))?",
    re.I | re.S,
)


def refresh_target(
    page: bytes, url: str, header: str = "", content_type: str = "", *, reloads: bool = False
) -> str | None:
    """The address that a page leads to at once, ready to be requested; None when the page is to be read itself.

    `header` and `content_type` are the values of the response's ``Refresh`` and ``Content-Type``, `reloads` tells
    that the page's own address counts too. No bytes raise.
    """
    if header and (target := _target(header, url, url, reloads=reloads)) is not None:
        return clean_address(target)
    beginning = page[:_BEGINNING]
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        beginning = beginning.decode("utf-16", "replace").encode("utf-8", "replace")
    if not _MAY_REFRESH.search(beginning.lower()):
        return None
    charset = query_charset(beginning, content_type)
    text = _UNSEEN.sub("", beginning.decode(charset, "replace"))
    base = url
    for tag in _TAG.finditer(text):
        attributes: dict[str, str] = {}
        for name, *values in _ATTRIBUTE.findall(tag[2]):
            attributes.setdefault(name.lower(), unescape(next((value for value in values if value), "")))
        if tag[1].lower() == "base":
            base = joined(base, attributes.get("href", "")) if base == url else base
        elif attributes.get("http-equiv", "").strip().lower() == "refresh":
            target = _target(attributes.get("content", ""), base, url, reloads=reloads)
            return clean_address(target, charset) if target else None
    return None


def _target(content: str, base: str, url: str, *, reloads: bool) -> str | None:
    found = _CONTENT.fullmatch(content)
    if found is None or float(found["pause"]) > LONGEST_PAUSE:
        return None
    written = found["url"] or ""
    address = written.partition(found["quote"])[0] if found["quote"] else written
    own = url.partition("#")[0]
    target = joined(base, address).partition("#")[0] if address.strip() else own
    return target if is_fetchable(target) and (reloads or target != own) else None
