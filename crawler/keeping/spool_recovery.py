"""What earlier runs left in the spool is taken up: segments of dead writers are finished, closed ones stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from archive.captures import Capture
from archive.errors import ObjectMissing, StorageUnavailable
from archive.exchange import CaptureAddress, CaptureOutcome
from archive.layout import SegmentName
from archive.recovery import abandoned, captures_of, recover
from archive.segment import ClosedSegment
from archive.storage.protocol import Storage
from crawler.frontier.capture_outcomes import FINAL, PASSING
from crawler.frontier.entries import Captured
from crawler.frontier.frontier import Frontier
from crawler.keeping.deriving import SegmentPages, WaitingPage
from crawler.keeping.spool import Spool, pages_of
from pipelines.generation import EXTRACTOR_GENERATION

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
        taken.segments.append((segment_pages(closed.name, closed.warc, spool), closed))
        if closed.name.text not in recovered:
            now_or_later = "stored now" if storage is not None else "newswarc upload stores it"
            taken.lines.append(f"{closed.name.text}: not stored by an earlier run, {now_or_later}")
    return taken


def _recovered(path: Path, now: datetime) -> str:
    with abandoned(path) as is_abandoned:
        if not is_abandoned:
            return ""
        recovered = recover(path, now)
        cut = f", {recovered.torn} torn bytes kept beside it" if recovered.torn else ""
        if recovered.closed is None:
            return f"{recovered.name.text}: nothing whole in it{cut}"
        return f"{recovered.name.text}: left open by an earlier run; recovered{cut}"


def _removed(closed: ClosedSegment, spool: Spool, storage: Storage) -> str:
    """End the removal of a stored segment's local copies that a run did not get to the end of."""
    try:
        storage.stat(closed.name.manifest_key)
    except ObjectMissing:
        return f"{closed.warc}: missing, and not stored either; restore it, or remove {closed.manifest_path}"
    except StorageUnavailable as error:
        return f"{closed.name.text}: whether it is stored cannot be asked now ({error}); the next run does"
    spool.derived(closed.name, EXTRACTOR_GENERATION).remove()
    spool.remove(closed)
    return f"{closed.name.text}: stored by an earlier run, removed from this machine now"


def acknowledge(warc: Path, segment: str, frontier: Frontier) -> None:
    """Tell the frontier what a segment holds, so that it is not fetched again. Raises DamagedArchive or OSError."""
    batch: list[Captured] = []
    for capture in captures_of(warc):
        captured = _captured(capture, segment)
        if captured is not None:
            batch.append(captured)
        if len(batch) >= _BATCH:
            frontier.captured(batch)
            batch = []
    frontier.captured(batch)


def segment_pages(name: SegmentName, warc: Path, spool: Spool) -> SegmentPages:
    """A segment of an earlier run, with the pages that have no outcome yet. Raises DamagedArchive or OSError."""
    found = list(pages_of(warc))
    derived = spool.derived(name, EXTRACTOR_GENERATION, {record_id for _, record_id, _, _ in found})
    waiting = {
        offset: WaitingPage(configuration, site)
        for offset, record_id, configuration, site in found
        if record_id not in derived
    }
    return SegmentPages(name, warc, derived, waiting)


def _captured(capture: Capture, segment: str) -> Captured | None:
    """A capture read back, as the frontier is told of it; None for one that came to nothing."""
    if capture.outcome in PASSING | FINAL:
        return None
    address = CaptureAddress(
        segment, capture.offset, capture.length, capture.record_id, capture.payload_digest, capture.revisit
    )
    full = capture.outcome is CaptureOutcome.OK and not capture.revisit and capture.fact("method") == "GET"
    head = capture.head() if full else None
    etag, last_modified = (head.first("etag"), head.first("last-modified")) if head is not None else ("", "")
    shows_page = capture.outcome in (CaptureOutcome.OK, CaptureOutcome.NOT_MODIFIED)
    return Captured(capture.url, address, capture.date, capture.discovery, etag, last_modified, full, shows_page)
