"""Rows of a version that access rules withhold. The version keeps its bytes; these rows are not given out."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from archive.access_rules import AccessRule, AccessRules
from archive.datasets.manifest import DatasetFile, DatasetManifest, dataset_prefix
from archive.datasets.reading import parquet_of
from archive.errors import AccessRefused
from archive.period import moment_of
from archive.storage.protocol import Storage

_JUDGED = ["url", "captured"]


@dataclass(slots=True)
class WithheldRows:
    """What rules withhold of a version."""

    by_rule: Counter[str] = field(default_factory=Counter)
    """Rows, by what the rule says."""
    files: dict[str, str] = field(default_factory=dict)
    """Files that hold such rows, by path, each with what a rule says."""
    rules: AccessRules | None = None
    """The rules, when they withhold anything."""


def withheld_rows(storage: Storage, manifest: DatasetManifest, rules: AccessRules) -> WithheldRows:
    """Look through addresses and dates of capture of all rows.

    Raises AccessRefused for a version without Parquet, of which rows cannot be left out, when rules withhold any;
    ObjectMissing or StorageError.
    """
    found = WithheldRows()
    if not rules:
        return found
    parquet = manifest.shards(".parquet")
    for file in parquet or manifest.shards(".jsonl.gz"):
        read = _of_parquet if parquet else _of_lines
        told = Counter(rule.description() for rule in read(storage, manifest, file, rules) if rule is not None)
        if told:
            found.by_rule.update(told)
            found.rules = rules
            found.files |= {path: next(iter(told)) for path in _same_rows(manifest, file)}
    if found.by_rule and not parquet:
        raise AccessRefused(
            f"{manifest.name}@{manifest.version}: it has no Parquet to leave rows out of; build a new version: "
            + "; ".join(found.by_rule)
        )
    return found


def rules_of_rows(table: pa.Table, rules: AccessRules) -> Iterator[AccessRule | None]:
    """For each row of a table with addresses and dates of capture the rule that names it."""
    for url, captured in zip(table["url"].to_pylist(), table["captured"].to_pylist(), strict=True):
        yield rules.naming(url, captured)


def _of_parquet(
    storage: Storage, manifest: DatasetManifest, file: DatasetFile, rules: AccessRules
) -> Iterator[AccessRule | None]:
    with parquet_of(storage, manifest, file) as shard:
        for batch in shard.iter_batches(columns=_JUDGED):
            yield from rules_of_rows(pa.Table.from_batches([batch]), rules)


def _of_lines(
    storage: Storage, manifest: DatasetManifest, file: DatasetFile, rules: AccessRules
) -> Iterator[AccessRule | None]:
    key = f"{dataset_prefix(manifest.name, manifest.version)}{file.path}"
    with storage.open_range(key) as packed, gzip.open(packed, "rb") as lines:
        for line in lines:
            row: dict[str, Any] = json.loads(line)
            yield rules.naming(row["url"], moment_of(row["captured"] or ""))


def _same_rows(manifest: DatasetManifest, file: DatasetFile) -> Iterator[str]:
    """The paths of a shard's files, one a format."""
    stem = PurePosixPath(file.path).name.partition(".")[0]
    for other in (*manifest.shards(".parquet"), *manifest.shards(".jsonl.gz")):
        if PurePosixPath(other.path).name.partition(".")[0] == stem:
            yield other.path
