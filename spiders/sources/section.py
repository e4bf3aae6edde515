"""Links of a page: articles, sections, feeds, the next page."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.extract.document import Document, UnreadableDocument, parse_document
from spiders.links import clean_address, is_article, looks_like_section
from spiders.problems import NotASource
from spiders.site import Site
from spiders.sources.found import Found

_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"}
)
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
    """The next page of the list (``rel=next``)."""


def parse_section(body: bytes, url: str, site: Site, content_type: str = "") -> Section:
    """Read a page's links. Raises NotASource when it is no HTML document."""
    try:
        document = parse_document(body, url, [("Content-Type", content_type)] if content_type else ())
    except UnreadableDocument as error:
        raise NotASource(str(error), "open the address in a browser") from error
    return Section(
        articles=tuple(_articles(document, site)),
        sections=tuple(_sections(document, site)),
        feeds=tuple(_feeds(document)),
        following=_following(document),
    )


def _articles(document: Document, site: Site) -> list[Found]:
    addresses = [clean_address(document.absolute(anchor.get("href")) or "") for anchor in document.root.iter("a")]
    # The words of a link may be cut short or a call to action: they are no title
    return [
        Found(address)
        for address in dict.fromkeys(addresses)
        if address and address != document.url and is_article(address, site, announced=False)
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
    return [address for address in dict.fromkeys(declared) if address]


def _following(document: Document) -> str | None:
    for element in document.root.iter("a", "link"):
        if "next" in (element.get("rel") or "").lower().split():
            return document.absolute(element.get("href"))
    return None
