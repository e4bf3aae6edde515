"""Rows as CSV (RFC 4180) and as JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson

from archive.datasets.cells import cell, is_formula
from archive.datasets.exporting import Selected, Written, open_text
from archive.datasets.rows import json_row


def write_csv(selected: Selected, target: Path) -> Written:
    """CSV in UTF-8: texts in quotes, null as an empty cell without them, moments in ISO 8601, TRUE and FALSE.

    A text that a spreadsheet would take for a formula gets an apostrophe before it, unless `selected` is verbatim.
    """
    guarded = 0
    with _opened(target) as stream:
        stream.write(",".join(map(_quoted, selected.schema.names)).encode() + b"\r\n")
        for row in selected.rows():
            cells = []
            for value in map(cell, row.values()):
                if isinstance(value, str) and not selected.verbatim and is_formula(value):
                    value = f"'{value}"
                    guarded += 1
                cells.append(_csv_cell(value))
            stream.write(",".join(cells).encode() + b"\r\n")
    notes = [
        f"{guarded:,} texts that a spreadsheet would take for formulas have an apostrophe before them; --verbatim "
        "writes them as they are"
    ] * bool(guarded)
    return Written(notes)


def write_json_lines(selected: Selected, target: Path) -> Written:
    """One row a line, as in a version's own JSON lines."""
    with _opened(target) as stream:
        for row in selected.rows():
            stream.write(orjson.dumps(json_row(row), option=orjson.OPT_APPEND_NEWLINE))
    return Written([])


@contextmanager
def _opened(target: Path) -> Iterator[IO[bytes]]:
    with open_text(target) as stream:
        yield stream


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
