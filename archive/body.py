"""The body of an article in blocks: headings, paragraphs, lists, tables, and what stands between them.

The text of a record is made from its blocks: `paragraphs_of` says how.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from archive.record_part import RecordPart

BETWEEN_CELLS = " | "
"""Stands between the cells of a row in an article's text."""


class Heading(RecordPart):
    """A heading within the article."""

    kind: Literal["heading"] = "heading"
    """Which kind of block it is."""
    level: int = Field(ge=1, le=6)
    """As on the page: 1 to 6."""
    text: str
    """Its words."""


class Paragraph(RecordPart):
    """A paragraph."""

    kind: Literal["paragraph"] = "paragraph"
    """Which kind of block it is."""
    text: str
    """Its words."""


class ItemList(RecordPart):
    """A list. Lists within its items are taken into it."""

    kind: Literal["list"] = "list"
    """Which kind of block it is."""
    ordered: bool = False
    """Whether the page numbers its items."""
    items: tuple[str, ...]
    """Their texts, in order."""


class TableCell(RecordPart):
    """A cell of a table."""

    text: str
    """Empty when the cell is."""
    header: bool = False
    """Whether it heads a row or a column."""


class Table(RecordPart):
    """A table of data, row by row."""

    kind: Literal["table"] = "table"
    """Which kind of block it is."""
    caption: str | None = None
    """What stands above or below it as its title."""
    rows: tuple[tuple[TableCell, ...], ...]
    """Its rows, each with its cells."""


class Quote(RecordPart):
    """A quotation that stands by itself."""

    kind: Literal["quote"] = "quote"
    """Which kind of block it is."""
    paragraphs: tuple[str, ...]
    """What is quoted."""


class Code(RecordPart):
    """Preformatted text: its lines and its spaces are as on the page."""

    kind: Literal["code"] = "code"
    """Which kind of block it is."""
    text: str
    """Its lines, parted by newlines."""


class Figure(RecordPart):
    """An image of the article, where it stands. Its caption is no part of the article's text."""

    kind: Literal["figure"] = "figure"
    """Which kind of block it is."""
    url: str
    """Address of the image, absolute."""
    caption: str | None = None
    """The caption, or the alternative text when there is none."""
    credit: str | None = None
    """Who made the image, as printed."""


class EmbedKind(StrEnum):
    """What another site's content is."""

    POST = "post"
    """A message on a social network, such as a tweet."""
    VIDEO = "video"
    """A film."""
    AUDIO = "audio"
    """A recording."""
    OTHER = "other"
    """A map, a chart, a form."""


class Embed(RecordPart):
    """Content of another site, or a film, that the page shows in its text."""

    kind: Literal["embed"] = "embed"
    """Which kind of block it is."""
    what: EmbedKind
    """What is shown."""
    url: str | None = None
    """Its address, absolute."""
    paragraphs: tuple[str, ...] = ()
    """Its text, where the page has it."""


class Correction(RecordPart):
    """A note on a correction or change of the article."""

    kind: Literal["correction"] = "correction"
    """Which kind of block it is."""
    text: str
    """Its words."""


BodyBlock = Annotated[
    Heading | Paragraph | ItemList | Table | Quote | Code | Figure | Embed | Correction, Field(discriminator="kind")
]


def paragraphs_of(blocks: Iterable[BodyBlock]) -> tuple[str, ...]:
    """The paragraphs of the text that blocks make: each item, row and line of code is one; figures have none."""
    return tuple(text for block in blocks for text in _texts(block) if text)


def _texts(block: BodyBlock) -> Iterator[str]:
    match block:
        case Heading() | Paragraph() | Correction():
            yield block.text
        case ItemList():
            yield from block.items
        case Table():
            yield from (BETWEEN_CELLS.join(cell.text for cell in row if cell.text) for row in block.rows)
        case Quote() | Embed():
            yield from block.paragraphs
        case Code():
            yield from (line.rstrip() for line in block.text.split("\n"))
        case Figure():
            return
