"""Repeated tasks while a crawl runs: sync, close segments, watch the disk and the backlog."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime

from crawler.config import Configuration
from crawler.frontier.database import FrontierUnavailable
from crawler.keeping.counts import Counts
from crawler.keeping.fetch_gate import FetchGate
from crawler.keeping.local_services import LocalServices
from crawler.keeping.recorder import Recorder
from pipelines.allocator import give_back

logger = logging.getLogger(__name__)

DISK = "disk"
BACKLOG = "backlog"
FRONTIER = "frontier"


class Housekeeping:
    """Runs alongside a crawl."""

    def __init__(
        self,
        configuration: Configuration,
        recorder: Recorder,
        services: LocalServices,
        gate: FetchGate,
        counts: Counts,
        *,
        now: Callable[[], datetime],
        give_up: Callable[[], None],
    ) -> None:
        """`now` is the run's clock. `give_up` ends the crawl, when the disk has refused for too long."""
        self._configuration = configuration
        self._recorder = recorder
        self._store = services.store
        self._is_shared = services.frontier.database.is_shared
        self._spool = services.spool
        self._gate = gate
        self._counts = counts
        self._outcomes = services.outcomes
        self._now = now
        self._give_up = give_up
        self._ending = False
        self._refused_since: float | None = None

    async def run(self) -> None:
        """Continue until `end` is called."""
        while not self._ending:
            await self._recorder.wait()
            try:
                await self._recorder.sync()
                # On a full disk what is stored makes room: there is no waiting for more
                await self._recorder.rotate(if_due=self._refused_since is None)
                if self._gate.open(FRONTIER):
                    logger.warning("the frontier responds again; fetching continues")
            except FrontierUnavailable as error:
                self._frontier_refused(error)
            except OSError as error:
                self.disk_refused(error)
            await self._look()
            give_back()

    def end(self) -> None:
        """Let `run` come to its end soon. What it is doing is done to its end first."""
        self._ending = True
        self._recorder.hurry()

    def disk_refused(self, error: Exception) -> None:
        """The disk does not take what was received: fetching pauses until it does."""
        line = f"{error}; fetching pauses until it can. Free disk space or fix permissions"
        if self._gate.close(DISK, line):
            self._refused_since = time.monotonic()
            logger.error(line)
            self._recorder.hurry()

    def _frontier_refused(self, error: FrontierUnavailable) -> None:
        """What was received is durable and cannot be reported: one in a file refuses as the disk does."""
        if not self._is_shared:
            self.disk_refused(error)
        elif self._gate.close(FRONTIER, f"{error}; fetching pauses until it responds"):
            logger.error("%s; fetching pauses until it responds", error)

    async def _look(self) -> None:
        if self._configuration.is_stopped and not self._ending:
            self._counts.problems.append(
                f"{self._configuration.stop_file}: stopped because this file exists; remove it to continue"
            )
            self.end()
            self._give_up()
        await self._look_at_disk(time.monotonic())
        self._look_at_backlog()
        if self._outcomes.is_time:
            self._outcomes.add(self._counts.unlogged, self._now())

    async def _look_at_disk(self, now: float) -> None:
        if self._refused_since is None:
            try:
                self._spool.require_room()
            except OSError as error:
                self.disk_refused(error)
            return
        try:
            await asyncio.to_thread(self._spool.probe)
        except OSError as error:
            if now - self._refused_since >= self._configuration.disk_patience and not self._ending:
                waited = f"after {self._configuration.disk_patience:g} seconds"
                self._counts.problems.append(f"{error}; the run ends {waited}; free disk space or fix permissions")
                self._refused_since = None
                self._gate.shut()  # the crawl cannot end while requests wait
                self._give_up()
            return
        self._refused_since = None
        if self._gate.open(DISK):
            logger.warning("%s is writable again; fetching continues", self._spool.directory)

    def _look_at_backlog(self) -> None:
        """Pause when too much waits for a storage that takes nothing, until half of it is gone."""
        budget = self._configuration.spool_budget
        used = self._spool.used() if self._store.trouble or BACKLOG in self._gate else 0
        if used > budget:
            waiting = f"{used >> 20} MiB are waiting for the storage; the limit is {budget >> 20} MiB"
            line = f"{waiting}: {self._store.trouble}"
            if self._gate.close(BACKLOG, line):
                logger.error("%s; fetching pauses", line)
        elif used <= budget // 2 and self._gate.open(BACKLOG):
            logger.warning("the storage accepts segments again; fetching continues")
