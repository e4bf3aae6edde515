"""Finding captures in an archive by URL, host and time, and reading them.

Uses this machine's merged index; call `refresh` first to index what was stored since.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from heapq import merge
from http import HTTPStatus
from itertools import chain, pairwise
from pathlib import Path
from uuid import UUID

from archive.access import AccessGate
from archive.access_rules import AccessRules
from archive.address_match import Match, beginnings, shortest
from archive.article import Article
from archive.captures import Capture, first_capture, iterate_records
from archive.cdxj import IndexEntry
from archive.errors import DamagedArchive
from archive.framing import framed
from archive.http1 import BadMessage
from archive.library import article_of, segments
from archive.members import DigestCheck, check_digest
from archive.merged_index import MergedIndex
from archive.period import ALWAYS, Period
from archive.storage.protocol import Storage
from archive.surt import surt_key
from archive.unpublished_pages import UnpublishedPages

__all__ = ["Lookup", "Match", "read_entry"]

_AWAY = tuple(timedelta(hours=hours) for hours in (1, 24, 24 * 30, 24 * 365))
"""How far away from a moment a capture is looked for, one after the other."""
_EARLIEST, _LATEST = datetime(1002, 1, 1, tzinfo=UTC), datetime(9997, 1, 1, tzinfo=UTC)
"""What any capture is between, with room for the longest of these."""


class Lookup:
    """Finds captures of an archive through this machine's merged index."""

    def __init__(
        self,
        storage: Storage,
        directory: Path,
        gate: AccessGate | None = None,
        *,
        is_local: bool = True,
        unpublished: UnpublishedPages | None = None,
    ) -> None:
        """`directory` holds the merged index. Without a `gate`, the archive's access rules hold, for a reader on
        this machine unless `is_local` says otherwise. `unpublished` are found and read by address, too.
        """
        self.storage = storage
        self.index = MergedIndex(directory)
        self._gate = gate
        self._has_own_gate = gate is not None
        self._is_local = is_local
        self._unpublished = unpublished

    @property
    def gate(self) -> AccessGate:
        """What a reader may have. Raises DamagedArchive or StorageError."""
        if self._gate is None:
            self._gate = AccessGate.of(self.storage, is_local=self._is_local)
        return self._gate

    def refresh(self, progress: Callable[[int, int], None] = lambda _done, _of: None) -> int:
        """Index segments stored since the last call, and read access rules again; returns how many segments.

        Raises StorageError, DamagedArchive or OSError.
        """
        if not self._has_own_gate:
            self._gate = None
        return self.index.refresh(self.storage, segments(self.storage), progress)

    def find(self, url: str, match: Match = Match.EXACT, period: Period = ALWAYS) -> Iterator[IndexEntry]:
        """Captures by URL, oldest first for each; URLs in the order of their keys.

        What access rules withhold is left out, and counted by the gate.

        `url` may be given without a scheme. Raises BadAddress, DamagedArchive or StorageError.
        """
        for entry in self.every(url, match, period):
            if self.gate.lets(entry.url, entry.moment):
                yield entry

    def every(self, url: str, match: Match = Match.EXACT, period: Period = ALWAYS) -> Iterator[IndexEntry]:
        """As `find`, with what access rules withhold: for those who keep an archive, not for its readers."""
        listed = self._listed(url, match, period)
        own = self._unpublished.entries(url, match, period) if self._unpublished is not None else []
        return merge(listed, own, key=_order) if own else listed

    def _listed(self, url: str, match: Match, period: Period) -> Iterator[IndexEntry]:
        starts = [start.encode() for start in beginnings(url, match)]
        if match is Match.EXACT:
            yield from self._of_one(starts[0], period)
            return
        for line in self._lines(starts):
            if period.holds_stamp(_stamp(line)):
                yield IndexEntry.parse(line)

    def _of_one(self, beginning: bytes, period: Period) -> Iterator[IndexEntry]:
        """The captures of one address, which stand in the order of their times: nothing else is read."""
        since = f"{period.since:%Y%m%d%H%M%S}".encode() if period.since is not None else b""
        for line in self.index.lines(beginning + since):
            if not line.startswith(beginning):
                return
            if period.holds_stamp(_stamp(line)):
                yield IndexEntry.parse(line)
            elif period.until is not None and _stamp(line) >= f"{period.until:%Y%m%d%H%M%S}":
                return

    def _lines(self, beginnings: Iterable[bytes]) -> Iterator[bytes]:
        for beginning in beginnings:
            for line in self.index.lines(beginning):
                if not line.startswith(beginning):
                    break
                yield line

    def withheld(self) -> Iterator[IndexEntry]:
        """The captures that the gate withholds now; it does not count them. Raises DamagedArchive or StorageError."""
        return self.named_by(self.gate.refusing)

    def named_by(self, rules: AccessRules) -> Iterator[IndexEntry]:
        """The captures that access rules name. Raises DamagedArchive."""
        for entry in self.beginning_with(rules.beginnings):
            if rules.naming(entry.url, entry.moment) is not None:
                yield entry

    def beginning_with(self, starts: Iterable[str]) -> Iterator[IndexEntry]:
        """All captures whose keys, with a space behind, begin with one of these (`archive.address_match`), each once,
        whatever access rules say. Raises DamagedArchive.
        """
        for line in self._lines(start.encode() for start in shortest(starts)):
            yield IndexEntry.parse(line)

    def segments_in(self, period: Period) -> Iterator[str]:
        """Segments with captures in this period, some more than once. Reads the whole index. Raises
        DamagedArchive.
        """
        for line in self.index.lines(b""):
            if period.holds_stamp(_stamp(line)):
                yield IndexEntry.parse(line).segment

    def closest(self, url: str, moment: datetime | None = None) -> IndexEntry | None:
        """The capture of a URL closest in time to `moment`; without `moment`, the newest.

        Raises AccessRefused when access rules withhold all there are.
        """
        # Of a front page there may be very many: it looks at those around the moment, then further away
        is_newest = moment is None
        wanted = _LATEST if moment is None else min(max(moment, _EARLIEST), _LATEST)
        for periods in _before(datetime.now(UTC)) if is_newest else _around(wanted):
            entries = chain.from_iterable(self.find(url, period=period) for period in periods)
            found = min(entries, key=lambda entry: abs((entry.moment - wanted).total_seconds()), default=None)
            if found is not None:
                return found
        for entry in self.every(url):
            self.gate.require(entry.url, entry.moment)
        return None

    def read(self, entry: IndexEntry) -> Capture:
        """The capture at an index entry.

        Raises AccessRefused when an access rule withholds it, ObjectMissing, DamagedArchive or StorageError.
        """
        capture = self._read(entry)
        self.gate.require(capture.url, capture.date)
        return capture

    def article_of(self, record_id: UUID, segment: str) -> Article | None:
        """The record that was extracted from a capture of a segment, if there is one. Raises StorageError."""
        own = self._unpublished.article_of(record_id, segment) if self._unpublished is not None else None
        return own or article_of(self.storage, record_id, segment)

    def _read(self, entry: IndexEntry, most: int = sys.maxsize) -> Capture:
        own = self._unpublished.read(entry, most) if self._unpublished is not None else None
        return own or read_entry(self.storage, entry, most)

    def original(self, capture: Capture, most: int = sys.maxsize) -> Capture:
        """The original of a revisit, with at most `most` bytes of its block; any other capture is returned as it is.
        Raises DamagedArchive if it is lost, or AccessRefused.

        Who may have a revisit may have the bytes that came with it, whatever access rules say of its original. With a
        304 came none, so that the original has to be allowed itself.

        It is identified by its record id, or else by the payload's digest; its URL and time show where to look
        (WARC/1.1, section 6.7).
        """
        if not capture.revisit:
            return capture
        url, date = capture.refers_to_url or capture.url, capture.refers_to_date
        near = sorted(self.every(url), key=lambda entry: not date or abs((entry.moment - date).total_seconds()))
        for entry in near:
            if not entry.is_revisit and _stands_for(capture, found := self._read(entry, most)):
                if is_confirmation(capture):
                    self.gate.require(found.url, found.date)
                return found
        known_as = capture.refers_to or capture.payload_digest
        raise DamagedArchive(f"{capture.url}: the capture that it stands for ({known_as}) is not here")

    def wire(self, capture: Capture) -> bytes:
        """The response exactly as received; for a revisit: its own headers, its framing, and the original's payload.

        Raises DamagedArchive if that is impossible: the original is lost, or the revisit was written without
        what it takes, by another program or an early version of this one.
        """
        if not capture.revisit:
            return capture.response
        try:
            head = capture.head()
        except BadMessage as error:
            raise DamagedArchive(f"{capture.url}: this revisit has no response head of its own") from error
        if head.status == HTTPStatus.NOT_MODIFIED:
            return capture.response
        framing = capture.fact("framing")
        if head.chunked and not framing:
            raise DamagedArchive(f"{capture.url}: this revisit was written without its framing")
        payload = self.original(capture).payload()
        if check_digest(capture.payload_digest, (payload,)) is DigestCheck.WRONG:
            raise DamagedArchive(f"{capture.url}: the payload of its original is not {capture.payload_digest}")
        return capture.response[: head.length] + framed(framing, payload)

    def close(self) -> None:
        """Close the files."""
        self.index.close()


def _order(entry: IndexEntry) -> tuple[str, str]:
    return surt_key(entry.url), entry.date


def _stamp(line: bytes) -> str:
    return line.split(b" ", 2)[1].decode("ascii", "replace")


def _before(now: datetime) -> Iterator[tuple[Period, ...]]:
    """All of time, from its end."""
    until: datetime | None = None
    for away in _AWAY:
        yield (Period(now - away, until),)
        until = now - away
    yield (Period(None, until),)


def _around(moment: datetime) -> Iterator[tuple[Period, ...]]:
    """All of time, the nearest to a moment first. Nothing in what comes later is closer than anything before."""
    whole = moment.replace(microsecond=0)
    # Indexes have whole seconds, and the end of a period is not in it
    behind = whole + timedelta(seconds=2)
    yield (Period(whole - _AWAY[0], behind + _AWAY[0]),)
    for nearer, away in pairwise(_AWAY):
        yield Period(whole - away, whole - nearer), Period(behind + nearer, behind + away)
    yield Period(None, whole - _AWAY[-1]), Period(behind + _AWAY[-1], None)


def read_entry(storage: Storage, entry: IndexEntry, most: int = sys.maxsize) -> Capture:
    """The capture at an index entry, with at most `most` bytes of each block.

    Raises ObjectMissing, DamagedArchive or StorageError.
    """
    with storage.open_range(entry.filename, entry.offset) as stream:
        capture = first_capture(iterate_records(stream, most))
    if capture is None:
        raise DamagedArchive(f"{entry.filename}: no capture at {entry.offset}")
    return replace(capture, offset=entry.offset)


def is_confirmation(capture: Capture) -> bool:
    """Whether a server only said that an earlier capture is still current (304)."""
    try:
        return capture.revisit and capture.head().status == HTTPStatus.NOT_MODIFIED
    except BadMessage:
        return False


def _stands_for(revisit: Capture, found: Capture) -> bool:
    if revisit.refers_to is not None:
        return found.record_id == revisit.refers_to
    return bool(revisit.payload_digest) and found.payload_digest == revisit.payload_digest
