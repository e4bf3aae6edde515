"""Sites, days and articles of what is replayed, for its start page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from archive.cdxj import IndexEntry
from archive.derived import read_articles
from archive.library import completion_of, segments
from archive.lookup import Lookup
from archive.manifests import Manifest
from archive.selection import within


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page that can be opened."""

    url: str
    captured: datetime
    title: str
    language: str = ""
    published: str = ""


class Listing(Protocol):
    """What there is to open."""

    def days(self) -> dict[str, Counter[str]]:
        """For each site the days (``2026-11-24``) with captures, and how many."""
        ...

    def pages(self, site: str, day: str) -> Iterator[ListedPage]:
        """The HTML pages of a site and a day."""
        ...


class ArchiveListing:
    """The listing of an archive: counts from its manifests, pages from records and indexes of the day asked for."""

    def __init__(self, lookup: Lookup, manifests: Callable[[], Iterable[Manifest]] | None = None) -> None:
        """`manifests` gives those of the stored segments; without it they are read each time."""
        self._lookup = lookup
        self._storage = lookup.storage
        self._manifests = manifests or (lambda: segments(self._storage))

    def days(self) -> dict[str, Counter[str]]:
        """Sites as the manifests have them, without what access rules withhold.

        Raises DamagedArchive or StorageError.
        """
        withheld: dict[str, list[str]] = {}
        for entry in self._lookup.withheld():
            withheld.setdefault(entry.segment, []).append(entry.url)
        found: dict[str, Counter[str]] = {}
        for manifest in self._manifests():
            for site, attempts in manifest.sites.items():
                urls = withheld.get(manifest.segment, ())
                left = attempts - sum(_is_of(url, site, manifest.sites) for url in urls)
                if left > 0:
                    found.setdefault(site, Counter())[manifest.opened[:10]] += left
        return found

    def pages(self, site: str, day: str) -> Iterator[ListedPage]:
        """HTML pages in the segments that were opened on that day. Raises DamagedArchive or StorageError."""
        for manifest in self._manifests():
            if manifest.opened[:10] != day or site not in manifest.sites:
                continue
            articles = {
                (page.url, f"{page.captured:%Y%m%d%H%M%S}"): page for page in self._articles(manifest.segment)
            }
            with self._storage.open_range(manifest.cdxj.key) as lines:
                entries = [IndexEntry.parse(line) for line in lines.read().splitlines()]
            found = [
                articles.get((entry.url, f"{entry.moment:%Y%m%d%H%M%S}")) or ListedPage(entry.url, entry.moment, "")
                for entry in entries
                if entry.is_page
            ]
            for page in found:
                if _is_of(page.url, site, manifest.sites) and self._lookup.gate.lets(page.url, page.captured):
                    yield page

    def _articles(self, segment: str) -> Iterator[ListedPage]:
        completion = completion_of(self._storage, segment)
        if completion is None:
            return
        with self._storage.open_range(completion.records.key) as stream:
            for article in read_articles(stream):
                if article.warc is not None:
                    language, published = article.in_language or "", article.date_published or ""
                    yield ListedPage(article.url, article.warc.date, article.headline or "", language, published)


def _is_of(url: str, site: str, sites: dict[str, int]) -> bool:
    """Whether an article is a site's. One that has a definition is known by its name alone: so by what is left."""
    host = urlsplit(url).netloc
    hosts = [name for name in sites if "/" not in name]
    if "/" in site:
        return not any(within(host, name) for name in hosts)
    return within(host, site)


class PageListing:
    """The listing of a file: its pages, in memory."""

    def __init__(self, pages: Iterable[ListedPage]) -> None:
        self._pages = list(pages)

    def days(self) -> dict[str, Counter[str]]:
        """Hosts and days of the pages."""
        found: dict[str, Counter[str]] = {}
        for page in self._pages:
            found.setdefault(urlsplit(page.url).netloc, Counter())[f"{page.captured:%Y-%m-%d}"] += 1
        return found

    def pages(self, site: str, day: str) -> Iterator[ListedPage]:
        """The pages of a host and a day."""
        for page in self._pages:
            if urlsplit(page.url).netloc == site and f"{page.captured:%Y-%m-%d}" == day:
                yield page
