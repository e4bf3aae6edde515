"""An archive in three lines::

from archive.opening import open_archive

with open_archive("newswarc-data") as archive:
    for hit in archive.search("bridge site:example.com").hits:
        print(hit.article.headline)
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from archive.article import Article
from archive.library import RecordFilter, articles, read_page, require_archive
from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options

if TYPE_CHECKING:
    from archive.search.searching import Facet, Order, Searcher, SearchResult


class Archive:
    """An archive that can be read and searched."""

    def __init__(self, storage: Storage, cache: Path | None = None) -> None:
        self.storage = storage
        self._cache = cache
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._searcher: Searcher | None = None

    def articles(self, wanted: RecordFilter | None = None) -> Iterator[Article]:
        """All records, or those that are wanted. Raises DamagedArchive or StorageError."""
        return articles(self.storage, wanted)

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
        return articles(self.storage, RecordFilter(ids=self._search.ids(query)))

    def similar(self, record_id: UUID, *, limit: int = 10) -> SearchResult:
        """Articles like one of the archive. Raises as `search`."""
        return self._search.similar(record_id, limit=limit)

    def page(self, article: Article) -> bytes:
        """The HTTP response that a record was made from. Raises DamagedArchive or StorageError."""
        assert article.warc is not None
        return read_page(self.storage, article.warc)

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


def open_archive(address: str, s3: S3Options | None = None, *, cache: Path | None = None) -> Archive:
    """The archive at an address: a directory's path, or ``s3://bucket/prefix``.

    `cache` is a directory where copies of the index are kept from one time to the next; without one they are gone
    when the archive is closed. Raises BadAddress when there is no archive, or StorageError.
    """
    storage = open_storage(address, s3)
    require_archive(storage)
    return Archive(storage, cache)
