"""Links of a page: articles, sections, feeds, the next page."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from lxml import html
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding

from pipelines.extract.document import Document, UnreadableDocument, parse_document
from spiders.links import clean_address, is_article, looks_like_section
from spiders.problems import NotASource
from spiders.shapes import UNKNOWN, Shapes
from spiders.site import Site
from spiders.sources.found import Found

_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"}
)
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
    """Feeds it declares (``link rel=alternate``)."""
    following: str | None
    """The next page of the list."""
    name: str = ""
    """What the page calls its site (``og:site_name``, or its title)."""
    language: str = ""
    """BCP 47 tag that it declares for itself."""


def parse_section(body: bytes, url: str, site: Site, content_type: str = "", shapes: Shapes = UNKNOWN) -> Section:
    """Read a page's links; `shapes` is what is known of the site's addresses.

    Raises NotASource when it is no HTML document.
    """
    try:
        document = parse_document(body, url, [("Content-Type", content_type)] if content_type else ())
    except UnreadableDocument as error:
        raise NotASource(str(error), "open the URL in a browser") from error
    return Section(
        articles=tuple(_articles(document, site, shapes, _query_charset(body, content_type))),
        sections=tuple(_sections(document, site)),
        feeds=tuple(_feeds(document)),
        following=_following(document),
        name=_name(document),
        language=str(document.root.get("lang") or "").strip()[:35],
    )


def _name(document: Document) -> str:
    named = document.root.xpath("//meta[@property='og:site_name']/@content")
    titled = document.root.xpath("//title/text()")
    name = str(named[0]) if named else re.split(r"\s[|\u2013\u2014-]\s", str(titled[0]))[0] if titled else ""
    return " ".join(name.split())[:100]


def _query_charset(body: bytes, content_type: str) -> str:
    """The charset in which a browser sends letters of the page's links (WHATWG HTML, "encoding-parse a URL")."""
    with suppress(UnicodeDecodeError):
        body.decode("utf-8")
        if not body.isascii():
            return "utf-8"
    declared = http_content_type_encoding(content_type or None) or html_body_declared_encoding(body)
    return declared if declared and not declared.startswith("utf-16") else "utf-8"


def _articles(document: Document, site: Site, shapes: Shapes, charset: str) -> list[Found]:
    links = (document.absolute(anchor.get("href")) or "" for anchor in document.root.iter("a"))
    addresses = [clean_address(link, charset) for link in links]
    # The words of a link may be cut short or a call to action: they are no title
    return [
        Found(address)
        for address in dict.fromkeys(addresses)
        if address and address != document.url and is_article(address, site, announced=False, shapes=shapes)
    ]


def _sections(document: Document, site: Site) -> list[str]:
    addresses = [
        clean_address(document.absolute(anchor.get("href")) or "") for anchor in document.root.xpath(_NAVIGATION)
    ]
    kept = [
        address for address in addresses if address and address != document.url and looks_like_section(address, site)
    ]
    return list(dict.fromkeys(kept))


def _feeds(document: Document) -> list[str]:
    declared = [
        document.absolute(link.get("href"))
        for link in document.root.iter("link")
        if "alternate" in (link.get("rel") or "").lower().split() and (link.get("type") or "").lower() in _FEED_TYPES
    ]
    return [address for address in dict.fromkeys(declared) if address and not _COMMENTS.search(address)]


def _following(document: Document) -> str | None:
    """The next page: declared, or what a pager calls so, or the link to the number after this page's."""
    links = [(element, document.absolute(element.get("href"))) for element in document.root.iter("a", "link")]
    known = [(element, address) for element, address in links if address and address != document.url]
    declared = (address for element, address in known if "next" in (element.get("rel") or "").lower().split())
    called = (address for element, address in known if element.tag == "a" and _is_called_next(element))
    counted = (address for _, address in known if _is_next_number(document.url, address))
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
