"""What share of the announced articles an archive and a data set contain, and why the rest is missing.

Announced is what the captured feeds and news sitemaps name; other sitemaps and pages list what is old, and what is
no article. An article counts once, under the day of the date that it was first announced with; without one under the
day on which its source was first captured with it. Each has one fate: what is announced is what is recorded and the
sum of the reasons. Records that nothing announced, as of imported files, are counted by site. Nothing but the archive
is read, so that anybody can count again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin

from archive.access import AccessGate
from archive.captures import Capture, iterate_captures, iterate_records
from archive.cdxj import IndexEntry
from archive.datasets.manifest import DatasetManifest
from archive.datasets.reading import parquet_of
from archive.datasets.rows import brief_of, newspaper_moment, record_of, site_of
from archive.derived import read_lines, read_outcomes
from archive.errors import ObjectMissing
from archive.exchange import Role
from archive.http1 import BadMessage
from archive.layout import SegmentName
from archive.library import completions, segments
from archive.lookup import read_entry
from archive.manifests import CompletionManifest, Manifest
from archive.outcomes import PageOutcome, PageOutcomeLine
from archive.period import Period, moment_of
from archive.redaction import logged_removals
from archive.storage.protocol import Storage
from spiders.links import clean_address, is_fetchable
from spiders.problems import NotASource
from spiders.site import ANNOUNCING
from spiders.sources.feed import parse_feed
from spiders.sources.found import Found
from spiders.sources.sitemap import parse_sitemap
from spiders.url_identity import identity

PARSERS: dict[Role, Callable[[bytes, str], Iterable[Found]]] = {
    Role.FEED: lambda body, url: parse_feed(body, url).articles,
    Role.SITEMAP: lambda body, url: [found for found in parse_sitemap(body, url).articles if found.news],
}
"""What a source announces, for each of `spiders.site.ANNOUNCING`. Raise NotASource."""

NOT_FETCHED = "not_fetched"
"""Announced, and no attempt on it is in the archive: not yet, or a rule of its site leaves it out."""
REMOVED = "removed"
"""Its captures were removed from the archive for good, as the archive's log says."""
UNNAMED = "removed_or_not_fetched"
"""No attempt on it is in the archive, and captures that may have been of it were removed from a segment of which the
log says nothing."""
WITHHELD = "withheld"
"""An access rule withholds it."""
WITHDRAWN = "withdrawn"
"""The archive has its record, and the version of the data set was withdrawn."""
LEFT_OUT = "left_out"
"""The archive has its record, and the data set does not: for another one's sake, or by its sample. Where the record
by itself is not wanted, the reason is behind a colon (`archive.datasets.options.Dropped`).
"""

_IN_DATASET = "in_dataset"
_NO_SOURCE = ("image/", "video/", "audio/", "font/", "text/css", "text/javascript", "application/javascript", "warc/")
_MOST_HOPS = 5
_HEAD = 1 << 16
_LARGEST_SOURCE = 64 << 20

Progress = Callable[[str, int, int], None]
"""Called with what is read (``sources``, ``outcomes``), how many segments of it, and of how many."""


@dataclass(slots=True)
class Share:
    """Announced articles, and what became of them."""

    announced: int = 0
    recorded: int = 0
    """Of which the archive has a record."""
    in_dataset: int = 0
    unannounced: int = 0
    """Further articles of which the archive has a record, and which no captured source announced."""
    missing: dict[str, int] = field(default_factory=dict)
    """Why others are not in the data set (or, without one, not in the archive): an outcome's name or a reason's."""


@dataclass(slots=True)
class Coverage:
    """Shares of all, by site and by day."""

    total: Share = field(default_factory=Share)
    sites: dict[str, Share] = field(default_factory=dict)
    days: dict[str, Share] = field(default_factory=dict)
    """By ISO 8601 date (UTC)."""
    sources: int = 0
    """Captured feeds and news sitemaps that were read; 0 where everything was imported."""
    unread: int = 0
    """Captured sources that could not be read."""
    removed: int = 0
    """Captures that were removed from the archive for good."""


@dataclass(slots=True)
class _Announced:
    site: str
    day: str
    seen: datetime
    """When the source that first announced it was captured."""
    fate: str = NOT_FETCHED
    redirect: tuple[str, PageOutcomeLine] | None = None
    """The WARC and outcome of the page, when it led elsewhere."""
    record: bytes = b""
    """Mark of the address of its record."""


class CoverageReading:
    """Reads what was announced and what became of it, of an archive or of what a data set was built from."""

    def __init__(self, storage: Storage, dataset: DatasetManifest | None, dataset_storage: Storage) -> None:
        self._storage = storage
        self._dataset = dataset
        self._dataset_storage = dataset_storage
        self._announced: dict[bytes, _Announced] = {}
        self._gate = AccessGate.of(storage)
        self._unread = 0
        self._sources = 0
        self._removed = 0
        self._removed_marks: set[bytes] = set()
        self._last_unnamed: datetime | None = None
        """When the last segment was closed from which something was removed that the log doesn't name."""
        self._targets: set[bytes] = set()
        self._unannounced: dict[str, set[bytes]] = {}

    def run(self, period: Period, progress: Progress) -> Coverage:
        """Count. `period` is of days of announcement. Raises DamagedArchive, ObjectMissing or StorageError."""
        manifests = list(segments(self._storage))
        self._read_removals(manifests)
        derived = completions(self._storage)
        with_sources = self._shown_to(manifests)
        for number, manifest in enumerate(with_sources, 1):
            self._read_sources(manifest, derived.get(manifest.segment))
            progress("sources", number, len(with_sources))
        wanted = {mark: article for mark, article in self._announced.items() if period.wants(article.day)}
        self._settle(wanted, [derived[segment] for segment in sorted(derived)], progress)
        if not period.since and not period.until:
            self._count_unannounced(derived.values())
        self._explain_left_out(wanted, derived.values())
        return self._counted(wanted)

    def _read_removals(self, manifests: list[Manifest]) -> None:
        reduced = {manifest.segment: manifest for manifest in manifests if manifest.removed_records}
        self._removed = sum(len(manifest.removed_records) for manifest in reduced.values())
        for removal in logged_removals(self._storage):
            self._removed_marks.add(_mark(removal.url))
            reduced.pop(removal.segment, None)
        closed = (moment_of(manifest.closed) for manifest in reduced.values())
        self._last_unnamed = max(filter(None, closed), default=None)

    def _shown_to(self, manifests: list[Manifest]) -> list[Manifest]:
        """The segments that hold what the data set could have: none that was opened after the last of its own."""
        if self._dataset is None:
            return manifests
        chosen = {source.segment for source in self._dataset.sources}
        last = max((manifest.opened for manifest in manifests if manifest.segment in chosen), default="")
        return [manifest for manifest in manifests if manifest.opened <= last]

    def _read_sources(self, manifest: Manifest, completion: CompletionManifest | None) -> None:
        pages = {line.offset for line in self._outcomes(completion)}
        with self._storage.open_range(manifest.cdxj.key) as stream:
            entries = [IndexEntry.parse(line) for line in stream]
        for entry in sorted(entries, key=lambda entry: entry.offset):
            if entry.status == 200 and entry.offset not in pages and not entry.mime.startswith(_NO_SOURCE):
                self._read_source(read_entry(self._storage, entry))

    def _outcomes(self, completion: CompletionManifest | None) -> Iterator[PageOutcomeLine]:
        if completion is not None:
            with self._storage.open_range(completion.outcomes.key) as stream:
                yield from read_outcomes(stream)

    def _read_source(self, capture: Capture) -> None:
        if capture.role not in ANNOUNCING:
            return
        site = capture.fact("site")
        for found in self._found_in(capture):
            if not is_fetchable(found.url):
                continue
            moment = newspaper_moment(found.date) or capture.date
            mark = _mark(found.url)
            if mark not in self._announced:
                is_withheld = self._gate.refusal(found.url, None) is not None
                fate = WITHHELD if is_withheld else REMOVED if mark in self._removed_marks else NOT_FETCHED
                self._announced[mark] = _Announced(site, moment.date().isoformat(), capture.date, fate)

    def _found_in(self, capture: Capture) -> Iterable[Found]:
        try:
            found = self._listed(capture)
        except (NotASource, BadMessage):
            self._unread += 1
            return ()
        self._sources += 1
        return found

    def _listed(self, capture: Capture) -> Iterable[Found]:
        body = capture.body(_LARGEST_SOURCE).body
        return PARSERS[capture.role](body, capture.url)

    def _settle(
        self,
        wanted: dict[bytes, _Announced],
        derived: list[CompletionManifest],
        progress: Progress,
    ) -> None:
        """Find what became of the announced; those that led elsewhere are looked for there."""
        rows = self._rows()
        known = WITHDRAWN if self._dataset is not None and self._dataset.withdrawn else LEFT_OUT
        sought = {mark: [article] for mark, article in wanted.items()}
        for hop in range(_MOST_HOPS):
            for number, completion in enumerate(derived, 1):
                warc = SegmentName.parse(completion.segment).warc_key
                for line in self._outcomes(completion):
                    mark = _mark(line.url)
                    for article in sought.get(mark, ()):
                        _note(article, warc, line, _IN_DATASET if mark in rows else known, mark)
                progress("outcomes", number, len(derived) if not hop else 0)
            sought = self._led_on(sought)
            if not sought:
                break

    def _led_on(self, sought: dict[bytes, list[_Announced]]) -> dict[bytes, list[_Announced]]:
        further: dict[bytes, list[_Announced]] = {}
        for article in (article for group in sought.values() for article in group):
            if article.redirect is None or article.fate != PageOutcome.REDIRECTED:
                continue
            target = self._target(*article.redirect)
            article.redirect = None
            if target:
                mark = _mark(target)
                self._targets.add(mark)
                if mark in self._removed_marks:
                    article.fate = REMOVED
                further.setdefault(mark, []).append(article)
        return further

    def _target(self, key: str, line: PageOutcomeLine) -> str:
        try:
            with self._storage.open_range(key, line.offset) as stream:
                capture = next(iterate_captures(iterate_records(stream, _HEAD)), None)
        except ObjectMissing:
            return ""  # a record of another program's file, which is not here
        try:
            target = urljoin(line.url, capture.head().first("location")) if capture else ""
        except (BadMessage, ValueError):
            return ""
        return target if is_fetchable(target) else ""

    def _count_unannounced(self, derived: Iterable[CompletionManifest]) -> None:
        for completion in derived:
            for line in self._outcomes(completion):
                mark = _mark(line.url)
                if line.outcome.traits.has_record and mark not in self._announced and mark not in self._targets:
                    self._unannounced.setdefault(site_of(line.url), set()).add(mark)

    def _explain_left_out(self, wanted: dict[bytes, _Announced], derived: Iterable[CompletionManifest]) -> None:
        """Why the records of those that are left out are not wanted by themselves, if so."""
        if self._dataset is None:
            return
        sought: dict[bytes, list[_Announced]] = {}
        for article in wanted.values():
            if article.fate == LEFT_OUT:
                sought.setdefault(article.record, []).append(article)
        chosen = {source.segment for source in self._dataset.sources}
        for completion in derived if sought else ():
            if completion.segment not in chosen:
                continue
            with self._storage.open_range(completion.records.key) as stream:
                for record in map(record_of, read_lines(stream)):
                    reason = self._dataset.options.reason_against(brief_of(record))
                    for article in sought.get(_mark(record["url"]), ()):
                        article.fate = f"{LEFT_OUT}: {reason}" if reason is not None else LEFT_OUT

    def _rows(self) -> set[bytes]:
        if self._dataset is None:
            return set()
        found: set[bytes] = set()
        for file in self._dataset.shards(".parquet"):
            with parquet_of(self._dataset_storage, self._dataset, file) as shard:
                for batch in shard.iter_batches(columns=["url"]):
                    found.update(_mark(url) for url in batch["url"].to_pylist())
        return found

    def _counted(self, wanted: dict[bytes, _Announced]) -> Coverage:
        coverage = Coverage(sources=self._sources, unread=self._unread, removed=self._removed)
        for article in wanted.values():
            by_site = coverage.sites.setdefault(article.site, Share())
            if article.fate == NOT_FETCHED and self._last_unnamed and article.seen <= self._last_unnamed:
                article.fate = UNNAMED
            for share in (coverage.total, by_site, coverage.days.setdefault(article.day, Share())):
                _count(share, article.fate, with_dataset=self._dataset is not None)
        for site, marks in self._unannounced.items():
            for share in (coverage.total, coverage.sites.setdefault(site, Share())):
                share.unannounced += len(marks)
        coverage.sites = dict(sorted(coverage.sites.items()))
        coverage.days = dict(sorted(coverage.days.items()))
        return coverage


def _note(article: _Announced, key: str, line: PageOutcomeLine, known: str, mark: bytes) -> None:
    """The best that became of it counts, else the last; `known` is its fate when it has a record."""
    if article.fate in (_IN_DATASET, WITHHELD):
        return
    if known == _IN_DATASET or line.outcome.traits.has_record:
        article.fate, article.record = known, mark
    elif article.fate not in (LEFT_OUT, WITHDRAWN, REMOVED):
        article.fate = _reason(line)
        article.redirect = (key, line) if line.outcome is PageOutcome.REDIRECTED else None


def _reason(line: PageOutcomeLine) -> str:
    """A page's outcome; of one without a response how the attempt ended."""
    if line.outcome is PageOutcome.NO_RESPONSE:
        return line.detail.partition(":")[0] or line.outcome.value
    return line.outcome.value


def _count(share: Share, fate: str, *, with_dataset: bool) -> None:
    share.announced += 1
    has_record = fate in (_IN_DATASET, WITHDRAWN) or fate.startswith(LEFT_OUT)
    share.recorded += has_record
    share.in_dataset += fate == _IN_DATASET
    if fate != _IN_DATASET and (with_dataset or not has_record):
        share.missing[fate] = share.missing.get(fate, 0) + 1


def _mark(url: str) -> bytes:
    """What all addresses of an article share, in short."""
    shared = identity(clean_address(url) or url)
    return hashlib.blake2b(shared.encode("utf-8", "surrogatepass"), digest_size=12).digest()
