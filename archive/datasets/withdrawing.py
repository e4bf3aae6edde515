"""Versions that hold what was removed from the archive are withdrawn: the one exception to their never changing.

Their files go, former versions of these too; their manifest stays, without files, and says why. A new version can be
built from what is left.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from archive.datasets.manifest import DatasetManifest, dataset_prefix, withdrawn
from archive.datasets.reading import dataset, known_rows, names, versions
from archive.holdings import DATASETS, note_manifest
from archive.manifests import file_sha256
from archive.storage.protocol import Storage


def withdraw(storage: Storage, records: Collection[str], reason: str) -> Iterator[str]:
    """Withdraw all versions with a row of these ids; gives their names. May be repeated.

    Raises DamagedArchive or StorageError.
    """
    wanted = set(records)
    for name in names(storage):
        for version in versions(storage, name):
            manifest = dataset(storage, name, version)
            if manifest.withdrawn:
                continue
            held = _held(storage, manifest, wanted)
            if held != 0:
                _withdraw(storage, manifest, reason, held)
                yield f"{name}@{version}"


def _held(storage: Storage, manifest: DatasetManifest, wanted: set[str]) -> int | None:
    """How many of the rows a version has; None for one without Parquet, of which that cannot be told."""
    if manifest.rows and not manifest.shards(".parquet"):
        return None
    return sum(record_id in wanted for record_id, _ in known_rows(storage, manifest))


def _withdraw(storage: Storage, manifest: DatasetManifest, reason: str, held: int | None) -> None:
    prefix = dataset_prefix(manifest.name, manifest.version)
    for file in manifest.files:
        storage.delete(f"{prefix}{file.path}")
        storage.forget(f"{prefix}{file.path}")
    with tempfile.TemporaryDirectory(prefix="newswarc-withdraw-") as scratch:
        path = Path(scratch) / "manifest.json"
        described = withdrawn(manifest, reason, held).to_bytes()
        path.write_bytes(described)
        storage.put(f"{prefix}manifest.json", path, file_sha256(path))
    note_manifest(storage, DATASETS, f"{prefix}manifest.json", described)
