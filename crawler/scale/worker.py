"""A worker: takes jobs from the database, crawls their sites in slots, and reports that it is alive."""

from __future__ import annotations

import asyncio
import logging
import socket
import time

from crawler.config import Configuration
from crawler.ending_signals import ending_signals
from crawler.frontier.database import Database, FrontierUnavailable
from crawler.keeping.state_adoption import adopt_state
from crawler.scale.crawls import Crawls, Ending
from crawler.scale.fleet import PRESENT_EVERY, Fleet
from crawler.scale.jobs import SITES, UPKEEP, Jobs
from crawler.setting_files import require_files
from spiders.site import Site, duration

logger = logging.getLogger(__name__)

SETTLED_EVERY = 20.0
"""Seconds between two checks for slots whose crawl has died."""
AGAIN = 60.0
"""Seconds after which a site is tried again that could not be crawled now."""

_GRACE = 5.0
"""Seconds for which procrastinate waits for jobs at its end; our own waiting comes after."""
_ANSWER = 15.0
"""Seconds for the database to answer, and between two such questions."""
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


async def _probe(jobs: Jobs) -> None:
    """Ask the database again and again. Raises TimeoutError when it does not answer."""
    while True:
        await asyncio.sleep(_ANSWER)
        await asyncio.wait_for(jobs.app.check_connection_async(), _ANSWER)


class Worker:
    """Crawls until it is stopped."""

    def __init__(self, configuration: Configuration, places: int) -> None:
        """`places` sites are crawled at once. Raises BadDatabase, FrontierUnavailable or OSError."""
        require_files(configuration)
        adopt_state(configuration)
        self._configuration = configuration
        self._places = places
        self._database = Database(configuration.frontier)
        self._fleet = Fleet(self._database)
        self._crawls = Crawls(configuration, places)
        self._name = configuration.machine or socket.gethostname()
        self._stopping = asyncio.Event()
        self._busy: set[asyncio.Task[None]] = set()
        self._is_away = False

    async def run(self, *, until_idle: bool = False) -> None:
        """Work; until nothing is due, or forever. Raises FrontierUnavailable when it cannot begin."""
        loop = asyncio.get_running_loop()
        for number in ending_signals():
            loop.add_signal_handler(number, self._stop)
        beside = [asyncio.create_task(self._be_present()), asyncio.create_task(self._store())]
        if until_idle:
            beside.append(asyncio.create_task(self._stop_when_idle()))
        try:
            await self._work()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, *self._busy, return_exceptions=True)
        await self._crawls.store()
        await self._sign()
        self._database.close()

    def _stop(self) -> None:
        self._stopping.set()
        self._crawls.interrupt()

    async def _work(self) -> None:
        """Run procrastinate, and again when the database was away."""
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            begun = time.monotonic()
            try:
                await self._serve()
                if not self._stopping.is_set():
                    self._tell_away(ConnectionError("the connection was lost"))
            except Exception as error:  # noqa: BLE001 - whatever it was, the next try shows whether it has passed
                self._tell_away(error)
            if self._stopping.is_set():
                return
            pause = _FIRST_PAUSE if time.monotonic() - begun > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            await asyncio.wait([asyncio.create_task(self._stopping.wait())], timeout=pause)

    async def _serve(self) -> None:
        jobs = Jobs(self._database, self._crawl, self._configuration.lost_after)
        async with jobs.app.open_async():
            await jobs.prepare()
            self._answered()
            workers = [
                asyncio.create_task(
                    jobs.app.run_worker_async(
                        queues=[queue],
                        name=f"{self._name} {queue}",
                        concurrency=places,
                        install_signal_handlers=False,
                        delete_jobs="always",
                        shutdown_graceful_timeout=_GRACE,
                        fetch_job_polling_interval=2.0,
                    )
                )
                for queue, places in ((SITES, self._places), (UPKEEP, 1))
            ]
            await self._served([*workers, asyncio.create_task(_probe(jobs))])

    async def _served(self, workers: list[asyncio.Task[None]]) -> None:
        """Wait until one of them ends, or all are to stop; then for all. Raises what one of them raised."""
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([*workers, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        for worker in workers:
            worker.cancel()
        ended, _ = await asyncio.wait(workers, timeout=None if self._stopping.is_set() else _ANSWER)
        for worker in ended:
            error = None if worker.cancelled() else worker.exception()
            if error is not None and not self._stopping.is_set():
                raise error

    async def _crawl(self, name: str) -> None:
        """The job of a site. When its waiting is ended (the database was away), the crawl continues all the same."""
        task = asyncio.create_task(self._crawl_and_settle(name))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        await asyncio.shield(task)

    async def _crawl_and_settle(self, name: str) -> None:
        site = await asyncio.to_thread(self._fleet.site, name)
        if site is None:
            return
        ending = await self._crawls.crawl(site)
        if ending in (Ending.WELL, Ending.TROUBLE, Ending.INTERRUPTED):
            await asyncio.to_thread(self._fleet.settle, name, self._ages(site), self._configuration.pace)
        else:
            logger.warning("%s: %s", name, ending.name.lower())
            soon = min(AGAIN, self._configuration.pace.shortest)
            await asyncio.to_thread(self._fleet.put_off, name, soon)

    def _ages(self, site: Site) -> list[float]:
        texts = self._configuration.recapture if site.recapture is None else site.recapture
        return [float(duration(text)) for text in texts]

    async def _be_present(self) -> None:
        while True:
            await self._sign()
            await asyncio.sleep(PRESENT_EVERY)

    async def _sign(self) -> None:
        try:
            await asyncio.to_thread(self._fleet.present, self._crawls.holders(), self._name)
        except FrontierUnavailable as error:
            self._tell_away(error)
        else:
            self._answered()

    def _tell_away(self, error: Exception) -> None:
        """Report once that the database does not respond."""
        if not self._is_away:
            self._is_away = True
            line = " ".join(str(error.__cause__ or error).split())
            logger.warning(
                "the database does not respond; running crawls continue, and new ones start when it responds again: "
                "%s",
                line,
            )

    def _answered(self) -> None:
        self._is_away = False

    async def _store(self) -> None:
        """Store what no crawl continues with: at first, and each time that a segment would be closed for its age."""
        while True:
            await self._crawls.store()
            begun = time.monotonic()
            while time.monotonic() - begun < self._configuration.segment_age:
                await asyncio.sleep(SETTLED_EVERY)
                await self._crawls.settle()

    async def _stop_when_idle(self) -> None:
        while True:
            await asyncio.sleep(1)
            due = await asyncio.to_thread(self._fleet.due)
            if not due and not self._busy:
                self._stop()
                return
