"""The recorder and the frontier joined to a running Scrapy crawl."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from scrapy import signals

from archive.exchange import Discovery, Exchange
from archive.identity import Identities, SystemIdentities
from archive.storage.opening import open_storage
from crawler.config import Configuration, load_configuration
from crawler.frontier import Due, Frontier
from crawler.recorder import Recorder
from pipelines.items import PageItem, page_captured
from spiders.problems import Problem, problem_found
from spiders.requests import CaptureMark
from spiders.site import Site

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

CONFIGURATION = "NEWSWARC_CONFIGURATION"
"""Scrapy setting that holds the `Configuration`."""
IDENTITIES = "NEWSWARC_IDENTITIES"
"""Scrapy setting that holds the `Identities`."""
LIMIT = "NEWSWARC_LIMIT"
"""Scrapy setting: how many articles a run may fetch; 0 means any number."""
DRY_RUN = "NEWSWARC_DRY_RUN"
"""Scrapy setting: whether articles are only listed."""


class CrawlSession:
    """A Scrapy extension that owns recorder and frontier for the time of a crawl."""

    def __init__(
        self, configuration: Configuration, identities: Identities, *, limit: int = 0, dry_run: bool = False
    ) -> None:
        self.configuration = configuration
        self.frontier = Frontier.in_directory(configuration.state_directory)
        self.recorder = Recorder(
            configuration,
            open_storage(configuration.archive, endpoint=configuration.s3_endpoint or None),
            self.frontier,
            identities,
            site_of=self._site_of,
        )
        self.problems: list[Problem] = []
        self.found: Counter[str] = Counter()
        """Articles that the sources of each site show."""
        self.leftovers: list[str] = []
        """A line on each segment of earlier runs that was taken up."""
        self.planned: list[Due] = []
        """In a dry run: what would be fetched."""
        self.dry_run = dry_run
        self.closing = False
        """Whether the spider has ended and what it brought is being stored."""
        self.complete = False
        """Whether everything was closed, and stored or known not to be storable now."""
        self._identities = identities
        self._limit = limit
        self._admitted = 0
        self._sites: dict[str, Site] = {}
        self._announced: dict[str, Discovery] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made by Scrapy, from its settings."""
        settings = crawler.settings
        session = cls(
            settings.get(CONFIGURATION) or load_configuration(),
            settings.get(IDENTITIES) or SystemIdentities(),
            limit=settings.getint(LIMIT),
            dry_run=settings.getbool(DRY_RUN),
        )
        receivers: list[tuple[Callable[..., object], object]] = [
            (session.opened, signals.spider_opened),
            (session.closed, signals.spider_closed),
            (session.enqueue, page_captured),
            (session.note_problem, problem_found),
        ]
        for receiver, signal in receivers:
            crawler.signals.connect(receiver, signal)
        return session

    def now(self) -> datetime:
        """The present moment, by the session's clock."""
        return self._identities.now()

    def keep(self, exchange: Exchange) -> str:
        """Keep an exchange; the mark of its capture."""
        address = self.recorder.keep(exchange)
        return str(CaptureMark(address.segment, address.offset, str(address.record_id)))

    def announce(self, url: str, discovery: Discovery) -> None:
        """A feed or news sitemap announces an article that is not captured yet: it says more than a link did."""
        self._announced.setdefault(url, discovery)

    def best_discovery(self, url: str, discovery: Discovery) -> Discovery:
        """What is known of how an article was found when its request is sent."""
        announced = self._announced.get(url)
        return announced if announced is not None and not discovery.source_date else discovery

    def admit(self) -> bool:
        """Whether one more article may be fetched in this run."""
        if self._limit and self._admitted >= self._limit:
            return False
        self._admitted += 1
        return True

    async def opened(self, spider: object) -> None:
        """The spider starts: earlier leftovers go to the storage, housekeeping begins."""
        self._sites = getattr(spider, "sites", {})
        self.leftovers = self.recorder.store_leftovers()
        self._tasks = [
            asyncio.create_task(self.recorder.warm_up()),
            asyncio.create_task(self.recorder.housekeeping()),
        ]

    async def closed(self) -> None:
        """The spider has ended: everything is closed and stored."""
        self.closing = True
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                self.recorder.counts.problems.append(f"{type(result).__name__}: {result}")
        try:
            await self.recorder.close()
            self.complete = True
        finally:
            self.frontier.close()

    async def enqueue(self, page: PageItem) -> None:
        """A page was captured: it waits for extraction."""
        await self.recorder.enqueue(page.segment, page.offset)

    def note_problem(self, problem: Problem) -> None:
        """Something went wrong at a site."""
        self.problems.append(problem)

    def _site_of(self, exchange: Exchange) -> Site | None:
        named = self._sites.get(exchange.discovery.site)
        host = urlsplit(exchange.url).hostname
        return named or next((site for site in self._sites.values() if site.host == host), None)
