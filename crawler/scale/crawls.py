"""Crawls of a worker: each one is a separate process in a slot with its own spool.

A slot is a state directory below the worker's. One that a crawl of a former worker still has is skipped. A crawl
whose worker dies ends cleanly.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from enum import IntEnum
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess

from crawler.config import Configuration
from crawler.keeping.run_lock import turn
from spiders.site import Site

logger = logging.getLogger(__name__)

_SLOT = "slot-"
_MORE_SLOTS = 100
"""Number of further slots that a worker tries if crawls of an earlier worker still use the first ones."""


class Ending(IntEnum):
    """How a crawl's process ended."""

    WELL = 0
    """The site was crawled."""
    TROUBLE = 1
    """It was crawled, but something failed, as the log says."""
    NO_START = 2
    """It could not begin, as the log says."""
    TAKEN = 3
    """Another process uses the slot."""
    ELSEWHERE = 4
    """Another machine crawls the site."""
    INTERRUPTED = 130
    DIED = 255
    """The process was killed, or crashed."""


class Crawls:
    """The slots of a worker, and what runs in them."""

    def __init__(self, configuration: Configuration, places: int) -> None:
        """`places` crawls may run at once."""
        self._configuration = configuration
        self._places = asyncio.Semaphore(places)
        self._own = range(1, places + 1)
        """Slots that are reused: a segment left open in one is continued."""
        self._used: set[int] = set()
        self._settled: set[int] = set()
        """Slots of which it is known that nothing is in doubt there."""
        self._running: dict[int, ForkServerProcess] = {}
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["crawler.scale.preloaded"])
        self._state = configuration.state_directory
        self._stopped = False

    def holders(self) -> list[str]:
        """The spools of all slots."""
        return [self._in_slot(number).holder for number in self._known_slots()]

    async def crawl(self, site: Site) -> Ending:
        """Crawl what is due of a site, when there is a place."""
        async with self._places:
            for number in range(1, _MORE_SLOTS):
                if number in self._used or self._stopped:
                    continue
                ending = await self._in(number, _crawl, self._in_slot(number), site)
                if ending is not Ending.TAKEN:
                    return ending
        return Ending.TAKEN

    async def settle(self) -> None:
        """Recover and store what crawls that died, or that others left, have captured."""
        for number in self._known_slots():
            if number not in self._used and number not in self._settled:
                await self._in(number, _store, self._in_slot(number))

    async def store(self) -> None:
        """Store what is in slots where nothing runs."""
        self._settled.clear()
        await self.settle()

    def interrupt(self) -> None:
        """Let all crawls end cleanly, and start no more."""
        self._stopped = True
        for process in self._running.values():
            _signal(process, signal.SIGINT)

    def _in_slot(self, number: int) -> Configuration:
        workers = self._configuration.extraction_workers or 1
        return self._configuration.with_flags(state=str(self._state / f"{_SLOT}{number}"), extraction_workers=workers)

    def _known_slots(self) -> list[int]:
        names = (path.name.removeprefix(_SLOT) for path in self._state.glob(f"{_SLOT}*"))
        return sorted(int(name) for name in names if name.isdigit())

    async def _in(self, number: int, target: Callable[..., None], *arguments: object) -> Ending:
        """Call a function in a slot, in a separate process."""
        self._used.add(number)
        self._settled.discard(number)
        try:
            ending = await self._run(number, target, *arguments)
        finally:
            self._used.discard(number)
        if ending in (Ending.WELL, Ending.TROUBLE, Ending.INTERRUPTED) and (number in self._own or target is _store):
            self._settled.add(number)
        return ending

    async def _run(self, number: int, target: Callable[..., None], *arguments: object) -> Ending:
        process = self._context.Process(target=target, args=arguments, name=f"{_SLOT}{number}")
        await asyncio.to_thread(process.start)
        self._running[number] = process
        if self._stopped and target is _crawl:  # told to stop while it was being started
            _signal(process, signal.SIGINT)
        try:
            await _ended(process)
        finally:
            if self._running.get(number) is process:
                del self._running[number]
        code = process.exitcode
        process.close()
        try:
            return Ending(code if code is not None else Ending.DIED)
        except ValueError:
            return Ending.DIED


async def _ended(process: ForkServerProcess) -> None:
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    loop.add_reader(process.sentinel, lambda: None if ended.done() else ended.set_result(None))
    try:
        await ended
    finally:
        loop.remove_reader(process.sentinel)
    await asyncio.to_thread(process.join)


def _signal(process: ForkServerProcess, number: signal.Signals) -> None:
    if process.pid is not None:
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return


def _crawl(configuration: Configuration, site: Site) -> None:
    """A crawl's process."""
    from crawler.run.crawling import CrawlPlan, run_crawl
    from pipelines.pool import ExtractionPool

    with turn(configuration.state_directory) as is_ours:
        if not is_ours:
            sys.exit(Ending.TAKEN)
        pool = ExtractionPool(configuration.workers, configuration.extraction_queue)
        try:
            _set_up()
            report = run_crawl(configuration, CrawlPlan(sites=(site,), due=True), pool=pool)
        except Exception:
            logger.exception("%s: the crawl could not start", site.id)
            sys.exit(Ending.NO_START)
        finally:
            pool.close()
    for line in (*report.leftovers, *report.problems):
        logger.warning("%s: %s", site.id, line)
    logger.info(
        "%s: %d new articles, %d attempts", site.id, sum(report.articles.values()), sum(report.outcomes.values())
    )
    if report.elsewhere:
        sys.exit(Ending.ELSEWHERE)
    sys.exit(report.exit_code)


def _store(configuration: Configuration) -> None:
    """The process that stores what lies in a slot."""
    from crawler.keeping.spool_recovery import upload_segments

    _set_up()
    with turn(configuration.state_directory) as is_ours:
        if not is_ours:
            sys.exit(Ending.TAKEN)
        try:
            finished = asyncio.run(upload_segments(configuration))
        except Exception:
            logger.exception("%s: can't be stored now", configuration.state_directory)
            sys.exit(Ending.TROUBLE)
    for line in (*finished.lines, *finished.problems):
        logger.warning("%s", line)


def is_of_the_job(record: logging.LogRecord) -> bool:
    """Whether a line of procrastinate is about a job; of a database that is away, the worker tells in one line."""
    error = record.exc_info[1] if record.exc_info else None
    while error is not None:
        if type(error).__module__.partition(".")[0] in ("procrastinate", "psycopg", "psycopg_pool"):
            return False
        error = error.__cause__ or error.__context__
    return True


def show_log() -> None:
    """Log messages of this package go to standard error; of other packages, only warnings and errors."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    handler.addFilter(is_of_the_job)
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    for name, level in (("crawler.scale", logging.INFO), ("procrastinate", logging.ERROR)):
        log = logging.getLogger(name)
        log.setLevel(level)
        log.addHandler(handler)
        log.propagate = False  # a crawl has its own way with what reaches the root


def _set_up() -> None:
    os.setpgrp()  # what a terminal sends to all is for the worker alone
    show_log()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGINT)
