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
            _is_near(kept, around, numbers[0], -1) and _is_near(kept, around, numbers[-1], 1)
        )
        for number in numbers:
            result[number] = is_kept and not barred[number]
    return result


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
