"""Searching an archive: hits with their records, exact counts, facets, similar articles, all ids of a query.

A searcher holds no state that cannot be made again: it looks at the list of splits when it is opened and every
`LOOK_EVERY` seconds from then on, and keeps copies of them on this machine. What it finds in them are ids; what it
tells of an article comes from the record. Records that were redacted or made anew, and those that an access rule
withholds from the reader, are left out of hits, counts and facets alike, from the next look on.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from archive.access import rules_in_force
from archive.access_rules import AccessRules
from archive.article import Article
from archive.derived import member_at
from archive.errors import BadAddress, DamagedArchive, ObjectMissing, StorageError
from archive.layout import SegmentName
from archive.library import article_of
from archive.search.analysis import ANALYSIS, NOTHING, analysed
from archive.search.cache import SplitCache, View
from archive.search.compiling import Compiler
from archive.search.documents import digest64, halves, joined, segment_number
from archive.search.engine import engine, index_format
from archive.search.open_segments import OpenSegments
from archive.search.query import Node, parse, words_of, written
from archive.search.snippets import Snippet, snippet
from archive.search.splits import Coverage, SplitReader, coverage, current_records
from archive.storage.local import LocalStorage
from archive.storage.protocol import Storage

LOOK_EVERY = 60.0
"""Seconds between two looks at the list of splits."""
MOST_HITS = 10_000
"""Hits that can be paged through; `Searcher.ids` gives all."""
_TRIES = 5
_BUCKETS = 60_000
_REMEMBERED = 4_096
_MOST_RELATIVES = 2_000
"""Versions and copies of all hits that are looked at together."""
_SIMILAR_TERMS = 25
_LIKE = 3
"""Bits in which the similarity hashes of a text and its copy differ at most."""
_READING = 8
_MASK = (1 << 64) - 1
_PARTS = 4
"""Parts of a similarity hash: of two that differ in `_LIKE` bits at most, one part is the same."""
_PART_BITS = 64 // _PARTS


class Order(StrEnum):
    """Which hits come first."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


class Facet(StrEnum):
    """By what hits are counted."""

    DAY = "day"
    SITE = "site"
    LANGUAGE = "lang"
    SECTION = "section"
    AUTHOR = "author"


_FACET_FIELDS = {
    Facet.DAY: "day",
    Facet.SITE: "site",
    Facet.LANGUAGE: "lang",
    Facet.SECTION: "part",
    Facet.AUTHOR: "names",
}


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """Where a record is that a query means."""

    id: UUID
    segment: str
    generation: str
    """Empty when its segment is open on this machine."""
    member: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found."""

    article: Article
    score: float
    """How well it fits; 0 in an order by date."""
    snippet: Snippet
    versions: int
    """Records of its address, itself among them; the newest of those that fit is shown, or the one that fits best."""
    copies: int
    """Records of other addresses with the same text, or nearly the same among the hits."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a query gave."""

    query: str
    """In its plainest form."""
    analysis: str
    """Version of the analysis."""
    index: str
    """Digest of what answered: the same query over the same index gives the same result."""
    count: int
    """Records that are meant, each version and copy by itself."""
    hits: tuple[Hit, ...] = ()
    facets: dict[str, dict[str, int]] = field(default_factory=dict)
    unreadable: int = 0
    """Hits whose records are gone or damaged."""
    missing: int = 0
    """Stored segments that are not in the index yet."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the records of a segment are."""

    segment: str
    generation: str


@dataclass(slots=True)
class _State:
    """What a searcher answers from."""

    view: View
    version: str
    sources: dict[int, _Source]
    """By the digest of the segment's name."""
    hidden: list[int]
    missing: list[str]
    rules: AccessRules


@dataclass(slots=True)
class _Row:
    address: Any
    score: float
    id: UUID
    segment: int
    member: int
    place: int
    same: int
    likeness: int
    order: int
    copies: int = 0


class Searcher:
    """Searches one archive. One thread at a time."""

    def __init__(
        self,
        storage: Storage,
        directory: Path,
        *,
        spool: Path | None = None,
        is_local: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        look_every: float = LOOK_EVERY,
    ) -> None:
        """`directory` is for copies of splits; `spool` is where this machine's open segments are, if it has any.
        `is_local` says whether the reader is on the archive's own machine, for access rules.
        """
        self._storage = storage
        self._reader = SplitReader(storage, index_format())
        self._cache = SplitCache(storage, directory)
        self._open = OpenSegments(directory / "open", spool) if spool is not None else None
        self._compiler = Compiler()
        self._is_local = is_local
        self._now = now
        self._look_every = look_every
        self._looked = -math.inf
        self._state: _State | None = None
        self._readers: ThreadPoolExecutor | None = None

    def search(
        self,
        query: str | Node,
        *,
        limit: int = 20,
        offset: int = 0,
        order: Order = Order.RELEVANCE,
        facets: Sequence[Facet] = (),
        folded: bool = True,
    ) -> SearchResult:
        """The hits of a query; `folded` shows versions of an address and copies of a text once.

        Raises BadQuery, BadAddress, StorageError, DamagedArchive or OSError.
        """
        if limit < 0 or offset < 0 or limit + offset > MOST_HITS:
            raise BadAddress(f"search: hits can be paged through up to the {MOST_HITS:,}th")
        state = self._ready()
        node = parse(query) if isinstance(query, str) else query
        compiled = self._visible(state, self._compiler.compiled(node, scored=order is Order.RELEVANCE))
        rows, count = self._rows(state, compiled, offset + limit, order, folded=folded)
        hits, unreadable = self._hits(state, rows[offset : offset + limit], node)
        return SearchResult(
            query=written(node),
            analysis=ANALYSIS,
            index=state.version,
            count=count,
            hits=tuple(hits),
            facets=self._facets(state, compiled, facets),
            unreadable=unreadable,
            missing=len(state.missing),
        )

    def count(self, query: str | Node) -> int:
        """How many records are meant. Raises as `search`."""
        return self.search(query, limit=0).count

    def similar(self, record_id: UUID, *, limit: int = 10) -> SearchResult:
        """Articles like one that is in the index: by the words that it shares with few others.

        Raises BadAddress when it is not there, and as `search`.
        """
        state = self._ready()
        article = self._article(state, record_id)
        weights = self._weights(state, article)
        own = [self._compiler.address(article.url)]
        own += (
            [self._compiler.number_in("same", [digest64(article.content_sha256)])] if article.content_sha256 else []
        )
        compiled = self._compiler.without(self._visible(state, self._compiler.any_of(weights)), own)
        rows, count = self._rows(state, compiled, limit, Order.RELEVANCE, folded=True) if weights else ([], 0)
        hits, unreadable = self._hits(state, rows, None)
        return SearchResult(
            f"similar to {record_id}", ANALYSIS, state.version, count, tuple(hits), {}, unreadable, len(state.missing)
        )

    def record(self, record_id: UUID) -> Article:
        """The record of an id. Raises BadAddress when it is not in the index, and as `search`."""
        return self._article(self._ready(), record_id)

    def versions(self, article: Article, limit: int = 200) -> list[Article]:
        """The records of the address of an article, itself among them, oldest capture first. Raises as `search`."""
        state = self._ready()
        found = self._first_articles(state, self._compiler.address(article.url), limit)
        return sorted(found, key=lambda one: (one.warc.date.isoformat() if one.warc else "", str(one.id)))

    def copies(self, article: Article, limit: int = 50) -> list[Article]:
        """Records of other addresses with the same text, newest first. Raises as `search`."""
        if not article.content_sha256:
            return []
        same = self._compiler.number_in("same", [digest64(article.content_sha256)])
        others = self._compiler.without(same, [self._compiler.address(article.url)])
        found = self._first_articles(self._ready(), others, limit)
        return [one for one in found if one.content_sha256 == article.content_sha256]

    def _first_articles(self, state: _State, compiled: Any, limit: int) -> list[Article]:
        rows, _ = self._rows(state, self._visible(state, compiled), limit, Order.NEWEST, folded=False)
        read = self._read_all(state, rows)
        return [article for article in read if article is not None]

    def found(self, query: str | Node) -> Iterator[FoundRecord]:
        """All stored records that a query means, by segment and place; memory is that of a segment's records.

        Raises as `search`.
        """
        state = self._ready()
        node = parse(query) if isinstance(query, str) else query
        compiled = self._visible(state, self._compiler.compiled(node, scored=False))
        numbers: dict[tuple[str, str], list[int]] = {}
        for number, source in state.sources.items():
            if source.generation:
                numbers.setdefault((source.segment, source.generation), []).append(number)
        for (segment, generation), own in sorted(numbers.items()):
            within = self._compiler.both(compiled, self._compiler.of_segments(own))
            count = state.view.searcher.search(within, 1).count
            result = state.view.searcher.search(within, max(1, count), order_by_field="order")
            rows = self._read_rows(state, [(0.0, address) for _, address in result.hits])
            for row in sorted(rows, key=lambda row: (row.member, row.id)):
                yield FoundRecord(row.id, segment, generation, row.member)

    def first(self, query: str | Node, limit: int, order: Order = Order.RELEVANCE) -> list[UUID]:
        """The ids of the first hits, without a look at their records. Raises as `search`."""
        state = self._ready()
        node = parse(query) if isinstance(query, str) else query
        compiled = self._visible(state, self._compiler.compiled(node, scored=order is Order.RELEVANCE))
        return [row.id for row in self._rows(state, compiled, limit, order, folded=False)[0]]

    def ids(self, query: str | Node) -> dict[str, frozenset[UUID]]:
        """The ids of all stored records that a query means, by segment. Raises as `search`."""
        found: dict[str, set[UUID]] = {}
        for record in self.found(query):
            found.setdefault(record.segment, set()).add(record.id)
        return {segment: frozenset(ids) for segment, ids in found.items()}

    @property
    def missing(self) -> list[str]:
        """Stored segments that are not in the index. Raises StorageError, DamagedArchive or OSError."""
        return self._ready().missing

    @property
    def version(self) -> str:
        """Digest of what answers. Raises as `missing`."""
        return self._ready().version

    def look(self) -> None:
        """Look at the list of splits now, and take in what is new. Raises StorageError, DamagedArchive or OSError."""
        for left in range(_TRIES, 0, -1):
            try:
                self._look()
            except (ObjectMissing, FileNotFoundError):
                if left == 1:
                    raise
                continue  # a split was superseded meanwhile, or another program tidied the copies
            self._looked = time.monotonic()
            return

    def close(self) -> None:
        """Let the files go."""
        if self._state is not None:
            self._state.view.close()
            self._state = None
        if self._readers is not None:
            self._readers.shutdown()
            self._readers = None
        self._looked = -math.inf

    def __enter__(self) -> Searcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ready(self) -> _State:
        if self._state is None or time.monotonic() - self._looked >= self._look_every:
            self.look()
        assert self._state is not None
        return self._state

    def _look(self) -> None:
        current = current_records(self._storage)
        covered = coverage(self._reader.list().splits, current)
        sources, hidden = _sources(covered)
        opened: list[str] = []
        if self._open is not None:
            opened = self._open.refresh(covered.answering)
            sources |= {segment_number("", segment): _Source(segment, "") for segment in opened}
        rules = rules_in_force(self._storage)
        version = self._version(covered, rules)
        missing = [segment for segment in covered.missing if segment not in opened]
        if self._state is not None and self._state.version == version:
            self._state.missing = missing
            return
        self._cache.fetch(covered.used)
        view = self._cache.view(covered.used, [self._open.directory] if self._open and opened else [])
        previous, self._state = self._state, _State(view, version, sources, hidden, missing, rules)
        if previous is not None:
            previous.view.close()
        self._cache.purge(split.name for split in covered.used)

    def _version(self, covered: Coverage, rules: AccessRules) -> str:
        digest = hashlib.sha256()
        for split in covered.used:
            digest.update(f"{split.name} {sorted(covered.hidden[split.name])}\n".encode())
        opened = self._open.version if self._open is not None else ""
        digest.update(f"{opened} {[rule.id for rule in rules.rules]}".encode())
        return f"{ANALYSIS}-{digest.hexdigest()[:16]}"

    def _visible(self, state: _State, compiled: Any) -> Any:
        unwanted = [self._compiler.of_segments(state.hidden)] if state.hidden else []
        now = self._now()
        unwanted += [
            self._compiler.refused(rule)
            for rule in state.rules.rules
            if rule.refuses_at(now, is_local=self._is_local)
        ]
        return self._compiler.without(compiled, unwanted)

    def _rows(
        self, state: _State, compiled: Any, wanted: int, order: Order, *, folded: bool
    ) -> tuple[list[_Row], int]:
        """The first hits, and how many there are."""
        searcher = state.view.searcher
        asked = max(1, wanted * (2 if folded else 1))
        while True:
            if order is Order.RELEVANCE:
                result = searcher.search(compiled, asked)
                pairs = result.hits
            else:
                result = searcher.search(compiled, asked, order_by_field="order", order=self._library_order(order))
                pairs = [(0.0, address) for _, address in result.hits]
            rows = self._read_rows(state, pairs) if wanted else []
            rows.sort(key=lambda row: (-row.score, row.order if order is Order.OLDEST else -row.order))
            shown = _folded(rows) if folded else rows
            if len(shown) >= wanted or asked >= result.count:
                return shown[:wanted], result.count
            asked *= 4

    def _library_order(self, order: Order) -> Any:
        return engine().Order.Asc if order is Order.OLDEST else engine().Order.Desc

    def _read_rows(self, state: _State, pairs: Iterable[tuple[float, Any]]) -> list[_Row]:
        scores, addresses = [], []
        for score, address in pairs:
            scores.append(score)
            addresses.append(address)
        names = ("high", "low", "segment", "member", "address", "same", "likeness", "order")
        columns = [state.view.searcher.fast_field_values(name, addresses) for name in names]
        return [
            _Row(address, round(score, 4), joined(high, low), *rest)
            for address, score, high, low, *rest in zip(addresses, scores, *columns, strict=True)
        ]

    def _hits(self, state: _State, rows: list[_Row], node: Node | None) -> tuple[list[Hit], int]:
        wanted = words_of(node) if node is not None else []
        read = zip(rows, self._read_all(state, rows), strict=True)
        there = [(row, article) for row, article in read if article is not None]
        hits = [
            Hit(article, row.score, snippet(article.article_body, wanted), versions, copies)
            for (row, article), (versions, copies) in zip(there, self._relatives(state, there), strict=True)
        ]
        return hits, len(rows) - len(hits)

    def _read_all(self, state: _State, rows: Sequence[_Row]) -> list[Article | None]:
        """The records of rows: most of the time is waiting for a storage. Threads are kept, starting them takes as
        long as reading a few records.
        """
        if len(rows) < 2 or isinstance(self._storage, LocalStorage):  # a disk answers before a thread has begun
            return [self._read(state, row) for row in rows]
        if self._readers is None:
            self._readers = ThreadPoolExecutor(_READING, thread_name_prefix="records")
        return list(self._readers.map(lambda row: self._read(state, row), rows))

    def _read(self, state: _State, row: _Row) -> Article | None:
        """The record of a row; None when it is gone, or cannot be read."""
        source = state.sources[row.segment]
        try:
            if not source.generation:
                assert self._open is not None
                article = self._open.read(source.segment, row.member, row.id)
                return article or article_of(self._storage, row.id, source.segment)
            key = _records_key(source.segment, source.generation)
            return read_record(self._storage, key, row.member, row.id)
        except (StorageError, DamagedArchive) as error:
            if isinstance(error, (ObjectMissing, DamagedArchive)):
                return None
            raise

    def _relatives(self, state: _State, hits: Sequence[tuple[_Row, Article]]) -> list[tuple[int, int]]:
        """For each hit the records of its address, and those of other addresses with the same text: of all hits at
        once, unless there are very many.
        """
        searcher, compiler = state.view.searcher, self._compiler
        if not hits:
            return []
        alike = compiler.number_in("same", {row.same for row, _ in hits})
        related = compiler.either(compiler.addresses(article.url for _, article in hits), alike)
        result = searcher.search(self._visible(state, related), _MOST_RELATIVES, order_by_field="order")
        if result.count > _MOST_RELATIVES:
            return [self._relatives_of(state, row, article) for row, article in hits]
        found = [address for _, address in result.hits]
        places, texts = (searcher.fast_field_values(name, found) for name in ("address", "same"))
        at_place, with_text, both = Counter(places), Counter(texts), Counter(zip(places, texts, strict=True))
        return [
            (at_place[row.place], max(row.copies, with_text[row.same] - both[row.place, row.same])) for row, _ in hits
        ]

    def _relatives_of(self, state: _State, row: _Row, article: Article) -> tuple[int, int]:
        searcher = state.view.searcher
        address = self._compiler.address(article.url)
        versions = searcher.search(self._visible(state, address), 1).count
        same = self._compiler.without(self._compiler.number_in("same", [row.same]), [address])
        return versions, max(row.copies, searcher.search(self._visible(state, same), 1).count)

    def _facets(self, state: _State, compiled: Any, facets: Sequence[Facet]) -> dict[str, dict[str, int]]:
        """Counts by value, by facet: one look at what is meant."""
        if not facets:
            return {}
        wanted = {
            facet.value: {"terms": {"field": _FACET_FIELDS[facet], "size": _BUCKETS, "segment_size": _BUCKETS}}
            for facet in facets
        }
        found = state.view.searcher.aggregate(compiled, wanted)
        return {facet.value: _counts(found[facet.value]["buckets"], facet) for facet in facets}

    def _article(self, state: _State, record_id: UUID) -> Article:
        _, low = halves(record_id)
        compiled = self._visible(state, self._compiler.number_in("low", [low]))
        result = state.view.searcher.search(compiled, 10)
        for row in self._read_rows(state, result.hits):
            if row.id == record_id and (article := self._read(state, row)) is not None:
                return article
        raise BadAddress(f"{record_id}: no record of this id in the index")

    def _weights(self, state: _State, article: Article) -> dict[str, float]:
        """The terms of an article that tell most of it."""
        searcher = state.view.searcher
        counts = Counter(f"{analysed(article.headline)} {analysed(article.article_body)}".split())
        weights: dict[str, float] = {}
        for term, count in counts.items():
            frequency = searcher.doc_freq("text", term)
            if frequency > 1 and term != NOTHING:
                rarity = math.log(1 + searcher.num_docs / frequency)
                weights[term] = rarity * count / (count + 1)
        best = sorted(weights, key=lambda term: (-weights[term], term))[:_SIMILAR_TERMS]
        return {term: weights[term] for term in best}


@lru_cache(_REMEMBERED)
def _records_key(segment: str, generation: str) -> str:
    return SegmentName.parse(segment).records_key(generation)


def _counts(buckets: Iterable[Mapping[str, Any]], facet: Facet) -> dict[str, int]:
    """By day in the order of days, else the most frequent first."""
    counts = [(bucket["key"], int(bucket["doc_count"])) for bucket in buckets]
    if facet is Facet.DAY:
        days = ((f"{int(key):08d}", count) for key, count in sorted(counts))
        return {f"{day[:4]}-{day[4:6]}-{day[6:]}": count for day, count in days}
    return dict(sorted(((str(key), count) for key, count in counts if key), key=lambda pair: (-pair[1], pair[0])))


def read_record(storage: Storage, key: str, member: int, record_id: UUID) -> Article | None:
    """A record of a stored records file, by where its gzip member begins; None when it is not there.

    Raises DamagedArchive or StorageError.
    """
    mark = str(record_id).encode()
    for line in member_at(storage, key, member):
        if mark in line:
            with suppress(ValidationError):
                article = Article.model_validate_json(line)
                if article.id == record_id:
                    return article
    return None


def _sources(covered: Coverage) -> tuple[dict[int, _Source], list[int]]:
    """Where the records of each segment are, by its number in a split; numbers of those that do not answer."""
    sources: dict[int, _Source] = {}
    hidden: list[int] = []
    for split in covered.used:
        for one in split.segments:
            number = segment_number(split.name, one.segment)
            if one.segment in covered.hidden[split.name]:
                hidden.append(number)
            else:
                sources[number] = _Source(one.segment, one.generation)
    return sources, sorted(hidden)


def _folded(rows: Iterable[_Row]) -> list[_Row]:
    """Rows without other versions of an address, and without copies of a text, of those before."""
    shown: list[_Row] = []
    addresses: set[int] = set()
    texts: dict[int, _Row] = {}
    alike = _Alike()
    for row in rows:
        if row.place in addresses:
            continue
        twin = texts.get(row.same) or alike.first(row.likeness)
        addresses.add(row.place)
        if twin is not None:
            twin.copies += 1
            continue
        texts[row.same] = row
        shown.append(row)
        alike.add(row)
    return shown


class _Alike:
    """Rows by their similarity hashes: the alike ones are found without a look at all others."""

    def __init__(self) -> None:
        self._by_part: dict[tuple[int, int], list[tuple[int, _Row]]] = {}
        self._count = 0

    def add(self, row: _Row) -> None:
        """Add a row behind those before."""
        if row.likeness:
            for part in self._parts(row.likeness):
                self._by_part.setdefault(part, []).append((self._count, row))
            self._count += 1

    def first(self, likeness: int) -> _Row | None:
        """The first row that is alike."""
        near = (
            next((pair for pair in self._by_part.get(part, ()) if _are_alike(pair[1].likeness, likeness)), None)
            for part in self._parts(likeness)
        )
        return min((pair for pair in near if pair is not None), key=lambda pair: pair[0], default=(0, None))[1]

    def _parts(self, likeness: int) -> list[tuple[int, int]]:
        return [(number, (likeness >> number * _PART_BITS) & ((1 << _PART_BITS) - 1)) for number in range(_PARTS)]


def _are_alike(one: int, other: int) -> bool:
    return bool(one and other) and ((one ^ other) & _MASK).bit_count() <= _LIKE
