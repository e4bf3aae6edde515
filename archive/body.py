"""The body of an article in blocks: headings, paragraphs, lists, tables, and what is between them.

The text of a record is made from its blocks by `paragraphs_of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from archive.record_part import RecordPart

BETWEEN_CELLS = " | "
"""Separates the cells of a row in an article's text."""


class Heading(RecordPart):
    """A heading within the article."""

    kind: Literal["heading"] = "heading"
    """The kind of block."""
    level: int = Field(ge=1, le=6)
    """Level of the heading, as on the page: 1 to 6."""
    text: str
    """Its text."""


class Paragraph(RecordPart):
    """A paragraph."""

    kind: Literal["paragraph"] = "paragraph"
    """The kind of block."""
    text: str
    """Its text."""


class ItemList(RecordPart):
    """A list. Lists inside its items become part of it."""

    kind: Literal["list"] = "list"
    """The kind of block."""
    ordered: bool = False
    """Whether the items are numbered."""
    items: tuple[str, ...]
    """The texts of the items, in order."""


class TableCell(RecordPart):
    """A cell of a table."""

    text: str
    """The text of the cell; empty if the cell is empty."""
    header: bool = False
    """Whether it is the header of a row or column."""


class Table(RecordPart):
    """A table of data, row by row."""

    kind: Literal["table"] = "table"
    """The kind of block."""
    caption: str | None = None
    """Its caption, above or below the table."""
    rows: tuple[tuple[TableCell, ...], ...]
    """The rows, each with its cells."""


class Quote(RecordPart):
    """A block quotation."""

    kind: Literal["quote"] = "quote"
    """The kind of block."""
    paragraphs: tuple[str, ...]
    """The quoted text."""


class Code(RecordPart):
    """Preformatted text, with lines and spaces as on the page."""

    kind: Literal["code"] = "code"
    """The kind of block."""
    text: str
    """Its lines, separated by newlines."""


class Figure(RecordPart):
    """An image of the article, at its position. Its caption is not part of the article's text."""

    kind: Literal["figure"] = "figure"
    """The kind of block."""
    url: str
    """URL of the image, absolute."""
    caption: str | None = None
    """The caption, or the alternative text if there is none."""
    credit: str | None = None
    """Who made the image, as printed."""


class EmbedKind(StrEnum):
    """The kind of content from another site."""

    POST = "post"
    """A message on a social network, such as a tweet."""
    VIDEO = "video"
    """A video."""
    AUDIO = "audio"
    """An audio recording."""
    OTHER = "other"
    """A map, a chart, a form."""


class Embed(RecordPart):
    """Content of another site, or a video, that the page shows within its text."""

    kind: Literal["embed"] = "embed"
    """The kind of block."""
    what: EmbedKind
    """The kind of content."""
    url: str | None = None
    """Its URL, absolute."""
    paragraphs: tuple[str, ...] = ()
    """Its text, if the page contains it."""


class Correction(RecordPart):
    """A note about a correction or change of the article."""

    kind: Literal["correction"] = "correction"
    """The kind of block."""
    text: str
    """Its text."""


BodyBlock = Annotated[
    Heading | Paragraph | ItemList | Table | Quote | Code | Figure | Embed | Correction, Field(discriminator="kind")
]


def paragraphs_of(blocks: Iterable[BodyBlock]) -> tuple[str, ...]:
    """The paragraphs of the text of blocks: one for each item, row and line of code; none for figures."""
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
