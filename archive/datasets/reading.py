"""Which data sets exist, what they contain, and whether they are intact."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow.parquet as pq

from archive.datasets.manifest import DatasetFile, DatasetManifest, dataset_prefix, parse_dataset_manifest
from archive.datasets.ranges import StoredFileReader
from archive.errors import BadAddress
from archive.faults import Fault, FaultKind
from archive.storage.protocol import Storage

_MANIFEST = "/manifest.json"
_READ = 1 << 20


def names(storage: Storage) -> list[str]:
    """Names of the data sets."""
    return sorted({item.key.split("/")[1] for item in storage.list("datasets/") if item.key.endswith(_MANIFEST)})


def versions(storage: Storage, name: str) -> list[str]:
    """Versions of a data set, oldest first: numbers by their value, others by their letters."""
    keys = (item.key for item in storage.list(dataset_prefix(name)))
    found = {key.split("/")[2] for key in keys if key.endswith(_MANIFEST)}
    return sorted(
        found, key=lambda version: [(int(part), "") if part.isdigit() else (-1, part) for part in version.split(".")]
    )


def dataset(storage: Storage, name: str, version: str = "") -> DatasetManifest:
    """A version; without `version`, the newest that was not withdrawn. Raises BadAddress if there is none."""
    known = versions(storage, name)
    if version and version not in known:
        raise BadAddress(f"{name}@{version}: no such version; versions: {', '.join(known) or 'none'}")
    for one in [version] if version else reversed(known):
        key = f"{dataset_prefix(name, one)}manifest.json"
        with storage.open_range(key) as stream:
            manifest = parse_dataset_manifest(stream.read(), key)
        if version or not manifest.withdrawn:
            return manifest
    raise BadAddress(f"{name}: no such data set in {storage.uri}; see `newswarc dataset list`")


def newest_version(storage: Storage, name: str) -> DatasetManifest | None:
    """The newest version that was not withdrawn."""
    try:
        return dataset(storage, name)
    except BadAddress:
        return None


def parquet_of(storage: Storage, manifest: DatasetManifest, file: DatasetFile) -> pq.ParquetFile:
    """A shard, read by ranges: only what is requested."""
    key = f"{dataset_prefix(manifest.name, manifest.version)}{file.path}"
    return pq.ParquetFile(StoredFileReader(storage, key, file.size))


def known_rows(storage: Storage, manifest: DatasetManifest) -> Iterator[tuple[str, str]]:
    """Id and text digest of each row; nothing when there is no Parquet."""
    for file in manifest.shards(".parquet"):
        with parquet_of(storage, manifest, file) as shard:
            wanted = [name for name in ("id", "contentSha256", "headline") if name in shard.schema_arrow.names]
            for batch in shard.iter_batches(columns=wanted):
                for row in batch.to_pylist():
                    yield row["id"], f"{row['contentSha256']} {row.get('headline')}"


def row_with(storage: Storage, record_id: str, name: str = "") -> dict[str, Any] | None:
    """A row by its id, of one data set or of any, newest versions first."""
    for one in [name] if name else names(storage):
        manifest = newest_version(storage, one)
        for file in manifest.shards(".parquet") if manifest is not None else ():
            assert manifest is not None
            with parquet_of(storage, manifest, file) as shard:
                for batch in shard.iter_batches(columns=["id", "url", "warcFile", "warcOffset", "warcLength"]):
                    for row in batch.to_pylist():
                        if row["id"] == record_id:
                            return dict(row)
    return None


def verify_dataset(
    storage: Storage, manifest: DatasetManifest, progress: Callable[[str], None], *, deep: bool = True
) -> list[Fault]:
    """Hold each file against the manifest; not `deep`, only that it is there in its length. Raises
    StorageUnavailable or StorageRefused.
    """
    prefix = dataset_prefix(manifest.name, manifest.version)
    there = {item.key: item.size for item in storage.list(prefix)}
    faults: list[Fault] = []
    for file in manifest.files:
        key = f"{prefix}{file.path}"
        progress(file.path)
        if key not in there:
            faults.append(Fault(FaultKind.MISSING_OBJECT, key, "the manifest names it"))
        elif there[key] != file.size:
            faults.append(Fault(FaultKind.WRONG_SIZE, key, f"{there[key]} bytes, not {file.size}"))
        elif deep and _digest(storage, key) != file.sha256:
            faults.append(Fault(FaultKind.WRONG_DIGEST, key, f"SHA-256 is not {file.sha256}"))
    return faults


def _digest(storage: Storage, key: str) -> str:
    digest = hashlib.sha256()
    with storage.open_range(key) as stream:
        while part := stream.read(_READ):
            digest.update(part)
    return digest.hexdigest()
