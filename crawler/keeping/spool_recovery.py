"""Finishing what earlier runs left in the spool: segments of dead writers are completed, closed ones are stored.

The next crawl does it, or an operator (``newswarc recover``, ``newswarc upload``).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from archive.errors import ObjectMissing, StorageUnavailable
from archive.layout import SegmentName
from archive.recovery import abandoned, captures_of, recover
from archive.segment import ClosedSegment
from archive.storage.protocol import Storage
from crawler.config import Configuration
from crawler.frontier.entries import Captured
from crawler.frontier.frontier import Frontier, open_frontier
from crawler.keeping.captured import captured_again
from crawler.keeping.counts import Counts
from crawler.keeping.deriving import SegmentPages, WaitingPage
from crawler.keeping.local_services import LocalServices
from crawler.keeping.spool import Spool, pages_of
from pipelines.generation import EXTRACTOR_GENERATION, text_mark

_BATCH = 5000


@dataclass(slots=True)
class TakenUp:
    """What was found in a spool."""

    lines: list[str] = field(default_factory=list)
    """One on each segment, for a person."""
    segments: list[tuple[SegmentPages, ClosedSegment]] = field(default_factory=list)
    """Closed segments, to be stored."""


def take_up(spool: Spool, storage: Storage | None, frontier: Frontier, now: datetime) -> TakenUp:
    """Finish and acknowledge what earlier runs left. Doing it again does nothing more.

    Segments that another process writes are left alone. Without a storage nothing is removed, and what waits to be
    stored is only named. Raises DamagedArchive, StorageError or OSError.
    """
    taken = TakenUp()
    recovered: set[str] = set()
    for path in spool.open_segments():
        line = _recovered(path, now)
        if line:
            taken.lines.append(line)
            recovered.add(line.partition(":")[0])
    spool.sweep()
    for closed in list(spool.closed_segments()):
        if not closed.warc.exists():
            if storage is not None:
                taken.lines.append(_removed(closed, spool, storage))
            continue
        acknowledge(closed.warc, closed.name.text, frontier)
        taken.segments.append((segment_pages(closed.name, closed.warc, spool, frontier), closed))
        if closed.name.text not in recovered:
            following = (
                "this run stores it, if the storage can be reached"
                if storage is not None
                else "`newswarc upload` stores it"
            )
            taken.lines.append(f"{closed.name.text}: not stored by an earlier run; {following}")
    return taken


async def take_up_and_store(services: LocalServices, now: datetime) -> list[str]:
    """Finish what earlier runs left and begin to store it; a line on each segment.

    What they had asked for and did not get may be requested again, by anybody.

    Raises DamagedArchive, StorageError or OSError.
    """
    taken = await asyncio.to_thread(take_up, services.spool, services.storage, services.frontier, now)
    services.frontier.take_back()
    for segment, closed in taken.segments:
        services.store.begin(segment, closed)
    services.store.tidy(now)
    return taken.lines


@dataclass(slots=True)
class RecoveredSpool:
    """What was found, and what came of it."""

    lines: list[str] = field(default_factory=list)
    """One on each segment, for a person."""
    files: list[str] = field(default_factory=list)
    """Keys of the objects that were stored."""
    articles: int = 0
    problems: list[str] = field(default_factory=list)


def recover_segments(configuration: Configuration) -> RecoveredSpool:
    """Finish the segments of dead writers and tell the frontier of them; nothing is stored.

    Raises DamagedArchive or OSError.
    """
    frontier = open_frontier(configuration)
    try:
        taken = take_up(Spool(configuration.state_directory / "spool"), None, frontier, datetime.now(UTC))
    finally:
        frontier.close()
    return RecoveredSpool(taken.lines)


async def upload_segments(configuration: Configuration) -> RecoveredSpool:
    """Finish and store all that waits in the spool, records and all.

    Raises BadAddress, DamagedArchive, StorageError or OSError.
    """
    counts = Counts()
    services = LocalServices(configuration, counts)
    try:
        lines = await take_up_and_store(services, datetime.now(UTC))
        await services.drain()
    finally:
        services.close()
    return RecoveredSpool(lines, sorted(counts.files), counts.articles.total(), counts.problems)


def _recovered(path: Path, now: datetime) -> str:
    with abandoned(path) as is_abandoned:
        if not is_abandoned:
            return ""
        recovered = recover(path, now)
        cut = f", {recovered.torn} incomplete bytes kept beside it" if recovered.torn else ""
        if recovered.closed is None:
            return f"{recovered.name.text}: contains no complete record{cut}"
        return f"{recovered.name.text}: left open by an earlier run; recovered{cut}"


def _removed(closed: ClosedSegment, spool: Spool, storage: Storage) -> str:
    """End the removal of a stored segment's local copies that a run did not get to the end of."""
    try:
        storage.stat(closed.name.manifest_key)
    except ObjectMissing:
        return f"{closed.warc}: missing, and not stored; restore it, or remove {closed.manifest_path}"
    except StorageUnavailable as error:
        return f"{closed.name.text}: can't check now whether it is stored ({error}); the next run checks again"
    spool.derived(closed.name, EXTRACTOR_GENERATION).remove()
    spool.remove(closed)
    return f"{closed.name.text}: already stored by an earlier run; removed from this machine"


def acknowledge(warc: Path, segment: str, frontier: Frontier) -> None:
    """Tell the frontier what a segment holds, so that it is not fetched again. Raises DamagedArchive or OSError."""
    batch: list[Captured] = []
    for capture in captures_of(warc):
        captured = captured_again(capture, segment)
        if captured is not None:
            batch.append(captured)
        if len(batch) >= _BATCH:
            frontier.captured(batch)
            batch = []
    frontier.captured(batch)


def segment_pages(name: SegmentName, warc: Path, spool: Spool, frontier: Frontier) -> SegmentPages:
    """A segment of an earlier run, with the pages that have no outcome yet. Raises DamagedArchive or OSError."""
    found = list(pages_of(warc))
    derived = spool.derived(name, EXTRACTOR_GENERATION, {record_id for _, record_id, _, _ in found})
    waiting = {
        offset: WaitingPage(configuration, site)
        for offset, record_id, configuration, site in found
        if record_id not in derived
    }
    for article in derived.articles():  # what a killed run had not written down yet
        frontier.keep_text(article.url, text_mark(article))
    return SegmentPages(name, warc, derived, waiting)
