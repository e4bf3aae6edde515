"""Links of a page: articles, sections, feeds, the next page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, islice
from urllib.parse import urlsplit

from lxml import html

from pipelines.extract.document import Document, UnreadableDocument, parse_document
from spiders.links import clean_address, is_article, joined, looks_like_section, same_site
from spiders.page_charset import query_charset
from spiders.problems import NotASource
from spiders.shapes import UNKNOWN, Shapes
from spiders.site import Site
from spiders.sources.found import Found

_FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/xml",
        "text/xml",
    }
)
_FEED_PATH = re.compile(
    r"(?i)\.(?:rss|atom|rdf)$|/(?:rss|atom|feeds?)(?:\.(?:xml|php|aspx?|json))?/?$|(?:rss|feed|atom)\w{0,20}\.xml$"
)
_MOST_LINKED_FEEDS = 10
_NEXT = frozenset({"next", "older"})
_PAGER = frozenset({"page", "pages", "pager", "pagination", "paging", "numbers", "posts"})
_COMMENTS = re.compile(r"/comments?/(?:feed|rss|atom)", re.I)
"""Feeds of what readers say."""
_PAGE_NUMBER = re.compile(r"((?:/page/|[?&](?:page|paged|p|pg)=))(\d{1,6})(?!\d)")
_NAVIGATION = "//nav//a[@href] | //header//a[@href] | //*[@role='navigation']//a[@href]"


@dataclass(frozen=True, slots=True)
class Section:
    """What a page links to."""

    articles: tuple[Found, ...]
    sections: tuple[str, ...]
    """Section pages that its navigation names."""
    feeds: tuple[str, ...]
    """Feeds it declares (``link rel=alternate`` or ``feed``)."""
    following: str | None
    """The next page of the list."""
    name: str = ""
    """What the page calls its site (``og:site_name``, or its title)."""
    language: str = ""
    """BCP 47 tag that it declares for itself."""
    linked_feeds: tuple[str, ...] = ()
    """What it links to that has a feed's name; it may also be a page about feeds."""
    sitemaps: tuple[str, ...] = ()
    """Sitemaps it declares (``link rel=sitemap``)."""


def parse_section(body: bytes, url: str, site: Site, content_type: str = "", shapes: Shapes = UNKNOWN) -> Section:
    """Read a page's links; `shapes` is what is known of the site's addresses.

    Raises NotASource when it is no HTML document.
    """
    try:
        document = parse_document(body, url, [("Content-Type", content_type)] if content_type else ())
    except UnreadableDocument as error:
        raise NotASource(str(error), "open the URL in a browser") from error
    links = _Links(document, query_charset(body, content_type))
    return Section(
        articles=tuple(_articles(links, site, shapes)),
        sections=tuple(_sections(links, site)),
        feeds=tuple(_feeds(links)),
        linked_feeds=tuple(_linked_feeds(links, site)),
        sitemaps=tuple(_sitemaps(links)),
        following=_following(links),
        name=_name(document),
        language=str(document.root.get("lang") or "").strip()[:35],
    )


def _name(document: Document) -> str:
    named = document.root.xpath("//meta[@property='og:site_name']/@content")
    titled = document.root.xpath("//title/text()")
    name = str(named[0]) if named else re.split(r"\s[|\u2013\u2014-]\s", str(titled[0]))[0] if titled else ""
    return " ".join(name.split())[:100]


class _Links:
    """The addresses of a page's links, as browsers read them."""

    def __init__(self, document: Document, charset: str) -> None:
        """`charset` is that in which letters of queries are sent."""
        self.document = document
        self._charset = charset
        self._known: dict[str, str | None] = {}

    def address(self, element: html.HtmlElement) -> str | None:
        """What an element leads to, ready to be requested; None when it leads to nothing on the web."""
        written = (element.get("href") or "").strip()
        if written not in self._known:
            address = joined(self.document.base_url, written).partition("#")[0] if written else ""
            self._known[written] = clean_address(address, self._charset)
        return self._known[written]

    def all(self, elements: Iterable[html.HtmlElement]) -> list[str]:
        """The addresses of elements but the page's own, each once."""
        addresses = dict.fromkeys(map(self.address, elements))
        return [address for address in addresses if address and address != self.document.url]


def _articles(links: _Links, site: Site, shapes: Shapes) -> list[Found]:
    # The words of a link may be cut short or a call to action: they are no title
    return [
        Found(address)
        for address in links.all(links.document.root.iter("a"))
        if is_article(address, site, announced=False, shapes=shapes)
    ]


def _sections(links: _Links, site: Site) -> list[str]:
    return [
        address for address in links.all(links.document.root.xpath(_NAVIGATION)) if looks_like_section(address, site)
    ]


def _feeds(links: _Links) -> list[str]:
    declared = (link for link in links.document.root.iter("link") if _declares_feed(link))
    return [address for address in links.all(declared) if not _COMMENTS.search(address)]


def _declares_feed(link: html.HtmlElement) -> bool:
    words = (link.get("rel") or "").lower().split()
    kind = (link.get("type") or "").partition(";")[0].strip().lower()
    return ("alternate" in words and kind in _FEED_TYPES) or ("feed" in words and kind in {*_FEED_TYPES, ""})


def _linked_feeds(links: _Links, site: Site) -> list[str]:
    named = (
        address
        for address in links.all(links.document.root.iter("a"))
        if _FEED_PATH.search(urlsplit(address).path) and same_site(address, site) and not _COMMENTS.search(address)
    )
    return list(islice(named, _MOST_LINKED_FEEDS))


def _sitemaps(links: _Links) -> list[str]:
    return links.all(
        link for link in links.document.root.iter("link") if "sitemap" in (link.get("rel") or "").lower().split()
    )


def _following(links: _Links) -> str | None:
    """The next page: declared, or what a pager calls so, or the link to the number after this page's."""
    url = links.document.url
    addresses = [(element, links.address(element)) for element in links.document.root.iter("a", "link")]
    known = [(element, address) for element, address in addresses if address and address != url]
    declared = (address for element, address in known if "next" in (element.get("rel") or "").lower().split())
    called = (address for element, address in known if element.tag == "a" and _is_called_next(element))
    counted = (address for _, address in known if _is_next_number(url, address))
    return next(chain(declared, called, counted), None)


def _is_called_next(element: html.HtmlElement) -> bool:
    """Whether a link's classes make it a pager's, such as ``next page-numbers`` or ``pagination__next``."""
    words = set(re.split(r"[^a-z]+", (element.get("class") or "").lower()))
    return bool(words & _NEXT) and bool(words & _PAGER)


def _is_next_number(url: str, other: str) -> bool:
    """Whether two addresses of one list differ in the page's number alone, by one; without a number it is 1."""
    here, there = _PAGE_NUMBER.search(url), _PAGE_NUMBER.search(other)
    if there is None:
        return False
    number = int(here[2]) if here is not None else 1
    bare = _PAGE_NUMBER.sub("", url).rstrip("/?&")
    return int(there[2]) == number + 1 and _PAGE_NUMBER.sub("", other).rstrip("/?&") == bare
