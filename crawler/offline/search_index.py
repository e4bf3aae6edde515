"""The full-text index of an archive, made and kept up to date: by processes of this machine, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from archive.search.building import BuiltSplit, IndexPlanner, SplitPlan, build_split
from archive.sharding import WHOLE, Shard
from crawler.config import software
from crawler.offline.bulk_storages import BulkStorages
from crawler.offline.cluster import on_cluster

_ROUNDS = 4
"""How often splits are merged: each time larger ones."""

Progress = Callable[[BuiltSplit], None]


@dataclass(slots=True)
class IndexingReport:
    """What was done."""

    splits: int = 0
    """Built, merged ones among them."""
    articles: int = 0
    """Taken into the index that were not in it."""
    merged: int = 0
    """Splits that were removed because others answer for all that they have."""
    unreadable: int = 0
    """Records that could not be read as such."""
    problems: list[str] = field(default_factory=list)


def build_one(place: BulkStorages, plan: SplitPlan) -> BuiltSplit:
    """Build a split, in any process. Raises DamagedArchive or StorageError."""
    storage, _ = place.storages()
    return build_split(storage, plan, software())


class Indexing:
    """Makes the index of an archive complete."""

    def __init__(self, place: BulkStorages, *, workers: int = 1, scheduler: str = "", shard: Shard = WHOLE) -> None:
        """`scheduler` is that of a Dask cluster; without one the work is done here."""
        self._place = place
        self._workers = workers
        self._scheduler = scheduler
        self._shard = shard
        storage, _ = place.storages()
        self._planner = IndexPlanner(storage, shard)

    def run(self, progress: Progress = lambda _: None) -> IndexingReport:
        """Build what is missing, merge what is small, remove what is superseded. Doing it again does nothing more.

        Of a part of the segments only what is missing is built. Raises SearchUnavailable, DamagedArchive,
        StorageError or NoCluster.
        """
        report = IndexingReport()
        for built in self._built(self._planner.missing()):
            report.splits += 1
            report.articles += built.articles
            report.unreadable += built.unreadable
            progress(built)
        if not self._shard.is_whole:
            return report
        for _ in range(_ROUNDS):
            plans = self._planner.merges()
            for built in self._built(plans):
                report.splits += 1
                progress(built)
            report.merged += len(self._planner.remove_superseded())
            if not plans:
                break
        return report

    def tidy(self) -> int:
        """Remove what builds that died have left; how many files. Nobody may build meanwhile. Raises StorageError."""
        return self._planner.remove_loose()

    def _built(self, plans: Sequence[SplitPlan]) -> Iterator[BuiltSplit]:
        calls = [(self._place, plan) for plan in plans]
        if self._scheduler:
            yield from (built for _, built in on_cluster(self._scheduler, build_one, calls))
        elif len(calls) > 1 and self._workers > 1:
            with ProcessPoolExecutor(min(self._workers, len(calls)), mp_context=get_context("forkserver")) as pool:
                yield from pool.map(build_one, *zip(*calls, strict=True))
        else:
            yield from (build_one(*call) for call in calls)
