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

from pipelines.extract.blocks import HIDDEN, IN_ARTICLE, IN_CELL, IN_QUOTE, Block, PlacedElement
from pipelines.extract.boxes import in_boxes, is_good
from pipelines.extract.features import squeeze
from pipelines.extract.phrases import is_furniture, is_pointer, offers_subscription

_COMMENTS = re.compile(
    r"(?:^|[\s_-])(?:(?:readers?|users?|leser|nutzer)[_-]?)?(?:comments?|disqus|kommentare?|kommentarer"
    r"|comentarios?|comentários?"
    r"|commentaires?|commenti|respond|reacties|yorumlar|komentarze|komentare|komentáře|replies|opiniones"
    r"|leserbriefe)"
    r"(?:[_-]?(?:list|section|area|container|wrapper|thread|box|block|widget|s|feed|template|lectores|reader"
    r"|readers"
    r"|lecteurs))?(?=$|[\s_-])|^(?:user|reader|leser|nutzer|forum)[_-]?(?:posts?|beitr(?:ag|aege)|meinungen"
    r"|opinions)$",
    re.I,
)
_COMMENT_CAMEL = re.compile(r"(?:^|\s)comments?(?:List|Section|Area|Container|Wrapper|Thread|Box|Feed)(?=$|\s)")
_COMMENT_TYPE = re.compile(r"schema\.org/(?:User)?Comments?$", re.I)
_DIALOG = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|gdpr|rgpd|dsgvo|lgpd|onetrust|didomi|cmp\d?|cookiebot|cybot\w*"
    r"|usercentrics|truste"
    r"|trustarc|iubenda|quantcast|tarteaucitron\w*|axeptio|borlabs|complianz|klaro|osano|termly"
    r"|sp_message_container\w*)"
    r"(?=$|[\s_-])|cookie-?(?:banner|consent|notice|law|bar)|^(?:privacy|eu)[_-]?(?:layer|banner|wall|notice"
    r"|popup|modal)"
    r"|^cc-(?:window|banner)$",
    re.I,
)
_TICKER = re.compile(
    r"^(?:(?:news|breaking|top|headlines?)[_-]?)?(?:ticker|marquee|scroller|flash|breaking)(?:[_-]?(?:news|bar"
    r"|strip|wrap\w*"
    r"|container|box|list|block))?$",
    re.I,
)
_BIOGRAPHY = re.compile(
    r"author[_-]{0,2}(?:bio\w*|box|info|card|desc\w*|profile|about)|about[_-]?(?:the[_-]?)?author"
    r"|^bio[_-]?(?:box|text)$"
    r"|autor(?:en|in)?[_-]{0,2}(?:box|info|kasten|profil)",
    re.I,
)
_OFFER = re.compile(
    r"(?:pay|reg|meter|subscribe|subscription)[_-]?wall|subscription[_-]?(?:offer|prompt|box)"
    r"|subscribe[_-]?(?:box|offer|prompt)"
    r"|abo[_-]?(?:box|teaser|hinweis|angebot)",
    re.I,
)
_LONGEST_OFFER = 500
_MOST_NAMED = 0.5
"""Part of a page's text that what is called a ticker, a biography or an offer may hold."""
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
_SAME_KIND = 3
_ALL_LINKED = 0.95
_FEWEST_WORDS_OF_TITLE = 4
_ENDS = tuple(".!?:;…。！？؟।»”\"')]")
_CUT_SHORT = re.compile(r"(?:\.\.\.|…)\s*(?:\[?\+?\]?|\W*)$")

_PARAGRAPHS = frozenset(("p", "div", "section", "aside"))
_IN_COMMENTS, _IN_DIALOG, _IN_MICRODATA, _IN_TICKER, _IN_BIOGRAPHY, _IN_OFFER = (1 << bit for bit in range(6))


def excluded(blocks: Sequence[Block], titles: str = "") -> list[bool]:
    """Of each block, whether it is no text of the article for certain. `titles` are the page's, squeezed."""
    out = [False] * len(blocks)
    for rule in (_hidden_copies, _apart, _named, _repeated, _lines, _cut_short):
        for number in rule(blocks):
            out[number] = True
    for number in in_boxes(blocks, titles):
        out[number] = True
    return out


def _hidden_copies(blocks: Sequence[Block]) -> Iterator[int]:
    """What is hidden and says in microdata, or what is shown, what the visible page says already."""
    hidden = [number for number, block in enumerate(blocks) if block.place.around & HIDDEN]
    if not hidden:
        return
    visible: str | None = None
    shown = sum(len(block.text) for block in blocks if not block.place.around & HIDDEN and is_good(block))
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
    if any(is_good(block) for number, block in enumerate(blocks) if number not in inside):
        yield from apart


def _named(blocks: Sequence[Block]) -> Iterator[int]:
    """Tickers outside of the article, biographies of its authors and offers, by what their elements are called."""
    whole = sum(len(block.text) for block in blocks if is_good(block))
    heading = next((number for number, block in enumerate(blocks) if block.place.tag == "h1"), -1)
    for role in (_IN_TICKER, _IN_BIOGRAPHY, _IN_OFFER):
        numbers = [number for number, block in enumerate(blocks) if _role_of(block.place) & role]
        if role == _IN_TICKER:
            numbers = [one for one in numbers if one < heading or not blocks[one].place.around & IN_ARTICLE]
        if role == _IN_OFFER and not any(offers_subscription(blocks[number].text) for number in numbers):
            continue
        length = sum(len(blocks[number].text) for number in numbers if is_good(blocks[number]))
        if length <= (_LONGEST_OFFER if role == _IN_OFFER else _MOST_NAMED * whole):
            yield from numbers


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
        return _IN_DIALOG if place.tag == "dialog" and _holds_no_article(place) else 0
    found = _said(place.marks[:_LONGEST_MARKS]) if place.marks else 0
    if "role" in attributes and (role := place.element.get("role")):
        found |= _IN_DIALOG if role in _DIALOG_ROLES else _IN_TICKER if role == "marquee" else 0
    if "aria-modal" in attributes and place.element.get("aria-modal") == "true":
        found |= _IN_DIALOG
    if "itemtype" in attributes and _COMMENT_TYPE.search(place.element.get("itemtype") or ""):
        found |= _IN_COMMENTS
    if place.tag == "dialog":
        found |= _IN_DIALOG
    if found and (place.tag in _WHOLE_PAGE or not _holds_no_article(place)):
        found = 0
    return found | _IN_MICRODATA if "itemprop" in attributes and place.element.get("itemprop") else found


def _holds_no_article(place: PlacedElement) -> bool:
    return next(place.element.iter("h1", "article", "main"), None) is None


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
    found = (_IN_COMMENTS if is_comments else 0) | (_IN_DIALOG if _DIALOG.search(name) else 0)
    for role, form in ((_IN_TICKER, _TICKER), (_IN_BIOGRAPHY, _BIOGRAPHY), (_IN_OFFER, _OFFER)):
        found |= role if form.search(name) else 0
    return found


def _repeated(blocks: Sequence[Block]) -> Iterator[int]:
    """Lines of some words that stand on the page several times, each a paragraph of its own.

    No refrains, no headings, no items and cells, which recur by right; and a page that gives much of its text again
    and again says nothing by it.
    """
    times = Counter(block.text for block in blocks if not block.after_break and _is_paragraph(block))
    often = {
        text for text, count in times.items() if count >= _TIMES and text.count(" ") >= _FEWEST_REPEATED_WORDS - 1
    }
    if _MOST_REPEATED * sum(map(len, often)) > len("".join({block.text for block in blocks if is_good(block)})):
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
