"""This machine's side of an archive: frontier, spool, extraction, and the way into the storage.

A crawl uses it, and so do the commands that finish by hand what a crawl could not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from archive.derived import ArticleFacts, Derivation
from archive.storage.opening import open_storage
from crawler.config import Configuration, shared_cache
from crawler.frontier.frontier import open_frontier
from crawler.frontier.outcome_log import OutcomeLog
from crawler.keeping.counts import Counts
from crawler.keeping.custody_log import CustodyLog
from crawler.keeping.deriving import Deriver
from crawler.keeping.event_log import EventLog
from crawler.keeping.index_keeping import IndexKeeper
from crawler.keeping.page_feedback import PageFeedback
from crawler.keeping.spool import Spool
from crawler.keeping.storing import RetryPauses, SegmentStore
from pipelines.pool import ExtractionPool, WorkerDied

logger = logging.getLogger(__name__)


class LocalServices:
    """Holds what has to be closed again: call `close`."""

    def __init__(
        self,
        configuration: Configuration,
        counts: Counts,
        *,
        released: Callable[[str], None] = lambda _: None,
        linked: Callable[[str, ArticleFacts], None] = lambda _, __: None,
        pool: ExtractionPool | None = None,
    ) -> None:
        """`released` is told of each segment that is wholly stored, `linked` of each article, by site. `pool` is used
        where there is one already.
        Raises BadAddress, BadDatabase or OSError.
        """
        self.frontier = open_frontier(configuration)
        self.outcomes = OutcomeLog(self.frontier.database)
        self.spool = Spool(configuration.state_directory / "spool", configuration.least_free)
        self.storage = open_storage(configuration.archive, configuration.s3)
        self.pool = pool or ExtractionPool(configuration.workers, configuration.extraction_queue, shared_cache())
        self.events = EventLog(configuration.event_log)
        self.feedback = PageFeedback(self.frontier, linked)
        self.deriver = Deriver(self.pool, counts, self._derived)
        self.store = SegmentStore(
            self.storage,
            self.frontier,
            self.deriver,
            self.spool,
            counts,
            keeps_local=configuration.keep_local,
            pauses=RetryPauses(longest=configuration.storage_patience),
            released=self._released,
            published=self._log_later,
        )
        self._tell_released = released
        self._custody = CustodyLog(configuration, self.storage, counts) if configuration.custody_key else None
        self._index = IndexKeeper(self.storage, counts) if configuration.keep_index else None

    async def warm_up(self) -> None:
        """Start the extraction workers. What goes wrong here shows, and is mended, when the first page comes."""
        try:
            await self.pool.start()
        except (WorkerDied, OSError) as error:
            logger.info("the extraction workers did not start: %s", error)

    async def drain(self) -> None:
        """Wait until all is stored, or has been refused once more; then end the workers."""
        await self.store.drain()
        if self._custody is not None:
            await self._custody.drain()
        if self._index is not None:
            await self._index.drain()
        self.pool.close()
        self.frontier.keep_learned()
        self.feedback.memories.keep()

    def close(self) -> None:
        """Close the database and the log."""
        self.frontier.close()
        self.events.close()

    def _log_later(self) -> None:
        if self._custody is not None:
            self._custody.begin()

    def _released(self, segment: str) -> None:
        self._tell_released(segment)
        if self._index is not None:
            self._index.segment_stored()

    def _derived(self, site: str, derivation: Derivation) -> None:
        self.events.page(site, derivation)
        self.feedback.page_derived(site, derivation)
