"""Copying a selection from an archive: whole gzip members, unchanged.

What a revisit in the selection stands for comes along, also when it is not meant itself: without it the revisit
could not be shown. What the look-up's gate withholds is left out.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from archive.cdxj import IndexEntry
from archive.clock_and_ids import ClockAndIds
from archive.collection import CollectionScope
from archive.errors import DamagedArchive
from archive.indexing import entry_of_record
from archive.library import segments
from archive.lookup import Lookup, Match, read_entry
from archive.manifests import Manifest
from archive.members import WARC_FIELDS, Block, gzip_member, parse_warc_date, record_head, warc_fields
from archive.selection import Group, Selection, chosen

_COPY = 1 << 20
_LEVEL = 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file: where to copy it from, and what it is in the copy."""

    file: int
    """Descriptor."""
    offset: int
    length: int
    entries: Iterable[IndexEntry] = ()
    """The index lines of what it holds, each with its place in the copy."""
    record_id: UUID | None = None
    """The response or revisit record in it."""
    shift: int = 0
    """What has to be added to an entry's place in the copy to get that in its segment."""
    sha256: str = ""
    """What its bytes have to have, where that is known."""

    def parts(self) -> Iterator[bytes]:
        """Its bytes. Raises DamagedArchive when they are not what they should be."""
        at, end = self.offset, self.offset + self.length
        digest = hashlib.sha256()
        while at < end:
            part = os.pread(self.file, min(_COPY, end - at), at)
            if not part:
                raise DamagedArchive(f"a segment ended at byte {at} while it was being copied")
            at += len(part)
            if self.sha256:
                digest.update(part)
            yield part
        if self.sha256 and digest.hexdigest() != self.sha256:
            raise DamagedArchive(f"a segment's SHA-256 is not {self.sha256}; run newswarc verify --deep")


@dataclass(frozen=True, slots=True)
class ExcerptFile:
    """The selected part of one segment."""

    name: str
    """Name of the copy: that of the segment's WARC."""
    segment: str
    pieces: Iterator[Piece]
    """Has to be gone through before the next file is requested."""


@dataclass(slots=True)
class _Wanted:
    url: str
    date: datetime | None


@dataclass(slots=True)
class Excerpt:
    """The captures of an archive that match a selection."""

    lookup: Lookup
    selection: Selection
    progress: Callable[[int, int], None] = lambda _done, _of: None
    """Called with the number of segments that are done, and of all."""
    captures: int = 0
    """Captures copied so far."""
    lost: list[str] = field(default_factory=list)
    """URLs of revisits whose originals are not in the archive, or withheld by an access rule."""
    manifests: list[Manifest] = field(default_factory=list)
    """Segments that were looked at."""
    _originals: dict[UUID, _Wanted] = field(default_factory=dict)

    def files(self) -> Iterator[ExcerptFile]:
        """The files of the excerpt, one per segment. Raises DamagedArchive, StorageError or OSError."""
        held = list(self._held())
        withholds = bool(self.lookup.gate.refusing)
        for done, manifest in enumerate(held):
            self.progress(done, len(held))
            self.manifests.append(manifest)
            with tempfile.TemporaryDirectory(prefix="newswarc-excerpt-") as scratch:
                warc = self.lookup.storage.fetch(manifest.warc.key, Path(scratch))
                is_whole = self.selection.is_everything and not withholds
                pieces = self._whole if is_whole else self._pieces
                yield ExcerptFile(warc.name, manifest.segment, pieces(warc, manifest))
        self.progress(len(held), len(held))

    def originals(self, clock_and_ids: ClockAndIds, software: str) -> Iterator[Piece]:
        """What revisits stand for and is not meant itself, behind a record that says so. Call it after `files`.

        Raises DamagedArchive, StorageError or OSError.
        """
        wanted = list(self._found_originals())
        if not wanted:
            return
        with tempfile.TemporaryFile(buffering=0) as scratch:
            at = scratch.write(_introduction(clock_and_ids, software))
            yield Piece(scratch.fileno(), 0, at)
            for entry in wanted:
                with self.lookup.storage.open_range(entry.filename, entry.offset, entry.length) as stream:
                    scratch.seek(at)
                    length = scratch.write(stream.read())
                yield Piece(scratch.fileno(), at, length, (replace(entry, offset=at),), shift=entry.offset - at)
                at += length

    def _held(self) -> Iterator[Manifest]:
        """Segments that may hold what is meant, as far as the index tells without reading them."""
        site, period = self.selection.site, self.selection.period
        scope = self.selection.scope
        periods = [period, *([scope.period] if scope is not None else [])]
        in_periods = [set(self.lookup.segments_in(one)) for one in periods if not one.is_endless]
        in_scope = self._in_scope(scope) if scope is not None else None
        of_host = {entry.segment for entry in self.lookup.every(site, Match.DOMAIN)} if "." in site else set()
        for manifest in segments(self.lookup.storage):
            if not self.selection.has_segment(manifest.segment):
                continue
            if not all(manifest.segment in found for found in in_periods):
                continue
            if in_scope is not None and not in_scope(manifest):
                continue
            if not site or self.selection.has_site(manifest.sites) or manifest.segment in of_host:
                yield manifest

    def _in_scope(self, scope: CollectionScope) -> Callable[[Manifest], bool]:
        """Which segments may hold anything of a collection."""
        if scope.is_any_address:
            return lambda _manifest: True
        found = {entry.segment for entry in self.lookup.beginning_with(scope.beginnings)}
        return lambda manifest: manifest.segment in found or any(site in manifest.sites for site in scope.sites)

    def _whole(self, warc: Path, manifest: Manifest) -> Iterator[Piece]:
        """A segment as it is, with its own index: nothing of it has to be read to be understood."""
        with warc.open("rb") as copying, self.lookup.storage.open_range(manifest.cdxj.key) as index:
            yield Piece(copying.fileno(), 0, manifest.warc.size, self._counted(index), sha256=manifest.warc.sha256)

    def _counted(self, index: Iterable[bytes]) -> Iterator[IndexEntry]:
        for line in index:
            self.captures += 1
            yield IndexEntry.parse(line)

    def _pieces(self, warc: Path, manifest: Manifest) -> Iterator[Piece]:
        with self.lookup.storage.open_range(manifest.cdxj.key) as lines:
            index = {entry.offset: entry for entry in map(IndexEntry.parse, lines)}
        copied = 0
        with warc.open("rb") as reading, warc.open("rb") as copying:
            for group in chosen(reading, self.selection, self.lookup.gate.lets, manifest.segment):
                shift = copied - group.offset
                entry = None
                if group.main is not None:
                    self.captures += 1
                    self._note_original(group)
                    main = group.main
                    known = index.get(main.offset) or entry_of_record(main, manifest.warc.key)
                    entry = replace(known, offset=main.offset + shift) if known is not None else None
                yield Piece(
                    copying.fileno(),
                    group.offset,
                    group.length,
                    (entry,) if entry else (),
                    _record_of(group),
                    shift=-shift,
                )
                copied += group.length

    def _note_original(self, group: Group) -> None:
        original = group.original
        if original is None or group.main is None:
            return
        url = group.main.headers.get("WARC-Refers-To-Target-URI", group.url).strip("<>")
        at = group.main.headers.get("WARC-Refers-To-Date")
        date = _moment(at) if at else None
        is_here = date is not None and self.selection.wants(url, date, "")
        if not is_here or self.lookup.gate.refusal(url, date) is not None:
            self._originals.setdefault(original, _Wanted(url, date))

    def _found_originals(self) -> Iterator[IndexEntry]:
        for record_id, wanted in sorted(self._originals.items()):
            entry = self._original(record_id, wanted)
            if entry is None:
                self.lost.append(wanted.url)
                continue
            capture = read_entry(self.lookup.storage, entry)
            is_meant = self.selection.wants(capture.url, capture.date, capture.fact("site"))
            # What is meant itself was counted where it was left out
            refused = self.lookup.gate.refusal(capture.url, capture.date) is not None
            if refused and (is_meant or not self.lookup.gate.lets(capture.url, capture.date)):
                self.lost.append(wanted.url)
            elif not is_meant:
                yield entry

    def _original(self, record_id: UUID, wanted: _Wanted) -> IndexEntry | None:
        for entry in self.lookup.every(wanted.url):
            near = wanted.date is None or abs((entry.moment - wanted.date).total_seconds()) <= 1
            if near and not entry.is_revisit and read_entry(self.lookup.storage, entry).record_id == record_id:
                return entry
        return None


def _moment(date: str) -> datetime | None:
    try:
        return parse_warc_date(date)
    except (ValueError, OverflowError):
        return None


def _record_of(group: Group) -> UUID | None:
    return group.main.record_id if group.main is not None else None


def _introduction(clock_and_ids: ClockAndIds, software: str) -> bytes:
    text = [
        ("software", software),
        ("format", "WARC File Format 1.1"),
        ("description", "captures that revisit records of the other files stand for"),
    ]
    block = Block.of(warc_fields(text), "sha256")
    head = record_head("warcinfo", clock_and_ids.record_id(), clock_and_ids.now(), WARC_FIELDS, block, ())
    return gzip_member(head, block, _LEVEL)
