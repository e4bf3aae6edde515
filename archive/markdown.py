"""An article as Markdown: CommonMark 0.31, tables as GitHub Flavored Markdown has them (section 4.10)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from archive.body import (
    BodyBlock,
    Code,
    Correction,
    Embed,
    Figure,
    Heading,
    ItemList,
    Paragraph,
    Quote,
    Table,
    TableCell,
)

_ESCAPED = re.compile(r"([\\`*_\[\]<>|~&#!])")
_AT_START = re.compile(r"^([+=-]|\d{1,9}(?=[.)]))")
_NUMBERED = re.compile(r"^\d{1,9}(?=[.)])")
_NOT_IN_ADDRESS = re.compile(r"[\s<>()\\]")


def markdown_of(headline: str, blocks: Sequence[BodyBlock], paragraphs: Sequence[str]) -> str:
    """The text of an article as Markdown; `paragraphs` are taken where there are no blocks. Ends with a line end."""
    parts = [f"# {_escaped(headline)}"]
    if blocks:
        parts += [part for block in blocks if (part := _block(block))]
    else:
        parts += map(_escaped, paragraphs)
    return "\n\n".join(parts) + "\n"


def _block(block: BodyBlock) -> str:
    match block:
        case Heading():
            return f"{'#' * max(2, block.level)} {_escaped(block.text)}"
        case Paragraph():
            return _escaped(block.text)
        case Correction():
            return f"*{_escaped(block.text)}*"
        case ItemList():
            return "\n".join(_items(block))
        case Table():
            return _table(block)
        case Quote():
            return _quoted(block.paragraphs)
        case Code():
            return _fenced(block.text)
        case Figure():
            return _figure(block)
        case Embed():
            return _embedded(block)


def _escaped(text: str) -> str:
    """A text on one line that Markdown reads as that text and nothing else."""
    line = _ESCAPED.sub(r"\\\1", " ".join(text.split()))
    if number := _NUMBERED.match(line):
        return f"{number[0]}\\{line[number.end() :]}"
    return _AT_START.sub(r"\\\1", line)


def _items(block: ItemList) -> Iterator[str]:
    for number, item in enumerate(block.items, 1):
        yield f"{f'{number}.' if block.ordered else '-'} {_escaped(item)}"


def _quoted(paragraphs: Iterable[str]) -> str:
    return "\n>\n".join(f"> {_escaped(text)}" for text in paragraphs)


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _table(table: Table) -> str:
    """A table; its first row heads it when the page says so, else an empty one does, since there must be one."""
    width = max(map(len, table.rows), default=0)
    if not width:
        return ""
    rows = list(table.rows)
    head: tuple[TableCell, ...] = rows.pop(0) if any(cell.header for cell in rows[0]) else ()
    lines = [_row(head, width), f"|{' --- |' * width}", *(_row(row, width) for row in rows)]
    caption = f"{_escaped(table.caption)}\n\n" if table.caption else ""
    return caption + "\n".join(lines)


def _row(cells: Sequence[TableCell], width: int) -> str:
    texts = [_escaped(cell.text) for cell in cells] + [""] * (width - len(cells))
    return f"| {' | '.join(texts)} |"


def _figure(figure: Figure) -> str:
    caption = _escaped(figure.caption or "")
    image = f"![{caption}]({_address(figure.url)})"
    beneath = " ".join(part for part in (caption, f"({_escaped(figure.credit)})" if figure.credit else "") if part)
    return f"{image}\n\n*{beneath}*" if beneath else image


def _embedded(embed: Embed) -> str:
    link = f"> <{_address(embed.url)}>" if embed.url else ""
    return "\n>\n".join(part for part in (_quoted(embed.paragraphs), link) if part)


def _address(url: str) -> str:
    return _NOT_IN_ADDRESS.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), url)
