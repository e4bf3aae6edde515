"""Extraction in worker processes, so that callers never wait for a page's text.

A worker reads the capture from its segment's file; only the capture's position is passed to it. (Whoever has read
whole files passes on what was read: `pipelines.capture_batch`.) A worker that dies or hangs takes at most its own
page with it: another takes its place, and the page is tried once more in a process that does nothing else, so that no
page affects another. The extractor is imported where it is called, so that the process with the pool does without it
(docs/decisions/0016-starting.md).
"""

from __future__ import annotations

import asyncio
import faulthandler
import itertools
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from archive.captures import Capture, read_capture
from archive.derived import Derivation
from archive.errors import ArchiveError
from archive.layout import OPEN_SUFFIX
from archive.outcomes import PageOutcome
from pipelines.allocator import give_back
from pipelines.capture_batch import MOST_OF_PAGE, CaptureBatch, DerivedPage, NotDerived
from pipelines.outcome_lines import outcome_line
from pipelines.worker_server import CallLost, CallNotBegun, Worker, WorkerServer

HANGING_SECONDS = 60.0
"""Processor time (seconds) past which a task is taken to hang. What a page or document may ask for is bounded by
counts of what it holds, so that the result is the same on any machine: the largest pages that are read take 2
seconds, and so does a sitemap of 50,000 addresses."""
_PATIENCE = 10
_AGAIN = 0.1
_PAGES_BETWEEN = 250
_PAGES_OF_MEMORY = 25
_LARGE = 1 << 18
_pages = itertools.count(1)
_HANDED_OVER = 2
"""Tasks that a worker has at most: one that it works on, and one that it goes on with at once."""
_MAX_DOCUMENT = 50 << 20
"""Bytes of a decoded document past which it is not read; a sitemap may have so many by its protocol."""

Result = TypeVar("Result")


class WorkerDied(ArchiveError):
    """The processes for a task died, the second one with nothing else to do. There is no result."""


class TakesTooLong(ArchiveError):
    """A task never finishes, not even in a process of its own. There is no result."""

    def __init__(self, detail: str = f"not finished after {HANGING_SECONDS:g} s of processor time, twice") -> None:
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class DerivationTask:
    """A capture to derive from."""

    path: Path
    """The segment's file on this machine, as it is called while it is open or when it is closed."""
    offset: int
    warc_key: str
    configuration: bytes
    """Canonical JSON of the extraction rules in force."""


def run_task(task: DerivationTask) -> Derivation:
    """Read a capture and derive from it.

    Raises DamagedArchive or OSError if it can't be read, TakesTooLong if it doesn't finish.
    """
    from pipelines.derivation import derive

    capture = _capture(task.path, task.offset, MOST_OF_PAGE)
    with _ended(len(capture.response)):
        return derive(capture, task.configuration, task.warc_key)


def run_batch(batch: CaptureBatch) -> list[DerivedPage | NotDerived]:
    """Derive from each capture of a batch, in their order."""
    return [_derived(capture, batch) for capture in batch.captures]


def _derived(capture: Capture, batch: CaptureBatch) -> DerivedPage | NotDerived:
    from pipelines.derivation import MAX_BODY, derive
    from pipelines.raw_words import may_have_any

    words = batch.selection.words
    try:
        with _ended(len(capture.response)):
            if words and not may_have_any(capture, words, MAX_BODY):
                return NotDerived.NOT_SELECTED
            derivation = derive(capture, batch.configuration, batch.warc_key)
    except TakesTooLong:
        return NotDerived.UNFINISHED
    return DerivedPage.of(derivation) if batch.selection.takes(derivation) else NotDerived.NOT_SELECTED


@contextmanager
def _ended(size: int) -> Iterator[None]:
    """Raise TakesTooLong where a task hangs; give memory back behind it, as `stay_small` does."""
    try:
        with bounded(HANGING_SECONDS):
            yield
    except TookTooLong as error:
        raise TakesTooLong from error
    finally:
        stay_small(size)


def stay_small(size: int) -> None:
    """Give memory back that past pages have left behind; to be called after every page, does something now and then.

    Trees of pages leave holes that the allocator keeps until it is told to give them back. A page of more than
    `_LARGE` bytes (`size`) leaves enough of them by itself.
    """
    page = next(_pages)
    if page % _PAGES_BETWEEN == 0:
        from pipelines.extract import forget

        forget()
    if page % _PAGES_OF_MEMORY == 0 or size >= _LARGE:
        give_back()


def derive_saved_page(file: Path, configuration: bytes = b"") -> Derivation:
    """Read an HTML file and derive from it; `configuration` as in `derive`. Raises OSError or TakesTooLong."""
    from pipelines.derivation import derive_page

    page = file.read_bytes()
    with _ended(len(page)):
        return derive_page(page, file, configuration)


class TookTooLong(BaseException):
    """The processor time of a task is spent. No Exception, so that nothing takes it for a fault of the page."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """End what takes longer: raise TookTooLong after so many seconds of processor time.

    Time that is spent in code that does not come back to the interpreter ends the whole process, after `_PATIENCE`
    times as many seconds by the clock: whoever waits for it sees it dead. For the main thread only.
    """
    watched = [True]

    def stop(*_: object) -> None:
        if watched:
            raise TookTooLong

    before = signal.signal(signal.SIGPROF, stop)
    faulthandler.dump_traceback_later(seconds * _PATIENCE, exit=True)
    # Again and again: what is raised within a callback of the interpreter's is lost
    signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN)
    try:
        try:
            yield
        finally:
            # If the signal comes now, what follows is done all the same; if later, it raises nothing
            watched.clear()
    finally:
        watched.clear()
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.cancel_dump_traceback_later()
        # By default the signal ends the process, and one may still be on its way
        signal.signal(signal.SIGPROF, before if callable(before) else signal.SIG_IGN)


def run_on_body(path: Path, offset: int, function: Callable[..., Result], arguments: tuple[object, ...]) -> Result:
    """Call a function with the decoded body of a capture, and with more arguments.

    Raises DamagedArchive, OSError, BadMessage or BodyTooLarge when there is no such body, TakesTooLong, and all that
    the function raises.
    """
    return run_on_document(_capture(path, offset).body(_MAX_DOCUMENT).body, function, arguments)


def run_on_document(body: bytes, function: Callable[..., Result], arguments: tuple[object, ...]) -> Result:
    """Call a function with a document and with more arguments. Raises TakesTooLong, and all that it raises."""
    with _ended(len(body)):
        return function(body, *arguments)


def _capture(path: Path, offset: int, most: int = sys.maxsize) -> Capture:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        # The segment was closed meanwhile, and has its last name now
        file = path.with_name(path.name.removesuffix(OPEN_SUFFIX)).open("rb")
    with file:
        return read_capture(file, offset, most)


class ExtractionPool:
    """Worker processes behind a bounded queue."""

    def __init__(self, workers: int, waiting: int, cache: Path | None = None) -> None:
        """`workers` processes; at most `waiting` tasks beyond those being worked on; `cache` as in `WorkerServer`.

        Workers are started when the first task comes. Made before this process has other threads, they share what it
        has imported until then.
        """
        self._workers = workers
        self._slots = asyncio.Semaphore(workers + waiting)
        self._places = asyncio.Semaphore(workers * _HANDED_OVER)
        self._alone = asyncio.Lock()
        self._connecting = asyncio.Lock()
        self._server = WorkerServer(cache)
        self._connected: list[Worker] = []

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """The same: Scrapy copies its settings, and processes cannot be copied."""
        return self

    async def start(self) -> None:
        """Start the workers before the first page arrives; importing the extractor takes a second or two."""
        await self.run(_nothing)

    async def run(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Call a function in a worker process, after waiting for a place in the queue.

        Raises what it raises, WorkerDied, or TakesTooLong.
        """
        async with self._slots:
            return await self._attempts(function, *arguments)

    async def derive(self, task: DerivationTask) -> Derivation:
        """Derive from a capture, waiting first for a place in the queue. Raises as `run_task` does."""
        async with self._slots:
            return await self._derive(task)

    async def derive_batch(self, batch: CaptureBatch) -> list[DerivedPage | NotDerived]:
        """Derive from captures that were read already, in their order, waiting first for a place in the queue.

        Of each there is a result, or it is not selected. One that hangs, or ends its process, affects no other.
        """
        async with self._slots:
            made: list[DerivedPage | NotDerived]
            try:
                made = await self._attempts(run_batch, batch)
            except (TakesTooLong, WorkerDied):
                made = [NotDerived.UNFINISHED] * len(batch.captures)
            return [
                page if page is not NotDerived.UNFINISHED else await self._once_more(one)
                for page, one in zip(made, batch.each(), strict=True)
            ]

    async def reserve(self) -> None:
        """Wait until the queue has a place. Pair with `derive_reserved`."""
        await self._slots.acquire()

    async def derive_reserved(self, task: DerivationTask) -> Derivation:
        """Derive with a place that was reserved, and give the place back."""
        try:
            return await self._derive(task)
        finally:
            self._slots.release()

    def close(self) -> None:
        """Stop the workers after their current tasks."""
        for worker in self._connected:
            worker.end()
        self._connected.clear()
        self._server.close()

    async def _derive(self, task: DerivationTask) -> Derivation:
        try:
            return await self._attempts(run_task, task)
        except TakesTooLong as error:
            return self._without(task, PageOutcome.TOO_COMPLEX, str(error))
        except WorkerDied as error:
            return self._without(task, PageOutcome.EXTRACTION_FAILED, f"{error} on this page")

    def _without(self, task: DerivationTask, outcome: PageOutcome, detail: str) -> Derivation:
        return Derivation(outcome_line(_capture(task.path, task.offset), outcome, detail))

    async def _once_more(self, one: CaptureBatch) -> DerivedPage | NotDerived:
        """What comes of a capture in a process of its own."""
        try:
            async with self._alone:
                (made,) = await self._by_itself(run_batch, one)
        except WorkerDied as error:
            return one.without(PageOutcome.EXTRACTION_FAILED, f"{error} on this page")
        except TakesTooLong as error:
            return one.without(PageOutcome.TOO_COMPLEX, str(error))
        if made is NotDerived.UNFINISHED:
            return one.without(PageOutcome.TOO_COMPLEX, str(TakesTooLong()))
        return made

    async def _attempts(self, function: Callable[..., Result], *arguments: object) -> Result:
        with suppress(CallLost, TakesTooLong):
            return await self._among_others(function, *arguments)
        async with self._alone:
            return await self._by_itself(function, *arguments)

    async def _among_others(self, function: Callable[..., Result], *arguments: object) -> Result:
        async with self._places:
            while True:
                worker = await self._least_busy()
                with suppress(CallNotBegun):
                    result: Result = await worker.call(function, arguments)
                    return result

    async def _by_itself(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Call a function in a process that does nothing else."""
        worker = await Worker.connected(self._server.worker())
        started = time.monotonic()
        try:
            result: Result = await worker.call(function, arguments)
        except (CallLost, CallNotBegun) as error:
            if time.monotonic() - started >= HANGING_SECONDS * _PATIENCE:
                raise TakesTooLong from error
            raise WorkerDied("the extraction process died") from error
        else:
            return result
        finally:
            worker.end()

    async def _least_busy(self) -> Worker:
        async with self._connecting:
            self._connected = [worker for worker in self._connected if not worker.is_lost]
            while len(self._connected) < self._workers:
                self._connected.append(await Worker.connected(self._server.worker()))
        return min(self._connected, key=lambda worker: worker.calls)


def _nothing() -> None:
    """What a worker is asked for to be there."""
