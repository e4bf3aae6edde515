"""Sitemaps (sitemaps.org protocol 0.9, Google News extension): url sets, indexes, plain lists, feeds; gzipped ones.

They are parsed while they are decompressed, entry by entry, so that a large one needs no more memory than a small
one. What is faulty is repaired or skipped, and reported (`Sitemap.flaws`): a fault in one entry affects no other
entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import chain, islice

from spiders.dates import announced_date
from spiders.links import joined
from spiders.problems import NotASource
from spiders.sources.feed import parse_feed
from spiders.sources.found import MOST_ENTRIES, Feed, Found, cut_at
from spiders.sources.unpacking import unpacked
from spiders.sources.xml_mending import decoded, mended

_MOST_TAGS = 20_000
"""Tags of one entry past which a sitemap is up to no good."""
_ROOT = re.compile(r"<(?:[\w.-]{1,40}:)?(?:urlset|sitemapindex)[\s>/]", re.I)
_BEFORE_ROOT = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>|\ufeff", re.I | re.S)
"""What may stand before the first element (XML 1.0, section 2.8)."""
_BEGINNING = 1 << 10
"""Characters in which the first element begins."""
_MEDIA = ("image:", "video:")
"""Prefixes of elements of which the ``loc`` is that of a picture or film."""
_TAG = re.compile(r"<(/?)([^\s<>/]+)([^<>]*)>")
_LONGEST_TEXT = 1 << 16
"""Characters between two tags of which the end is kept."""
_SCHEMES = ("http://", "https://")
_ENTRIES = frozenset({"url", "sitemap"})
_ROOTS = frozenset({"urlset", "sitemapindex"})
_FEEDS = frozenset({"rss", "feed", "rdf"})
_NEWS_DATE = "publication_date"
_NO_DATES = frozenset({"", "null", "none", "nil", "undefined", "n/a", "-", "false", "0"})
"""What programs write where they have no date."""


@dataclass(frozen=True, slots=True)
class ChildSitemap:
    """A sitemap that an index names."""

    url: str
    lastmod: str = ""
    """ISO 8601; empty when not given, or when it can't be read."""
    unreadable_date: str = ""
    """What stands where the date should be, when it can't be read."""


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap says: articles, or further sitemaps."""

    articles: tuple[Found, ...] = ()
    children: tuple[ChildSitemap, ...] = ()
    without_address: int = 0
    """Number of entries without a URL."""
    flaws: tuple[str, ...] = ()
    """Why it could not be read completely."""


def parse_sitemap(body: bytes, url: str) -> Sitemap:
    """Read a sitemap, up to `MOST_ENTRIES`. Raises NotASource when the document is none.

    The protocol also allows RSS and Atom feeds and plain lists, one address a line, in the place of XML.
    """
    flaws: list[str] = []
    texts = decoded(unpacked(body, flaws))
    first = next((text for text in texts if text.strip()), "").lstrip()
    if not first:
        raise NotASource(f"the sitemap is empty{_because(flaws)}", "check its URL in the site's definition")
    if first.startswith("{"):
        return _feed(body, url)
    root = _ROOT.search(first)
    if root is not None:
        if _BEFORE_ROOT.sub("", first[: root.start()]).strip():
            flaws.append("something else stands before it, such as a message of the server's")
        first = first[root.start() :]
    if not first.startswith("<"):
        return _plain_list("".join(chain((first,), texts)), url, flaws)
    reading = _Reading(mended(chain((first,), texts)), flaws)
    entries = list(islice(reading.entries(), MOST_ENTRIES + 1))
    if reading.kind in _FEEDS:
        return _feed(body, url)
    if len(entries) > MOST_ENTRIES:
        entries.pop()
        flaws.append(cut_at(MOST_ENTRIES))
    elif not reading.is_complete and not flaws:
        flaws.append("its end is missing")
    if not entries and flaws:
        raise NotASource(f"malformed XML: {flaws[0]}", "try again later; only the site can fix it")
    placed = [entry for entry in entries if entry.own("loc")]
    return Sitemap(
        articles=tuple(_article(entry, url) for entry in placed if entry.kind == "url"),
        children=tuple(_child(entry, url) for entry in placed if entry.kind == "sitemap"),
        without_address=len(entries) - len(placed),
        flaws=tuple(flaws),
    )


def parse_announced(body: bytes, url: str, content_type: str = "") -> Feed | Sitemap:
    """Read what is declared as a feed; papers also declare their sitemaps so. Raises NotASource."""
    try:
        return parse_feed(body, url, content_type)
    except NotASource:
        first = next((text for text in decoded(unpacked(body, [])) if text.strip()), "")
        if _ROOT.search(_BEFORE_ROOT.sub("", first)[:_BEGINNING]) is None:
            raise
    return parse_sitemap(body, url)


def _feed(body: bytes, url: str) -> Sitemap:
    feed = parse_feed(body, url)
    return Sitemap(articles=feed.articles, without_address=feed.without_address, flaws=feed.flaws)


def _plain_list(text: str, url: str, flaws: list[str]) -> Sitemap:
    lines = [line.strip() for line in text.splitlines()]
    written = [line for line in lines if line and not line.startswith("#")]
    is_list = any(line.lower().startswith(_SCHEMES) for line in written)
    # Lines without scheme and host are as meant as they are in XML, beside others that have them
    addresses = [joined(url, line) for line in written if line.startswith("/") or line.lower().startswith(_SCHEMES)]
    if not is_list:
        raise NotASource("neither XML nor a list of URLs", f"check {url} in a browser")
    if len(addresses) > MOST_ENTRIES:
        flaws.append(cut_at(MOST_ENTRIES))
    return Sitemap(
        articles=tuple(Found(address) for address in addresses[:MOST_ENTRIES]),
        without_address=len(written) - len(addresses),
        flaws=tuple(flaws),
    )


@dataclass(frozen=True, slots=True)
class _Tag:
    text: str
    """What stands before it."""
    name: str
    """With its prefix, in lower case."""
    opens: bool
    closes: bool

    @property
    def local(self) -> str:
        """The name without its prefix, whether or not that is declared."""
        return self.name.rpartition(":")[2]


def _tags(texts: Iterable[str]) -> Iterator[_Tag]:
    """The tags of a mended document, whether or not they match."""
    held = ""
    for text in texts:
        held += text
        at = 0
        for found in _TAG.finditer(held):
            slash, name, rest = found.groups()
            yield _Tag(held[at : found.start()], name.lower(), not slash, bool(slash) or rest.endswith("/"))
            at = found.end()
        held = held[at:][-_LONGEST_TEXT:]


class _Entry:
    """A ``url`` or ``sitemap`` element: the first text of each element within."""

    def __init__(self, tag: _Tag) -> None:
        self.kind = tag.local
        self._prefix = tag.name.removesuffix(tag.local)
        self._texts: dict[str, str] = {}
        self._inner = ""
        self.tags = 0

    def take(self, tag: _Tag) -> None:
        """A tag within the entry, or the one that ends it. Raises NotASource for a flood."""
        self.tags += 1
        if self.tags > _MOST_TAGS:
            raise NotASource(f"an entry of more than {_MOST_TAGS // 2} elements", "leave it out of the definition")
        text = " ".join(unescape(tag.text).split()) if self._inner else ""
        if text:
            self._texts.setdefault(self._inner, text)
        self._inner = tag.name if tag.opens and not tag.closes else ""

    def own(self, name: str) -> str:
        """The text of an element of the protocol: pictures and films within have a ``loc`` of their own."""
        if own := self._texts.get(f"{self._prefix}{name}", ""):
            return own
        like = (text for key, text in self._texts.items() if key.endswith(f":{name}") and not key.startswith(_MEDIA))
        return self._texts.get(name) or next(like, "")

    def has_another(self, tag: _Tag) -> bool:
        """Whether a tag begins a second address: what parts this entry from the next one is missing."""
        return tag.opens and tag.name == f"{self._prefix}loc" and tag.name in self._texts

    def following(self, tag: _Tag) -> _Entry:
        """The next entry, of the same kind, which begins with a tag."""
        entry = _Entry(_Tag("", f"{self._prefix}{self.kind}", opens=True, closes=False))
        entry.take(tag)
        return entry

    def news(self, name: str) -> str:
        """The text of an element of the news extension, whatever its prefix is."""
        prefix = next((key.removesuffix(_NEWS_DATE) for key in self._texts if key.endswith(f":{_NEWS_DATE}")), "")
        return self._texts.get(f"{prefix}{name}", "")


class _Reading:
    """A sitemap's entries, read one after the other; what was read is let go.

    Tags are taken as they come: a parser of XML gives up where they do not match, and what follows would be lost.
    """

    def __init__(self, texts: Iterable[str], flaws: Sequence[str]) -> None:
        self.kind = ""
        """Name of the first element."""
        self._open_roots = 0
        self._tags = _tags(texts)
        self._flaws = flaws

    @property
    def is_complete(self) -> bool:
        """Whether all that was begun has an end, or begins and ends with an entry."""
        return self._open_roots <= 0

    def entries(self) -> Iterator[_Entry]:
        """Each entry whose address has an end. Raises NotASource."""
        entry: _Entry | None = None
        for tag in self._tags:
            self._begin(tag)
            if self.kind in _FEEDS:
                return
            if entry is not None:
                entry.take(tag)
            is_border = tag.local in _ENTRIES | _ROOTS
            if entry is not None and (is_border or entry.has_another(tag)):
                yield entry
                entry = None if is_border else entry.following(tag)
            if tag.local in _ENTRIES and tag.opens and not tag.closes:
                entry = _Entry(tag)
            if tag.local in _ROOTS:
                self._open_roots += tag.opens - tag.closes
        if entry is not None:
            self._open_roots = 1
            if entry.own("loc"):
                yield entry
        if not self.kind:
            raise NotASource(f"not XML{_because(self._flaws)}", "check its URL in the site's definition")

    def _begin(self, tag: _Tag) -> None:
        if self.kind or not tag.opens:
            return
        self.kind = tag.local
        if self.kind not in _ROOTS | _ENTRIES | _FEEDS:
            what = "an HTML page" if self.kind == "html" else f"a document of kind {self.kind[:40]!r}"
            raise NotASource(f"{what} where a sitemap was expected", "check the Sitemap lines of robots.txt")


def _because(flaws: Sequence[str]) -> str:
    return f": {flaws[0]}" if flaws else ""


def _child(entry: _Entry, url: str) -> ChildSitemap:
    return ChildSitemap(_address(url, entry.own("loc")), *_dated(entry.own("lastmod")))


def _article(entry: _Entry, url: str) -> Found:
    published = entry.news(_NEWS_DATE)
    date, unreadable = _dated(published or entry.own("lastmod"))
    return Found(
        url=_address(url, entry.own("loc")),
        date=date,
        title=entry.news("title") if published else "",
        news=bool(published),
        unreadable_date=unreadable,
    )


def _dated(text: str) -> tuple[str, str]:
    """A date, and the text when it is none."""
    date = announced_date(text)
    return (date, "") if date or text.lower() in _NO_DATES or text.startswith("0000") else ("", text[:100])


def _address(base: str, written: str) -> str:
    """An entry's address; many are escaped twice, or within CDATA."""
    return joined(base, written.replace("&amp;", "&"))
