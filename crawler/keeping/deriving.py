"""Extracting records from the pages of segments, in worker processes, into each segment's journal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from archive.counted import counted
from archive.derived import CompletedRecords, Derivation, DerivedFiles
from archive.errors import ArchiveError, DamagedArchive
from archive.layout import SegmentName
from crawler.keeping.counts import Counts
from pipelines.pool import DerivationTask, ExtractionPool, run_on_body

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """A captured page without a page outcome yet."""

    configuration: bytes
    """Canonical JSON of the extraction rules in force."""
    site: str


@dataclass(slots=True)
class SegmentPages:
    """A segment and what is being derived from it."""

    name: SegmentName
    path: Path
    derived: DerivedFiles
    waiting: dict[int, WaitingPage] = field(default_factory=dict)
    """By offset."""
    running: set[asyncio.Task[None]] = field(default_factory=set)


class Deriver:
    """Derives from pages of segments. A segment's file has to stay as long as `SegmentPages.running` is not empty."""

    def __init__(self, pool: ExtractionPool, counts: Counts, on_derived: Callable[[str, Derivation], None]) -> None:
        """`on_derived` gets each page's site and what was derived from it; it may raise OSError."""
        self._pool = pool
        self._running = set[asyncio.Task[None]]()
        self._on_derived = on_derived
        self._counts = counts

    async def start(self, segment: SegmentPages, offset: int) -> None:
        """Begin with a page that waits, after waiting for a place in the queue."""
        if offset in segment.waiting:
            await self._pool.reserve()
            self._track(segment, self._derive_reserved(segment, offset))

    async def finish(self, segment: SegmentPages) -> CompletedRecords:
        """Wait for what runs, then do what nobody enqueued: failures, redirects, pages left over.

        Raises DamagedArchive when captures can't be read back, or OSError.
        """
        await self.settle(segment)
        for offset in sorted(segment.waiting):
            await self.start(segment, offset)
        await self.settle(segment)
        if segment.waiting:
            raise DamagedArchive(f"{segment.path}: {counted(len(segment.waiting), 'capture')} can't be read back")
        return await asyncio.to_thread(segment.derived.complete)

    @property
    def is_running(self) -> bool:
        """Whether anything is being derived or read, from whatever segment."""
        return bool(self._running)

    async def settle_all(self) -> None:
        """Wait until nothing is being derived or read, from any segment."""
        while self._running:
            await asyncio.wait(self._running)

    async def read(
        self, segment: SegmentPages, offset: int, function: Callable[..., Result], arguments: tuple[object, ...]
    ) -> Result:
        """What a worker's call of a function with a capture's decoded body gives. Raises as `run_on_body` does."""
        results: list[Result] = []

        async def read() -> None:
            results.append(await self._pool.run(run_on_body, segment.path, offset, function, arguments))

        await self._track(segment, read())
        return results[0]

    def _track(self, segment: SegmentPages, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        for running in (segment.running, self._running):
            running.add(task)
            task.add_done_callback(running.discard)
        return task

    async def settle(self, segment: SegmentPages) -> None:
        """Wait for what runs."""
        while segment.running:
            await asyncio.wait(segment.running)

    async def _derive_reserved(self, segment: SegmentPages, offset: int) -> None:
        """Derive from one page. One that can't be read now is tried once more at the end."""
        page = segment.waiting[offset]
        task = DerivationTask(segment.path, offset, segment.name.warc_key, page.configuration)
        try:
            derivation = await self._pool.derive_reserved(task)
            segment.derived.add(derivation)
            self._on_derived(page.site, derivation)
        except (ArchiveError, OSError) as error:
            logger.info("%s at %d: %s", segment.path, offset, error)
            return
        segment.waiting.pop(offset, None)
        outcome = derivation.line.outcome.value
        self._counts.page(page.site, outcome, is_article=derivation.record is not None)
