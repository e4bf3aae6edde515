"""Rows for Stata (format 118) and SPSS (``.sav``). All of them are in memory while the file is written, since pandas
and pyreadstat write only whole tables: more than `MOST` bytes of them are refused.

Stata has texts of up to 2,045 bytes in a column of its own width, longer ones as ``strL`` ("help dta"). SPSS has
texts of up to 32,767 bytes; longer ones continue in further columns. Neither has columns of nothing but missing
values with a type that all programs agree on: these are left out, and told. A missing text is an empty one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from archive.datasets.cells import cell, flat, pieces, utf8_length
from archive.datasets.columns import named
from archive.datasets.exporting import Selected, Written
from archive.datasets.research import library
from archive.errors import BadAddress

if TYPE_CHECKING:
    import pandas

SHORT, LONGEST = 2_045, 32_767
MOST = 1 << 30
"""Bytes of rows that are written (see `archive.datasets.exporting.Selected.size`): about 100,000 whole articles."""
_STATA_LABEL, _SPSS_LABEL, _STATA_VERSION = 80, 250, 118
_BUILT = datetime(2000, 1, 1)  # noqa: DTZ001 - Stata's files have no zone; without a clock the same rows give the same bytes


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    label: str
    kind: pa.DataType
    values: list[Any]

    @property
    def is_empty(self) -> bool:
        return all(value is None for value in self.values)

    def series(self) -> Any:
        """As these formats have it: numbers for truth values, UTC without a zone for moments."""
        pandas = library("pandas")
        if pa.types.is_string(self.kind):
            return pandas.Series([value or "" for value in self.values], dtype=object)
        if pa.types.is_timestamp(self.kind):
            moments = [value and value.replace(tzinfo=None) for value in self.values]
            return pandas.Series(moments, dtype="datetime64[us]")
        has_gaps = any(value is None for value in self.values)
        if pa.types.is_boolean(self.kind) and not has_gaps:
            return pandas.Series(self.values, dtype="int8")
        if self.kind == pa.int32() and not has_gaps:
            return pandas.Series(self.values, dtype="int32")
        numbers = [None if value is None else float(value) for value in self.values]
        return pandas.Series(numbers, dtype="float64")

    def longest(self) -> int:
        """Bytes of its longest text."""
        return max((utf8_length(value) for value in self.values if value), default=0)


def write_stata(selected: Selected, target: Path) -> Written:
    """A Stata file of format 118 (Stata 14 and later).

    Raises MissingLibrary without pandas, BadAddress when the rows are more than `MOST`.
    """
    _require_few(selected)
    there, empty = _filled(_variables(selected))
    frame = _frame(there)
    long = [one.name for one in there if pa.types.is_string(one.kind) and one.longest() > SHORT]
    frame.to_stata(
        target,
        write_index=False,
        version=_STATA_VERSION,
        time_stamp=_BUILT,
        data_label=_short(f"{selected.made.name} {selected.made.version}", _STATA_LABEL),
        variable_labels={one.name: _short(one.label, _STATA_LABEL) for one in there},
        convert_dates={one.name: "tc" for one in there if pa.types.is_timestamp(one.kind)},
        convert_strl=long,
    )
    return Written(_told(empty), len(empty))


def write_spss(selected: Selected, target: Path) -> Written:
    """An SPSS file.

    Raises MissingLibrary without pyreadstat and pandas, BadAddress when the rows are more than `MOST`.
    """
    _require_few(selected)
    pyreadstat = library("pyreadstat")
    there, empty = _filled(_variables(selected))
    parted = [part for one in there for part in _parted(one)]
    notes = _told(empty)
    for one in there:
        long = sum(utf8_length(value or "") > LONGEST for value in one.values) if pa.types.is_string(one.kind) else 0
        if long:
            notes.append(f"{long:,} texts of {one.name} are longer than SPSS has them; they continue in {one.name}_2")
    pyreadstat.write_sav(
        _frame(parted),
        str(target),
        file_label=_short(f"{selected.made.name} {selected.made.version}", 60),
        column_labels={one.name: _short(one.label, _SPSS_LABEL) for one in parted},
        row_compress=True,
    )
    return Written(notes, len(empty))


def _require_few(selected: Selected) -> None:
    if selected.size > MOST:
        raise BadAddress(
            f"dataset export: the rows take {selected.size:,} bytes, and files for Stata and SPSS, which are made in "
            f"memory, at most {MOST:,}: select columns or rows (--columns, --where, --query), or write CSV, which "
            "has no limit"
        )


def _variables(selected: Selected) -> list[_Variable]:
    values: dict[str, list[Any]] = {name: [] for name in selected.schema.names}
    for row in selected.rows():
        for name, value in row.items():
            values[name].append(cell(value))
    labels = {column.name: column.meaning for column in named(values)}
    return [
        _Variable(name, labels.get(name, ""), flat(selected.schema.field(name).type), found)
        for name, found in values.items()
    ]


def _filled(variables: list[_Variable]) -> tuple[list[_Variable], list[str]]:
    """Those with a value, and the names of the others."""
    return [one for one in variables if not one.is_empty], [one.name for one in variables if one.is_empty]


def _told(empty: list[str]) -> list[str]:
    return [f"left out, since no row has a value there: {', '.join(empty)}"] * bool(empty)


def _parted(variable: _Variable) -> Iterator[_Variable]:
    if not pa.types.is_string(variable.kind) or variable.longest() <= LONGEST:
        yield variable
        return
    parts = [list(pieces(value or "", LONGEST, utf8_length)) for value in variable.values]
    for number in range(max(map(len, parts))):
        name = f"{variable.name}_{number + 1}" if number else variable.name
        label = f"{variable.label} Continued ({number + 1})." if number else variable.label
        some = [part[number] if number < len(part) else None for part in parts]
        yield _Variable(name, label, variable.kind, some)


def _frame(variables: list[_Variable]) -> pandas.DataFrame:
    return library("pandas").DataFrame({one.name: one.series() for one in variables})


def _short(text: str, most: int) -> str:
    """At most so many bytes; a label that is cut short says so. The codebook has all of it."""
    if utf8_length(text) <= most:
        return text
    return next(pieces(text, most - 3, utf8_length)) + "…"
