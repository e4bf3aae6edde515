"""Pages that this machine has captured and the archive does not list yet: of segments that are open, or wait.

They are read from the journals of derivations in the spool (`archive.derived.DerivedFiles`) and from the WARC files
beside them, which may be written to meanwhile. What is no page (feeds, robots.txt, pictures) is not among them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from archive.access import AccessGate
from archive.address_match import Match, beginnings
from archive.article import Article
from archive.captures import Capture, first_capture, iterate_records
from archive.cdxj import IndexEntry
from archive.derived import JOURNAL_SUFFIX, journal_pages
from archive.errors import DamagedArchive
from archive.history import Moment
from archive.indexing import entry_of_record
from archive.layout import OPEN_SUFFIX, WARC_SUFFIX, SegmentName
from archive.library import RecordFilter, captured, completion_of, is_wanted, newest_manifest
from archive.outcomes import PageOutcomeLine
from archive.period import ALWAYS, Period
from archive.storage.protocol import Storage
from archive.surt import surt_key


@dataclass(frozen=True, slots=True)
class UnpublishedPage:
    """A page of a segment in the spool."""

    segment: SegmentName
    line: PageOutcomeLine
    record: bytes
    """Its article as JSON; empty if it has none."""

    @property
    def article(self) -> Article | None:
        """Its record."""
        return Article.model_validate_json(self.record) if self.record else None


class UnpublishedPages:
    """What a spool holds of an archive beyond what is stored."""

    def __init__(self, spool: Path, storage: Storage) -> None:
        self._spool = spool
        self._storage = storage

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return next(self._journals(), None) is None

    def articles(self, wanted: RecordFilter, gate: AccessGate) -> Iterator[Article]:
        """Records of segments that have none in the archive. Raises DamagedArchive or StorageError."""
        for page in self._without_records():
            article = page.article
            if (
                article
                and is_wanted(article, wanted, page.segment.text)
                and gate.lets(article.url, captured(article))
            ):
                yield article

    def outcomes(self, gate: AccessGate) -> Iterator[PageOutcomeLine]:
        """Page outcomes of the same segments. Raises DamagedArchive or StorageError."""
        return (page.line for page in self._without_records() if gate.lets(page.line.url, None))

    def entries(self, url: str, match: Match = Match.EXACT, period: Period = ALWAYS) -> list[IndexEntry]:
        """Captures of segments that the archive does not have, as its index will list them, in its order.

        Raises BadAddress, DamagedArchive or StorageError.
        """
        starts = beginnings(url, match)
        found = []
        for name, journal in self._journals():
            if newest_manifest(self._storage, name) is None:
                pages = [line for line, _ in _pages(journal) if f"{surt_key(line.url)} ".startswith(starts)]
                found += [entry for line in pages if (entry := self._entry(name, line.offset)) is not None]
        wanted = [entry for entry in found if period.holds(entry.moment)]
        return sorted(wanted, key=lambda entry: (surt_key(entry.url), entry.date, entry.offset))

    def history(self, url: str, gate: AccessGate) -> list[Moment]:
        """The same captures of one address with their outcomes and records. Raises as `entries` does."""
        moments = []
        for entry in self.entries(url):
            if gate.lets(entry.url, entry.moment):
                page = self._page(entry)
                outcome, detail = (page.line.outcome, page.line.detail) if page else (None, f"status {entry.status}")
                article = page.article if page else None
                moments.append(Moment(entry.url, entry.moment, entry.segment, entry.offset, outcome, detail, article))
        return moments

    def article_of(self, record_id: UUID, segment: str) -> Article | None:
        """The record of a capture, if it is in the spool."""
        for name, journal in self._journals():
            if name.text == segment:
                records = (record for line, record in _pages(journal) if line.record_id == record_id and record)
                return next(map(Article.model_validate_json, records), None)
        return None

    def read(self, entry: IndexEntry, most: int = sys.maxsize) -> Capture | None:
        """The capture at one of `entries`; None when it is not in the spool (any more). Raises DamagedArchive."""
        with suppress(FileNotFoundError), self._warc(SegmentName.parse(entry.segment)).open("rb") as stream:
            stream.seek(entry.offset)
            capture = first_capture(iterate_records(stream, most))
            return None if capture is None else replace(capture, offset=entry.offset)
        return None

    def _without_records(self) -> Iterator[UnpublishedPage]:
        for name, journal in self._journals():
            if completion_of(self._storage, name.text) is None:
                for line, record in sorted(_pages(journal), key=lambda page: page[0].offset):
                    yield UnpublishedPage(name, line, record)

    def _journals(self) -> Iterator[tuple[SegmentName, Path]]:
        """The segments of the spool, each with its newest journal."""
        newest: dict[str, Path] = {}
        for path in sorted(self._spool.glob(f"*{JOURNAL_SUFFIX}")):
            newest[path.name.partition(".")[0]] = path
        for text, path in newest.items():
            with suppress(DamagedArchive):  # a file of somebody else
                yield SegmentName.parse(text), path

    def _warc(self, name: SegmentName) -> Path:
        closed = self._spool / f"{name.text}{WARC_SUFFIX}"
        return closed if closed.exists() else closed.with_name(closed.name + OPEN_SUFFIX)

    def _entry(self, name: SegmentName, offset: int) -> IndexEntry | None:
        with suppress(FileNotFoundError, DamagedArchive), self._warc(name).open("rb") as stream:
            stream.seek(offset)
            record = next(iterate_records(stream), None)
            entry = entry_of_record(record, name.warc_key) if record is not None else None
            # As its line will have it: to the second
            return None if entry is None else IndexEntry.parse(replace(entry, offset=offset).line().encode())
        return None

    def _page(self, entry: IndexEntry) -> UnpublishedPage | None:
        for name, journal in self._journals():
            if name.text == entry.segment:
                pages = (page for page in _pages(journal) if page[0].offset == entry.offset)
                line, record = next(pages, (None, b""))
                return None if line is None else UnpublishedPage(name, line, record)
        return None


def _pages(journal: Path) -> Iterator[tuple[PageOutcomeLine, bytes]]:
    """The pages of a journal; none when it was published meanwhile."""
    with suppress(FileNotFoundError):
        yield from journal_pages(journal)
