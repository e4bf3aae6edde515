"""An archive in three lines::

from archive import open_archive

archive = open_archive("newswarc-data")
frame = archive.articles(lang="ar", since="2026-01").to_pandas()
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from archive.access import AccessGate
from archive.article import Article
from archive.errors import BadAddress
from archive.history import Moment, history
from archive.library import RecordFilter, articles, read_page, require_archive
from archive.period import Period, moment_of
from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options

if TYPE_CHECKING:
    from archive.datasets.counting import By, Count
    from archive.datasets.frames import Articles
    from archive.datasets.sources import SourceTable
    from archive.search.searching import Facet, Order, Searcher, SearchResult


class Archive:
    """An archive that can be read and searched."""

    def __init__(self, storage: Storage, cache: Path | None = None, sources: SourceTable | None = None) -> None:
        """`sources` fill the columns of the source in tables of articles."""
        self.storage = storage
        self._cache = cache
        self._sources = sources
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._searcher: Searcher | None = None
        self._gate: AccessGate | None = None

    def articles(
        self,
        *,
        lang: str | Sequence[str] = "",
        site: str | Sequence[str] = "",
        since: str = "",
        until: str = "",
        captured_since: str = "",
        captured_until: str = "",
        where: str = "",
        query: str = "",
        columns: str | Sequence[str] = (),
    ) -> Articles:
        """The articles that all of these mean; nothing is read yet.

        `lang` are language ranges: ``en`` takes ``en-GB`` too. `site` are hosts with what is below them. `since` (at
        or after) and `until` (before) are dates of publication, perhaps cut short (``2026-01``); articles without a
        date are left out then. `where` is a condition on columns (`archive.datasets.condition_parsing`), `query` one
        for the full-text index (`archive.search.query`). Raises BadAddress that says what is wrong.
        """
        from archive.datasets.condition_parsing import parse_condition
        from archive.datasets.frames import OWN_SCHEMA, Articles, Wish, texts

        wish = Wish(
            languages=texts(lang),
            sites=texts(site),
            published=Period.of(since, until),
            captured=Period.of(captured_since, captured_until),
            condition=parse_condition(where, OWN_SCHEMA, "where") if where else None,
            query=query,
        )
        found = Articles(self.storage, wish, self.gate, self._ids, self._sources)
        return found.select(*texts(columns)) if columns else found

    @property
    def gate(self) -> AccessGate:
        """What a reader on this machine may have, as the access rules were when it was first asked."""
        if self._gate is None:
            self._gate = AccessGate.of(self.storage)
        return self._gate

    def search(
        self,
        query: str,
        *,
        limit: int = 20,
        offset: int = 0,
        order: Order | str = "relevance",
        facets: Sequence[Facet | str] = (),
        folded: bool = True,
    ) -> SearchResult:
        """The hits of a query (`archive.search.query`), an exact count, and counts by facets.

        `order` is relevance, newest or oldest; facets are day, site, lang, section and author. `folded` shows
        versions of an address and copies of a text once. Raises BadQuery, BadAddress, SearchUnavailable,
        DamagedArchive or StorageError.
        """
        from archive.search.searching import Facet, Order

        return self._search.search(
            query,
            limit=limit,
            offset=offset,
            order=Order(order),
            facets=[Facet(facet) for facet in facets],
            folded=folded,
        )

    def matching(self, query: str) -> Iterator[Article]:
        """The records of all that a query means. Raises as `search`."""
        return articles(self.storage, RecordFilter(ids=self._search.ids(query)), self.gate)

    def similar(self, record_id: UUID, *, limit: int = 10) -> SearchResult:
        """Articles like one of the archive. Raises as `search`."""
        return self._search.similar(record_id, limit=limit)

    def counts(self, *queries: str, by: By | str = "month") -> list[Count]:
        """How many articles each query means (`archive.search.query`), and of how many, by day, month, year, site or
        lang; a phrase stands in quotation marks. Raises as `search`.
        """
        from archive.datasets.counting import By, counts

        return counts(lambda query, facet: self.search(query, limit=0, facets=[facet]), queries, By(by))

    def follow_ups(self, article: Article, *, limit: int = 10) -> list[Article]:
        """What came after an article: later versions of it, then similar articles that were published later.

        Raises as `search`.
        """
        later = [one.article for one in self.versions(article.url) if one.article and _is_after(one.article, article)]
        if article.id is not None:
            similar = (hit.article for hit in self.similar(article.id, limit=limit).hits)
            later += [one for one in similar if one.url != article.url and _is_after(one, article)]
        return later[:limit]

    def page(self, article: Article) -> bytes:
        """The HTTP response that a record was made from, byte for byte as received.

        Raises AccessRefused, BadAddress when the record names no capture, DamagedArchive or StorageError.
        """
        if article.warc is None:
            raise BadAddress(f"{article.url}: the record names no capture")
        return read_page(self.storage, article.warc, self.gate)

    def versions(self, url: str) -> list[Moment]:
        """All captures of a URL, oldest first, each with its outcome and its article, if it became one.

        Raises DamagedArchive or StorageError.
        """
        return history(self.storage, url, self.gate)

    def _ids(self, query: str) -> dict[str, frozenset[UUID]]:
        """The search is opened when the first article is asked for."""
        return self._search.ids(query)

    def close(self) -> None:
        """Let the files go."""
        if self._searcher is not None:
            self._searcher.close()
            self._searcher = None
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _search(self) -> Searcher:
        from archive.search.searching import Searcher

        if self._searcher is None:
            if self._cache is None:
                self._scratch = tempfile.TemporaryDirectory(prefix="newswarc-search-")
            self._searcher = Searcher(self.storage, self._cache or Path(self._scratch.name if self._scratch else ""))
        return self._searcher


def _is_after(one: Article, other: Article) -> bool:
    """By publication; of the same address by capture."""
    if one.url == other.url and one.warc is not None and other.warc is not None:
        return one.warc.date > other.warc.date
    published, before = moment_of(one.date_published or ""), moment_of(other.date_published or "")
    return published is not None and before is not None and published > before


def open_archive(
    address: str,
    s3: S3Options | None = None,
    *,
    cache: Path | None = None,
    sources: Path | str | None = None,
) -> Archive:
    """The archive at an address: a directory's path, or ``s3://bucket/prefix``.

    `cache` is a directory where copies of the index are kept from one time to the next; without one they are gone
    when the archive is closed. `sources` is a table of sources in CSV (`archive.datasets.sources`), which fills the
    columns ``source``, ``sourceName`` and so on of articles; without one they are empty. ``newswarc sites --csv``
    writes that of the site definitions. Raises BadAddress when there is no archive or no such table, or StorageError.
    """
    storage = open_storage(address, s3)
    require_archive(storage)
    table = None
    if sources is not None:
        from archive.datasets.sources import SourceTable, read_sources

        table = SourceTable(read_sources(Path(sources)))
    return Archive(storage, cache, table)
