"""What is changed in the models' choice of blocks: captions and calls are left out, headings and single lines kept.

Each rule is one of those by which most pages of known text differ from the choice by a line or two.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from pipelines.extract.blocks import IN_CELL, IN_FIGURE, IN_QUOTE, Block, PlacedElement
from pipelines.extract.names import is_byline

_CAPTION = re.compile(r"caption|credit", re.I)
_WHOLE_PAGE = frozenset(("body", "html", "main", "article"))
_CREDIT = re.compile(
    r"\W*(?:image (?:copyright|caption|source|credit)|©|\(c\) |photo(?:graph)?s? ?[:/]|foto ?[:/]|picture ?:"
    r"|credit ?:"
    r"|image ?:)",
    re.I,
)
_CALL = re.compile(
    r"(?:follow|like|join) .{0,80}\b(?:twitter|facebook|instagram|youtube|google news|whatsapp|telegram)\b"
    r"|(?:get in touch|for more stories|(?:do you )?have a story|got a (?:story|tip)|like this story|share this"
    r"|sign up|subscribe)\b|(?:read|see|watch) (?:more|also)\b|>>>",
    re.I,
)
_LONGEST_CREDIT = 150
_LONGEST_CALL = 200
_LAST = 4
"""Blocks at the end of a text among which calls to its readers stand."""
_ALL_LINKED = 0.95
_MOSTLY_CAPITALS = 0.8
_FEWEST_WORDS = 4
_MOST_LOST = 0.2
"""Part of a text that may be left out by these rules; a page of which more would go shows its text in captions."""
_FEWEST_BESIDE = 3
_FEWEST_WORDS_BARE = 7
_ENDS_OF_SENTENCES = (".", "!", "?", "”", '"', "»", "…", "。", "！", "？", "؟", "।")
_SUBHEADS = frozenset(("h2", "h3", "h4", "h5", "h6"))


def bettered(blocks: Sequence[Block], kept: Sequence[bool], barred: Sequence[bool]) -> list[bool]:
    """The choice without captions, credits and calls, and with the headings and lines between its paragraphs."""
    left = list(kept)
    for without in (_is_caption, _is_loud_link):
        left = _without(blocks, left, without)
    left = _without_calls(blocks, _without_credits(blocks, left))
    for number in range(1, len(blocks) - 1):
        if not left[number] and not barred[number] and left[number - 1] and left[number + 1]:
            left[number] = _belongs(*blocks[number - 1 : number + 2]) and not kept[number]
    return _with_ends(blocks, left, kept, barred)


def _with_ends(blocks: Sequence[Block], left: list[bool], kept: Sequence[bool], barred: Sequence[bool]) -> list[bool]:
    """The choice with the heading in front of it, and the sentences that stand bare beside its paragraphs."""
    numbers = [number for number, is_left in enumerate(left) if is_left]
    if not numbers:
        return left
    first = numbers[0] - 1
    if first > 0 and not kept[first] and not barred[first] and blocks[first].place.tag in _SUBHEADS:
        holder = blocks[first].place.parent
        is_headed = holder is not None and blocks[first + 1].place.parent is holder
        left[first] = is_headed and not blocks[first].linked and not is_byline(blocks[first].text)
    held = Counter(
        place.parent.number
        for number in numbers
        if (place := blocks[number].place).tag == "p" and place.parent is not None
    )
    for number, block in enumerate(blocks):
        if left[number] or kept[number] or barred[number] or held[block.place.number] < _FEWEST_BESIDE:
            continue
        is_sentence = block.text.count(" ") >= _FEWEST_WORDS_BARE and block.text.endswith(_ENDS_OF_SENTENCES)
        left[number] = is_sentence and 2 * block.linked <= len(block.text) and not is_byline(block.text)
    return left


def _without(blocks: Sequence[Block], kept: list[bool], is_out: Callable[[Block], bool]) -> list[bool]:
    result = [is_kept and not is_out(block) for block, is_kept in zip(blocks, kept, strict=True)]
    whole, rest = _length(blocks, kept), _length(blocks, result)
    return result if rest >= (1 - _MOST_LOST) * whole else kept


def _length(blocks: Sequence[Block], kept: Sequence[bool]) -> int:
    return sum(len(block.text) for block, is_kept in zip(blocks, kept, strict=True) if is_kept)


def _is_caption(block: Block) -> bool:
    """Whether it belongs to an image: by its element, or by the class of that or the one around it."""
    place: PlacedElement | None = block.place
    if block.place.around & IN_QUOTE or block.place.tag == "pre" or _is_in_table(block.place):
        return False
    if block.place.around & IN_FIGURE:
        return True
    for _ in range(2):
        if place is None:
            return False
        if place.css_class and place.tag not in _WHOLE_PAGE and _CAPTION.search(place.css_class):
            return True
        place = place.parent
    return False


def _is_in_table(place: PlacedElement) -> bool:
    """Whether a cell or the caption of a table is around."""
    current: PlacedElement | None = place if place.around & IN_CELL else None
    while current is not None and current.tag not in ("td", "th", "caption"):
        current = current.parent
    return current is not None


def _without_credits(blocks: Sequence[Block], kept: Sequence[bool]) -> list[bool]:
    """The choice without lines within the text that say whose an image is; the last one says whose the text is."""
    last = max((number for number, is_kept in enumerate(kept) if is_kept), default=-1)
    return [
        is_kept and (number == last or len(block.text) >= _LONGEST_CREDIT or _CREDIT.match(block.text) is None)
        for number, (block, is_kept) in enumerate(zip(blocks, kept, strict=True))
    ]


def _is_loud_link(block: Block) -> bool:
    """Whether it is the title of another article in capitals, all of it a link."""
    text = block.text
    if block.linked < _ALL_LINKED * len(text) or text.count(" ") < _FEWEST_WORDS - 1:
        return False
    letters = [letter for letter in text if letter.isalpha()]
    return sum(map(str.isupper, letters)) > _MOSTLY_CAPITALS * len(letters)


def _without_calls(blocks: Sequence[Block], kept: Sequence[bool]) -> list[bool]:
    """The choice without what its last lines ask of readers: to follow, to write, to read on elsewhere."""
    result = list(kept)
    for number in [number for number, is_kept in enumerate(kept) if is_kept][-_LAST:]:
        text = blocks[number].text
        result[number] = not (len(text) < _LONGEST_CALL and _CALL.match(text))
    return result


def _belongs(before: Block, block: Block, behind: Block) -> bool:
    """Whether what stands between two paragraphs of a text is of it: a heading, or one more of the same form."""
    holder = block.place.parent
    if holder is None or 2 * block.linked > len(block.text):
        return False
    if block.place.tag in _SUBHEADS and not is_byline(block.text):
        return _is_within(before.place, holder) and _is_within(behind.place, holder)
    return block.place.tag == "p" and all(
        one.place.tag == "p" and one.place.parent is holder and one.place.css_class == block.place.css_class
        for one in (before, behind)
    )


def _is_within(place: PlacedElement | None, around: PlacedElement) -> bool:
    while place is not None and place.depth > around.depth:
        place = place.parent
    return place is around
