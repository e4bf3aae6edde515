"""Data tables: which tables contain data, which are kept, and their rows.

A table is one thing: it is text of the article with all its cells, or with none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, islice

from lxml import html

from pipelines.extract.blocks import Block, PlacedElement

_FEWEST_ROWS = _FEWEST_COLUMNS = 2
_MOST_CELLS = 5000
_LONGEST_CELL = 600
_LONGEST_MEAN = 100
_NOT_OF_DATA = frozenset(("presentation", "none"))
_TIMES_LONGER = 4
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6", "caption"))
_WHOLE_PAGE = frozenset(("body", "html"))
_NEAR = 2
"""Blocks between a table and kept text on either side, at most, if it belongs to that."""


class DataTables:
    """The tables of data around the blocks of a page; each element is looked at once."""

    def __init__(self) -> None:
        self._known: dict[int, PlacedElement | None] = {}

    def around(self, place: PlacedElement | None) -> PlacedElement | None:
        """The table of data that a place is in; None when it is in none."""
        if place is None:
            return None
        if place.number not in self._known:
            is_own = place.tag == "table" and is_data(place.element)
            self._known[place.number] = place if is_own else self.around(place.parent)
        return self._known[place.number]


def is_data(table: html.HtmlElement) -> bool:
    """Whether a table is one of data: rows and columns of short cells, not a frame for the page's layout."""
    if table.get("role") in _NOT_OF_DATA or next(table.iterdescendants("table"), None) is not None:
        return False
    rows = cells = characters = wide = 0
    for row in table.iter("tr"):
        own = [cell for cell in row if cell.tag in ("td", "th")]
        if not own:
            continue
        rows, cells, wide = rows + 1, cells + len(own), wide + (len(own) >= _FEWEST_COLUMNS)
        for cell in own:
            length = len("".join(islice(cell.itertext(), _LONGEST_CELL)))
            characters += length
            if length > _LONGEST_CELL:
                return False
        if cells > _MOST_CELLS:
            return False
    return rows >= _FEWEST_ROWS and 2 * wide >= rows and characters <= _LONGEST_MEAN * cells


def settled(blocks: Sequence[Block], kept: Sequence[bool], barred: Sequence[bool]) -> list[bool]:
    """The choice of blocks with each table kept whole or not at all.

    It is kept when most of it is, or when it stands between kept texts. What is `barred` stays out.
    """
    result = list(kept)
    tables = DataTables()
    around = [tables.around(block.place) for block in blocks]
    if not any(around):
        return result
    for table, group in groupby(range(len(blocks)), key=lambda number: around[number]):
        if table is None:
            continue
        numbers = list(group)
        whole = sum(len(blocks[number].text) for number in numbers)
        is_kept = 2 * sum(len(blocks[number].text) for number in numbers if kept[number]) > whole or (
            _is_near(kept, around, numbers[0], -1)
            and (_is_near(kept, around, numbers[-1], 1) or _ends_text(blocks, kept, numbers, table))
        )
        for number in numbers:
            result[number] = is_kept and not barred[number]
    return result


def _ends_text(blocks: Sequence[Block], kept: Sequence[bool], numbers: list[int], table: PlacedElement) -> bool:
    """Whether a table is the last of the element that holds the kept text before it.

    It has a heading or heads, and is short beside the text: a long one is what the text tells of, not part of it.
    """
    before = next(number for number in range(numbers[0] - 1, -1, -1) if kept[number])
    is_headed = blocks[before].place.tag in _HEADINGS or any(blocks[number].place.tag == "th" for number in numbers)
    text = sum(len(block.text) for block, is_kept in zip(blocks, kept, strict=True) if is_kept)
    if not is_headed or sum(len(blocks[number].text) for number in numbers) * _TIMES_LONGER > text:
        return False
    holder = table.parent
    while holder is not None and not _is_within(blocks[before].place, holder):
        holder = holder.parent
    following = blocks[numbers[-1] + 1 :][:1]
    return holder is not None and holder.tag not in _WHOLE_PAGE and not _holds_any(holder, following)


def _holds_any(holder: PlacedElement, blocks: Sequence[Block]) -> bool:
    return any(_is_within(block.place, holder) for block in blocks)


def _is_within(place: PlacedElement | None, around: PlacedElement) -> bool:
    while place is not None and place.depth > around.depth:
        place = place.parent
    return place is around


def _is_near(kept: Sequence[bool], around: Sequence[PlacedElement | None], number: int, step: int) -> bool:
    """Whether kept text is near in one direction; tables that follow one another are one as to that."""
    left = _NEAR
    while left:
        number += step
        if not 0 <= number < len(kept):
            return False
        if kept[number]:
            return True
        left = _NEAR if around[number] is not None else left - 1
    return False


def rows_of(table: html.HtmlElement) -> Iterator[list[html.HtmlElement]]:
    """The cells of each row that has some (WHATWG HTML, section 4.9)."""
    for row in table.iter("tr"):
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        if cells:
            yield cells
