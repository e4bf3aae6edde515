"""Storing closed segments, in the background and for as long as it takes.

A segment's WARC, index and manifest go first; its records follow when its extractions are done, with their own
manifest. Only then the local copies go. While the storage can't be reached each step is tried again, after ever
longer pauses; every step may be repeated, so a run that ends in between leaves the rest to the next one.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.errors import DamagedArchive, StorageError
from archive.publishing import publish_records, publish_segment
from archive.segment import ClosedSegment
from archive.storage.protocol import Storage
from crawler.frontier.frontier import Frontier
from crawler.keeping.counts import Counts
from crawler.keeping.deriving import Deriver, SegmentPages
from crawler.keeping.spool import Spool
from pipelines.generation import EXTRACTOR_GENERATION

logger = logging.getLogger(__name__)

_ABANDONED_AFTER = timedelta(days=7)
"""Other machines may be uploading into the same archive; none of them takes that long."""


@dataclass(frozen=True, slots=True)
class RetryPauses:
    """Seconds between two tries to reach the storage."""

    first: float = 1.0
    longest: float = 300.0


class SegmentStore:
    """Stores segments. Not more than two at once: they share one line out."""

    def __init__(
        self,
        storage: Storage,
        frontier: Frontier,
        deriver: Deriver,
        spool: Spool,
        counts: Counts,
        *,
        keeps_local: bool = False,
        pauses: RetryPauses | None = None,
        released: Callable[[str], None] = lambda _: None,
        published: Callable[[], None] = lambda: None,
    ) -> None:
        """`keeps_local` leaves the copies in the spool after they are stored; `released` is told of each segment that
        is completely stored, by name; `published` is called after each manifest that is stored.
        """
        self._storage = storage
        self._frontier = frontier
        self._deriver = deriver
        self._spool = spool
        self._counts = counts
        self._keeps_local = keeps_local
        self._pauses = pauses or RetryPauses()
        self._released = released
        self._published = published
        self._at_once = asyncio.Semaphore(2)
        self._tasks: set[asyncio.Task[None]] = set()
        self._tidying: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self.trouble = ""
        """Why the storage takes nothing at the moment; empty when it does, or was not asked."""

    @property
    def waiting(self) -> int:
        """Segments that are not wholly stored yet."""
        return len(self._tasks)

    def begin(self, segment: SegmentPages, closed: ClosedSegment) -> None:
        """Store a segment in the background."""
        task = asyncio.create_task(self._store(segment, closed))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def tidy(self, now: datetime) -> None:
        """In the background, remove from the storage what uploads left that never ended."""
        task = asyncio.create_task(self._tidy(now - _ABANDONED_AFTER))
        self._tidying.add(task)
        task.add_done_callback(self._tidying.discard)

    async def _tidy(self, before: datetime) -> None:
        try:
            removed = await asyncio.to_thread(self._storage.tidy, before)
        except (StorageError, OSError) as error:
            logger.info("unfinished uploads could not be removed: %s", error)
            return
        if removed:
            logger.warning("removed %d unfinished uploads older than a week", removed)

    async def drain(self) -> None:
        """Wait until all is stored, or has been refused once more."""
        self._closing.set()
        while waiting := self._tasks | self._tidying:
            await asyncio.wait(waiting)

    async def _store(self, segment: SegmentPages, closed: ClosedSegment) -> None:
        try:
            async with self._at_once:
                await self._persistently(lambda: publish_segment(self._storage, closed))
            await self._persistently(lambda: self._frontier.stored(segment.name.text), aside=False)
            manifest = closed.manifest
            self._counts.files += [manifest.warc.key, manifest.cdxj.key, segment.name.manifest_key]
            self._published()
            completed = await self._deriver.finish(segment)
            await self._persistently(lambda: publish_records(self._storage, segment.name, completed))
            keys = [completed.manifest.records.key, completed.manifest.outcomes.key]
            self._counts.files += [*keys, segment.name.completion_key(EXTRACTOR_GENERATION)]
            self._published()
            await self._persistently(lambda: self._release(segment, closed))
            self._released(segment.name.text)
        except (StorageError, DamagedArchive) as error:
            self._report(f"{error}; kept in {self._spool.directory}; the next run or `newswarc upload` stores it")
        except OSError as error:
            self._report(
                f"{self._spool.directory}: {error}; free disk space or fix permissions, and the next run continues"
            )

    async def _persistently(self, step: Callable[[], None], *, aside: bool = True) -> None:
        """Do a step until storage, disk and frontier take it, `aside` in another thread.

        Raises its error when the run ends first, or DamagedArchive.
        """
        pause = self._pauses.first
        while True:
            last = self._closing.is_set()
            try:
                await asyncio.to_thread(step) if aside else step()
            except (StorageError, OSError) as error:
                if last:
                    raise
                if not self.trouble:
                    logger.warning("%s; the crawl continues, and storing is tried again", error)
                self.trouble = str(error)
                await self._pause(pause)
                pause = min(2 * pause, self._pauses.longest)
            else:
                self.trouble = ""
                return

    async def _pause(self, seconds: float) -> None:
        """Wait, but not beyond the beginning of the end. Not in step with others, who may have failed together."""
        try:
            await asyncio.wait_for(self._closing.wait(), seconds * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
        except TimeoutError:
            return

    def _release(self, segment: SegmentPages, closed: ClosedSegment) -> None:
        """Remove the local copies of what is stored and verified."""
        self._frontier.settle()
        segment.derived.remove()
        if not self._keeps_local:
            self._spool.remove(closed)
        else:
            closed.manifest_path.unlink(missing_ok=True)

    def _report(self, line: str) -> None:
        logger.error(line)
        self._counts.problems.append(line)
