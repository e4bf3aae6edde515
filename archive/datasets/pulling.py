"""A version, or a part of it, onto this machine.

Whole files are downloaded beside their names, gone on with where they ended, and get their names when their digests
are right. A file that is there with the right digest is left alone; one with another is downloaded again. Of a
selection only the row groups and columns that are needed are read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from archive.datasets.conditions import Condition
from archive.datasets.manifest import DatasetFile, DatasetManifest, dataset_prefix
from archive.datasets.ranges import StoredFileReader
from archive.datasets.rows import SCHEMA
from archive.datasets.shards import GROUP
from archive.errors import BadAddress, DamagedArchive
from archive.manifests import file_sha256
from archive.storage.protocol import Storage

_COPY = 1 << 20
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Pulled:
    """What came of it."""

    directory: str
    files: int
    rows: int
    received: int
    """Bytes that were read from the storage."""
    kept: int = 0
    """Files that were there already."""


Progress = Callable[[int], None]
"""Called with bytes received."""


def pull(
    storage: Storage, manifest: DatasetManifest, directory: Path, progress: Progress, *, jobs: int = 4
) -> Pulled:
    """Download a version. Raises DamagedArchive when a file cannot be had whole, StorageError or OSError."""
    prefix = dataset_prefix(manifest.name, manifest.version)

    def one(file: DatasetFile) -> tuple[int, bool]:
        return _download(storage, f"{prefix}{file.path}", file, directory / file.path, progress)

    with ThreadPoolExecutor(jobs) as pool:
        done = list(pool.map(one, manifest.files))
    (directory / "manifest.json").write_bytes(manifest.to_bytes())
    received, kept = sum(count for count, _ in done), sum(was_there for _, was_there in done)
    return Pulled(str(directory), len(manifest.files), manifest.rows, received, kept)


def _download(storage: Storage, key: str, file: DatasetFile, target: Path, progress: Progress) -> tuple[int, bool]:
    """Bytes received, and whether the file was there already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_file() and target.stat().st_size == file.size and file_sha256(target) == file.sha256:
        return 0, True
    part = target.with_name(f".{target.name}.part")
    received = 0
    for _ in range(_TRIES):
        received += _go_on(storage, key, file, part, progress)
        if part.stat().st_size == file.size and file_sha256(part) == file.sha256:
            part.rename(target)
            return received, False
        part.unlink()
    raise DamagedArchive(
        f"{key}: what the storage gives is not what the manifest says; run `newswarc dataset verify`"
    )


def _go_on(storage: Storage, key: str, file: DatasetFile, part: Path, progress: Progress) -> int:
    """Download what is missing of a file."""
    with part.open("ab") as writing:
        begun = writing.tell()
        if begun < file.size:
            with storage.open_range(key, begun, None) as stream:
                while data := stream.read(_COPY):
                    writing.write(data)
                    progress(len(data))
        return writing.tell() - begun


def select(
    storage: Storage,
    manifest: DatasetManifest,
    directory: Path,
    condition: Condition | None,
    columns: list[str] | None,
    progress: Progress,
) -> Pulled:
    """Download rows and columns alone, as Parquet. Raises BadAddress, DamagedArchive, StorageError or OSError."""
    if unknown := [name for name in columns or () if name not in SCHEMA.names]:
        raise BadAddress(f"--columns: there is no column {unknown[0]!r}; schema.json lists them")
    shards = manifest.shards(".parquet")
    if not shards:
        raise BadAddress(f"{manifest.name}@{manifest.version} has no Parquet to choose from; pull all of it")
    wanted = columns or SCHEMA.names
    needed = list(dict.fromkeys([*wanted, *(condition.columns if condition else ())]))
    rows = received = files = 0
    for shard in shards:
        reader = StoredFileReader(
            storage, f"{dataset_prefix(manifest.name, manifest.version)}{shard.path}", shard.size
        )
        taken = _select_from(reader, directory / shard.path, condition, wanted, needed)
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
    reader: StoredFileReader, target: Path, condition: Condition | None, wanted: list[str], needed: list[str]
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
            chosen = table.select(wanted).cast(schema)
            rows += chosen.num_rows
            writer.write_table(chosen, row_group_size=GROUP)
    part.rename(target)
    return rows
