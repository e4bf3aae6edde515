"""Filling in the texts of a version that was shared without them, each checked against its digest.

Texts come from records of an archive: of the same capture, or else of another one of the same URL. What was found is
kept in a scratch file, so that no more than a batch of rows is in memory. Nothing is filled in that differs: such a
row is listed with what became of it.
"""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

import orjson
import pyarrow.parquet as pq

from archive.access import AccessGate
from archive.datasets.card import documents
from archive.datasets.columns import COLUMNS, REMOVED, chosen, schema_of
from archive.datasets.manifest import DatasetFile, DatasetManifest, parse_dataset_manifest
from archive.datasets.pseudonyms import Pseudonyms, without_names
from archive.datasets.rows import Record, Row, newspaper_moment, record_of, removed_digest, row_of
from archive.datasets.shards import GROUP, ShardFacts, table_of
from archive.datasets.statistics import statistics_of
from archive.derived import read_lines, read_outcomes
from archive.errors import BadAddress
from archive.library import completions
from archive.manifests import file_sha256
from archive.outcomes import PageOutcome, PageOutcomeLine
from archive.storage.protocol import Storage

REPORT = "rehydration.csv"
"""What became of each row."""
_BATCH = 1_000
_GONE = ("status 404", "status 410")


class Fate(StrEnum):
    """What became of a row."""

    SAME = "same"
    """All that was left out is the same, and is filled in."""
    SAME_TEXT = "same_text"
    """The text is the same and filled in; something else that was left out differs, such as a caption."""
    CHANGED = "changed"
    """There is an article at its URL, with another text."""
    GONE = "gone"
    """The server says that there is no such page any more."""
    UNAVAILABLE = "unavailable"
    """The page was asked for, and no article came of it."""
    WITHHELD = "withheld"
    """An access rule withholds it."""
    NOT_FOUND = "not_found"
    """No capture of it is where it was looked for."""

    @property
    def is_filled(self) -> bool:
        """Whether the row is in the result."""
        return self in (Fate.SAME, Fate.SAME_TEXT)


_WORTH = {fate: worth for worth, fate in enumerate(reversed(Fate))}
"""A better one takes the place of a worse."""


@dataclass(frozen=True, slots=True)
class Rehydrated:
    """The result."""

    directory: str
    rows: int
    """Rows that are filled in."""
    fates: dict[str, int]
    """All rows, by what became of them."""


class Rehydration:
    """A version without text, whose texts are looked for. A context manager."""

    def __init__(self, directory: Path, scratch: Path, pseudonyms: Pseudonyms | None = None) -> None:
        """`directory` is where the version was downloaded to; `scratch` a directory of its own for a file.

        Raises BadAddress when there is no such version in it, or OSError.
        """
        self.manifest = _manifest(directory)
        self._shards = [directory / file.path for file in self.manifest.shards(".parquet")]
        if self.manifest.rows and not self._shards:
            raise BadAddress(f"{directory}: has no Parquet files; pull all of the version")
        wanted = self.manifest.options.pseudonyms
        if pseudonyms is not None and pseudonyms.fingerprint != wanted:
            raise BadAddress("--pseudonym-key: this is not the key that the version was made with")
        self._hiding = pseudonyms.in_record if pseudonyms is not None else without_names if wanted else None
        self._found = sqlite3.connect(scratch / "found.sqlite")
        self._found.execute(
            "CREATE TABLE row (id TEXT PRIMARY KEY, url TEXT, text TEXT, removed TEXT, worth INTEGER, detail TEXT, "
            "filled BLOB)"
        )
        self._found.execute("CREATE INDEX by_url ON row (url)")
        self._take_rows()

    def __enter__(self) -> Rehydration:
        return self

    def __exit__(self, *_: object) -> None:
        self._found.close()

    def _take_rows(self) -> None:
        wanted = ["id", "url", "contentSha256", REMOVED.name]
        for row in self._rows(wanted):
            values = (*(row[name] for name in wanted), _WORTH[Fate.NOT_FOUND])
            self._found.execute(
                "INSERT OR IGNORE INTO row (id, url, text, removed, worth) VALUES (?, ?, ?, ?, ?)", values
            )
        self._found.commit()

    def _rows(self, columns: list[str] | None = None) -> Iterator[Row]:
        for path in self._shards:
            with pq.ParquetFile(path) as shard:
                for batch in shard.iter_batches(_BATCH, columns=columns):
                    yield from batch.to_pylist()

    def fill_from(self, storage: Storage, gate: AccessGate) -> None:
        """Look for texts in an archive. Raises DamagedArchive, ObjectMissing or StorageError."""
        for _, completion in sorted(completions(storage).items()):
            with storage.open_range(completion.records.key) as stream:
                for record in map(record_of, read_lines(stream)):
                    self.offer(record, gate)
            with storage.open_range(completion.outcomes.key) as stream:
                for line in read_outcomes(stream):
                    self.note(line)
            self._found.commit()

    def offer(self, record: Record, gate: AccessGate) -> None:
        """A record that may be of one of the rows."""
        rows = self._found.execute(
            "SELECT id, url, text, removed, worth FROM row WHERE id = ? OR url IN (?, ?)",
            (record["id"], record["url"], record.get("requestedUrl") or record["url"]),
        ).fetchall()
        if not rows:
            return
        refusal = gate.refusal(record["url"], newspaper_moment(record["warc"]["date"]))
        digest = removed_digest(row_of(record, {}))
        for row_id, _, text, removed, worth in rows:
            if refusal is not None:
                fate, detail = Fate.WITHHELD, refusal.description()
            elif digest == removed:
                fate, detail = Fate.SAME, ""
            elif text and record.get("contentSha256") == text:
                fate, detail = Fate.SAME_TEXT, f"record {record['id']}"
            else:
                fate, detail = Fate.CHANGED, f"record {record['id']}"
            if _WORTH[fate] > worth:
                filled = orjson.dumps(self._text_columns(record)) if fate.is_filled else None
                self._set(row_id, fate, detail, filled)

    def note(self, line: PageOutcomeLine) -> None:
        """What became of a page that may be one of the rows."""
        if line.outcome.traits.has_record or line.outcome is PageOutcome.REDIRECTED:
            return
        is_gone = line.outcome is PageOutcome.SOFT_NOT_FOUND or line.detail.startswith(_GONE)
        fate = Fate.GONE if is_gone else Fate.UNAVAILABLE
        told = f"{line.outcome}: {line.detail}".rstrip(": ")
        for row_id, worth in self._found.execute("SELECT id, worth FROM row WHERE url = ?", (line.url,)).fetchall():
            if _WORTH[fate] > worth:
                self._set(row_id, fate, told, None)

    def missing(self) -> Iterator[Row]:
        """The rows that are not filled in yet."""
        least = min(_WORTH[fate] for fate in Fate if fate.is_filled)
        known = {row[0] for row in self._found.execute("SELECT id FROM row WHERE worth < ?", (least,))}
        return (row for row in self._rows() if row["id"] in known)

    def _set(self, row_id: str, fate: Fate, detail: str, filled: bytes | None) -> None:
        self._found.execute(
            "UPDATE row SET worth = ?, detail = ?, filled = ? WHERE id = ?", (_WORTH[fate], detail, filled, row_id)
        )

    def _text_columns(self, record: Record) -> Row:
        row = row_of(self._hiding(record) if self._hiding is not None else record, {})
        return {column.name: row[column.name] for column in COLUMNS if column.has_text}

    def write(self, target: Path) -> Rehydrated:
        """Write the rows that are filled in, their documents, and the report. Raises OSError."""
        columns = chosen(self.manifest.options.fields)
        schema = schema_of(columns)
        (target / "data").mkdir(parents=True, exist_ok=True)
        path = f"data/{self.manifest.name}-00000-of-00001.parquet"
        facts, fates = ShardFacts(), Counter[str]()
        with pq.ParquetWriter(target / path, schema, compression="zstd") as writer:
            for rows in _batches(self._told(target / REPORT, fates)):
                table = table_of(rows, schema)
                facts.add(table)
                writer.write_table(table, row_group_size=GROUP)
        file = target / path
        made = self.manifest.model_copy(
            update={
                "rows": facts.rows,
                "columns": tuple(schema.names),
                "options": self.manifest.options.model_copy(update={"without_text": False}),
                "rehydrated": dict(sorted(fates.items())),
                "statistics": statistics_of(facts, schema.names, 0, 0),
            }
        )
        _document(
            target, made, DatasetFile(path=path, size=file.stat().st_size, sha256=file_sha256(file), rows=facts.rows)
        )
        return Rehydrated(str(target), facts.rows, dict(fates))

    def _told(self, report: Path, fates: Counter[str]) -> Iterator[Row]:
        """The rows that are filled in; all are reported and counted."""
        by_worth = {worth: fate for fate, worth in _WORTH.items()}
        with report.open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(("id", "url", "outcome", "detail"))
            for row in self._rows():
                worth, detail, filled = self._found.execute(
                    "SELECT worth, detail, filled FROM row WHERE id = ?", (row["id"],)
                ).fetchone()
                fate = by_worth[worth]
                fates[fate.value] += 1
                table.writerow((row["id"], row["url"], fate.value, detail or ""))
                if fate.is_filled:
                    yield {**row, **orjson.loads(filled)}


def _manifest(directory: Path) -> DatasetManifest:
    path = directory / "manifest.json"
    try:
        manifest = parse_dataset_manifest(path.read_bytes(), str(path))
    except OSError as error:
        raise BadAddress(f"{directory}: no data set here; download one with `newswarc dataset pull`") from error
    if not manifest.options.without_text or REMOVED.name not in manifest.columns:
        raise BadAddress(f"{directory}: {manifest.name}@{manifest.version} was not made with --without-text")
    return manifest


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while batch := list(islice(rest, GROUP)):
        yield batch


def _document(target: Path, made: DatasetManifest, data: DatasetFile) -> None:
    """The documents of what was filled in, its sums and its manifest."""
    made = made.model_copy(update={"files": (data,)})
    files = [data]
    for name, text in documents(made).items():
        (target / name).write_bytes(text)
    for name in (*documents(made), REPORT):
        file = target / name
        files.append(DatasetFile(path=name, size=file.stat().st_size, sha256=file_sha256(file)))
    (target / "SHA256SUMS").write_text("".join(f"{one.sha256}  {one.path}\n" for one in files), encoding="utf-8")
    (target / "manifest.json").write_bytes(made.model_copy(update={"files": tuple(files)}).to_bytes())
