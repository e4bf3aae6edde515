"""Jobs for workers, kept by procrastinate in the frontier's PostgreSQL.

A site is a job; jobs of one host wait for each other (`lock`), and a site has one that waits at most
(`queueing_lock`). When a site is due again stands in the fleet's table and never in a job: one with a date in the
future would hold back all others of its host. Who dies leaves its jobs "doing": they are found by its heartbeat, and
made to wait again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from procrastinate import App, PsycopgConnector, exceptions
from procrastinate.jobs import Job, Status
from sqlalchemy import text

from crawler.frontier.database import CONNECTING, Database
from crawler.frontier.leases import drop_old
from crawler.scale.fleet import Fleet

logger = logging.getLogger(__name__)

SITES = "sites"
"""The queue of sites."""
CRAWL_SITE = "crawl_site"
UPKEEP = "upkeep"
"""The queue of what is done for all workers by one of them."""
EVERY = "* * * * * */5"
"""When: a cron line whose sixth field are seconds."""
SILENT = 30.0
"""Seconds without a heartbeat after which a worker's jobs are taken from it. Its leases hold longer."""
MOST_AT_ONCE = 1000

_QUEUED = text(
    "SELECT queueing_lock FROM procrastinate_jobs WHERE queue_name = :queue AND status IN ('todo', 'doing')"
)


class Jobs:
    """The application that workers run."""

    def __init__(self, database: Database, crawl: Callable[[str], Awaitable[None]], lost_after: float) -> None:
        """`crawl` does the job of a site. A worker silent for `lost_after` seconds is lost for good."""
        self._database = database
        self._fleet = Fleet(database)
        self._crawl = crawl
        self._lost_after = lost_after
        address = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.app = App(connector=PsycopgConnector(conninfo=address, kwargs=dict(CONNECTING)))
        self.app.task(name=CRAWL_SITE, queue=SITES)(self.crawl_site)
        for task in (self.put_in_due, self.rescue):
            made = self.app.task(name=task.__name__, queue=UPKEEP, queueing_lock=task.__name__)(task)
            self.app.periodic(cron=EVERY)(made)

    async def prepare(self) -> None:
        """Make procrastinate's tables if there are none. The app must be open."""
        if not await self.app.check_connection_async():
            try:
                await self.app.schema_manager.apply_schema_async()
            except exceptions.ConnectorException:
                if not await self.app.check_connection_async():
                    raise  # else another worker has just made them

    async def crawl_site(self, site: str) -> None:
        """The job of a site."""
        await self._crawl(site)

    async def put_in_due(self, timestamp: int) -> None:  # noqa: ARG002 - procrastinate's signature
        """Create jobs for the sites that are due."""
        due = await asyncio.to_thread(self._fleet.due)
        queued = await asyncio.to_thread(self._queued)
        made = 0
        for site, host in due:
            if site not in queued and made < MOST_AT_ONCE:
                try:
                    task = self.app.configure_task(CRAWL_SITE, lock=f"host {host}", queueing_lock=site, queue=SITES)
                    await task.defer_async(site=site)
                    made += 1
                except exceptions.AlreadyEnqueued:
                    continue

    async def rescue(self, timestamp: int) -> None:  # noqa: ARG002 - procrastinate's signature
        """Give the jobs of dead workers to others; forget what is lost or long over."""
        for job in await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT):
            await self._take_from_the_dead(job)
        for holder, count in (await asyncio.to_thread(self._fleet.give_up_silent, self._lost_after)).items():
            logger.warning("%s: no sign of life for too long; %d URLs are due again", holder, count)
        await asyncio.to_thread(drop_old, self._database)

    async def _take_from_the_dead(self, job: Job) -> None:
        try:
            await self.app.job_manager.retry_job(job)
            logger.warning("%s: its worker shows no sign of life; another worker takes over", job.call_string)
        except exceptions.ConnectorException:
            # The same site waits in another job already: this one is over
            await self.app.job_manager.finish_job(job, Status.FAILED, delete_job=True)

    def _queued(self) -> set[str]:
        found = self._database.transaction(lambda connection: connection.execute(_QUEUED, {"queue": SITES}).all())
        return {str(row[0]) for row in found}
