"""The full-text index follows what a run stores: soon after a segment is stored it can be found.

The index is derived, and never holds up the crawl: what goes wrong here is one line of the run's problems, and is
made good by the next segment, the next run, or ``newswarc index``.
"""

from __future__ import annotations

import asyncio
import logging

from archive.errors import ArchiveError
from archive.search.building import complete_index
from archive.search.engine import SearchUnavailable
from archive.storage.protocol import Storage
from crawler.config import software
from crawler.keeping.counts import Counts

logger = logging.getLogger(__name__)


class IndexKeeper:
    """Brings the index of an archive up to date, one time after another, in a thread beside the crawl."""

    def __init__(self, storage: Storage, counts: Counts) -> None:
        self._storage = storage
        self._counts = counts
        self._running: asyncio.Task[None] | None = None
        self._is_behind = False

    def segment_stored(self) -> None:
        """There is something to take in."""
        self._is_behind = True
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    async def drain(self) -> None:
        """Wait until all that was stored is in the index, or could not be taken in."""
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        while self._is_behind:
            self._is_behind = False
            try:
                built = await asyncio.to_thread(complete_index, self._storage, software())
                logger.info("the full-text index has %d articles more", built)
            except SearchUnavailable as error:
                self._report(f"keep_index: {error}")
                return
            except (ArchiveError, OSError) as error:
                self._report(f"the full-text index is not up to date: {error}; newswarc index makes it so")

    def _report(self, line: str) -> None:
        logger.warning(line)
        if line not in self._counts.problems:
            self._counts.problems.append(line)
