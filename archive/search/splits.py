"""Splits: immutable parts of an archive's index, and which of them answer.

::

    search/ANALYSIS/YYYY/MM/NAME.json     written last: the split exists when this does and its files are whole
    search/ANALYSIS/YYYY/MM/NAME/FILE     files of the index, named by the library so that no two are alike

A split holds whole segments, all opened in its month, each with the records of one generation and revision. Its name
is a digest of these, so that two machines that build the same split build one. Anyone may build a split, also one
with segments that are in another: of all splits with the current records of a segment, the one with the current
records of most segments answers for it (among equals the one with fewest others, then by name), in all readers
alike. What another split answers for is superseded, and may be removed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError

from archive.counted import counted
from archive.errors import DamagedArchive, ObjectMissing
from archive.layout import SegmentName, revision_of
from archive.manifests import StoredFile, StoredPart
from archive.search.analysis import ANALYSIS
from archive.storage.protocol import Storage

PREFIX = "search/"
_RECORDS = re.compile(r"records/(?P<generation>[^/]+)/\d{4}/\d\d/\d\d/[^/]+\.json")


class IndexedSegment(StoredPart):
    """A segment whose records are in a split."""

    segment: str
    generation: str
    revision: int = 1
    """Of the completion manifest: a redaction makes a new one."""
    articles: int

    @property
    def state(self) -> RecordsState:
        """Which records these are."""
        return self.generation, self.revision


RecordsState = tuple[str, int]
"""Generation and revision of a segment's records; of two, the greater holds."""


class SplitManifest(StoredPart):
    """What a split consists of."""

    name: str
    analysis: str
    format: str
    """How the library writes its files."""
    month: str
    """``2026/01``."""
    segments: tuple[IndexedSegment, ...]
    articles: int
    text_bytes: int
    """Bytes (UTF-8) of the headlines and texts."""
    files: tuple[StoredFile, ...]
    description: str
    """The library's own, JSON."""
    software: str

    @property
    def key(self) -> str:
        """Its own key."""
        return f"{directory_of(self.month, self.analysis)}{self.name}.json"

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(file.size for file in self.files)


def directory_of(month: str, analysis: str = ANALYSIS) -> str:
    """Where the splits of a month are."""
    return f"{PREFIX}{analysis}/{month}/"


def month_of(segment: str) -> str:
    """The month a segment was opened in, ``2026/01``. Raises DamagedArchive."""
    return f"{SegmentName.parse(segment).opened:%Y/%m}"


def split_name(segments: Iterable[IndexedSegment], index_format: str) -> str:
    """The name of a split with these segments."""
    lines = sorted(f"{one.segment} {one.generation} {one.revision}" for one in segments)
    return hashlib.sha256("\n".join([ANALYSIS, index_format, *lines]).encode()).hexdigest()[:20]


def parse_split(data: bytes, key: str) -> SplitManifest:
    """Read a split's manifest. Raises DamagedArchive naming `key`."""
    try:
        return SplitManifest.model_validate_json(data)
    except ValidationError as error:
        raise DamagedArchive(
            f"{key}: not the manifest of a split ({counted(error.error_count(), 'fault')})"
        ) from error


def current_records(storage: Storage) -> dict[str, RecordsState]:
    """For each segment which of its records hold, by the keys alone. Raises StorageError."""
    current: dict[str, RecordsState] = {}
    for item in storage.list("records/"):
        match = _RECORDS.fullmatch(item.key)
        if match:
            segment, revision = revision_of(item.key)
            current[segment] = max(current.get(segment, ("", 0)), (match["generation"], revision))
    return current


@dataclass(slots=True)
class SplitListing:
    """What is stored of this analysis's index."""

    splits: list[SplitManifest] = field(default_factory=list)
    """Whole ones, of this machine's format."""
    broken: list[str] = field(default_factory=list)
    """Keys of manifests that cannot be read, or whose files are not all there."""
    loose: list[str] = field(default_factory=list)
    """Keys of files that no manifest names: a build is under way, or died."""


class SplitReader:
    """Lists splits again and again; a manifest, which never changes, is read once."""

    def __init__(self, storage: Storage, index_format: str) -> None:
        self._storage = storage
        self._format = index_format
        self._known: dict[str, SplitManifest | None] = {}

    def list(self) -> SplitListing:
        """What there is now. Raises StorageError."""
        there = {item.key: item.size for item in self._storage.list(f"{PREFIX}{ANALYSIS}/")}
        listing = SplitListing()
        named: set[str] = set()
        manifests = [key for key in there if key.endswith(".json")]
        self._known = {key: self._known[key] for key in manifests if key in self._known}
        for key in manifests:
            split = self._read(key)
            if split is None or not _is_whole(split, there):
                # One of the same name may have been built again
                self._known.pop(key, None)
                split = self._read(key)
            if split is None or not _is_whole(split, there):
                listing.broken.append(key)
                continue
            named.update(file.key for file in split.files)
            if split.format == self._format:
                listing.splits.append(split)
        listing.loose = sorted(there.keys() - named - set(manifests))
        return listing

    def _read(self, key: str) -> SplitManifest | None:
        if key not in self._known:
            try:
                with self._storage.open_range(key) as stream:
                    self._known[key] = parse_split(stream.read(), key)
            except (DamagedArchive, ObjectMissing):
                self._known[key] = None
        return self._known[key]


def _is_whole(split: SplitManifest, there: dict[str, int]) -> bool:
    return all(there.get(file.key) == file.size for file in split.files)


@dataclass(slots=True)
class Coverage:
    """Which split answers for which segment."""

    answering: dict[str, SplitManifest] = field(default_factory=dict)
    """By segment."""
    used: list[SplitManifest] = field(default_factory=list)
    """Splits that answer for a segment, by name."""
    hidden: dict[str, set[str]] = field(default_factory=dict)
    """By split: segments in it that it does not answer for."""
    outdated: dict[str, set[str]] = field(default_factory=dict)
    """By split: segments in it whose records are others now, or gone."""
    superseded: list[SplitManifest] = field(default_factory=list)
    """Splits that answer for nothing."""
    missing: list[str] = field(default_factory=list)
    """Segments that nothing answers for."""


def coverage(splits: Iterable[SplitManifest], current: dict[str, RecordsState]) -> Coverage:
    """Who answers for what. Pure: the same for all who see the same."""
    found = Coverage()

    def rank(split: SplitManifest) -> tuple[int, int, str]:
        are_current = sum(current.get(one.segment) == one.state for one in split.segments)
        return are_current, -len(split.segments), split.name

    ranked = sorted(splits, key=rank, reverse=True)
    for split in ranked:
        for one in split.segments:
            if current.get(one.segment) == one.state:
                found.answering.setdefault(one.segment, split)
    answering = {split.name for split in found.answering.values()}
    for split in sorted(ranked, key=lambda split: split.name):
        if split.name not in answering:
            found.superseded.append(split)
            continue
        found.used.append(split)
        names = {one.segment for one in split.segments}
        found.hidden[split.name] = {name for name in names if found.answering.get(name) is not split}
        found.outdated[split.name] = {one.segment for one in split.segments if current.get(one.segment) != one.state}
    found.missing = sorted(current.keys() - found.answering.keys())
    return found
