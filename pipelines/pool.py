"""Extraction in worker processes, so that callers never wait for a page's text.

A worker reads the capture from its segment's file; only its address crosses over. A worker that dies
takes at most its own page with it: the pool is made anew and the page tried once more. The extractor is imported
where it is called, so that the process with the pool does without it (docs/decisions/0016-starting.md).
"""

from __future__ import annotations

import asyncio
import faulthandler
import itertools
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Self, TypeVar

from archive.captures import Capture, read_capture
from archive.derived import Derivation
from archive.errors import ArchiveError
from archive.layout import OPEN_SUFFIX
from archive.outcomes import PageOutcome
from pipelines.allocator import bound_allocator, give_back
from pipelines.outcome_lines import outcome_line, saved_page_outcome

PROCESSOR_SECONDS = 2.0
"""Processor time (seconds) that a page's extraction may take; the slowest of 258 saved news pages took 0.44."""
PARSING_SECONDS = 10.0
"""Processor time (seconds) that reading a source's document may take; a sitemap of 50,000 addresses takes 2."""
_SPENT = f"more than {PROCESSOR_SECONDS:g} s of processor time"
_PATIENCE = 30
_AGAIN = 0.1
_PAGES_BETWEEN = 250
_LARGE = 1 << 18
_pages = itertools.count(1)
_ATTEMPTS = 2
_MAX_DOCUMENT = 50 << 20
"""Bytes of a decoded document past which it is not read; a sitemap may have so many by its protocol."""

Result = TypeVar("Result")


class WorkerDied(ArchiveError):
    """The processes for a task died more than once. There is no result."""


class TakesTooLong(ArchiveError):
    """A document exceeds its limit of processor time. There is no result."""


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
    """Read a capture and derive from it. Raises DamagedArchive or OSError when it cannot be read."""
    from pipelines.derivation import MOST_OF_PAGE, derive

    capture = _capture(task.path, task.offset, MOST_OF_PAGE)
    try:
        with bounded(PROCESSOR_SECONDS):
            return derive(capture, task.configuration, task.warc_key)
    except TookTooLong:
        return Derivation(outcome_line(capture, PageOutcome.TOO_COMPLEX, _SPENT))
    finally:
        stay_small(len(capture.response))


def stay_small(size: int) -> None:
    """Give memory back that past pages have left behind; to be called after every page, does something now and then.

    Trees of pages leave holes that the allocator keeps until it is told to give them back. A page of more than
    `_LARGE` bytes (`size`) leaves enough of them by itself.
    """
    is_time = next(_pages) % _PAGES_BETWEEN == 0
    if is_time:
        from pipelines.extract import forget

        forget()
    if not is_time and size < _LARGE:
        return
    give_back()


def derive_saved_page(file: Path, configuration: bytes = b"") -> Derivation:
    """Read an HTML file and derive from it; `configuration` as in `derive`. Raises OSError when it cannot be read."""
    from pipelines.derivation import derive_page

    page = file.read_bytes()
    try:
        with bounded(PROCESSOR_SECONDS):
            return derive_page(page, file, configuration)
    except TookTooLong:
        return Derivation(saved_page_outcome(file, PageOutcome.TOO_COMPLEX, _SPENT))
    finally:
        stay_small(len(page))


class TookTooLong(BaseException):
    """The processor time of a page is spent. No Exception, so that nothing takes it for a fault of the page."""


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
    try:
        with bounded(PARSING_SECONDS):
            return function(body, *arguments)
    except TookTooLong as error:
        raise TakesTooLong(f"more than {PARSING_SECONDS:g} s of processor time to read it") from error
    finally:
        stay_small(len(body))


def _capture(path: Path, offset: int, most: int = sys.maxsize) -> Capture:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        # The segment was closed meanwhile, and has its last name now
        file = path.with_name(path.name.removesuffix(OPEN_SUFFIX)).open("rb")
    with file:
        return read_capture(file, offset, most)


def _ignore_interrupts() -> None:
    # Ctrl-C reaches every process of the terminal; only the parent decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bound_allocator()


def _begin() -> None:
    """What a worker does first."""
    _ignore_interrupts()
    threading.Thread(target=_end_with_owner, name="owner", daemon=True).start()


def _end_with_owner() -> None:
    # Of an owner that was killed nothing comes any more, and no end either: its workers would wait for ever
    owner = multiprocessing.parent_process()
    if owner is not None:
        owner.join()
        os._exit(1)


def _start_server() -> None:
    """Start the process that the workers are forked from, deaf to Ctrl-C from its first moment on.

    It makes itself so only after its imports, which take seconds. A blocked signal stays blocked over exec, and
    is delivered to this process, where it belongs, when it is unblocked here.
    """
    resource_tracker.ensure_running()  # started within, it would unblock the signal too soon
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


class ExtractionPool:
    """Worker processes behind a bounded queue."""

    def __init__(self, workers: int, waiting: int, *, forked: bool = False) -> None:
        """`workers` processes; at most `waiting` tasks beyond those being worked on.

        `forked` lets the first ones be forked from this process and at once: for one that has imported the extractor
        and has no threads yet. Those that take the place of a dead one never are.
        """
        self._workers = workers
        self._slots = asyncio.Semaphore(workers + waiting)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["pipelines.preloaded"])
        self._executor: ProcessPoolExecutor | None = None
        if not forked:
            return  # an idle run starts nothing
        context = multiprocessing.get_context("fork")
        self._executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)
        self._executor.submit(_ignore_interrupts).result()

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """The same: Scrapy copies its settings, and processes cannot be copied."""
        return self

    async def start(self) -> None:
        """Start the workers before the first page arrives; importing the extractor takes a second or two."""
        executor = self._running()
        await asyncio.to_thread(lambda: executor.submit(_ignore_interrupts).result())

    async def run(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Call a function in a worker process, after waiting for a place in the queue.

        Raises what it raises, or WorkerDied.
        """
        async with self._slots:
            return await self._attempts(function, *arguments)

    async def derive(self, task: DerivationTask) -> Derivation:
        """Derive from a capture, waiting first for a place in the queue. Raises as `run_task` does."""
        async with self._slots:
            return await self._derive(task)

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
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    async def _derive(self, task: DerivationTask) -> Derivation:
        try:
            return await self._attempts(run_task, task)
        except WorkerDied as error:
            capture = _capture(task.path, task.offset)
            return Derivation(outcome_line(capture, PageOutcome.EXTRACTION_FAILED, f"{error} on this page"))

    async def _attempts(self, function: Callable[..., Result], *arguments: object) -> Result:
        for _ in range(_ATTEMPTS):
            executor = self._running()
            try:
                return await asyncio.wrap_future(executor.submit(function, *arguments))
            except BrokenProcessPool:
                if self._executor is executor:
                    self._executor = None
        raise WorkerDied("the extraction process died")

    def _running(self) -> ProcessPoolExecutor:
        if self._executor is None:
            _start_server()
            self._executor = ProcessPoolExecutor(self._workers, mp_context=self._context, initializer=_begin)
        return self._executor
