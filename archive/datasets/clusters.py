"""Clusters of a version: the same story at several papers, with its agency and its first publisher.

A cluster is the rows of one `clusterId`: texts that are equal, or nearly so (`archive.datasets.relations`). Who was
first is told by the earliest of the times that sources announced, or else that pages give; rows without any come
last. A time without a zone is taken as UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from archive.datasets.manifest import DatasetManifest
from archive.datasets.reading import parquet_of
from archive.datasets.rows import newspaper_moment
from archive.errors import BadAddress
from archive.storage.protocol import Storage

_NEEDED = ("id", "url", "site", "clusterId", "duplicateOf", "headline", "agencies", "foundDate", "datePublished")


@dataclass(frozen=True, slots=True)
class Cluster:
    """One story."""

    cluster_id: str
    rows: int
    equal: int
    """Rows with the text of an earlier one, to the letter."""
    sites: tuple[str, ...]
    """In the order in which they published it."""
    agency: str
    """The news agency that most of its rows name; empty when none does."""
    first_site: str
    first_url: str
    first_published: datetime | None
    """None when no row has a time."""
    last_published: datetime | None
    headline: str
    """Of the first row."""

    def as_row(self) -> dict[str, Any]:
        """As cells of a table."""
        return {**asdict(self), "sites": " ".join(self.sites)}


def clusters(storage: Storage, manifest: DatasetManifest, least: int = 2) -> list[Cluster]:
    """Clusters of at least so many rows, the largest first.

    Raises BadAddress when the version lacks a column for it, or has no Parquet; DamagedArchive or StorageError.
    """
    shards = manifest.shards(".parquet")
    missing = [name for name in ("clusterId", "site") if name not in manifest.columns]
    if not shards or missing:
        lacks = f"the column {missing[0]}" if missing else "Parquet files"
        raise BadAddress(f"{manifest.name}@{manifest.version}: clusters need {lacks}; build a version that has it")
    sizes = Counter(row["clusterId"] for row in _rows(storage, manifest, ("clusterId",)))
    members: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(storage, manifest, _NEEDED):
        if sizes[row["clusterId"]] >= least:
            members.setdefault(row["clusterId"], []).append(row)
    found = [_cluster(name, rows) for name, rows in members.items()]
    return sorted(found, key=lambda one: (-one.rows, one.cluster_id))


def _rows(storage: Storage, manifest: DatasetManifest, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    there = [name for name in names if name in manifest.columns]
    for file in manifest.shards(".parquet"):
        with parquet_of(storage, manifest, file) as shard:
            for batch in shard.iter_batches(columns=there):
                yield from batch.to_pylist()


def _cluster(name: str, rows: list[dict[str, Any]]) -> Cluster:
    timed = sorted(((_moment(row), row["url"], row["id"]), row) for row in rows if _moment(row) is not None)
    ordered = [row for _, row in timed] + [row for row in rows if _moment(row) is None]
    agencies = Counter(agency for row in rows for agency in set(row.get("agencies") or ()))
    first, moments = ordered[0], [key[0] for key, _ in timed]
    return Cluster(
        cluster_id=name,
        rows=len(rows),
        equal=sum(row.get("duplicateOf") is not None for row in rows),
        sites=tuple(dict.fromkeys(row["site"] for row in ordered)),
        agency=min(agencies, key=lambda one: (-agencies[one], one)) if agencies else "",
        first_site=first["site"],
        first_url=first["url"],
        first_published=moments[0] if moments else None,
        last_published=moments[-1] if moments else None,
        headline=first.get("headline") or "",
    )


def _moment(row: dict[str, Any]) -> datetime | None:
    announced = newspaper_moment(row.get("foundDate"))
    published: datetime | None = row.get("datePublished")
    return announced or published
