"""Extraction in worker processes, so that whoever submits never waits for a page's text.

A worker reads the capture from its segment's file; only its address crosses over. A worker that dies
takes at most its own page with it: the pool is made anew and the page tried once more.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

from archive.captures import Capture, read_capture
from archive.derived import Derivation
from archive.outcomes import PageOutcome
from pipelines.derivation import derive, outcome_line

_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class DerivationTask:
    """One capture to derive from."""

    path: Path
    """The segment's file on this machine."""
    offset: int
    warc_key: str
    configuration: bytes
    """Canonical JSON of the extraction rules in force."""


def run_task(task: DerivationTask) -> Derivation:
    """Read a capture and derive from it. Raises DamagedArchive or OSError when it cannot be read."""
    return derive(_capture(task), task.configuration, task.warc_key)


def _capture(task: DerivationTask) -> Capture:
    with task.path.open("rb") as file:
        return read_capture(file, task.offset)


def _ignore_interrupts() -> None:
    # Ctrl-C reaches every process of the terminal; only the parent decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)


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
    """Worker processes behind a queue of bounded length."""

    def __init__(self, workers: int, waiting: int) -> None:
        """`workers` processes; at most `waiting` tasks beyond those being worked on."""
        self._workers = workers
        self._slots = asyncio.Semaphore(workers + waiting)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["pipelines.derivation"])
        _start_server()
        self._executor: ProcessPoolExecutor | None = None

    async def start(self) -> None:
        """Start the workers before the first page comes; importing the extractor takes them a second or two."""
        executor = self._running()
        await asyncio.to_thread(lambda: executor.submit(_ignore_interrupts).result())

    async def derive(self, task: DerivationTask) -> Derivation:
        """Derive from a capture, waiting first for a place in the queue. Raises as `run_task` does."""
        async with self._slots:
            return await self._attempts(task)

    async def reserve(self) -> None:
        """Wait until the queue has a place. Pair with `derive_reserved`."""
        await self._slots.acquire()

    async def derive_reserved(self, task: DerivationTask) -> Derivation:
        """Derive with a place that was reserved, and give the place back."""
        try:
            return await self._attempts(task)
        finally:
            self._slots.release()

    def close(self) -> None:
        """End the workers after what they are working on."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    async def _attempts(self, task: DerivationTask) -> Derivation:
        for _ in range(_ATTEMPTS):
            executor = self._running()
            try:
                return await asyncio.wrap_future(executor.submit(run_task, task))
            except BrokenProcessPool:
                if self._executor is executor:
                    self._executor = None
        line = outcome_line(_capture(task), PageOutcome.EXTRACTION_FAILED, "the extraction process died on this page")
        return Derivation(line)

    def _running(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                self._workers, mp_context=self._context, initializer=_ignore_interrupts
            )
        return self._executor
