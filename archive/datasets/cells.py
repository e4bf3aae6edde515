"""Values of rows as cells of a flat table: what formats without lists and long texts hold.

A list of texts is its texts with ``; `` between; if one of them has a semicolon in it, is null, or could be taken for
JSON, the list is a JSON array, as lists of structures always are. So a cell that begins with ``[`` is JSON. An empty
list is an empty cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pyarrow as pa

FORMULA_SIGNS = frozenset("=+-@\t\r\n＝＋－＠")
"""What a text begins with that Excel, LibreOffice and others may take for a formula (OWASP, "CSV Injection"; its
full-width forms too).
"""


def cell(value: Any) -> Any:
    """A value as a cell: None, a number, a truth value, a moment or a text."""
    return _joined(value) if isinstance(value, list) else value


def flat(kind: pa.DataType) -> pa.DataType:
    """The type of a column's cells."""
    return pa.string() if pa.types.is_list(kind) else kind


def _joined(values: list[Any]) -> str | None:
    if not values:
        return None
    is_plain = all(isinstance(one, str) and one.strip() == one != "" and ";" not in one for one in values)
    if is_plain and not values[0].startswith("["):
        return "; ".join(values)
    return orjson.dumps(values).decode("utf-8")


def is_formula(text: str) -> bool:
    """Whether a program may take a text for a formula."""
    return text[:1] in FORMULA_SIGNS


def pieces(text: str, limit: int, measure: Callable[[str], int]) -> Iterator[str]:
    """A text in parts of at most `limit` by `measure`, none of which divides a character; at least one, be it empty.

    No part but the last ends with a space, which SPSS would take off, unless it is nothing but spaces.

    `measure` is the sum of what it says of each character.
    """
    begin = 0
    while True:
        end = min(len(text), begin + limit)
        # Each character counts one at least: take away as many as the rest is too long by, at most
        while (excess := measure(text[begin:end]) - limit) > 0:
            end -= max(1, excess // 4)
        while end < len(text) and measure(text[begin : end + 1]) <= limit:
            end += 1
        if end < len(text):
            end = begin + (len(text[begin:end].rstrip(" ")) or end - begin)
        yield text[begin:end]
        begin = end
        if begin >= len(text):
            return


def utf8_length(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text.encode("utf-8"))


def utf16_length(text: str) -> int:
    """Units in UTF-16: what Excel counts."""
    return len(text.encode("utf-16-le")) // 2
