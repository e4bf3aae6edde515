"""All that pages read of an archive, for many readers at once, with the access rules that hold for them.

A look-up serves one thread at a time: a request takes one that is free, or a new one. The searcher is behind a lock.
What was stored since is taken in by `refresh`, beside the readers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from archive.access import AccessGate
from archive.address_match import Match
from archive.article import Article
from archive.cdxj import IndexEntry
from archive.errors import AccessRefused, BadAddress, ObjectMissing
from archive.library import captured, require_archive
from archive.lookup import Lookup, is_confirmation
from archive.period import ALWAYS, Period
from archive.search.query import written
from archive.search.searching import Facet, Order
from archive.storage.opening import open_storage
from crawler.config import Configuration
from crawler.replay.listing import ArchiveListing, ListedPage
from crawler.web.catalogue import Catalogue, Contents
from crawler.web.kept_exchange import Exchanges, KeptExchange

if TYPE_CHECKING:
    from archive.captures import Capture
    from archive.search.query import Node
    from archive.search.searching import Searcher, SearchResult

MOST_CAPTURES = 10_000
"""Captures that one look gives at most."""
MOST_LOOKED = 100_000
"""Captures that it looks at, most of which may be of other dates or withheld."""
MOST_BYTES = 1 << 26
"""Bytes of one capture that are held in memory."""
_MOST_FREE = 8
_MOST_COUNTED = 50
"""Queries of which the days are kept."""
_WEB = ("http://", "https://", "<http://", "<https://")
"""Beginnings of addresses; some programs write those of WARC headers in angle brackets (WARC/1.0 had it so)."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Found:
    """Captures, and whether there are more."""

    entries: list[IndexEntry]
    is_cut: bool
    withheld: int
    """How many of those looked at access rules withhold."""


class ArchiveReader:
    """Reads one archive."""

    def __init__(self, configuration: Configuration, *, is_local: bool) -> None:
        """`is_local`: whether all readers are on this machine, for access rules.

        Raises BadAddress, DamagedArchive or StorageError.
        """
        self.configuration = configuration
        self.is_local = is_local
        self.storage = open_storage(configuration.archive, configuration.s3)
        require_archive(self.storage)
        configuration.require_own_state()
        self._gate = AccessGate.of(self.storage, is_local=is_local)
        self._catalogue = Catalogue(self.storage)
        self._exchanges = Exchanges(self.storage)
        self._free: list[Lookup] = []
        self._free_lock = threading.Lock()
        self._exchange_lock = threading.Lock()
        self._search_lock = threading.Lock()
        self._refresh_lock = threading.Lock()
        self._searcher: Searcher | None = None
        self._days: dict[str, dict[str, int]] = {}
        self._days_version = ""
        self._days_lock = threading.Lock()
        self.contents = Contents()
        """As `refresh` last found them."""

    @property
    def gate(self) -> AccessGate:
        """What readers may have."""
        return self._gate

    def refresh(self) -> None:
        """Take in what was stored, and the rules that were made, since the last time.

        Raises StorageError, DamagedArchive or OSError.
        """
        with self._refresh_lock:
            with self._own_lookup() as lookup:
                lookup.index.refresh(self.storage, self._catalogue.manifests())
            self.refresh_rules()
            with self._own_lookup() as lookup:
                self.contents = self._catalogue.contents(lookup)

    def refresh_rules(self) -> None:
        """Heed the access rules as they are now. Raises StorageError or DamagedArchive."""
        gate = AccessGate.of(self.storage, is_local=self.is_local)
        with self._free_lock:
            self._gate = gate
            former, self._free = self._free, []
        for lookup in former:
            lookup.close()
        with self._search_lock:
            if self._searcher is not None:
                self._searcher.look()

    def close(self) -> None:
        """Let the files go."""
        with self._free_lock:
            former, self._free = self._free, []
        for lookup in former:
            lookup.close()
        with self._search_lock:
            if self._searcher is not None:
                self._searcher.close()
                self._searcher = None

    # Captures

    def captures(
        self, url: str, match: Match = Match.EXACT, period: Period = ALWAYS, limit: int = MOST_CAPTURES
    ) -> Found:
        """Captures by address, oldest first for each. Raises BadAddress, DamagedArchive or StorageError."""
        return self._looked_up(lambda lookup: self._captures(lookup, url, match, period, limit))

    def _captures(self, lookup: Lookup, url: str, match: Match, period: Period, limit: int) -> Found:
        gate = self._gate
        allowed: list[IndexEntry] = []
        looked = withheld = 0
        # Those of one address stand in the order of their times; of others all that are passed over count
        entries = lookup.every(url, match, period if match is Match.EXACT else ALWAYS)
        for entry in islice(entries, MOST_LOOKED):
            looked += 1
            if not period.holds(entry.moment):
                continue
            if gate.refusal(entry.url, entry.moment) is not None:
                withheld += 1
                continue
            allowed.append(entry)
            if len(allowed) > limit:
                break
        is_cut = len(allowed) > limit or looked >= MOST_LOOKED
        return Found(allowed[:limit], is_cut, withheld)

    @contextmanager
    def allowed(self, url: str, match: Match, period: Period) -> Iterator[Iterator[IndexEntry]]:
        """All captures by address that readers may have, however many; the access rules are those of now.

        Raises BadAddress, DamagedArchive or StorageError.
        """
        gate = self._gate
        with self._own_lookup() as lookup:
            yield (
                entry for entry in lookup.every(url, match, period) if gate.refusal(entry.url, entry.moment) is None
            )

    def closest(self, url: str, moment: datetime | None) -> IndexEntry | None:
        """The capture of an address closest in time to `moment`. Raises AccessRefused, and as `captures`."""
        return self._looked_up(lambda lookup: lookup.closest(url, moment))

    def may_name(self, text: str, moment: datetime) -> bool:
        """Whether a value that a capture has in its headers or notes may be told: it is no address of which access
        rules would withhold a capture of the same `moment`.
        """
        return not (text.startswith(_WEB) and self._gate.refusal(text.strip("<>"), moment) is not None)

    def exchange(self, segment: str, offset: int) -> KeptExchange:
        """What is kept of the exchange at a place of a segment.

        Raises ObjectMissing, AccessRefused, DamagedArchive or StorageError.
        """
        manifest = self.contents.manifests.get(segment)
        if manifest is None:
            raise ObjectMissing(f"{segment}: no segment of this name is stored here")
        with self._exchange_lock:
            found = self._exchanges.read(manifest, offset, MOST_BYTES)
        self._require(found.capture.url, found.capture.date)
        return found

    def wire(self, capture: Capture) -> bytes:
        """The response exactly as received. Raises ObjectMissing when it is too large, DamagedArchive or
        StorageError.
        """
        _require_whole(capture)

        def wire(lookup: Lookup) -> bytes:
            if capture.revisit and not is_confirmation(capture):
                _require_whole(lookup.original(capture, MOST_BYTES))
            return lookup.wire(capture)

        return self._looked_up(wire)

    def original(self, capture: Capture) -> Capture:
        """The original of a revisit, or the capture itself. Who may have a revisit may have the bytes that came with
        it; with a 304 came none, so that those of its original have to be allowed themselves.

        Raises ObjectMissing when it is too large, AccessRefused, DamagedArchive or StorageError.
        """
        _require_whole(capture)
        found = self._looked_up(lambda lookup: lookup.original(capture, MOST_BYTES))
        _require_whole(found)
        return found

    def pages(self, site: str, day: str, limit: int) -> list[ListedPage]:
        """Pages of a site in the segments of a day, by time. Raises DamagedArchive or StorageError."""
        manifests = [one for one in self.contents.manifests.values() if one.opened[:10] == day]
        with self._own_lookup() as lookup:
            found = islice(ArchiveListing(lookup, lambda: manifests).pages(site, day), limit)
            return sorted(found, key=lambda page: (page.captured, page.url))

    def _new_lookup(self, gate: AccessGate) -> Lookup:
        return Lookup(self.storage, self.configuration.index_directory, gate)

    @contextmanager
    def _own_lookup(self) -> Iterator[Lookup]:
        """A look-up for one thread: what it does may take long. One with which something went wrong is not used
        again.
        """
        with self._free_lock:
            lookup = self._free.pop() if self._free else self._new_lookup(self._gate)
        is_good = False
        try:
            yield lookup
            is_good = True
        finally:
            with self._free_lock:
                is_kept = is_good and lookup.gate is self._gate and len(self._free) < _MOST_FREE
                if is_kept:
                    self._free.append(lookup)
            if not is_kept:
                lookup.close()

    def _looked_up(self, function: Callable[[Lookup], Result]) -> Result:
        """What a look-up gives, at the second try if the index was merged meanwhile."""
        try:
            with self._own_lookup() as lookup:
                return function(lookup)
        except FileNotFoundError:
            with self._free_lock:
                former, self._free = self._free, []
            for lookup in former:
                lookup.close()
            with self._own_lookup() as lookup:
                return function(lookup)

    # Articles

    def search(
        self,
        node: Node,
        *,
        limit: int,
        offset: int = 0,
        order: Order,
        facets: tuple[Facet, ...] = (),
        folded: bool = True,
    ) -> SearchResult:
        """The hits of a query. Raises SearchUnavailable, BadAddress, StorageError, DamagedArchive or OSError."""
        with self._searching() as searcher:
            return searcher.search(node, limit=limit, offset=offset, order=order, facets=facets, folded=folded)

    def days(self, node: Node) -> dict[str, int]:
        """How many articles a query means of each day of publication. Readers narrow their queries down in the same
        few ways, so that what was counted is kept for as long as the index and the access rules are the same. Raises
        as `search`.
        """
        key = written(node)
        version = self.version()
        with self._days_lock:
            if self._days_version != version:
                self._days_version = version
                self._days.clear()
            known = self._days.get(key)
        if known is None:
            known = self.search(node, limit=0, order=Order.NEWEST, facets=(Facet.DAY,)).facets[Facet.DAY]
            with self._days_lock:
                if self._days_version == version and len(self._days) < _MOST_COUNTED:
                    self._days[key] = known
        return known

    def article(self, record_id: UUID) -> Article:
        """A record. Raises ObjectMissing when there is none, AccessRefused, and as `search`."""
        try:
            with self._searching() as searcher:
                article = searcher.record(record_id)
        except BadAddress as error:
            raise ObjectMissing(str(error)) from error
        self._require(article.url, captured(article))
        return article

    def versions(self, article: Article) -> list[Article]:
        """The records of its address, oldest first. Raises as `search`."""
        with self._searching() as searcher:
            return self._allowed(searcher.versions(article))

    def copies(self, article: Article) -> list[Article]:
        """Records of other addresses with the same text. Raises as `search`."""
        with self._searching() as searcher:
            return self._allowed(searcher.copies(article))

    def similar(self, article: Article, limit: int = 5) -> list[Article]:
        """Articles like it. Raises as `search`."""
        assert article.id is not None
        try:
            with self._searching() as searcher:
                return [hit.article for hit in searcher.similar(article.id, limit=limit).hits]
        except BadAddress:
            return []

    def version(self) -> str:
        """Digest of what answers queries and of the access rules that refuse anything now. Raises as `search`."""
        with self._searching() as searcher:
            index = searcher.version
        rules = sorted(rule.id for rule in self._gate.refusing.rules)
        return f"{index} {' '.join(rules)}"

    def own_searcher(self) -> Searcher:
        """A searcher for one reader alone, of what is stored; close it. Raises SearchUnavailable."""
        from archive.search.searching import Searcher

        return Searcher(self.storage, self.configuration.scratch_directory("search"), is_local=self.is_local)

    def _require(self, url: str, moment: datetime | None) -> None:
        """Raises AccessRefused, which does not tell the address: whoever asked by an id may not know it."""
        rule = self._gate.refusal(url, moment)
        if rule is not None:
            raise AccessRefused(rule.description())

    def _allowed(self, articles: list[Article]) -> list[Article]:
        return [one for one in articles if self._gate.refusal(one.url, captured(one)) is None]

    @contextmanager
    def _searching(self) -> Iterator[Searcher]:
        from archive.search.searching import Searcher

        with self._search_lock:
            if self._searcher is None:
                spool = self.configuration.state_directory / "spool"
                self._searcher = Searcher(
                    self.storage,
                    self.configuration.scratch_directory("search"),
                    spool=spool if spool.is_dir() else None,
                    is_local=self.is_local,
                )
            yield self._searcher


def article_named(reader: ArchiveReader, text: str) -> Article:
    """The article of an id as it stands in an address. Raises ObjectMissing, and as `ArchiveReader.article`."""
    try:
        record_id = UUID(text)
    except ValueError as error:
        raise ObjectMissing("an article is named by the id of its record, which is a UUID") from error
    return reader.article(record_id)


def _require_whole(capture: Capture) -> None:
    if capture.left:
        raise ObjectMissing(f"{capture.url}: it is too large to be shown here; take the WARC record")
