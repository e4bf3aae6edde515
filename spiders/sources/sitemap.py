"""Sitemaps (sitemaps.org protocol 0.9, Google News extension): url sets, indexes, plain lists, gzipped ones.

They are read as they are unpacked, entry by entry, so that a large one takes no more memory than a small one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import cast
from urllib.parse import urljoin

from lxml import etree

from spiders.dates import announced_date
from spiders.problems import NotASource
from spiders.sources.found import MOST_ENTRIES, Found

MAX_SIZE = 50 << 20
"""Bytes of an uncompressed sitemap past which it is not read (the protocol's own limit)."""

_GZIP_MAGIC = b"\x1f\x8b"
_STEP = 1 << 18
_MARK_AND_BLANKS = b"\xef\xbb\xbf \t\r\n"
_MOST_ELEMENTS = 10_000
"""Elements of one entry past which a sitemap is up to no good."""
_ENTRIES = {"urlset": "url", "sitemapindex": "sitemap"}


@dataclass(frozen=True, slots=True)
class ChildSitemap:
    """A sitemap that an index names."""

    url: str
    lastmod: str = ""
    """ISO 8601; empty when not given."""


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap says: articles, or further sitemaps."""

    articles: tuple[Found, ...] = ()
    children: tuple[ChildSitemap, ...] = ()


def parse_sitemap(body: bytes, url: str) -> Sitemap:
    """Read a sitemap, up to `MOST_ENTRIES`. Raises NotASource when the document is none."""
    pieces = _plain(body)
    first = next((piece for piece in pieces if piece.strip(_MARK_AND_BLANKS)), b"")
    if not first:
        raise NotASource("the sitemap is empty", "check its address in the site's definition")
    if not first.lstrip(_MARK_AND_BLANKS).startswith(b"<"):
        return _plain_list(b"".join(chain((first,), pieces)), url)
    reading = _Reading()
    entries = list(islice(reading.entries(chain((first.lstrip(_MARK_AND_BLANKS),), pieces)), MOST_ENTRIES))
    if reading.kind == "sitemapindex":
        return Sitemap(children=tuple(_child(entry, url) for entry in entries))
    if not entries and reading.fault:
        raise NotASource(f"malformed XML: {reading.fault}", "try again later; the site has to mend it")
    return Sitemap(articles=tuple(_article(entry, url) for entry in entries))


def _plain(body: bytes) -> Iterator[bytes]:
    """The document in pieces, unpacked if need be. Raises NotASource."""
    if not body.startswith(_GZIP_MAGIC):
        yield from (body[start : start + _STEP] for start in range(0, len(body), _STEP))
        return
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    packed, size = body, 0
    while packed and not inflater.eof:
        try:
            piece = inflater.decompress(packed, _STEP)
        except zlib.error as error:
            raise NotASource(f"damaged gzip: {error}", "try again later; the site has to mend it") from error
        packed = inflater.unconsumed_tail
        size += len(piece)
        if size > MAX_SIZE:
            raise NotASource(
                f"more than {MAX_SIZE} bytes when unpacked", "name smaller sitemaps in the site's definition"
            )
        yield piece
    if not inflater.eof:
        raise NotASource("the gzip data is cut short", "try again later; the site has to mend it")


def _plain_list(text: bytes, url: str) -> Sitemap:
    lines = (line.strip() for line in text.decode("utf-8", "replace").splitlines())
    addresses = list(islice((line for line in lines if line.startswith(("http://", "https://"))), MOST_ENTRIES))
    if not addresses:
        raise NotASource("neither XML nor a list of addresses", f"check {url} in a browser")
    return Sitemap(articles=tuple(Found(address) for address in addresses))


class _Reading:
    """A sitemap's entries, read one after the other; what was read is let go."""

    def __init__(self) -> None:
        self.kind = ""
        """Name of the root element."""
        self._parser = etree.XMLPullParser(
            events=("start", "end"), recover=True, resolve_entities=False, no_network=True, remove_comments=True
        )
        self._root: etree._Element | None = None
        self._elements = 0

    @property
    def fault(self) -> str:
        """The first fault of the document, for a person."""
        log = self._parser.feed_error_log
        return f"line {log[0].line}: {log[0].message}" if len(log) else ""

    def entries(self, pieces: Iterator[bytes]) -> Iterator[dict[str, str]]:
        """Texts of each entry that has a ``loc``, by name. Raises NotASource."""
        remedy = "check its address in the site's definition"
        try:
            for piece in pieces:
                self._parser.feed(piece)
                yield from self._completed()
            self._parser.close()  # what this would still complete was cut off in its middle
        except etree.XMLSyntaxError as error:
            if not self.kind:
                raise NotASource(f"not XML: {error}", remedy) from error
        if not self.kind:
            raise NotASource("not XML", remedy)

    def _completed(self) -> Iterator[dict[str, str]]:
        events = cast("Iterator[tuple[str, etree._Element]]", self._parser.read_events())
        for event, element in events:
            if event == "start":
                self._begun(element)
            elif element.getparent() is self._root and self._root is not None:
                found = _texts(element) if _local(element) == _ENTRIES[self.kind] else {}
                self._elements = 0
                element.clear()
                while element.getprevious() is not None:
                    del self._root[0]
                if "loc" in found:
                    yield found

    def _begun(self, element: etree._Element) -> None:
        if self._root is None:
            self._root, self.kind = element, _local(element)
            if self.kind not in _ENTRIES:
                what = "an HTML page" if self.kind == "html" else f"a document of kind {self.kind[:40]!r}"
                raise NotASource(f"{what} where a sitemap was expected", "check the Sitemap lines of robots.txt")
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise NotASource(f"an entry of more than {_MOST_ELEMENTS} elements", "leave it out of the definition")


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname.lower() if isinstance(element.tag, str) else ""


def _texts(element: etree._Element) -> dict[str, str]:
    """The first text of each kind of element below."""
    found: dict[str, str] = {}
    for child in element.iterdescendants():
        if _local(child) and child.text and child.text.strip():
            found.setdefault(_local(child), " ".join(child.text.split()))
    return found


def _child(entry: dict[str, str], url: str) -> ChildSitemap:
    return ChildSitemap(_joined(url, entry["loc"]), announced_date(entry.get("lastmod", "")))


def _article(entry: dict[str, str], url: str) -> Found:
    return Found(
        url=_joined(url, entry["loc"]),
        date=announced_date(entry.get("publication_date") or entry.get("lastmod", "")),
        title=entry.get("title", "") if "publication_date" in entry else "",
        news="publication_date" in entry,
    )


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return ""  # such as brackets that do not close; an empty address is nobody's article
