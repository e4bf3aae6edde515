"""Rows into files: Parquet and JSON lines, the same rows in the same order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from isal import igzip

from archive.datasets.rows import SCHEMA, Row, json_row

GROUP = 5_000
"""Rows of a row group. Within one they are in the order of site and date; statistics tell what is not in it."""

_LEVEL = 2
_ZSTD_LEVEL = 3
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
    empty: Counter[str] = field(default_factory=Counter)
    """For each column that may be null how often it is."""
    first: str = ""
    last: str = ""
    """First and last capture, ISO 8601."""

    def add(self, row: Row) -> None:
        """Count a row."""
        self.rows += 1
        self.text_bytes += len(row["text"].encode())
        self.words += row["wordCount"]
        self.languages[row["language"] or ""] += 1
        self.sites[row["site"]] += 1
        published = row["datePublished"]
        self.days[f"{published:%Y-%m-%d}" if published else ""] += 1
        self.empty.update(name for name, value in row.items() if value is None)
        captured = f"{row['captured']:%Y-%m-%dT%H:%M:%SZ}"
        self.first = min(self.first or captured, captured)
        self.last = max(self.last, captured)

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
            self.facts.add(row)
            if len(self._rows) >= GROUP:
                self._flush()

    def _flush(self) -> None:
        rows, self._rows = sorted(self._rows, key=_order), []
        if not rows:
            return
        if self._parquet is not None:
            columns = [pa.array([row[name] for row in rows], SCHEMA.field(name).type) for name in SCHEMA.names]
            table = pa.Table.from_arrays(columns, schema=SCHEMA)
            self.facts.arrow_bytes += table.nbytes
            self._parquet.write_table(table, row_group_size=GROUP)
        if self._jsonl is not None:
            self._jsonl.write(b"".join(orjson.dumps(json_row(row), option=orjson.OPT_APPEND_NEWLINE) for row in rows))


def _order(row: Row) -> tuple[str, str, str]:
    published = row["datePublished"]
    return row["site"], published.isoformat() if published else "", row["id"]
