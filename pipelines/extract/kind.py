"""What kind of page it is: no article (a front page, a list, a film), or which kind of one."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

from archive.article import ArticleKind
from pipelines.extract.blocks import Block, Place
from pipelines.extract.document import Document
from pipelines.extract.rights import Rights
from pipelines.extract.structured import Structured, texts
from pipelines.extract.text import BodyText

_LISTS = frozenset({"CollectionPage", "SearchResultsPage", "ImageGallery", "VideoGallery"})
_OWN = frozenset({"ContactPage", "AboutPage", "CheckoutPage", "ProfilePage"})
_SHOWN = frozenset({"VideoObject", "AudioObject", "MediaGallery"})
_FEWEST_WORDS_BESIDE = 80
"""Words beside a film or a recording, at least, for an article with one; fewer describe it."""
_WORDS_OF_STUB = 150
"""Words from which a text is taken for whole though its page is not free: subscribers' crawls, metered papers."""
_MOSTLY = 0.5
_MANY_TEASERS = 5
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5"})


def kind_of(structured: Structured, rights: Rights, words: int) -> ArticleKind:
    """What an article is besides, by what its page declares."""
    if any("LiveBlogPosting" in texts(node.get("@type")) for node in structured.articles):
        return ArticleKind.LIVE_BLOG
    if rights.is_accessible_for_free is False and words < _WORDS_OF_STUB:
        return ArticleKind.PAYWALL_STUB
    return ArticleKind.ARTICLE


def why_no_article(document: Document, structured: Structured, body: BodyText) -> str:
    """Why a page is no article; empty of one that may be. A page that declares an article is taken at its word."""
    if structured.articles or (structured.meta_first("og:type") or "").lower() == "article":
        return ""
    address = urlsplit(document.url)
    if address.path in ("", "/") and not address.query:
        return "the front page of a site"
    kinds = {kind for node in structured.nodes for kind in texts(node.get("@type"))}
    if lists := sorted(kinds & _LISTS):
        return f"a list: it calls itself {lists[0]}"
    if own := sorted(kinds & _OWN):
        return f"no article: it calls itself {own[0]}"
    if (shown := sorted(kinds & _SHOWN)) and _count(body) < _FEWEST_WORDS_BESIDE:
        return f"no article: its text goes with what it calls a {shown[0]}"
    return _list_by_form(body)


def _count(body: BodyText) -> int:
    return sum(len(paragraph.split()) for paragraph in body.paragraphs)


def _list_by_form(body: BodyText) -> str:
    """A list by its looks: text that is links for the most part, or that many articles' teasers share."""
    if body.source == "rules":
        return ""
    characters = sum(len(block.text) for block in body.kept) or 1
    if sum(block.linked for block in body.kept) > _MOSTLY * characters:
        return "a list: its text is links"
    leading = {_article_around(block.place) for block in body.blocks if _leads_elsewhere(block)} - {None}
    teasers: Counter[int] = Counter()
    for block in body.kept:
        if (number := _article_around(block.place)) in leading and number is not None:
            teasers[number] += len(block.text)
    if len(teasers) >= _MANY_TEASERS and max(teasers.values()) < _MOSTLY * characters:
        return f"a list: its text stands in {len(teasers)} article elements"
    return ""


def _leads_elsewhere(block: Block) -> bool:
    """Whether it is a heading that is a link, as of a teaser."""
    return block.place.tag in _HEADINGS and block.linked > _MOSTLY * len(block.text)


def _article_around(place: Place) -> int | None:
    """The number of the innermost article element around a place."""
    current: Place | None = place
    while current is not None and current.tag != "article":
        current = current.parent
    return current.number if current is not None else None
