"""The stored records that a query means, one after the other, and written as CSV, JSON lines or Parquet.

The order is that of segments and of records within them, so the same selection gives the same bytes again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from itertools import groupby, islice
from typing import BinaryIO

import orjson
import pyarrow as pa
import pyarrow.json as arrow_json
import pyarrow.parquet as pq

from archive.access import AccessGate
from archive.datasets.cells import cell, is_formula
from archive.datasets.columns import COLUMNS, Origin, schema_of
from archive.datasets.rows import Record, Row, json_row, own_row_of, record_of
from archive.derived import member_at, read_lines
from archive.errors import DamagedArchive, ObjectMissing
from archive.layout import SegmentName
from archive.period import moment_of
from archive.search.query import Node
from archive.search.searching import FoundRecord, Searcher
from archive.storage.protocol import Storage

_FEW_MEMBERS = 30
"""Gzip members of a segment's records up to which each is read by itself."""
_GROUP = 1_000
"""Rows of a row group: what is in memory."""
_TOGETHER = 200
"""Rows of it that are made at once."""
_OF_OTHERS = (Origin.COLLECTION, Origin.SITES)
"""Of columns that a record alone does not give."""
TABLE = schema_of(column for column in COLUMNS if column.origin not in _OF_OTHERS)
_COMPARED = [field.name for field in TABLE if not (pa.types.is_string(field.type) or pa.types.is_nested(field.type))]
"""Columns of which the least and the greatest value are kept for each row group. Those of texts would take ten times
as much, in memory until the end of a download.
"""


class Form(StrEnum):
    """What a selection is written as."""

    CSV = "csv"
    """For spreadsheets: what one of them would compute has an apostrophe before it."""
    JSONL = "jsonl"
    """The records as they are stored, one a line."""
    PARQUET = "parquet"
    """The columns of data sets."""

    @property
    def media_type(self) -> str:
        """As registered, where it is."""
        return {
            Form.CSV: "text/csv; charset=utf-8; header=present",
            Form.JSONL: "application/x-ndjson",
            Form.PARQUET: "application/vnd.apache.parquet",
        }[self]


class Selected:
    """Reads the records."""

    def __init__(self, storage: Storage, searcher: Searcher, gate: Callable[[], AccessGate]) -> None:
        """`gate` gives the access rules of the moment: a rule that is made meanwhile holds for what is read then."""
        self._storage = storage
        self._searcher = searcher
        self._gate = gate
        self.lost = 0
        """Records that the index names and that are gone or damaged."""

    def lines(self, node: Node) -> Iterator[bytes]:
        """Records as stored, those that readers may have. Raises StorageError, DamagedArchive, and as a search."""
        for (segment, generation), found in groupby(
            self._searcher.found(node), lambda one: (one.segment, one.generation)
        ):
            wanted = list(found)
            key = SegmentName.parse(segment).records_key(generation)
            left = {str(one.id) for one in wanted}
            with suppress(ObjectMissing, DamagedArchive):
                for line in self._lines_of(key, wanted):
                    record = orjson.loads(line)
                    if record.get("id") in left:
                        left.discard(record["id"])
                        if self._gate().refusal(record["url"], _captured(record)) is None:
                            yield line
            self.lost += len(left)

    def _lines_of(self, key: str, wanted: list[FoundRecord]) -> Iterator[bytes]:
        members = sorted({one.member for one in wanted})
        if len(members) <= _FEW_MEMBERS:
            for member in members:
                yield from member_at(self._storage, key, member)
            return
        with self._storage.open_range(key) as stream:
            yield from read_lines(stream)


def write(form: Form, lines: Iterable[bytes], file: BinaryIO) -> None:
    """Write records to a file, of which no more than a part is in memory. Raises OSError."""
    _WRITERS[form](lines, file)


def _captured(record: Record) -> datetime | None:
    return moment_of(str((record.get("warc") or {}).get("date") or ""))


def _write_jsonl(lines: Iterable[bytes], file: BinaryIO) -> None:
    for line in lines:
        file.write(line + b"\n")


def _write_csv(lines: Iterable[bytes], file: BinaryIO) -> None:
    text = io.TextIOWrapper(file, "utf-8", "replace", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(TABLE.names)
    for row in _rows(lines):
        values = json_row(row)
        writer.writerow([_cell(values[name]) for name in TABLE.names])
    text.detach()


def _write_parquet(lines: Iterable[bytes], file: BinaryIO) -> None:
    with pq.ParquetWriter(file, TABLE, compression="zstd", write_statistics=_COMPARED) as writer:
        tables = _tables(_rows(lines))
        while group := list(islice(tables, _GROUP // _TOGETHER)):
            writer.write_table(pa.concat_tables(group))


def _tables(rows: Iterator[Row]) -> Iterator[pa.Table]:
    """Rows as tables. They are read from JSON: from Python's objects, pyarrow makes them with pandas where that is
    installed, which takes 46 MB, and holds all of a group's objects beside it.
    """
    parsing = arrow_json.ParseOptions(explicit_schema=TABLE, unexpected_field_behavior="error")
    while part := list(islice(rows, _TOGETHER)):
        data = b"".join(orjson.dumps(json_row(row)) + b"\n" for row in part)
        reading = arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1)
        found = arrow_json.read_json(pa.py_buffer(data), read_options=reading, parse_options=parsing)
        yield found.select(TABLE.names).cast(TABLE)


_WRITERS: dict[Form, Callable[[Iterable[bytes], BinaryIO], None]] = {
    Form.CSV: _write_csv,
    Form.JSONL: _write_jsonl,
    Form.PARQUET: _write_parquet,
}


def _rows(lines: Iterable[bytes]) -> Iterator[Row]:
    for line in lines:
        row = own_row_of(record_of(line))
        yield {name: row[name] for name in TABLE.names}


def _cell(value: object) -> str:
    value = cell(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if not isinstance(value, int | float) and is_formula(text) else text
