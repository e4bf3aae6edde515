"""Downloading a version, or a part of it.

Whole files are downloaded in pieces, several at once, and get their names when their digests are right. A file that
is there with the right digest is left alone; one with another is downloaded again. Of a selection only the row groups
and columns that are needed are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from archive.access_rules import AccessRules
from archive.datasets.card import documents
from archive.datasets.citing import digest_of
from archive.datasets.conditions import Condition
from archive.datasets.downloading import PIECE, Download
from archive.datasets.manifest import (
    DatasetFile,
    DatasetManifest,
    DatasetSelection,
    dataset_prefix,
    parse_dataset_manifest,
)
from archive.datasets.ranges import StoredFileReader
from archive.datasets.shards import GROUP, ShardFacts
from archive.datasets.statistics import statistics_of
from archive.datasets.withheld import rules_of_rows
from archive.errors import BadAddress, DamagedArchive
from archive.manifests import file_sha256
from archive.named_files import require_new
from archive.storage.protocol import Storage

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Pulled:
    """The result."""

    directory: str
    files: int
    rows: int
    received: int
    """Number of bytes read from the storage."""
    kept: int = 0
    """Number of files that already existed."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows that were selected, and the manifest that tells how."""

    pulled: Pulled
    manifest: DatasetManifest


Progress = Callable[[int], None]
"""Called with the number of bytes received."""


def pull(
    storage: Storage,
    manifest: DatasetManifest,
    directory: Path,
    progress: Progress,
    *,
    jobs: int = 4,
    piece: int = PIECE,
    overwrite: bool = False,
) -> Pulled:
    """Download a version, `jobs` pieces of `piece` bytes at once.

    Raises BadAddress when a file that is no part of this version would be replaced (`overwrite`: it is),
    DamagedArchive when a file cannot be had whole, ObjectMissing, StorageError or OSError.
    """
    prefix = dataset_prefix(manifest.name, manifest.version)
    downloads = [
        Download(storage, f"{prefix}{file.path}", file, directory / file.path, piece) for file in manifest.files
    ]
    with ThreadPoolExecutor(jobs) as pool:
        is_there = list(pool.map(Download.is_there, downloads))
        left = [one for one, there in zip(downloads, is_there, strict=True) if not there]
        if not (overwrite or _is_of(manifest, directory)):
            require_new(directory / "manifest.json", *(one.target for one in left), overwrite=False)
        for _ in range(_TRIES):
            left = _attempt(left, pool, progress)
    if left:
        raise DamagedArchive(
            f"{left[0].key}: the stored file differs from the manifest; run `newswarc dataset verify`"
        )
    (directory / "manifest.json").write_bytes(manifest.to_bytes())
    received = sum(download.received for download in downloads)
    return Pulled(str(directory), len(manifest.files), manifest.rows, received, sum(is_there))


def _attempt(downloads: list[Download], pool: ThreadPoolExecutor, progress: Progress) -> list[Download]:
    """Download files; those that are not as they should be are given back."""
    pending = [pool.submit(download.fetch, number) for download in downloads for number in download.missing()]
    try:
        for piece in as_completed(pending):
            progress(piece.result())
    finally:
        for piece in pending:
            piece.cancel()
    are_right = pool.map(Download.finish, downloads)
    return [download for download, is_right in zip(downloads, are_right, strict=True) if not is_right]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows and columns of a version are selected; what is empty selects all."""

    condition: Condition | None = None
    columns: tuple[str, ...] = ()
    query: str = ""
    """For the full-text index, whose answer is `ids`."""
    ids: frozenset[str] | None = None
    rules: AccessRules | None = None
    """Rows that these name are left out."""
    withheld: Mapping[str, int] = field(default_factory=dict)
    """How many they are, by what the rule says."""

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self.condition is None and not self.columns and self.ids is None and not self.rules

    def filter(self, table: pa.Table) -> pa.Table:
        """The rows that are selected."""
        if self.condition is not None:
            table = self.condition.filter(table)
        if self.ids is not None:
            table = table.filter(pa.array((row in self.ids for row in table["id"].to_pylist()), pa.bool_()))
        if self.rules:
            table = table.filter(pa.array((one is None for one in rules_of_rows(table, self.rules)), pa.bool_()))
        return table

    def needed(self, columns: Iterable[str]) -> list[str]:
        """The columns that are read, when these are written."""
        judged = ("url", "captured") if self.rules else ()
        asked = self.condition.columns if self.condition is not None else ()
        return list(dict.fromkeys([*columns, *asked, *(("id",) if self.ids is not None else ()), *judged]))


def _is_of(manifest: DatasetManifest, directory: Path) -> bool:
    """Whether a directory has this version, or a selection of it, already."""
    try:
        there = parse_dataset_manifest((directory / "manifest.json").read_bytes(), "")
    except (OSError, DamagedArchive):
        return False
    return (there.name, there.version) == (manifest.name, manifest.version)


def select(
    storage: Storage,
    manifest: DatasetManifest,
    directory: Path,
    wanted: Wanted,
    progress: Progress,
    *,
    overwrite: bool = False,
) -> Selection:
    """Download rows and columns alone, as Parquet, with documents that say how they were selected.

    Raises BadAddress, also when files that are no part of this version would be replaced without `overwrite`,
    DamagedArchive, StorageError or OSError.
    """
    shards = manifest.shards(".parquet")
    if not shards:
        raise BadAddress(f"{manifest.name}@{manifest.version} has no Parquet files to select from; pull all of it")
    if not (overwrite or _is_of(manifest, directory)):
        names = ("manifest.json", "SHA256SUMS", *documents(manifest), *(shard.path for shard in shards))
        require_new(*(directory / name for name in names), overwrite=False)
    facts, files, received = ShardFacts(), [], 0
    columns: tuple[str, ...] = ()
    for shard in shards:
        reader = StoredFileReader(
            storage, f"{dataset_prefix(manifest.name, manifest.version)}{shard.path}", shard.size
        )
        before = facts.rows
        target = directory / shard.path
        columns = _select_from(reader, target, wanted, facts)
        received += reader.received
        files.append(
            DatasetFile(
                path=shard.path, size=target.stat().st_size, sha256=file_sha256(target), rows=facts.rows - before
            )
        )
        progress(reader.received)
    made = _describe(manifest, directory, wanted, facts, columns, files)
    return Selection(Pulled(str(directory), len(shards), facts.rows, received), made)


def _select_from(reader: StoredFileReader, target: Path, wanted: Wanted, facts: ShardFacts) -> tuple[str, ...]:
    """The columns that were written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    with pq.ParquetFile(reader, pre_buffer=False) as file:
        there = file.schema_arrow
        _require_columns(there.names, wanted)
        names = [name for name in there.names if not wanted.columns or name in wanted.columns]
        names.sort(key=wanted.columns.index if wanted.columns else there.names.index)
        schema = pa.schema([there.field(name) for name in names])
        groups = wanted.condition.row_groups(file.metadata) if wanted.condition else range(file.num_row_groups)
        with pq.ParquetWriter(part, schema, compression="zstd") as writer:
            for number in groups:
                table = wanted.filter(file.read_row_group(number, columns=wanted.needed(names)))
                chosen = table.select(names).cast(schema)
                facts.add(chosen)
                writer.write_table(chosen, row_group_size=GROUP)
    part.rename(target)
    return tuple(names)


def _require_columns(there: Sequence[str], wanted: Wanted) -> None:
    for option, names in (
        ("--columns", wanted.columns),
        ("--where", wanted.condition.columns if wanted.condition is not None else ()),
    ):
        if unknown := [name for name in names if name not in there]:
            raise BadAddress(f"{option}: no column {unknown[0]!r} in this version; schema.json lists the columns")


def _describe(
    manifest: DatasetManifest,
    directory: Path,
    wanted: Wanted,
    facts: ShardFacts,
    columns: tuple[str, ...],
    files: list[DatasetFile],
) -> DatasetManifest:
    """Card, citation, digests, and how it was made, like those of a version."""
    selection = DatasetSelection(
        where=wanted.condition.text if wanted.condition is not None else "",
        query=wanted.query,
        columns=wanted.columns,
        withheld=dict(wanted.withheld),
        rows=manifest.rows,
        digest=digest_of(manifest),
    )
    made = manifest.model_copy(
        update={
            "rows": facts.rows,
            "columns": columns,
            "files": tuple(files),
            "selection": None if wanted.is_everything else selection,
            "statistics": manifest.statistics if wanted.is_everything else statistics_of(facts, columns, 0, 0),
        }
    )
    for path, data in documents(made).items():
        (directory / path).write_bytes(data)
        files.append(DatasetFile(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest()))
    sums = "".join(f"{file.sha256}  {file.path}\n" for file in files).encode()
    (directory / "SHA256SUMS").write_bytes(sums)
    files.append(DatasetFile(path="SHA256SUMS", size=len(sums), sha256=hashlib.sha256(sums).hexdigest()))
    made = made.model_copy(update={"files": tuple(files)})
    (directory / "manifest.json").write_bytes(made.to_bytes())
    return made
