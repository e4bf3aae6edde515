"""Removing captures from an archive for good, by URL or by payload.

Of each segment that holds one, in this order, each step repeatable:

0. the hashes of the records that go are noted (``redactions/begun/SEGMENT.json``): they keep the root over the
   segment's records what it was (`archive.records_tree`), and from what comes next they could not be made;
1. the WARC is stored again under its key, a tombstone of the same length instead of each exchange;
2. the index is stored under the key of the next revision (``SEGMENT.r2.cdxj``);
3. records and page outcomes are stored again without the lines of what was removed, with completion manifests of the
   next revision;
4. the manifest of the next revision (``SEGMENT.r2.json``) is stored: from here on it is the segment's;
5. the former index and the note are removed, and former versions of all these objects, where the storage keeps them.

Taken out are all exchanges of an address, also those that came to nothing, and every revisit of what is removed,
whatever its address. What other captures say of it, such as the feed that announced it, stays.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from pydantic import ValidationError

from archive.cdxj import IndexEntry, index_text
from archive.clock_and_ids import ClockAndIds
from archive.derived import completed, read_lines, read_outcomes
from archive.durable import write_durably
from archive.errors import DamagedArchive, ObjectMissing
from archive.holdings import REDACTIONS
from archive.layout import SegmentName, revision_of
from archive.library import completion_keys, newest_manifest
from archive.lookup import Lookup, Match, read_entry
from archive.manifests import Manifest, RemovedRecords, StoredPart, file_sha256, parse_completion
from archive.members import warc_date
from archive.publishing import put_manifest
from archive.records_tree import RecordsTree
from archive.recovery import members_with_leaves, read_contents
from archive.selection import Group, groups
from archive.storage.protocol import Storage
from archive.surt import surt_key
from archive.tombstone import TOMBSTONE_URI, TooSmall, tombstone

_BEGUN = f"{REDACTIONS}begun/"


@dataclass(slots=True)
class Targets:
    """What to remove."""

    keys: set[str] = field(default_factory=set)
    """SURT keys of addresses."""
    entries: dict[str, dict[int, IndexEntry]] = field(default_factory=dict)
    """Index entries by segment and offset."""
    records: set[UUID] = field(default_factory=set)
    """Response records among them: revisits of these go too."""
    digests: set[str] = field(default_factory=set)
    """Payload digests of these."""
    kept: list[str] = field(default_factory=list)
    """URLs under which the same bytes remain."""

    def add(self, entry: IndexEntry) -> bool:
        """Add an entry; returns whether it is new."""
        segment = self.entries.setdefault(entry.segment, {})
        if entry.offset in segment:
            return False
        segment[entry.offset] = entry
        return True

    @property
    def urls(self) -> set[str]:
        """Addresses of the captures."""
        return {entry.url for segment in self.entries.values() for entry in segment.values()}


class BegunRedaction(StoredPart):
    """What is kept of a segment while records are being removed from it."""

    segment: str
    removed_records: tuple[RemovedRecords, ...]


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a tombstone stands in a WARC."""

    offset: int
    length: int
    is_new: bool
    """Whether it was put there now, not by an earlier redaction."""

    def holds(self, offset: int) -> bool:
        return self.offset <= offset < self.offset + self.length


@dataclass(frozen=True, slots=True)
class RedactedSegment:
    """What was removed from a segment."""

    segment: str
    revision: int
    exchanges: int
    records: int
    """Article records that were removed, over all generations."""
    versions: int
    """Former versions of objects that were removed from the storage."""


def find_targets(lookup: Lookup, url: str = "", digest: str = "") -> Targets:
    """What an address (as an index writes it) or a payload digest means. Raises BadAddress, StorageError."""
    targets = Targets()
    if url:
        targets.keys.add(surt_key(url if "://" in url else f"http://{url}"))
        for entry in lookup.every(url, Match.EXACT):
            targets.add(entry)
    if digest:
        for entry in _with_digests(lookup, {digest}):
            targets.add(entry)
    _note_records(lookup, targets)
    for entry in _with_digests(lookup, targets.digests):
        if entry.is_revisit and entry.offset not in targets.entries.get(entry.segment, {}):
            capture = read_entry(lookup.storage, entry)
            if capture.refers_to in targets.records:
                targets.add(entry)
                continue
        if entry.offset not in targets.entries.get(entry.segment, {}):
            targets.kept.append(entry.url)
    return targets


def _note_records(lookup: Lookup, targets: Targets) -> None:
    for segment in targets.entries.values():
        for entry in segment.values():
            if entry.digest:
                targets.digests.add(entry.digest)
            if not entry.is_revisit:
                try:
                    targets.records.add(read_entry(lookup.storage, entry).record_id)
                except DamagedArchive:
                    continue  # a tombstone already: an earlier try came as far as this


def _with_digests(lookup: Lookup, digests: Iterable[str]) -> Iterator[IndexEntry]:
    wanted = [digest.encode() for digest in digests]
    if not wanted:
        return
    for line in lookup.index.lines(b""):
        if any(digest in line for digest in wanted):
            yield IndexEntry.parse(line)


class Redaction:
    """Removes targets from a storage."""

    def __init__(self, storage: Storage, targets: Targets, reason: str, clock_and_ids: ClockAndIds) -> None:
        self._storage = storage
        self._targets = targets
        self._reason = reason
        self._clock_and_ids = clock_and_ids

    def run(self) -> Iterator[RedactedSegment]:
        """Segment by segment. Raises DamagedArchive, StorageError, or TooSmall, each before a segment's manifest."""
        for segment in sorted(self._targets.entries):
            with tempfile.TemporaryDirectory(prefix="newswarc-redact-") as scratch:
                yield self._redact(SegmentName.parse(segment), Path(scratch))

    def _redact(self, name: SegmentName, scratch: Path) -> RedactedSegment:
        found = newest_manifest(self._storage, name)
        if found is None:
            raise DamagedArchive(f"{name.text}: listed in an index, but has no manifest")
        manifest, revision = found
        revision += 1
        source, warc = self._storage.fetch(manifest.warc.key, scratch), scratch / "redacted.warc.gz"
        spans = self._rewrite(source, warc, name)
        tree = self._note_removed(manifest, source, spans, scratch)
        revised = self._store(name, manifest, tree, revision, warc, scratch)
        removed = sum(
            self._redact_records(name, key, spans, scratch)
            for key in _newest(completion_keys(self._storage, name.text))
        )
        put_manifest(self._storage, name, name.revised(name.manifest_key, revision), revised.to_bytes())
        self._storage.delete(manifest.cdxj.key)
        self._storage.delete(_begun_key(name.text))
        versions = self._storage.forget(manifest.warc.key) + self._storage.forget(manifest.cdxj.key)
        return RedactedSegment(name.text, revision, len(spans), removed, versions)

    def _is_meant(self, group: Group, offsets: dict[int, IndexEntry]) -> bool:
        is_target = group.main is not None and group.main.offset in offsets
        return is_target or (group.url.startswith("http") and surt_key(group.url) in self._targets.keys)

    def _note_removed(self, manifest: Manifest, source: Path, spans: list[_Span], scratch: Path) -> RecordsTree:
        """Note the leaves of what goes; the tree over the records as they were, with those leaves in `redacted`."""
        known = [*manifest.removed_records, *self._begun(manifest.segment)]
        starts = {span.offset: span for span in spans}
        tree, gone = RecordsTree(known), dict[int, tuple[int, list[str]]]()
        current: _Span | None = None
        for offset, _, leaf in members_with_leaves(source):
            current = starts.get(offset) or (current if current and current.holds(offset) else None)
            if current is not None and current.is_new:
                gone.setdefault(current.offset, (tree.records, []))[1].append(leaf.hex())
            tree.add(offset, leaf, tombstone=current is not None and not current.is_new)
        tree.redacted += [
            RemovedRecords(offset=offset, position=position, leaves=tuple(leaves))
            for offset, (position, leaves) in gone.items()
        ]
        tree.redacted.sort(key=lambda gap: gap.offset)
        note = scratch / "begun.json"
        begun = BegunRedaction(segment=manifest.segment, removed_records=tuple(tree.redacted))
        write_durably(note, begun.to_bytes())
        self._storage.put(_begun_key(manifest.segment), note, file_sha256(note))
        return tree

    def _begun(self, segment: str) -> tuple[RemovedRecords, ...]:
        """What an earlier try that came to no end has noted."""
        key = _begun_key(segment)
        try:
            with self._storage.open_range(key) as stream:
                return BegunRedaction.model_validate_json(stream.read()).removed_records
        except ObjectMissing:
            return ()
        except ValidationError as error:
            raise DamagedArchive(f"{key}: not the note of a redaction that was begun") from error

    def _rewrite(self, source: Path, target: Path, name: SegmentName) -> list[_Span]:
        """Write the WARC anew; where the tombstones are, those of earlier tries too."""
        offsets = self._targets.entries[name.text]
        spans: list[_Span] = []
        with source.open("rb") as reading, source.open("rb") as copying, target.open("wb") as writing:
            for group in groups(reading):
                copying.seek(group.offset)
                if self._is_meant(group, offsets):
                    writing.write(self._tombstone(group, name))
                    spans.append(_Span(group.offset, group.length, is_new=True))
                else:
                    _copy(copying, writing, group.length)
                    if group.url == TOMBSTONE_URI:
                        spans.append(_Span(group.offset, group.length, is_new=False))
        if target.stat().st_size != source.stat().st_size:
            raise DamagedArchive(f"{name.warc_key}: could not be read to its end; run `newswarc verify --deep`")
        return spans

    def _tombstone(self, group: Group, name: SegmentName) -> bytes:
        now = self._clock_and_ids.now()
        try:
            return tombstone(group.length, self._clock_and_ids.record_id(), now, self._reason)
        except TooSmall as error:
            raise DamagedArchive(f"{name.warc_key}: at {group.offset}: {error}") from error

    def _store(
        self, name: SegmentName, manifest: Manifest, tree: RecordsTree, revision: int, warc: Path, scratch: Path
    ) -> Manifest:
        contents = read_contents(warc, name, tree.redacted)
        cdxj = scratch / "redacted.cdxj"
        write_durably(cdxj, index_text(contents.entries))
        made = contents.manifest(name, warc, cdxj, manifest.closed)
        indexed = made.cdxj.model_copy(update={"key": name.revised(name.cdxj_key, revision)})
        self._storage.put(made.warc.key, warc, made.warc.sha256)
        self._storage.put(indexed.key, cdxj, indexed.sha256)
        # What the manifest said of the records holds, whatever became of them since: verify tells the difference
        roots = {"records": manifest.records, "records_root": manifest.records_root}
        if not manifest.records_root:
            roots = {"records": tree.records, "records_root": tree.root}
        return made.model_copy(update={"cdxj": indexed, **roots})

    def _redact_records(self, name: SegmentName, key: str, spans: list[_Span], scratch: Path) -> int:
        """Remove lines from one generation's files; how many articles that were."""
        with self._storage.open_range(key) as stream:
            completion = parse_completion(stream.read(), key)
        generation = completion.generation
        with self._storage.open_range(completion.records.key) as stream:
            # As they are: a record of an earlier schema stays one
            articles = [line for line in read_lines(stream) if not _within(_offset_of(line), spans)]
        with self._storage.open_range(completion.outcomes.key) as stream:
            outcomes = [line for line in read_outcomes(stream) if not _within(line.offset, spans)]
        made = completed(name, generation, scratch / "records", scratch / "outcomes", articles, outcomes)
        for part, file in ((made.manifest.records, made.records), (made.manifest.outcomes, made.outcomes)):
            self._storage.put(part.key, file, part.sha256)
            self._storage.forget(part.key)
        revised = name.revised(name.completion_key(generation), revision_of(key)[1] + 1)
        put_manifest(self._storage, name, revised, made.manifest.to_bytes())
        return completion.articles - len(articles)


def _newest(keys: list[str]) -> list[str]:
    """Of completion manifests the newest revision of each generation."""
    newest: dict[str, str] = {}
    for key in sorted(keys, key=lambda key: revision_of(key)[1]):
        newest[key.split("/")[1]] = key
    return list(newest.values())


def _offset_of(record: bytes) -> int:
    """Where a record's capture is in its segment; -1 when it doesn't say."""
    address = json.loads(record).get("warc")
    return int(address["offset"]) if address else -1


def _within(offset: int, spans: list[_Span]) -> bool:
    return any(span.holds(offset) for span in spans)


def _begun_key(segment: str) -> str:
    return f"{_BEGUN}{segment}.json"


def _copy(source: BinaryIO, target: BinaryIO, length: int) -> None:
    while length and (part := source.read(min(1 << 20, length))):
        target.write(part)
        length -= len(part)


@dataclass(frozen=True, slots=True)
class LoggedRemoval:
    """A capture that the archive's log names as removed."""

    segment: str
    url: str


def logged_removals(storage: Storage) -> Iterator[LoggedRemoval]:
    """All captures that the archive's log names. Raises DamagedArchive, or StorageError."""
    for stat in storage.list(REDACTIONS):
        if stat.key.startswith(_BEGUN):
            continue
        with storage.open_range(stat.key) as stream:
            text = stream.read()
        try:
            yield from [LoggedRemoval(one["segment"], one["url"]) for one in json.loads(text)["captures"]]
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedArchive(f"{stat.key}: not an account of what was removed") from error


def log_entry(
    targets: Targets, request: str, reason: str, who: str, clock_and_ids: ClockAndIds
) -> tuple[str, dict[str, object]]:
    """Key and content of the entry in the archive's log: what, when, why, and by whom."""
    now = clock_and_ids.now()
    key = f"{REDACTIONS}{now:%Y/%m/%d}/{now:%Y%m%d%H%M%S}-{clock_and_ids.token()}.json"
    captures = [
        {"segment": segment, "offset": entry.offset, "url": entry.url, "date": entry.date}
        for segment, entries in sorted(targets.entries.items())
        for entry in entries.values()
    ]
    return key, {"asked": request, "reason": reason, "by": who, "date": warc_date(now), "captures": captures}
