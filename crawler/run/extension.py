"""The Scrapy side of a run: an extension that makes the run from the settings and connects it to the signals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.exceptions import DontCloseSpider
from scrapy.http import Request

from archive.clock_and_ids import SystemClockAndIds
from archive.exchange import Role
from crawler.config import load_configuration
from crawler.run.crawl_run import CrawlRun
from crawler.run.duplicate_filter import problem_of_dropped, returns_of
from crawler.run.run_state import RunOptions
from pipelines.items import page_captured
from spiders.left_out import articles_left_out
from spiders.problems import problem_found
from spiders.requests import asked_address, discovery_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

CONFIGURATION = "NEWSWARC_CONFIGURATION"
"""Scrapy setting that holds the `Configuration`."""
CLOCK_AND_IDS = "NEWSWARC_CLOCK_AND_IDS"
"""Scrapy setting that holds the `ClockAndIds`."""
OPTIONS = "NEWSWARC_OPTIONS"
"""Scrapy setting that holds the `RunOptions`."""
POOL = "NEWSWARC_POOL"
"""Scrapy setting that holds an `ExtractionPool`, if there is one already."""


class CrawlExtension:
    """Contains the run of a Scrapy crawl."""

    def __init__(self, run: CrawlRun) -> None:
        self.run = run
        self._settling: asyncio.Future[None] | None = None

    def note_dropped(self, request: Request) -> None:
        """Called when a request was dropped: an article's chain of redirects ends there."""
        problem = problem_of_dropped(request)
        if problem is not None:
            self.run.state.note_problem(problem)
        if discovery_of(request.meta).role is Role.ARTICLE and request.meta.get("redirect_urls"):
            if returns_of(request):
                self.run.note_lost(request)
            else:
                self.run.frontier.led_elsewhere(asked_address(request))

    def stay_for_pages(self, crawler: Crawler) -> None:
        """Called when there is nothing left to fetch: pages that are still being extracted may lead to more.

        So what a run fetches depends on what the site says, and not on how fast this machine is.
        """
        if not self.run.capturing.is_deriving:
            if self.run.goes_on() or self.run.patience.goes_on(crawler, self.run.frontier.claim):
                raise DontCloseSpider
            return
        if self._settling is None or self._settling.done():
            self._settling = asyncio.ensure_future(self._look_again_when_settled(crawler))
        raise DontCloseSpider

    async def _look_again_when_settled(self, crawler: Crawler) -> None:
        await self.run.capturing.settle()
        slot = getattr(crawler.engine, "_slot", None)  # without it, Scrapy looks again every five seconds
        if slot is not None:
            slot.nextcall.schedule()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy, with its settings."""
        settings = crawler.settings
        run = CrawlRun(
            settings.get(CONFIGURATION) or load_configuration(),
            settings.get(CLOCK_AND_IDS) or SystemClockAndIds(),
            options=settings.get(OPTIONS) or RunOptions(),
            give_up=lambda: _stop(crawler),
            ask=lambda request: _ask(crawler, request),
            pool=settings.get(POOL),
        )
        receivers: list[tuple[Callable[..., object], object]] = [
            (run.open, signals.spider_opened),
            (run.close, signals.spider_closed),
            (run.capturing.derive, page_captured),
            (run.state.note_problem, problem_found),
            (run.state.note_left_out, articles_left_out),
        ]
        for receiver, signal in receivers:
            crawler.signals.connect(receiver, signal)
        extension = cls(run)
        crawler.signals.connect(extension.note_dropped, signals.request_dropped)
        crawler.signals.connect(lambda: extension.stay_for_pages(crawler), signals.spider_idle, weak=False)
        return extension


def run_of(crawler: Crawler) -> CrawlRun:
    """The run that a Scrapy crawl belongs to, for whoever Scrapy makes from its settings."""
    extension = crawler.get_extension(CrawlExtension)
    assert extension is not None, "the settings must name CrawlExtension among the extensions"
    return extension.run


def _ask(crawler: Crawler, request: Request) -> None:
    if crawler.engine is not None and crawler.engine.running:
        crawler.engine.crawl(request)


def _stop(crawler: Crawler) -> None:
    task = asyncio.ensure_future(crawler.stop_async())
    task.add_done_callback(lambda ended: ended.exception())
