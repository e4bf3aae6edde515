"""Writing rows to files: Parquet and JSON Lines, the same rows in the same order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from isal import igzip

from archive.datasets.rows import SCHEMA, Row, json_row

GROUP = 5_000
"""Rows of a row group. Within one they are in the order of site and date; statistics tell what is not in it."""

LENGTHS = (0, *(round(10 * 2 ** (step / 2)) for step in range(30)))
"""Numbers of words by which texts are counted, each about 1.4 times the one before."""

_LEVEL = 2
_ZSTD_LEVEL = 3
_SECONDS = "%Y-%m-%dT%H:%M:%SZ"
_NO_STATISTICS = ("text", "description", "headline", "paywall")


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
    days: Counter[str] = field(default_factory=Counter)
    """Rows by day of publication; those without one under the empty text."""
    language_days: Counter[str] = field(default_factory=Counter)
    """Rows by language and day of publication, with a space between; those without a day are left out."""
    site_weeks: Counter[str] = field(default_factory=Counter)
    """Likewise by site and the Monday of the week of publication."""
    lengths: Counter[str] = field(default_factory=Counter)
    """Rows by the largest of `LENGTHS` that their words reach."""
    empty: Counter[str] = field(default_factory=Counter)
    """For each column that may be null how often it is."""
    first: str = ""
    last: str = ""
    """First and last capture, ISO 8601."""

    def add(self, rows: pa.Table) -> None:
        """Count rows."""
        self.rows += rows.num_rows
        self.text_bytes += pc.sum(pc.binary_length(rows["text"])).as_py()
        self.arrow_bytes += rows.nbytes
        self.words += pc.sum(rows["wordCount"]).as_py()
        self.languages.update(_counted(rows["language"]))
        self.sites.update(_counted(rows["site"]))
        days = rows["datePublished"].cast(pa.date32())
        weeks = pc.floor_temporal(days, unit="week")
        self.days.update(_counted(days))
        self.language_days.update(_counted_pairs(rows["language"], days))
        self.site_weeks.update(_counted_pairs(rows["site"], weeks))
        reached = np.searchsorted(LENGTHS, rows["wordCount"].to_numpy(), side="right") - 1
        self.lengths.update(str(LENGTHS[place]) for place in reached)
        self.empty.update({name: rows[name].null_count for name in rows.column_names if rows[name].null_count})
        captured = pc.min_max(rows["captured"]).as_py()
        self.first = min(filter(None, (self.first, f"{captured['min']:{_SECONDS}}")))
        self.last = max(self.last, f"{captured['max']:{_SECONDS}}")

    def join(self, other: ShardFacts) -> None:
        """Take in another shard's."""
        self.rows += other.rows
        self.text_bytes += other.text_bytes
        self.arrow_bytes += other.arrow_bytes
        self.words += other.words
        for mine, theirs in (
            (self.languages, other.languages),
            (self.sites, other.sites),
            (self.days, other.days),
            (self.language_days, other.language_days),
            (self.site_weeks, other.site_weeks),
            (self.lengths, other.lengths),
            (self.empty, other.empty),
        ):
            mine.update(theirs)
        self.first = min(filter(None, (self.first, other.first)), default="")
        self.last = max(self.last, other.last)


class ShardWriter:
    """Writes one shard. A context manager; the files are whole when it is left without an error."""

    def __init__(self, parquet: Path | None, jsonl: Path | None) -> None:
        """Either may be left out."""
        self.facts = ShardFacts()
        self._rows: list[Row] = []
        counted = [name for name in SCHEMA.names if name not in _NO_STATISTICS]
        self._parquet = (
            pq.ParquetWriter(
                parquet,
                SCHEMA,
                compression="zstd",
                compression_level=_ZSTD_LEVEL,
                write_statistics=counted,
                use_dictionary=["site", "language", "publisher", "section", "foundVia", "extractor", "warcFile"],
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
        columns = [pa.array([row[name] for row in rows], SCHEMA.field(name).type) for name in SCHEMA.names]
        table = pa.Table.from_arrays(columns, schema=SCHEMA)
        self.facts.add(table)
        if self._parquet is not None:
            self._parquet.write_table(table, row_group_size=GROUP)
        if self._jsonl is not None:
            self._jsonl.write(b"".join(orjson.dumps(json_row(row), option=orjson.OPT_APPEND_NEWLINE) for row in rows))


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
