"""Sitemaps (sitemaps.org protocol 0.9, Google News extension): url sets, indexes, plain lists, gzipped ones."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import etree

from pipelines.extract.dates import parse_date
from spiders.problems import NotASource
from spiders.sources.found import Found

MAX_SIZE = 50 << 20
"""Bytes of an uncompressed sitemap past which it is not read (the protocol's own limit)."""

_GZIP_MAGIC = b"\x1f\x8b"


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
    """Read a sitemap. Raises NotASource when the document is none."""
    text = _plain(body)
    if not text.strip():
        raise NotASource("the sitemap is empty", "check its address in the site's definition")
    if not text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _plain_list(text, url)
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(text, parser=parser)
    except etree.XMLSyntaxError as error:
        raise NotASource(f"not XML: {error}", "check its address in the site's definition") from error
    if root is None:
        raise NotASource("not XML", "check its address in the site's definition")
    kind = _local(root)
    if kind == "sitemapindex":
        return Sitemap(children=tuple(_children(root, url)))
    if kind == "urlset":
        articles = tuple(_articles(root, url))
        if not articles and len(parser.error_log):
            fault = parser.error_log[0]
            raise NotASource(
                f"malformed XML: line {fault.line}: {fault.message}", "try again later; the site has to mend it"
            )
        return Sitemap(articles=articles)
    what = "an HTML page" if kind == "html" else f"a document of kind {kind!r}"
    raise NotASource(f"{what} where a sitemap was expected", "check the Sitemap lines of robots.txt")


def _plain(body: bytes) -> bytes:
    if not body.startswith(_GZIP_MAGIC):
        return body
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = inflater.decompress(body, MAX_SIZE + 1)
    except zlib.error as error:
        raise NotASource(f"damaged gzip: {error}", "try again later; the site has to mend it") from error
    if len(text) <= MAX_SIZE and not inflater.eof:
        raise NotASource("the gzip data is cut short", "try again later; the site has to mend it")
    if len(text) > MAX_SIZE:
        raise NotASource(
            f"more than {MAX_SIZE} bytes when unpacked", "name smaller sitemaps in the site's definition"
        )
    return text


def _plain_list(text: bytes, url: str) -> Sitemap:
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines()]
    addresses = [line for line in lines if line.startswith(("http://", "https://"))]
    if not addresses:
        raise NotASource("neither XML nor a list of addresses", f"check {url} in a browser")
    return Sitemap(articles=tuple(Found(address) for address in addresses))


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname.lower() if isinstance(element.tag, str) else ""


def _texts(element: etree._Element) -> dict[str, str]:
    """The first text of each kind of element below."""
    found: dict[str, str] = {}
    for child in element.iterdescendants():
        if _local(child) and child.text and child.text.strip():
            found.setdefault(_local(child), " ".join(child.text.split()))
    return found


def _children(root: etree._Element, url: str) -> list[ChildSitemap]:
    entries = [_texts(element) for element in root if _local(element) == "sitemap"]
    return [
        ChildSitemap(urljoin(url, entry["loc"]), parse_date(entry.get("lastmod", "")) or "")
        for entry in entries
        if "loc" in entry
    ]


def _articles(root: etree._Element, url: str) -> list[Found]:
    entries = [_texts(element) for element in root if _local(element) == "url"]
    return [
        Found(
            url=urljoin(url, entry["loc"]),
            date=parse_date(entry.get("publication_date") or entry.get("lastmod", "")) or "",
            title=entry.get("title", "") if "publication_date" in entry else "",
            news="publication_date" in entry,
        )
        for entry in entries
        if "loc" in entry
    ]
