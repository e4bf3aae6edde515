"""Articles of an archive, read bit by bit: as typed records, or as a table for pandas, Polars, Arrow and DuckDB.

Nothing is read before it is asked for, and no more than a batch of it is in memory at once, unless a whole table is
asked for. The columns are those of a data set, without what follows from many records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from archive.access import AccessGate
from archive.article import Article
from archive.datasets.columns import COLUMNS, RELATED, Column, chosen, schema_of
from archive.datasets.conditions import Condition
from archive.datasets.research import library
from archive.datasets.rows import NO_SOURCES, Record, own_row_of, record_of
from archive.datasets.shards import table_of
from archive.datasets.sources import SourceTable
from archive.derived import read_lines
from archive.errors import BadAddress
from archive.languages import matches
from archive.library import completions
from archive.period import Period, moment_of
from archive.selection import within
from archive.storage.protocol import Storage

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars

BATCH = 1_000
"""Records that are in memory at once."""
OWN_COLUMNS = tuple(column for column in COLUMNS if column.name not in RELATED)
"""Columns that follow from one record alone."""
OWN_SCHEMA = schema_of(OWN_COLUMNS)


class Matching(Protocol):
    """Answers a full-text query."""

    def __call__(self, query: str) -> dict[str, frozenset[UUID]]:
        """By segment, the records that it means."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which articles; what is empty takes all."""

    languages: tuple[str, ...] = ()
    """Language ranges (`archive.languages`)."""
    sites: tuple[str, ...] = ()
    """Hosts, with what is below them."""
    published: Period = field(default_factory=Period)
    captured: Period = field(default_factory=Period)
    condition: Condition | None = None
    query: str = ""
    columns: tuple[str, ...] = ()

    def wants(self, record: Record) -> bool:
        """Whether a stored record is wanted, as far as its own fields tell; the condition is not asked."""
        host = record["url"].split("://", 1)[-1].split("/", 1)[0].rpartition("@")[2].partition(":")[0]
        language = record.get("inLanguage")
        return (
            (not self.sites or any(within(host, site) for site in self.sites))
            and (not self.languages or any(matches(one, language) for one in self.languages))
            and self.published.wants(record.get("datePublished") or "")
            and (self.captured == Period() or self.captured.holds(_captured(record)))
        )


class Articles:
    """Articles of an archive. Iterating gives an `Article` for each; it may be done many times."""

    def __init__(
        self, storage: Storage, wish: Wish, gate: AccessGate, matching: Matching, sources: SourceTable | None = None
    ) -> None:
        """Nothing is read yet. `sources` fill the columns of the source."""
        self._storage = storage
        self._wish = wish
        self._gate = gate
        self._matching = matching
        self._sources = sources or NO_SOURCES

    @property
    def columns(self) -> list[str]:
        """Names of the columns of a table."""
        return [column.name for column in self._columns()]

    @property
    def withheld(self) -> list[str]:
        """A line for each access rule that withheld articles so far."""
        return self._gate.lines()

    def select(self, *columns: str) -> Articles:
        """The same articles, with these columns alone. Raises BadAddress."""
        wish = replace(self._wish, columns=columns)
        selected = Articles(self._storage, wish, self._gate, self._matching, self._sources)
        selected._columns()  # a wrong name is told before anything is read
        return selected

    def __iter__(self) -> Iterator[Article]:
        """Each article. Raises DamagedArchive or StorageError."""
        for record in self._records():
            yield Article.model_validate(record)

    def count(self) -> int:
        """How many they are. Reads them all."""
        return sum(1 for _ in self._records())

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each article as a row."""
        for batch in self.batches():
            yield from batch.to_pylist()

    def batches(self, size: int = BATCH) -> Iterator[pa.RecordBatch]:
        """The table in batches of at most `size` rows. Raises DamagedArchive or StorageError."""
        names, schema = self.columns, schema_of(self._columns())
        for records in _batched(self._records(), size):
            table = table_of([own_row_of(record, self._sources) for record in records], OWN_SCHEMA)
            yield from table.select(names).cast(schema).combine_chunks().to_batches()

    def reader(self) -> pa.RecordBatchReader:
        """The table as a stream that Arrow, DuckDB and others read once."""
        return pa.RecordBatchReader.from_batches(schema_of(self._columns()), self.batches())

    def to_arrow(self) -> pa.Table:
        """The table in memory."""
        return self.reader().read_all()

    def to_pandas(self) -> pandas.DataFrame:
        """As a pandas data frame in memory. Numbers and truth values are of pandas' nullable types, so that a missing
        one does not change the others.

        Raises MissingLibrary without pandas (extra `research`).
        """
        pandas = library("pandas")
        nullable = {
            pa.int32(): pandas.Int32Dtype(),
            pa.int64(): pandas.Int64Dtype(),
            pa.bool_(): pandas.BooleanDtype(),
        }
        return self.to_arrow().to_pandas(types_mapper=nullable.get)

    def to_polars(self) -> polars.DataFrame:
        """As a Polars data frame in memory. Raises MissingLibrary without Polars (extra `research`)."""
        return library("polars").from_arrow(self.to_arrow())  # type: ignore[no-any-return]

    def to_duckdb(self, database: Path | str = ":memory:", table: str = "articles") -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with the articles in a table, which replaces one of the same name.

        With `database`, the name of a file, no more than a batch is in memory. Raises MissingLibrary without DuckDB
        (extra `research`).
        """
        connection = library("duckdb").connect(str(database))
        quoted = '"' + table.replace('"', '""') + '"'
        reader = self.reader()
        connection.register("newswarc_articles", reader)
        connection.execute(f"CREATE OR REPLACE TABLE {quoted} AS SELECT * FROM newswarc_articles")  # noqa: S608
        connection.unregister("newswarc_articles")
        return connection  # type: ignore[no-any-return]

    def to_parquet(self, path: Path | str) -> int:
        """Write the table to a file; no more than a batch is in memory. Returns the number of rows."""
        rows = 0
        with pq.ParquetWriter(path, schema_of(self._columns()), compression="zstd") as writer:
            for batch in self.batches():
                writer.write_batch(batch)
                rows += batch.num_rows
        return rows

    def _columns(self) -> tuple[Column, ...]:
        """As asked for, in that order; all, when nothing was."""
        if not self._wish.columns:
            return OWN_COLUMNS
        for name in self._wish.columns:
            if name in RELATED:
                raise BadAddress(f"columns: {name} follows from many records; build a data set to have it")
        known = {column.name: column for column in chosen(self._wish.columns, "columns")}
        return tuple(known[name] for name in dict.fromkeys(self._wish.columns))

    def _records(self) -> Iterator[Record]:
        condition = self._wish.condition
        if condition is None:
            yield from self._let_through()
            return
        looked_at = schema_of(column for column in OWN_COLUMNS if column.name in condition.columns)
        place = schema_of([]).append(pa.field("place", pa.int32()))
        for records in _batched(self._let_through(), BATCH):
            rows = [{**own_row_of(record, self._sources), "place": place_} for place_, record in enumerate(records)]
            table = condition.filter(table_of(rows, pa.unify_schemas([looked_at, place])))
            for number in table["place"].to_pylist():
                yield records[number]

    def _let_through(self) -> Iterator[Record]:
        """What is wanted but for the condition, and may be had."""
        found = self._matching(self._wish.query) if self._wish.query else None
        for segment, completion in sorted(completions(self._storage).items()):
            ids = None if found is None else found.get(segment, frozenset())
            if ids is not None and not ids:
                continue
            with self._storage.open_range(completion.records.key) as stream:
                for record in map(record_of, read_lines(stream)):
                    is_meant = ids is None or UUID(record["id"]) in ids
                    if is_meant and self._wish.wants(record) and self._gate.lets(record["url"], _captured(record)):
                        yield record


def texts(value: str | Sequence[str]) -> tuple[str, ...]:
    """One text or several, as several; an empty one is none."""
    return ((value,) if value else ()) if isinstance(value, str) else tuple(value)


def _captured(record: Record) -> Any:
    return moment_of(record["warc"]["date"])


def _batched(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    rest = iter(records)
    while batch := list(islice(rest, size)):
        yield batch
