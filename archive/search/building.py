"""Building splits: what has to be built, building one, publishing it, removing what it supersedes.

A split is made from records alone, and so is a merged one: it always holds what is current. Files go first, then the
manifest; a build that dies leaves loose files, which answer for nothing and go when the same split is built again, at
a redaction, and by ``newswarc index --tidy``.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.derived import lines_with_members
from archive.errors import DamagedArchive, ObjectExists, ObjectMissing
from archive.layout import SegmentName
from archive.manifests import parse_completion, stored_file
from archive.search.analysis import ANALYSIS
from archive.search.documents import document_of, record_of, segment_number
from archive.search.engine import META, engine, index_files, index_format, new_index, schema, writer_of
from archive.search.splits import (
    PREFIX,
    Coverage,
    IndexedSegment,
    RecordsState,
    SplitListing,
    SplitManifest,
    SplitReader,
    coverage,
    current_records,
    directory_of,
    month_of,
    split_name,
)
from archive.sharding import WHOLE, Shard
from archive.storage.protocol import Storage

LARGEST = 60_000
"""Articles of a split that is merged; more only when a segment has more. A redaction makes a split anew."""
_MERGED = 8
"""Splits of about one size that become one."""
_SMALLEST = 500
"""Articles up to which splits are of one size."""


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """A split that is to be built."""

    month: str
    segments: tuple[IndexedSegment, ...]

    @property
    def articles(self) -> int:
        """How many articles it will have."""
        return sum(one.articles for one in self.segments)


@dataclass(frozen=True, slots=True)
class BuiltSplit:
    """What came of a plan."""

    name: str
    segments: int
    articles: int
    size: int
    is_new: bool
    """Whether nobody had built it before."""
    unreadable: int = 0
    """Records that could not be read as such, and are not in it."""


class IndexPlanner:
    """Finds out what has to be built."""

    def __init__(self, storage: Storage, shard: Shard = WHOLE) -> None:
        self._storage = storage
        self._shard = shard
        self._reader = SplitReader(storage, index_format())

    def look(self) -> tuple[Coverage, SplitListing, dict[str, RecordsState]]:
        """How things stand. Raises StorageError."""
        listing = self._reader.list()
        current = current_records(self._storage)
        return coverage(listing.splits, current), listing, current

    def missing(self) -> list[SplitPlan]:
        """Splits for segments that nothing answers for, and in place of those with outdated ones.

        The manifests of damaged splits are removed: one of the same name may have to be built.

        Raises StorageError or DamagedArchive.
        """
        found, listing, current = self.look()
        for key in listing.broken:
            self._storage.delete(key)
        months: defaultdict[str, list[IndexedSegment]] = defaultdict(list)
        wanted = set(found.missing)
        for split in found.used:
            if found.outdated[split.name]:
                wanted |= {name for name, one in found.answering.items() if one is split}
        for name in sorted(filter(self._shard.holds, wanted)):
            months[month_of(name)].append(self._described(name, current[name]))
        return [plan for month, segments in sorted(months.items()) for plan in _batches(month, segments)]

    def merges(self) -> list[SplitPlan]:
        """Splits in place of several small ones."""
        found, _, _ = self.look()
        months: defaultdict[str, list[SplitManifest]] = defaultdict(list)
        for split in found.used:
            months[split.month].append(split)
        return [plan for month, splits in sorted(months.items()) for plan in _merges(month, splits, found)]

    def remove_superseded(self) -> list[str]:
        """Remove what answers for nothing; names of the splits. Raises StorageError."""
        found, _, _ = self.look()
        for split in found.superseded:
            remove_split(self._storage, split)
        return [split.name for split in found.superseded]

    def remove_loose(self) -> int:
        """Remove files that no manifest names, and older analyses; how many files. Nobody may build meanwhile."""
        _, listing, _ = self.look()
        loose = list(listing.loose)
        for item in self._storage.list(PREFIX):
            analysis = item.key.split("/")[1]
            if analysis != ANALYSIS and _number(analysis) < _number(ANALYSIS):
                loose.append(item.key)
        for key in loose:
            self._storage.delete(key)
            self._storage.forget(key)
        return len(loose)

    def _described(self, segment: str, state: RecordsState) -> IndexedSegment:
        name = SegmentName.parse(segment)
        key = name.revised(name.completion_key(state[0]), state[1])
        with self._storage.open_range(key) as stream:
            completion = parse_completion(stream.read(), key)
        return IndexedSegment(segment=segment, generation=state[0], revision=state[1], articles=completion.articles)


def complete_index(storage: Storage, software: str) -> int:
    """Build what is missing, merge once, remove what is superseded, in this thread; how many articles were taken in.

    Raises SearchUnavailable, DamagedArchive, StorageError or OSError.
    """
    planner = IndexPlanner(storage)
    taken = sum(build_split(storage, plan, software).articles for plan in planner.missing())
    for plan in planner.merges():
        build_split(storage, plan, software)
    planner.remove_superseded()
    return taken


def _number(analysis: str) -> int:
    return int(analysis[1:]) if analysis[1:].isdigit() else 1 << 30


def _batches(month: str, segments: Iterable[IndexedSegment]) -> Iterator[SplitPlan]:
    waiting: list[IndexedSegment] = []
    for one in segments:
        if waiting and sum(known.articles for known in waiting) + one.articles > LARGEST:
            yield SplitPlan(month, tuple(waiting))
            waiting = []
        waiting.append(one)
    if waiting:
        yield SplitPlan(month, tuple(waiting))


def _merges(month: str, splits: list[SplitManifest], found: Coverage) -> Iterator[SplitPlan]:
    """Of each size, all splits that are enough to be one."""
    sizes: defaultdict[int, list[SplitPlan]] = defaultdict(list)
    for split in splits:
        plan = SplitPlan(month, tuple(one for one in split.segments if found.answering.get(one.segment) is split))
        size = 0
        while _SMALLEST * _MERGED**size < plan.articles:
            size += 1
        sizes[size].append(plan)
    for plans in sizes.values():
        if len(plans) >= _MERGED:
            yield from _joined(month, sorted(plans, key=lambda plan: plan.articles))


def _joined(month: str, plans: list[SplitPlan]) -> Iterator[SplitPlan]:
    """Whole splits put together: one that supersedes others has more segments than each of them."""
    waiting: list[SplitPlan] = []
    for plan in [*plans, None]:
        if plan is None or sum(known.articles for known in waiting) + plan.articles > LARGEST:
            if len(waiting) > 1:
                yield SplitPlan(month, tuple(one for known in waiting for one in known.segments))
            waiting = []
        if plan is not None:
            waiting.append(plan)


def build_split(storage: Storage, plan: SplitPlan, software: str) -> BuiltSplit:
    """Build and publish a split. May be done again, and by several machines at once.

    Raises SearchUnavailable, DamagedArchive, StorageError or OSError.
    """
    name = split_name(plan.segments, index_format())
    with tempfile.TemporaryDirectory(prefix="newswarc-split-") as scratch:
        directory = Path(scratch) / "index"
        directory.mkdir()
        writing = _Writing(directory)
        for one in plan.segments:
            writing.add_segment(storage, one, segment_number(name, one.segment))
        writing.finish()
        prefix = f"{directory_of(plan.month)}{name}/"
        paths = index_files(directory)
        files = tuple(stored_file(f"{prefix}{path.name}", path) for path in paths)
        for path, file in zip(paths, files, strict=True):
            storage.put(file.key, path, file.sha256)
        manifest = SplitManifest(
            name=name,
            analysis=ANALYSIS,
            format=index_format(),
            month=plan.month,
            segments=plan.segments,
            articles=writing.articles,
            text_bytes=writing.text_bytes,
            files=files,
            description=(directory / META).read_text(encoding="utf-8"),
            software=software,
        )
        is_new = _publish(storage, manifest, prefix)
    return BuiltSplit(name, len(plan.segments), writing.articles, manifest.size, is_new, writing.unreadable)


def _publish(storage: Storage, manifest: SplitManifest, prefix: str) -> bool:
    """Store a manifest, unless there is one; remove files that the one that is there does not name."""
    is_new = True
    try:
        storage.put_if_absent(manifest.key, manifest.to_bytes())
    except ObjectExists:
        is_new = False
        try:
            with storage.open_range(manifest.key) as stream:
                manifest = SplitManifest.model_validate_json(stream.read())
        except ObjectMissing:
            return is_new
    named = {file.key for file in manifest.files}
    for key in [item.key for item in storage.list(prefix) if item.key not in named]:
        storage.delete(key)
    return is_new


class _Writing:
    """An index that is being written."""

    def __init__(self, directory: Path) -> None:
        self._index = new_index(directory)
        self._writer = writer_of(self._index)
        self._document = engine().Document
        self.articles = 0
        self.text_bytes = 0
        self.unreadable = 0

    def add_segment(self, storage: Storage, one: IndexedSegment, number: int) -> None:
        with storage.open_range(SegmentName.parse(one.segment).records_key(one.generation)) as stream:
            for member, line in lines_with_members(stream):
                try:
                    record = record_of(line)
                    document = document_of(record, number, member)
                except (ValueError, KeyError, TypeError, AttributeError):
                    self.unreadable += 1
                    continue
                self.text_bytes += len(record["headline"].encode()) + len(record["articleBody"].encode())
                self._writer.add_document(self._document.from_dict(document, schema()))
                self.articles += 1

    def finish(self) -> None:
        self._writer.commit()
        self._writer.wait_merging_threads()


def remove_split(storage: Storage, split: SplitManifest) -> None:
    """Remove a split, its manifest first. Raises StorageError."""
    storage.delete(split.key)
    storage.forget(split.key)
    for file in split.files:
        storage.delete(file.key)
        storage.forget(file.key)


def forget_segments(storage: Storage, segments: Sequence[str]) -> int:
    """Remove all of the index that may hold something of these segments, and all loose files; how many objects.

    For redactions: of a word that was taken out no index keeps a trace. Works without the library, over all
    analyses and formats. Raises StorageError.
    """
    gone = set(segments)
    there = [item.key for item in storage.list(PREFIX)]
    kept: set[str] = set()
    for key in (key for key in there if key.endswith(".json")):
        try:
            with storage.open_range(key) as stream:
                split = SplitManifest.model_validate_json(stream.read())
        except (ValueError, DamagedArchive, ObjectMissing):
            continue
        if gone.isdisjoint(one.segment for one in split.segments):
            kept |= {key, *(file.key for file in split.files)}
    lost = [key for key in there if key not in kept]
    for key in sorted(lost, key=lambda key: not key.endswith(".json")):
        storage.delete(key)
        storage.forget(key)
    return len(lost)
