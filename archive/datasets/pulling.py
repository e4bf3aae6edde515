"""Downloading a version, or a part of it.

Whole files are downloaded in pieces, several at once, and get their names when their digests are right. A file that
is there with the right digest is left alone; one with another is downloaded again. Of a selection only the row groups
and columns that are needed are read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from archive.access_rules import AccessRules
from archive.datasets.conditions import Condition
from archive.datasets.downloading import PIECE, Download
from archive.datasets.manifest import DatasetManifest, dataset_prefix
from archive.datasets.ranges import StoredFileReader
from archive.datasets.rows import SCHEMA
from archive.datasets.shards import GROUP
from archive.datasets.withheld import rules_of_rows
from archive.errors import BadAddress, DamagedArchive
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
) -> Pulled:
    """Download a version, `jobs` pieces of `piece` bytes at once.

    Raises DamagedArchive when a file cannot be had whole, ObjectMissing, StorageError or OSError.
    """
    prefix = dataset_prefix(manifest.name, manifest.version)
    downloads = [
        Download(storage, f"{prefix}{file.path}", file, directory / file.path, piece) for file in manifest.files
    ]
    with ThreadPoolExecutor(jobs) as pool:
        is_there = list(pool.map(Download.is_there, downloads))
        left = [one for one, there in zip(downloads, is_there, strict=True) if not there]
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


def select(
    storage: Storage,
    manifest: DatasetManifest,
    directory: Path,
    condition: Condition | None,
    columns: list[str] | None,
    progress: Progress,
    rules: AccessRules | None = None,
) -> Pulled:
    """Download rows and columns alone, as Parquet, without rows that access rules name.

    Raises BadAddress, DamagedArchive, StorageError or OSError.
    """
    if unknown := [name for name in columns or () if name not in SCHEMA.names]:
        raise BadAddress(f"--columns: no column {unknown[0]!r}; schema.json lists the columns")
    shards = manifest.shards(".parquet")
    if not shards:
        raise BadAddress(f"{manifest.name}@{manifest.version} has no Parquet files to select from; pull all of it")
    wanted = columns or SCHEMA.names
    judged = ("url", "captured") if rules else ()
    needed = list(dict.fromkeys([*wanted, *(condition.columns if condition else ()), *judged]))
    rows = received = files = 0
    for shard in shards:
        reader = StoredFileReader(
            storage, f"{dataset_prefix(manifest.name, manifest.version)}{shard.path}", shard.size
        )
        taken = _select_from(reader, directory / shard.path, condition, wanted, needed, rules)
        rows, received, files = rows + taken, received + reader.received, files + 1
        progress(reader.received)
    facts: dict[str, Any] = {"name": manifest.name, "version": manifest.version, "rows": rows, "columns": wanted}
    facts["where"] = (
        [f"{one.column} {one.sign} {list(one.values)}" for one in condition.comparisons] if condition else []
    )
    (directory / "selection.json").write_text(
        json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    return Pulled(str(directory), files, rows, received)


def _select_from(
    reader: StoredFileReader,
    target: Path,
    condition: Condition | None,
    wanted: list[str],
    needed: list[str],
    rules: AccessRules | None,
) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    schema = pa.schema([SCHEMA.field(name) for name in wanted])
    rows = 0
    with (
        pq.ParquetFile(reader, pre_buffer=False) as file,
        pq.ParquetWriter(part, schema, compression="zstd") as writer,
    ):
        groups = condition.row_groups(file.metadata) if condition else list(range(file.metadata.num_row_groups))
        for number in groups:
            table = file.read_row_group(number, columns=needed)
            if condition:
                table = table.filter(condition.expression())
            if rules:
                table = table.filter(pa.array(rule is None for rule in rules_of_rows(table, rules)))
            chosen = table.select(wanted).cast(schema)
            rows += chosen.num_rows
            writer.write_table(chosen, row_group_size=GROUP)
    part.rename(target)
    return rows
