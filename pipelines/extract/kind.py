"""What kind of page it is: not an article (a front page, a list, a video), or which kind of article."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

from archive.article import ArticleKind
from pipelines.extract.blocks import Block, PlacedElement
from pipelines.extract.document import Document
from pipelines.extract.rights import Rights
from pipelines.extract.structured import Node, Structured, texts
from pipelines.extract.text import BodyText

_LISTS = frozenset({"CollectionPage", "SearchResultsPage", "ImageGallery", "VideoGallery"})
_OWN = frozenset({"ContactPage", "AboutPage", "CheckoutPage", "ProfilePage"})
_SHOWN = frozenset({"VideoObject", "AudioObject", "MediaGallery"})
_FEWEST_WORDS_BESIDE = 80
"""Words beside a film or a recording, at least, for an article with one; fewer describe it."""
_WORDS_OF_STUB = 150
"""Words from which a text is taken for whole though its page is not free: subscribers' crawls, metered papers."""
_WORDS_OF_STORY = 100
"""Words of a front page's text, at least, for it to be one."""
_SURE = 0.75
"""F1 that is expected of such a text, at least; of the lines of a news site's front page little is."""
_PARTED = 2
_MOSTLY = 0.5
_MANY_TEASERS = 5
_WORDS_BELOW = 8
"""Words of a paragraph below a heading; a line of fewer says when or by whom."""
_LITTLE = 0.2
_WHOLLY = 0.95
_HIGHEST_ROW = 4
_MOST_IN_ROW = 3
"""Blocks of the text in one row, at most: a title, a paragraph, and when or by whom."""
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5"})


def kind_of(structured: Structured, rights: Rights, words: int, url: str) -> ArticleKind:
    """What an article at this address is besides, by what its page declares."""
    live = [node for node in structured.articles if _is_live_blog(node)]
    if any(_is_entry(node, url) for node in live) or any(map(_is_part_of_live_blog, structured.articles)):
        return ArticleKind.LIVE_BLOG_ENTRY
    if live:
        return ArticleKind.LIVE_BLOG
    if rights.is_accessible_for_free is False and words < _WORDS_OF_STUB:
        return ArticleKind.PAYWALL_STUB
    return ArticleKind.ARTICLE


def _is_live_blog(node: Node) -> bool:
    return "LiveBlogPosting" in texts(node.get("@type"))


def _is_entry(live_blog: Node, url: str) -> bool:
    """Whether the address is one that a live blog gives to one of its entries, and not its own."""
    updates = live_blog.get("liveBlogUpdate")
    entries = updates if isinstance(updates, list) else [updates]
    addresses = {address for entry in entries if isinstance(entry, dict) for address in texts(entry.get("url"))}
    return url in addresses and url not in texts(live_blog.get("url"))


def _is_part_of_live_blog(node: Node) -> bool:
    """schema.org's `isPartOf`: what a posting belongs to."""
    whole = node.get("isPartOf")
    return isinstance(whole, dict) and _is_live_blog(whole)


def why_no_article(document: Document, structured: Structured, body: BodyText) -> str:
    """Why a page is not an article; empty if it may be one. A page that declares an article is trusted."""
    if structured.articles:
        return ""
    address = urlsplit(document.url)
    if address.path in ("", "/") and not address.query:
        return "" if _is_one_story(body) else "the front page of a site"
    if (structured.meta_first("og:type") or "").lower() == "article":
        return ""
    kinds = {kind for node in structured.nodes for kind in texts(node.get("@type"))}
    if lists := sorted(kinds & _LISTS):
        return f"a list: it calls itself {lists[0]}"
    if own := sorted(kinds & _OWN):
        return f"no article: it calls itself {own[0]}"
    if (shown := sorted(kinds & _SHOWN)) and _count(body) < _FEWEST_WORDS_BESIDE:
        return f"no article: its text goes with what it calls a {shown[0]}"
    return _list_by_form(document, body)


def _is_one_story(body: BodyText) -> bool:
    """Whether a front page is a text all the same, as of a site of one page: prose, hardly any links, no teasers."""
    if body.source == "rules":
        return True
    characters = sum(len(block.text) for block in body.blocks) or 1
    teasers = sum(_leads_elsewhere(block) for block in body.blocks)
    return (
        _count(body) >= _WORDS_OF_STORY
        and body.confidence >= _SURE
        and sum(block.linked for block in body.blocks) < _MOSTLY * characters
        and teasers < _MANY_TEASERS
        and _leading_within(body) < _PARTED
    )


def _leading_within(body: BodyText) -> int:
    """Headings that lead elsewhere between the first and the last block of the text: one post after another."""
    kept = {id(block) for block in body.kept}
    places = [number for number, block in enumerate(body.blocks) if id(block) in kept]
    return sum(map(_leads_elsewhere, body.blocks[places[0] : places[-1]])) if places else 0


def _count(body: BodyText) -> int:
    return sum(len(paragraph.split()) for paragraph in body.paragraphs)


def _list_by_form(document: Document, body: BodyText) -> str:
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
    own = {_article_around(block.place) for block in body.blocks if _leads_within_site(document, block)} - {None}
    held = sum(len(block.text) for block in body.kept if _article_around(block.place) in own)
    if len(own) >= _MANY_TEASERS and held > _MOSTLY * characters:
        # Where posts repeat each other's words, little of them is kept, and that may stand in one of them
        return f"a list: its text stands in one of {len(own)} article elements that lead to other pages"
    is_list = _is_teasers(document, body) or _is_items(document, body) or _is_rows(document, body)
    return "a list: its text is teasers" if is_list else ""


def _is_rows(document: Document, body: BodyText) -> bool:
    """Whether most of the text stands in elements of one form beside each other, each with a link to another page.

    The link is a line by itself: a title, or the same words in all, such as "read on".
    """
    kept = {id(block) for block in body.kept}
    rows: dict[tuple[int, str, str | None], dict[int, list[Block]]] = {}
    for block in body.blocks:
        current: PlacedElement | None = block.place
        for _ in range(_HIGHEST_ROW):
            if current is None or current.parent is None or current.tag in ("body", "main"):
                break
            form = (current.parent.number, current.tag, current.css_class)
            rows.setdefault(form, {}).setdefault(current.number, []).append(block)
            current = current.parent
    whole = sum(len(block.text) for block in body.kept) or 1
    for row in rows.values():
        own = [sum(len(block.text) for block in blocks if id(block) in kept) for blocks in row.values()]
        if len(row) < _MANY_TEASERS or sum(own) < (1 - _LITTLE) * whole:
            continue
        if all(sum(id(block) in kept for block in blocks) <= _MOST_IN_ROW for blocks in row.values()):
            links = [link for blocks in row.values() if (link := _link_of_row(document, blocks))]
            is_titled = len({text for text, _ in links}) == 1 or all(text.count(" ") >= 2 for text, _ in links)
            if is_titled and len({address for _, address in links}) >= max(_MANY_TEASERS, (1 - _LITTLE) * len(row)):
                return True
    return False


def _link_of_row(document: Document, blocks: list[Block]) -> tuple[str, str] | None:
    """The line of a row that is a link to another page of the site, and where it leads."""
    for block in blocks:
        if block.linked >= _WHOLLY * len(block.text) and (address := _address_within_site(document, block)):
            return block.text, address
    return None


def _is_teasers(document: Document, body: BodyText) -> bool:
    """Whether the text is headings that lead to other pages of the site, each with at most a paragraph below."""
    kept = {id(block) for block in body.kept}
    places = [number for number, block in enumerate(body.blocks) if id(block) in kept]
    if not places:
        return False
    inside = body.blocks[max(0, places[0] - 1) : places[-1] + 1]
    leading = [number for number, block in enumerate(inside) if _leads_within_site(document, block)]
    if len(leading) < _MANY_TEASERS:
        return False
    before = sum(len(block.text) for block in inside[: leading[0]] if id(block) in kept)
    below = [
        sum(id(block) in kept and len(block.text.split()) >= _WORDS_BELOW for block in inside[one + 1 : other])
        for one, other in zip(leading, [*leading[1:], len(inside)], strict=True)
    ]
    characters = sum(len(block.text) for block in body.kept) or 1
    return max(below) <= 1 and before < _LITTLE * characters


def _is_items(document: Document, body: BodyText) -> bool:
    """Whether most of the text is items of lists that each begin with a link to another page of the site."""
    items: dict[int, list[Block]] = {}
    for block in body.kept:
        item = _around(block.place, "li")
        if item is not None:
            items.setdefault(item, []).append(block)
    leading = [blocks for blocks in items.values() if _links_within_site(document, blocks[0])]
    characters = sum(len(block.text) for blocks in leading for block in blocks)
    whole = sum(len(block.text) for block in body.kept)
    return len(leading) >= _MANY_TEASERS and characters >= (1 - _LITTLE) * whole


def _leads_within_site(document: Document, block: Block) -> bool:
    return _leads_elsewhere(block) and _links_within_site(document, block)


def _links_within_site(document: Document, block: Block) -> bool:
    """Whether most of a block is a link to another page of the site."""
    return block.linked > _MOSTLY * len(block.text) and _address_within_site(document, block) is not None


def _address_within_site(document: Document, block: Block) -> str | None:
    """Where the link in or around a block leads, if to another page of the site."""
    link = next(block.place.element.iter("a"), None)
    link = link if link is not None else next(block.place.element.iterancestors("a"), None)
    address = document.absolute(link.get("href")) if link is not None else None
    if address is None or address == document.url.split("#")[0]:
        return None
    return address if urlsplit(address).hostname == urlsplit(document.url).hostname else None


def _leads_elsewhere(block: Block) -> bool:
    """Whether it is a heading that is a link, as of a teaser."""
    return block.place.tag in _HEADINGS and block.linked > _MOSTLY * len(block.text)


def _article_around(place: PlacedElement) -> int | None:
    """The number of the innermost article element around a place."""
    return _around(place, "article")


def _around(place: PlacedElement, tag: str) -> int | None:
    """The number of the innermost element of a tag around a place, or at it."""
    current: PlacedElement | None = place
    while current is not None and current.tag != tag:
        current = current.parent
    return current.number if current is not None else None
