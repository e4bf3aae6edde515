"""Rows as an Excel workbook (ECMA-376).

A sheet has at most 1,048,576 rows, a cell 32,767 UTF-16 units, and dates begin in 1900 ("Excel specifications and
limits"). No text becomes a formula, a link or a number.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archive.datasets.cells import cell, pieces, utf16_length
from archive.datasets.citing import set_citation
from archive.datasets.codebook import HEAD, entries
from archive.datasets.exporting import Selected, Written
from archive.datasets.research import library

CELL, ROWS = 32_767, 1_048_576
_FIRST_YEAR = 1900
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What no XML document has in it (XML 1.0, section 2.2)."""
_WIDTHS = {"id": 12, "headline": 60, "text": 60, "url": 40}


def write_workbook(selected: Selected, target: Path) -> Written:
    """Sheets with the rows, one with the codebook, one with the citation. Needs XlsxWriter.

    Raises MissingLibrary.
    """
    return Written(_Workbook(selected, target).write())


class _Workbook:
    def __init__(self, selected: Selected, target: Path) -> None:
        self._selected = selected
        self._notes: Counter[str] = Counter()
        self._columns = _columns(selected)
        self._book = library("xlsxwriter").Workbook(
            str(target),
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "remove_timezone": True,
                "tmpdir": str(target.parent),
            },
        )
        # Without a clock: the same rows give the same bytes
        self._book.set_properties(
            {
                "title": f"{selected.made.name}, version {selected.made.version}",
                "created": datetime(2000, 1, 1, tzinfo=UTC),
            }
        )
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._bold = self._book.add_format({"bold": True})

    def write(self) -> list[str]:
        sheets = 0
        with self._book:
            sheet, at = None, ROWS
            for row in self._selected.rows():
                if at >= ROWS:
                    sheets += 1
                    sheet, at = self._sheet(f"articles_{sheets}" if sheets > 1 else "articles"), 1
                self._write_row(sheet, at, row)
                at += 1
            if sheet is None:
                self._sheet("articles")
            self._write_codebook()
        return self._told(sheets)

    def _sheet(self, name: str) -> Any:
        sheet = self._book.add_worksheet(name)
        for number, (column, part) in enumerate(self._columns):
            sheet.set_column(number, number, _WIDTHS.get(column, 18))
            sheet.write_string(0, number, part, self._bold)
        sheet.freeze_panes(1, 0)
        return sheet

    def _write_row(self, sheet: Any, at: int, row: dict[str, Any]) -> None:
        parts: dict[str, list[str]] = {}
        for number, (column, name) in enumerate(self._columns):
            value = cell(row[column])
            if value is None:
                continue
            if isinstance(value, datetime) and value.year < _FIRST_YEAR:
                self._notes["dates before 1900 are texts: Excel has none"] += 1
                value = value.isoformat()
            if isinstance(value, str):
                if name == column:
                    parts[column] = list(pieces(self._clean(value), CELL, utf16_length))
                    if len(parts[column]) > 1:
                        self._notes[f"texts of {column} are longer than a cell; they continue in {column}_2"] += 1
                if parts[column]:
                    sheet.write_string(at, number, parts[column].pop(0))
            elif isinstance(value, bool):
                sheet.write_boolean(at, number, value)
            elif isinstance(value, datetime):
                sheet.write_datetime(at, number, value.replace(tzinfo=None), self._moment)
            else:
                sheet.write_number(at, number, value)

    def _clean(self, text: str) -> str:
        text, count = _NO_XML.subn("\ufffd", text)
        if count:
            self._notes["characters that no Excel file can hold are U+FFFD"] += count
        if "\r" in text:
            self._notes["texts have line feeds for carriage returns"] += 1
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def _write_codebook(self) -> None:
        sheet = self._book.add_worksheet("codebook")
        for number, name in enumerate(HEAD):
            sheet.write_string(0, number, name, self._bold)
        for at, entry in enumerate(entries(self._selected.made), 1):
            for number, text in enumerate(entry):
                sheet.write_string(at, number, self._clean(text))
        about = self._book.add_worksheet("citation")
        made = self._selected.made
        told = [set_citation(made).plain()]
        if made.selection is not None:
            told.append(made.selection.told(made.name, made.version))
        for at, text in enumerate(told):
            about.write_string(at, 0, self._clean(text))

    def _told(self, sheets: int) -> list[str]:
        notes = [f"{count:,} {what}" for what, count in self._notes.items()]
        return [*notes, *([f"rows are on {sheets} sheets: one holds {ROWS - 1:,}"] if sheets > 1 else [])]


def _columns(selected: Selected) -> list[tuple[str, str]]:
    """Each column with its name in the sheet; of one with texts longer than a cell several."""
    longest = dict.fromkeys(selected.schema.names, 1)
    for row in selected.rows():
        for name, value in row.items():
            text = cell(value) if isinstance(value, (str, list)) else None
            # A character has two units at most
            if text is not None and len(text) * 2 > CELL:
                longest[name] = max(longest[name], sum(1 for _ in pieces(text, CELL, utf16_length)))
    return [(name, _part(name, number)) for name, count in longest.items() for number in range(count)]


def _part(name: str, number: int) -> str:
    return f"{name}_{number + 1}" if number else name
