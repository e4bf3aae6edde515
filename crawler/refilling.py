"""A machine's frontier made again from an archive: which addresses are stored, and the payloads to refer to.

Where a segment's outcomes are complete they and its index are enough; else its WARC is read. What was found and not
captured yet is not in an archive: the sources show it again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from archive.cdxj import IndexEntry
from archive.derived import read_outcomes
from archive.exchange import CaptureAddress, Discovery, Role
from archive.library import completions, segment_name, segments
from archive.manifests import CompletionManifest, Manifest
from archive.outcomes import PageOutcome, PageOutcomeLine
from archive.storage.protocol import Storage
from crawler.frontier import Frontier
from crawler.frontier_entries import Captured
from crawler.leftovers import acknowledge

_NOT_CAPTURED = frozenset({PageOutcome.NO_RESPONSE, PageOutcome.HTTP_ERROR, PageOutcome.TRUNCATED})
_BATCH = 5000
_REDIRECTION = 300


def refill(storage: Storage, frontier: Frontier, progress: Callable[[str, int], None]) -> int:
    """Tell the frontier what is stored; how many segments. `progress` gets each segment and its captures of pages.

    Raises DamagedArchive, StorageError or OSError.
    """
    complete = completions(storage)
    count = 0
    for manifest in segments(storage):
        completion = complete.get(manifest.segment)
        if completion is None:
            with tempfile.TemporaryDirectory(prefix="newswarc-refill-") as scratch:
                acknowledge(storage.fetch(manifest.warc.key, Path(scratch)), manifest.segment, frontier)
            pages = manifest.exchanges
        else:
            pages = _tell(storage, manifest, completion, frontier)
        frontier.stored(segment_name(manifest).text)
        count += 1
        progress(manifest.segment, pages)
    frontier.settle()
    return count


def _tell(storage: Storage, manifest: Manifest, completion: CompletionManifest, frontier: Frontier) -> int:
    index = _index(storage, manifest.cdxj.key)
    batch: list[Captured] = []
    pages = 0
    with storage.open_range(completion.outcomes.key) as stream:
        for line in read_outcomes(stream):
            entry = index.get(line.offset)
            if line.outcome in _NOT_CAPTURED or entry is None:
                continue
            batch.append(_captured(manifest.segment, line, entry))
            pages += 1
            if len(batch) >= _BATCH:
                frontier.captured(batch)
                batch = []
    frontier.captured(batch)
    return pages


def _index(storage: Storage, key: str) -> dict[int, IndexEntry]:
    """The lines of an index by offset."""
    with storage.open_range(key) as stream:
        return {entry.offset: entry for entry in map(IndexEntry.parse, stream.read().splitlines())}


def _captured(segment: str, line: PageOutcomeLine, entry: IndexEntry) -> Captured:
    address = CaptureAddress(segment, line.offset, entry.length, line.record_id, entry.digest, entry.is_revisit)
    full = not entry.is_revisit and entry.status < _REDIRECTION
    return Captured(line.url, address, entry.moment, Discovery(role=Role.ARTICLE), full=full)
