"""Writing rows to files: Parquet and JSON Lines, the same rows in the same order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from isal import igzip

from archive.datasets.columns import COLUMNS, Column, schema_of
from archive.datasets.rows import Row, json_row

GROUP = 5_000
"""Rows of a row group. Within one they are in the order of site and date; statistics tell what is not in it."""

LENGTHS = (0, *(round(10 * 2 ** (step / 2)) for step in range(30)))
"""Numbers of words by which texts are counted, each about 1.4 times the one before."""

_COUNTED = ("site", "text", "language", "wordCount", "datePublished", "captured", "foundVia")
"""Columns that facts are counted by, also where a version does not have them."""
_EXAMPLES, _EXAMPLES_FROM, _LONGEST_EXAMPLE = 3, 50, 60
_LEVEL = 2
_ZSTD_LEVEL = 3
_SECONDS = "%Y-%m-%dT%H:%M:%SZ"
_NO_STATISTICS = ("text", "blocks", "description", "headline", "paywall")
_FEW_VALUES = ("site", "language", "publisher", "section", "foundVia", "extractor", "warcFile", "kind", "contentType")


@dataclass(slots=True)
class ShardFacts:
    """What is in a shard."""

    rows: int = 0
    text_bytes: int = 0
    """Bytes of the texts in UTF-8."""
    arrow_bytes: int = 0
    """Bytes of the rows in memory, as Arrow has them."""
    words: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    sites: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    """Rows by the kind of source that listed the URL; under the empty text those of which none is known."""
    days: Counter[str] = field(default_factory=Counter)
    """Rows by day of publication; those without one under the empty text."""
    language_days: Counter[str] = field(default_factory=Counter)
    """Rows by language and day of publication, with a space between; those without a day are left out."""
    site_weeks: Counter[str] = field(default_factory=Counter)
    """Likewise by site and the Monday of the week of publication."""
    lengths: Counter[str] = field(default_factory=Counter)
    """Rows by the largest of `LENGTHS` that their words reach."""
    empty: Counter[str] = field(default_factory=Counter)
    """For each column how many rows have no value there, or an empty list."""
    examples: dict[str, list[str]] = field(default_factory=dict)
    """For each column a few of its values, as text."""
    first: str = ""
    last: str = ""
    """First and last capture, ISO 8601."""

    def add(self, rows: pa.Table) -> None:
        """Count rows. What is counted by a column that they do not have stays as it is."""
        names = set(rows.column_names)
        self.rows += rows.num_rows
        self.arrow_bytes += rows.nbytes
        self._count_values(rows)
        if "text" in names:
            self.text_bytes += pc.sum(pc.binary_length(rows["text"])).as_py() or 0
        if "wordCount" in names:
            self.words += pc.sum(rows["wordCount"]).as_py() or 0
            reached = np.searchsorted(LENGTHS, rows["wordCount"].to_numpy(), side="right") - 1
            self.lengths.update(str(LENGTHS[place]) for place in reached)
        for name, counter in (("language", self.languages), ("site", self.sites), ("foundVia", self.found)):
            if name in names:
                counter.update(_counted(rows[name]))
        if "datePublished" in names:
            self._count_days(rows)
        if "captured" in names and rows.num_rows:
            captured = pc.min_max(rows["captured"]).as_py()
            self.first = min(filter(None, (self.first, f"{captured['min']:{_SECONDS}}")))
            self.last = max(self.last, f"{captured['max']:{_SECONDS}}")

    def _count_days(self, rows: pa.Table) -> None:
        days = rows["datePublished"].cast(pa.date32())
        self.days.update(_counted(days))
        if "language" in rows.column_names:
            self.language_days.update(_counted_pairs(rows["language"], days))
        if "site" in rows.column_names:
            self.site_weeks.update(_counted_pairs(rows["site"], pc.floor_temporal(days, unit="week")))

    def _count_values(self, rows: pa.Table) -> None:
        for name in rows.column_names:
            values = rows[name]
            empty = values.null_count
            if pa.types.is_list(values.type):
                empty += pc.sum(pc.equal(pc.list_value_length(values), 0)).as_py() or 0
            if empty:
                self.empty[name] += empty
            known = self.examples.setdefault(name, [])
            if len(known) < _EXAMPLES:
                told = (_example(value) for value in values.slice(0, _EXAMPLES_FROM).to_pylist())
                known += [one for one in dict.fromkeys(told) if one and one not in known][: _EXAMPLES - len(known)]

    def join(self, other: ShardFacts) -> None:
        """Take in another shard's."""
        self.rows += other.rows
        self.text_bytes += other.text_bytes
        self.arrow_bytes += other.arrow_bytes
        self.words += other.words
        for mine, theirs in (
            (self.languages, other.languages),
            (self.sites, other.sites),
            (self.found, other.found),
            (self.days, other.days),
            (self.language_days, other.language_days),
            (self.site_weeks, other.site_weeks),
            (self.lengths, other.lengths),
            (self.empty, other.empty),
        ):
            mine.update(theirs)
        for name, told in other.examples.items():
            known = self.examples.setdefault(name, [])
            known += [one for one in told if one not in known][: _EXAMPLES - len(known)]
        self.first = min(filter(None, (self.first, other.first)), default="")
        self.last = max(self.last, other.last)


class ShardWriter:
    """Writes one shard. A context manager; the files are whole when it is left without an error."""

    def __init__(self, parquet: Path | None, jsonl: Path | None, columns: Sequence[Column] = COLUMNS) -> None:
        """Either file may be left out."""
        self.facts = ShardFacts()
        self._rows: list[Row] = []
        self._schema = schema_of(columns)
        self._names = self._schema.names
        others = [column for column in COLUMNS if column.name in _COUNTED and column.name not in self._names]
        self._looked_at = schema_of([*columns, *others])
        counted = [name for name in self._names if name not in _NO_STATISTICS]
        self._parquet = (
            pq.ParquetWriter(
                parquet,
                self._schema,
                compression="zstd",
                compression_level=_ZSTD_LEVEL,
                write_statistics=counted,
                use_dictionary=[name for name in _FEW_VALUES if name in self._names],
            )
            if parquet
            else None
        )
        self._file = jsonl.open("wb") if jsonl else None
        self._jsonl: Any = None
        if self._file is not None:
            # Without a name: the same rows give the same bytes, whatever the file is called
            self._jsonl = igzip.IGzipFile("", "wb", _LEVEL, self._file, 0)  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        if self._parquet is not None:
            self._parquet.close()
        if self._jsonl is not None and self._file is not None:
            self._jsonl.close()
            self._file.close()

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows."""
        for row in rows:
            self._rows.append(row)
            if len(self._rows) >= GROUP:
                self._flush()

    def _flush(self) -> None:
        rows, self._rows = sorted(self._rows, key=_order), []
        if not rows:
            return
        table = table_of(rows, self._looked_at)
        self.facts.add(table)
        if self._parquet is not None:
            self._parquet.write_table(table.select(self._names), row_group_size=GROUP)
        if self._jsonl is not None:
            lines = (json_row({name: row[name] for name in self._names}) for row in rows)
            self._jsonl.write(b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines))


def table_of(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    """Rows as an Arrow table."""
    columns = [pa.array([row[field.name] for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _example(value: Any) -> str:
    """A value as a short text; empty of none."""
    if value is None or value == [] or value == "":
        return ""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    told = value if isinstance(value, str) else orjson.dumps(value).decode("utf-8")
    told = " ".join(told.split())
    return told if len(told) <= _LONGEST_EXAMPLE else f"{told[: _LONGEST_EXAMPLE - 1]}…"


def _counted(values: pa.ChunkedArray) -> dict[str, int]:
    """How often each value occurs, as text; null is the empty one."""
    found = ((one["values"].as_py(), one["counts"].as_py()) for one in pc.value_counts(values.combine_chunks()))
    return {"" if value is None else str(value): count for value, count in found}


def _counted_pairs(names: pa.ChunkedArray, days: pa.ChunkedArray) -> dict[str, int]:
    """How often each name occurs with each day, with a space between; what has no day is left out."""
    pairs = pa.table({"name": names, "day": days}).filter(pc.is_valid(days))
    counted = pairs.group_by(["name", "day"]).aggregate([([], "count_all")]).to_pylist()
    return {f"{row['name'] or ''} {row['day'].isoformat()}": row["count_all"] for row in counted}


def _order(row: Row) -> tuple[str, str, str]:
    published = row["datePublished"]
    return row["site"], published.isoformat() if published else "", row["id"]
