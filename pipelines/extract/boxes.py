"""Boxes that stand beside the text of an article, told by their form: dialogs, placeholders, cards, further articles.

No rule asks for a class of its own where structure or several independent words tell the same. What holds the
headline or most of the page's text is never a box.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipelines.extract.blocks import IN_ARTICLE, IN_CELL, IN_LINK, IN_MAIN, Block, PlacedElement
from pipelines.extract.document import text_of
from pipelines.extract.features import squeeze
from pipelines.extract.phrases import (
    heads_comments,
    is_arrow,
    is_consent,
    is_placeholder,
    is_placeholder_line,
    speaks_of_consent,
)

_WHOLE_PAGE = frozenset(("body", "html", "main", "article"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_HEADING_OF_CARD = frozenset(("h2", "h3", "h4", "h5"))
_GOOD_WORDS = 12
_SHORTEST_TITLE = 8
_SOME_TEXT = 3
"""Paragraphs of the page's own article before another one may begin."""
_MOST_LONGER = 4
"""How many times as long as the page's own article those behind it may be."""
_ALL_LINKED = 0.95
_MOST_BLOCKS = 5000
_MOST_OF_DIALOG = 30
"""Blocks of a dialog, at most."""
_MOST_OF_PLACEHOLDER = 6
_HIGHEST = 6
_OTHER_ARTICLE = re.compile(
    r"(?:next|other|infinite|following|previous|prev|additional)[_-]?(?:article|story|post|scroll|page)s?|infinite"
    r"|(?:read|up|post)[_-]?next|(?:n[aä]e?chste[rn]?|weitere[rn]?|folgende[rn]?)[_-]?(?:artikel|beitr)"
    r"|(?:article|articulo|articolo|artigo)s?[_-]?(?:suivant|siguiente|successiv|seguinte)",
    re.I,
)
_OF_AN_ARTICLE = re.compile(r"(?:data-)?(?:article|story|post|page)?-?(?:url|href|id|permalink|slug|uri|title)", re.I)
_FEWEST_CARDS, _MOST_CARDS = 2, 8
_FEWEST_LINKED_ITEMS = 2
_FEWEST_WORDS_OF_TITLE = 3
_ENDS = tuple(".!?:;…。！？؟।»”\"')]")
_MOST_LEFT_OUT = 0.25
"""Part of a page's text that may stand on cards; one that consists of them is a list, or made of parts."""


def in_boxes(blocks: Sequence[Block], titles: str) -> Iterator[int]:
    """Numbers of the blocks of other articles and dialogs. `titles` are those that the page declares, squeezed."""
    page = _Page(blocks, titles)
    yield from _other_articles(page)
    if not speaks_of_consent(titles):
        yield from _dialogs(page)
        yield from _placeholders(page)


def without_cards(blocks: Sequence[Block], kept: Sequence[bool]) -> list[bool]:
    """The choice without what is there for other articles: cards and lists of links; and without comments."""
    page, left = _Page(blocks, ""), list(kept)
    for rule in (_comments, _cards_of_one_link, _cards, _lists_of_links, _arrows):
        found = [number for number in rule(page) if left[number]]
        if sum(len(blocks[number].text) for number in found) <= _MOST_LEFT_OUT * page.length:
            for number in found:
                left[number] = False
    return left


def without_copies(blocks: Sequence[Block], kept: Sequence[bool]) -> list[bool]:
    """The choice without what it has already: a page that shows its text to telephones and printers apart.

    A paragraph is a copy by itself; a line only beside one, since verses and answers recur by right, as items do,
    and as does what stands twice in one element.
    """
    left = list(kept)
    numbers = [number for number, is_kept in enumerate(kept) if is_kept]
    first: dict[str, int] = {}
    copies: dict[int, int] = {}
    for place, number in enumerate(numbers):
        text = blocks[number].text
        if text in first and is_good(blocks[number]) and not blocks[number].place.around & IN_CELL:
            one, other = blocks[number].place, blocks[numbers[first[text]]].place
            copies |= {place: first[text]} if one.parent is not other.parent or one.tag != other.tag else {}
        first.setdefault(text, place)
    for step, places in ((1, range(len(numbers))), (-1, range(len(numbers) - 1, -1, -1))):
        for place in places:
            original = copies.get(place - step)
            original = original + step if original is not None and place not in copies else -1
            if 0 <= original < place and blocks[numbers[original]].text == blocks[numbers[place]].text:
                copies[place] = original
    for place in copies:
        left[numbers[place]] = False
    return left


class _Page:
    """The blocks of a page, and where its own article begins."""

    def __init__(self, blocks: Sequence[Block], titles: str) -> None:
        self.blocks, self.titles = blocks, titles
        headings = [number for number, block in enumerate(blocks) if block.place.tag == "h1"]
        named = (number for number in headings if self.is_title(blocks[number].text))
        self.heading = next(named, headings[0] if headings else None)
        self.length = sum(map(_length, blocks))

    def is_title(self, text: str) -> bool:
        """Whether a heading is what the page declares its title to be."""
        said = squeeze(text)
        return len(said) >= _SHORTEST_TITLE and said in self.titles

    def is_text(self, number: int) -> bool:
        """Whether a block is a paragraph that does not stand for content of others."""
        return is_good(self.blocks[number]) and not is_placeholder(self.blocks[number].text)

    def within(self, place: PlacedElement, number: int, most: int = _MOST_BLOCKS) -> list[int]:
        """The numbers of the blocks in the element around a block, neighbours all; at most one more than `most`."""
        first = last = number
        while first > 0 and last - first < most and is_within(self.blocks[first - 1].place, place):
            first -= 1
        while last + 1 < len(self.blocks) and last - first < most and is_within(self.blocks[last + 1].place, place):
            last += 1
        return list(range(first, last + 1))


def _length(block: Block) -> int:
    """The length of a paragraph; 0 of a line."""
    return len(block.text) if is_good(block) else 0


def is_good(block: Block) -> bool:
    """Whether a block is a paragraph of text, not for the most part a link."""
    return block.text.count(" ") >= _GOOD_WORDS and block.linked * 2 < len(block.text)


def is_within(place: PlacedElement | None, around: PlacedElement) -> bool:
    """Whether a place is another one or in it."""
    while place is not None and place.depth >= around.depth:
        if place is around:
            return True
        place = place.parent
    return False


def _around_both(one: PlacedElement, other: PlacedElement) -> PlacedElement:
    """The innermost element around two places."""
    current: PlacedElement | None = one
    while current is not None and not is_within(other, current):
        one, current = current, current.parent
    return current if current is not None else one


def _other_articles(page: _Page) -> Iterator[int]:
    """Articles behind the page's own, each begun by a heading in an element beside that one."""
    blocks = page.blocks
    if page.heading is None:
        return
    own = blocks[page.heading].place
    good = own_length = 0
    inside: PlacedElement | None = None
    found: list[int] = []
    for number in range(page.heading + 1, len(blocks)):
        block = blocks[number]
        if inside is not None and is_within(block.place, inside):
            found.append(number)
            continue
        inside = None
        if block.place.tag in _HEADINGS and good >= _SOME_TEXT and not page.is_title(block.text):
            begun = _begun_by(blocks, number)
            if begun is not None and _is_other_article(begun, block, own):
                inside = begun
                found.append(number)
        if inside is None and is_good(block):
            good += 1
            own_length += len(block.text)
            own = _around_both(own, block.place)
    if sum(_length(blocks[number]) for number in found) <= _MOST_LONGER * own_length:
        yield from found


def _begun_by(blocks: Sequence[Block], number: int) -> PlacedElement | None:
    """The nearest element that the heading begins, but for a line or two, and that has text of its own."""
    place = blocks[number].place.parent
    before = [block.place for block in blocks[max(0, number - 3) : number] if is_good(block)]
    before = before or [blocks[number - 1].place]
    while place is not None and not any(is_within(one, place) for one in before):
        following = blocks[number + 1 : number + 2 + _SOME_TEXT]
        if any(is_within(block.place, place) and is_good(block) for block in following):
            return place
        place = place.parent
    return None


def _is_other_article(place: PlacedElement, heading: Block, own: PlacedElement) -> bool:
    """Whether an element says or shows that it holds an article besides the page's own."""
    is_linked = heading.linked >= _ALL_LINKED * len(heading.text) and _leads_away(heading.place)
    current: PlacedElement | None = place
    for _ in range(2):
        if current is not None and not is_within(own, current) and _OTHER_ARTICLE.search(current.marks):
            return heading.place.tag in ("h1", "h2") or is_linked
        current = current.parent if current is not None else None
    if heading.place.tag not in ("h1", "h2"):
        return False
    if is_linked and place.tag == "article":
        return True
    if is_within(place, own):
        return False
    return is_linked or place.tag == "article" or (heading.place.tag == "h1" and _is_made_like(place, own))


def _is_made_like(place: PlacedElement, own: PlacedElement) -> bool:
    """Whether an element has the class of the one that holds the page's article, or says which article it is."""
    if place.css_class and place.css_class == own.css_class:
        return True
    return any(_OF_AN_ARTICLE.fullmatch(name) for name in place.attributes)


def _dialogs(page: _Page) -> Iterator[int]:
    """Dialogs that ask for consent: paragraphs of their words outside of the article, with all around them."""
    said = {number for number, block in enumerate(page.blocks) if _asks_for_consent(block)}
    if 2 * sum(_length(page.blocks[number]) for number in said) >= page.length:
        return
    done: set[int] = set()
    for number in sorted(said):
        if number not in done:
            done |= set(_dialog_around(page, number, said))
    yield from done


def _asks_for_consent(block: Block) -> bool:
    return not block.place.around & (IN_ARTICLE | IN_MAIN) and is_consent(block.text)


def _dialog_around(page: _Page, number: int, said: set[int]) -> list[int]:
    """The blocks of the largest element around one that holds no other text."""
    inside = [number]
    place: PlacedElement | None = page.blocks[number].place
    for _ in range(_HIGHEST):
        if place is None or place.tag in _WHOLE_PAGE:
            break
        around = page.within(place, number, _MOST_OF_DIALOG)
        others = [one for one in around if one not in said and is_good(page.blocks[one])]
        if len(around) > _MOST_OF_DIALOG or others or page.heading in around:
            break
        inside = around
        place = place.parent
    return inside


def _placeholders(page: _Page) -> Iterator[int]:
    """What stands in the place of a film, a post, a map until the reader consents: in an element of its own."""
    for number, block in enumerate(page.blocks):
        if not (is_line := is_placeholder_line(block.text)) and not is_placeholder(block.text):
            continue
        place = block.place.parent
        around = page.within(place, number, _MOST_OF_PLACEHOLDER) if place is not None else []
        others = [one for one in around if one != number]
        is_apart = len(around) <= _MOST_OF_PLACEHOLDER and not any(map(page.is_text, others))
        if is_line or is_apart or (block.place.tag != "p" and block.place.css_class):
            yield number
        if is_apart and place is not None and place.tag not in _WHOLE_PAGE:
            yield from others


def _comments(page: _Page) -> Iterator[int]:
    """Comments of readers: an element behind the text that a heading begins which says so."""
    good = 0
    for number, block in enumerate(page.blocks):
        good += is_good(block)
        if block.place.tag in _HEADINGS and good and heads_comments(block.text):
            begun = _begun_by(page.blocks, number)
            if begun is not None and begun.tag not in _WHOLE_PAGE:
                yield from page.within(begun, number)


def _cards_of_one_link(page: _Page) -> Iterator[int]:
    """Links around several blocks: a heading and what is told below it."""
    around: dict[int, list[int]] = {}
    for number, block in enumerate(page.blocks):
        if (
            block.place.around & IN_LINK
            and not _is_cell(block.place)
            and (link := _link_around(block.place)) is not None
        ):
            around.setdefault(link.number, []).append(number)
    for numbers in around.values():
        if len(numbers) > 1:
            yield from numbers


def _is_cell(place: PlacedElement) -> bool:
    current: PlacedElement | None = place
    while current is not None and current.tag not in ("td", "th"):
        current = current.parent
    return current is not None


def _leads_away(place: PlacedElement) -> bool:
    """Whether the link in or around a place leads to another page, not to a part of this one or a program."""
    link = next(place.element.iter("a"), None)
    link = link if link is not None else next(place.element.iterancestors("a"), None)
    address = (link.get("href") or "").strip() if link is not None else ""
    return bool(address) and not address.startswith(("#", "javascript:"))


def _link_around(place: PlacedElement) -> PlacedElement | None:
    current: PlacedElement | None = place
    while current is not None and current.tag != "a":
        current = current.parent
    return current


def _cards(page: _Page) -> Iterator[int]:
    """Teasers of other articles: elements of one form beside each other, each a linked heading and a paragraph."""
    found: dict[tuple[int, str, str | None], list[list[int]]] = {}
    for number, block in enumerate(page.blocks):
        if block.place.tag not in _HEADING_OF_CARD or block.linked < _ALL_LINKED * len(block.text):
            continue
        if not _leads_away(block.place):
            continue
        card = _card_begun_by(page, number)
        if card is not None and card.parent is not None:
            numbers = page.within(card, number)
            found.setdefault((card.parent.number, card.tag, card.css_class), []).append(numbers)
    for cards in found.values():
        if _FEWEST_CARDS <= len(cards) <= _MOST_CARDS:
            yield from (number for numbers in cards for number in numbers)


def _card_begun_by(page: _Page, number: int) -> PlacedElement | None:
    """The largest element around a heading that has at most one paragraph."""
    card, place = None, page.blocks[number].place.parent
    while place is not None and place.tag not in _WHOLE_PAGE:
        around = page.within(place, number, _SOME_TEXT + 1)
        headings = sum(page.blocks[one].place.tag in _HEADINGS for one in around)
        if len(around) > _SOME_TEXT + 1 or headings > 1 or sum(is_good(page.blocks[one]) for one in around) > 1:
            break
        card, place = (place if len(around) > 1 else card), place.parent
    return card


def _lists_of_links(page: _Page) -> Iterator[int]:
    """Lists within the text whose items are nothing but titles of other pages."""
    lists: dict[int, list[int]] = {}
    for number, block in enumerate(page.blocks):
        place = block.place.parent if block.place.tag == "li" else None
        if place is not None and len(text_of(block.place.element)) <= len(block.text):
            lists.setdefault(place.number, []).append(number)
    for numbers in lists.values():
        if len(numbers) >= _FEWEST_LINKED_ITEMS and all(_is_title_of_page(page.blocks[one]) for one in numbers):
            yield from numbers


def _is_title_of_page(block: Block) -> bool:
    return (
        block.linked >= _ALL_LINKED * len(block.text)
        and block.text.count(" ") >= _FEWEST_WORDS_OF_TITLE - 1
        and not block.text.endswith(_ENDS)
        and _leads_away(block.place)
    )


def _arrows(page: _Page) -> Iterator[int]:
    """Lines that an arrow begins and of which the rest is a link; quotations that are nothing but one."""
    for number, block in enumerate(page.blocks):
        if not block.linked or block.place.around & IN_CELL:
            continue
        if (is_arrow(block.text) and block.linked >= _ALL_LINKED * (len(block.text) - 2)) or (
            block.place.tag == "blockquote" and _is_title_of_page(block)
        ):
            yield number
