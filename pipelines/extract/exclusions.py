"""What is never text of the article, whatever it looks like. It is removed before anything is judged.

Copies that are hidden, comments, dialogs, lines that a page says again and again, teasers of other articles. Each
rule has its guard: what holds the headline or most of the page's text stays, and is judged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from lxml import etree

from pipelines.extract.blocks import HIDDEN, IN_CELL, IN_QUOTE, Block, PlacedElement
from pipelines.extract.features import squeeze
from pipelines.extract.phrases import is_furniture, is_pointer

_COMMENTS = re.compile(
    r"(?:^|[\s_-])(?:comments?|disqus|kommentare?|comentarios?|commentaires?|commenti|respond|reacties|yorumlar)"
    r"(?:[_-]?(?:list|section|area|container|wrapper|thread|box|block|widget|s|feed|template))?(?=$|[\s_-])",
    re.I,
)
_COMMENT_CAMEL = re.compile(r"(?:^|\s)comments?(?:List|Section|Area|Container|Wrapper|Thread|Box|Feed)(?=$|\s)")
_DIALOG = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|gdpr|onetrust|didomi|cmp|cookiebot|cybot\w*)(?=$|[\s_-])|cookie-?(?:banner|consent|notice|law|bar)",
    re.I,
)
_WHOLE_PAGE = frozenset(("body", "html", "main", "article"))
_DIALOG_ROLES = frozenset(("dialog", "alertdialog"))
_LONGEST_MARKS = 300
_GOOD_WORDS = 12
_SHORTEST_COPY = 20
"""Characters (squeezed) from which a hidden line that stands in the visible text is taken for a copy of it."""
_MOST_INSIDE = 20
"""Elements looked at within one, at most."""
_TIMES = 3
"""How often a page says a line that is none of the article's."""
_FEWEST_REPEATED_WORDS = 6
_MOST_REPEATED = 4
"""How many times as long as what is said again and again the page's text is, at least."""
_MOST_NOTICES = 3
_OTHER_ARTICLE = re.compile(
    r"(?:next|other|infinite|following|previous|prev|additional)[_-]?(?:article|story|post|scroll|page)s?|infinite",
    re.I,
)
_SAME_KIND = 3
_ALL_LINKED = 0.95
_FEWEST_WORDS_OF_TITLE = 4
_ENDS = tuple(".!?:;…。！？؟।»”\"')]")
_CUT_SHORT = re.compile(r"(?:\.\.\.|…)\s*(?:\[?\+?\]?|\W*)$")

_PARAGRAPHS = frozenset(("p", "div", "section", "aside"))
_IN_COMMENTS, _IN_DIALOG, _IN_MICRODATA = 1, 2, 4


def excluded(blocks: Sequence[Block]) -> list[bool]:
    """Of each block, whether it is no text of the article for certain."""
    out = [False] * len(blocks)
    for rule in (_hidden_copies, _apart, _repeated, _lines, _cut_short, _other_articles):
        for number in rule(blocks):
            out[number] = True
    return out


def _is_good(block: Block) -> bool:
    return block.text.count(" ") >= _GOOD_WORDS and block.linked * 2 < len(block.text)


def _hidden_copies(blocks: Sequence[Block]) -> Iterator[int]:
    """What is hidden and says in microdata, or what is shown, what the visible page says already."""
    hidden = [number for number, block in enumerate(blocks) if block.place.around & HIDDEN]
    if not hidden:
        return
    visible: str | None = None
    shown = sum(len(block.text) for block in blocks if not block.place.around & HIDDEN and _is_good(block))
    unseen = sum(len(blocks[number].text) for number in hidden)
    for number in hidden:
        if 2 * shown > unseen and _is_microdata(blocks[number].place):
            yield number
        elif len(text := squeeze(blocks[number].text)) >= _SHORTEST_COPY:
            if visible is None:
                visible = squeeze(" ".join(block.text for block in blocks if not block.place.around & HIDDEN))
            if text in visible:
                yield number


def _is_microdata(place: PlacedElement) -> bool:
    inside = islice(place.element.iter(etree.Element), _MOST_INSIDE)
    return bool(_role_of(place) & _IN_MICRODATA) or any(one.get("itemprop") for one in inside)


def _apart(blocks: Sequence[Block]) -> Iterator[int]:
    """Comments of readers and dialogs, where the page has text outside of them."""
    apart = [number for number, block in enumerate(blocks) if _role_of(block.place) & (_IN_COMMENTS | _IN_DIALOG)]
    inside = frozenset(apart)
    if any(_is_good(block) for number, block in enumerate(blocks) if number not in inside):
        yield from apart


def is_comment(place: PlacedElement) -> bool:
    """Whether a place is among the comments of readers. What holds the headline or an article is not."""
    return bool(_role_of(place) & _IN_COMMENTS)


def _role_of(place: PlacedElement) -> int:
    """What the elements around a block say they hold."""
    if place.role < 0:
        place.role = _own_role(place) | (_role_of(place.parent) if place.parent is not None else 0)
    return place.role


def _own_role(place: PlacedElement) -> int:
    attributes = place.attributes
    if not attributes:
        return 0
    found = _said(place.marks[:_LONGEST_MARKS]) if place.marks else 0
    if "role" in attributes and place.element.get("role") in _DIALOG_ROLES:
        found |= _IN_DIALOG
    if found and (place.tag in _WHOLE_PAGE or next(place.element.iter("h1", "article", "main"), None) is not None):
        found = 0
    return found | _IN_MICRODATA if "itemprop" in attributes and place.element.get("itemprop") else found


@lru_cache(maxsize=1 << 14)
def _said(marks: str) -> int:
    """What a class and id say that an element holds."""
    found = 0
    for name in marks.split():
        found |= _said_by(name)
    return found


@lru_cache(maxsize=1 << 14)
def _said_by(name: str) -> int:
    is_comments = _COMMENTS.search(name) or _COMMENT_CAMEL.search(name)
    return (_IN_COMMENTS if is_comments else 0) | (_IN_DIALOG if _DIALOG.search(name) else 0)


def _repeated(blocks: Sequence[Block]) -> Iterator[int]:
    """Lines of some words that stand on the page several times, each a paragraph of its own.

    No refrains, no headings, no items and cells, which recur by right; and a page that gives much of its text again
    and again says nothing by it.
    """
    times = Counter(block.text for block in blocks if not block.after_break and _is_paragraph(block))
    often = {
        text for text, count in times.items() if count >= _TIMES and text.count(" ") >= _FEWEST_REPEATED_WORDS - 1
    }
    if _MOST_REPEATED * sum(map(len, often)) > len("".join({block.text for block in blocks if _is_good(block)})):
        return
    # Many such lines are copies of a part of the page, of which one is the article's
    left = set(often) if len(often) > _MOST_NOTICES else set()
    for number, block in enumerate(blocks):
        if block.text in left:
            left.remove(block.text)
        elif block.text in often:
            yield number


def _is_paragraph(block: Block) -> bool:
    return block.place.tag in _PARAGRAPHS and not block.place.around & IN_CELL


def _lines(blocks: Sequence[Block]) -> Iterator[int]:
    """Lines that say by themselves that they are none of the article's, and those that only lead elsewhere."""
    for number, block in enumerate(blocks):
        if is_furniture(block.text) or (block.linked and (is_pointer(block.text) or _is_teaser(block))):
            yield number


def _is_teaser(block: Block) -> bool:
    """Whether a paragraph is nothing but the title of another page: all of it a link, some words, no sentence."""
    return (
        block.place.tag == "p"
        and not block.place.around & (IN_CELL | IN_QUOTE)
        and block.linked >= _ALL_LINKED * len(block.text)
        and block.text.count(" ") >= _FEWEST_WORDS_OF_TITLE - 1
        and not block.text.endswith(_ENDS)
    )


def _cut_short(blocks: Sequence[Block]) -> Iterator[int]:
    """Teasers: several lines of one list that begin with a link and end with an ellipsis."""
    teasers: dict[int, list[int]] = {}
    for number, block in enumerate(blocks):
        if block.linked and block.place.parent is not None and _CUT_SHORT.search(block.text[-8:]):
            teasers.setdefault(block.place.parent.number, []).append(number)
    for numbers in teasers.values():
        if len(numbers) >= _SAME_KIND:
            yield from numbers


def _other_articles(blocks: Sequence[Block]) -> Iterator[int]:
    """Articles behind the page's own: what a heading begins that links elsewhere, behind some text of the page's."""
    first = next((number for number, block in enumerate(blocks) if block.place.tag == "h1"), None)
    if first is None:
        return
    good = 0
    inside: PlacedElement | None = None
    for number in range(first + 1, len(blocks)):
        block = blocks[number]
        if inside is not None:
            if _is_within(block.place, inside):
                yield number
                continue
            inside = None
        good += _is_good(block)
        if block.place.tag in ("h1", "h2") and block.linked >= _ALL_LINKED * len(block.text) and good >= _SAME_KIND:
            inside = _begun_by(blocks, number)
            if inside is not None and not _is_other_article(inside):
                inside = None
            if inside is not None:
                yield number


def _begun_by(blocks: Sequence[Block], number: int) -> PlacedElement | None:
    """The nearest element that the heading begins and that has text of its own."""
    before, place = blocks[number - 1].place, blocks[number].place.parent
    while place is not None and not _is_within(before, place):
        following = blocks[number + 1 : number + 1 + _SAME_KIND]
        if any(_is_within(block.place, place) and _is_good(block) for block in following):
            return place
        place = place.parent
    return None


def _is_other_article(place: PlacedElement) -> bool:
    """Whether an element says that it holds an article besides the page's own."""
    return place.tag == "article" or _OTHER_ARTICLE.search(place.marks[:_LONGEST_MARKS]) is not None


def _is_within(place: PlacedElement | None, around: PlacedElement) -> bool:
    while place is not None and place.depth >= around.depth:
        if place is around:
            return True
        place = place.parent
    return False
