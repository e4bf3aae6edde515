"""Rebuilding a machine's frontier from an archive: stored URLs, payloads to refer to, site memories.

Where a segment's outcomes are complete they and its index are enough; else its WARC is read. What was found and not
captured yet is not in an archive: the sources show it again. What recurs on a site's pages is learned again from its
records, which have a recurring paragraph up to the run that learned of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from archive.cdxj import IndexEntry
from archive.derived import read_articles, read_outcomes
from archive.library import completions, segment_name, segments
from archive.manifests import CompletionManifest, Manifest
from archive.selection import within
from archive.storage.protocol import Storage
from crawler.frontier.entries import Captured
from crawler.frontier.frontier import Frontier
from crawler.frontier.site_memories import SiteMemories
from crawler.keeping.captured import captured_as_indexed
from crawler.keeping.spool_recovery import acknowledge

_BATCH = 5000


def refill(storage: Storage, frontier: Frontier, progress: Callable[[str, int], None]) -> int:
    """Tell the frontier what is stored; how many segments. `progress` gets each segment and its captures of pages.

    Raises DamagedArchive, StorageError or OSError.
    """
    complete = completions(storage)
    memories = SiteMemories(frontier.database)
    count = 0
    for manifest in segments(storage):
        completion = complete.get(manifest.segment)
        if completion is None:
            with tempfile.TemporaryDirectory(prefix="newswarc-refill-") as scratch:
                acknowledge(storage.fetch(manifest.warc.key, Path(scratch)), manifest.segment, frontier)
            pages = manifest.exchanges
        else:
            pages = _tell(storage, manifest, completion, frontier)
            _teach(storage, manifest, completion, memories)
        frontier.stored(segment_name(manifest).text)
        count += 1
        progress(manifest.segment, pages)
    memories.keep()
    frontier.settle()
    return count


def _tell(storage: Storage, manifest: Manifest, completion: CompletionManifest, frontier: Frontier) -> int:
    index = _index(storage, manifest.cdxj.key)
    batch: list[Captured] = []
    pages = 0
    with storage.open_range(completion.outcomes.key) as stream:
        for line in read_outcomes(stream):
            entry = index.get(line.offset)
            if not line.outcome.traits.is_captured or entry is None:
                continue
            batch.append(captured_as_indexed(manifest.segment, line, entry))
            pages += 1
            if len(batch) >= _BATCH:
                frontier.captured(batch)
                batch = []
    frontier.captured(batch)
    return pages


def _teach(storage: Storage, manifest: Manifest, completion: CompletionManifest, memories: SiteMemories) -> None:
    with storage.open_range(completion.records.key) as stream:
        for article in read_articles(stream):
            if site := _site_of(article.url, manifest.sites):
                memories.learn(site, article.url, article.paragraphs)


def _site_of(url: str, sites: Iterable[str]) -> str:
    """Which of a segment's sites an address is of; empty where neither their number nor the host tells."""
    known = [site for site in sites if site != "-"]
    host = urlsplit(url).hostname or ""
    of_host = known if len(known) == 1 else [site for site in known if within(host, site.partition(":")[0])]
    return of_host[0] if len(of_host) == 1 else ""


def _index(storage: Storage, key: str) -> dict[int, IndexEntry]:
    """The lines of an index by offset."""
    with storage.open_range(key) as stream:
        return {entry.offset: entry for entry in map(IndexEntry.parse, stream.read().splitlines())}
