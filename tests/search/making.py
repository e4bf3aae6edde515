"""Small archives of made records, and their index."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archive.search.building import BuiltSplit, IndexPlanner, build_split
from archive.search.searching import Searcher
from archive.storage.local import LocalStorage
from archive.storage.protocol import Storage
from tests.datasets.making import record, store

Records = Sequence[dict[str, Any]]


def archive(directory: Path, *segments: Records) -> LocalStorage:
    """An archive with these records, a sequence for each segment."""
    storage = LocalStorage(directory / "archive")
    store(storage, segments, directory / "scratch")
    return storage


def index(storage: Storage) -> list[BuiltSplit]:
    """Build what is missing, one split for all of a month."""
    planner = IndexPlanner(storage)
    built = [build_split(storage, plan, "test") for plan in planner.missing()]
    planner.remove_superseded()
    return built


def index_apart(storage: Storage) -> list[BuiltSplit]:
    """Build a split for each segment."""
    built = []
    for plan in IndexPlanner(storage).missing():
        for one in plan.segments:
            built.append(build_split(storage, type(plan)(plan.month, (one,)), "test"))
    return built


def searcher(storage: Storage, directory: Path, **given: Any) -> Searcher:
    """A searcher that looks at the list of splits each time."""
    return Searcher(storage, directory / "search", **{"look_every": 0.0, **given})


def story(number: int, text: str = "", **given: Any) -> dict[str, Any]:
    """A record with a text of one's own."""
    return record(number, **({"articleBody": text} if text else {}), **given)


def numbers(found: Searcher, query: str, **given: Any) -> set[str]:
    """The last part of the addresses of all stored records that a query means."""
    result = found.search(query, limit=200, folded=False, **given)
    assert result.count == len(result.hits)
    return {hit.article.url.rpartition("/")[2] for hit in result.hits}
