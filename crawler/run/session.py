"""The recorder and the frontier joined to a running Scrapy crawl."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.http import Request

from archive.article import Article
from archive.clock_and_ids import ClockAndIds, SystemClockAndIds
from archive.errors import DamagedArchive
from archive.exchange import CaptureAddress, Discovery, Exchange, Role
from crawler.config import Configuration, load_configuration
from crawler.frontier.frontier import Frontier
from crawler.frontier.leases import Leases, holder_at
from crawler.frontier.presence import Alone, Among, Presence
from crawler.keeping.counts import Counts, SourceSurvey
from crawler.keeping.fetch_gate import Gate
from crawler.keeping.housekeeping import Housekeeping
from crawler.keeping.local_services import LocalServices
from crawler.keeping.recorder import NotKept, Recorder
from crawler.keeping.storing import SegmentStore
from crawler.polite.hosts import Hosts
from crawler.polite.site_budget import Budget, SiteLimits
from crawler.run.linked_editions import LinkedEditions
from crawler.run.requisites import left_out_hosts, wishes_of
from crawler.scheduling import Pace
from pipelines.items import PageItem, page_captured
from pipelines.pool import ExtractionPool, run_on_document
from spiders.families.base import SiteSpider
from spiders.families.news import NewsSpider
from spiders.problems import Problem, problem_found
from spiders.requests import CaptureMark
from spiders.site import Site, duration

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

CONFIGURATION = "NEWSWARC_CONFIGURATION"
"""Scrapy setting that holds the `Configuration`."""
CLOCK_AND_IDS = "NEWSWARC_CLOCK_AND_IDS"
"""Scrapy setting that holds the `ClockAndIds`."""
LIMIT = "NEWSWARC_LIMIT"
"""Scrapy setting: how many articles a run may fetch; 0 means any number."""
DRY_RUN = "NEWSWARC_DRY_RUN"
"""Scrapy setting: whether articles are only listed."""
POOL = "NEWSWARC_POOL"
"""Scrapy setting that holds an `ExtractionPool`, if there is one already."""
DUE = "NEWSWARC_DUE"
"""Scrapy setting: whether only sources are looked at whose time has come, and the segment is left open for more."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What holds for one run."""

    limit: int = 0
    """How many articles may be fetched; 0: any number."""
    dry_run: bool = False
    """Whether articles are only listed."""
    due_only: bool = False
    """Whether a source waits until it is due, and the segment is left open at the end."""


class CrawlSession:
    """A Scrapy extension that owns recorder and frontier for the time of a crawl."""

    new_articles: int = 0
    """Articles that were not known before this run."""
    elsewhere: tuple[str, ...] = ()
    """Sites that another machine crawls now."""
    closing: bool = False
    """Whether the spider has ended and what it brought is being stored."""
    complete: bool = False
    """Whether everything was closed, and stored or known not to be storable now."""

    def __init__(
        self,
        configuration: Configuration,
        clock_and_ids: ClockAndIds,
        *,
        options: RunOptions | None = None,
        give_up: Callable[[], None] = lambda: None,
        ask: Callable[[Request], None] = lambda _: None,
        pool: ExtractionPool | None = None,
    ) -> None:
        """`give_up` ends the crawl, `ask` takes a request into it, `pool` extracts in place of one of its own."""
        self.configuration = configuration
        self.counts = Counts()
        self.gate = Gate()
        self._services = LocalServices(
            configuration, self.counts, released=self._forget, linked=self._linked, pool=pool
        )
        self._editions = LinkedEditions(self.frontier, self._may_follow, ask)
        self.presence = self._presence()
        self.hosts = Hosts(self._services.frontier, clock_and_ids.now, configuration.concurrency_per_host)
        self._recorder = Recorder(
            configuration, self._services, clock_and_ids, self.counts, site_of=self._site_of, robots=self._robots
        )
        self._housekeeping = Housekeeping(
            configuration,
            self._recorder,
            self._services,
            self.gate,
            self.counts,
            now=clock_and_ids.now,
            give_up=give_up,
        )
        self.problems: list[Problem] = []
        self.found: Counter[str] = Counter()
        """Articles that the sources of each site show."""
        self.leftovers: list[str] = []
        """A line on each segment of earlier runs that was taken up."""
        self.survey = SourceSurvey()
        self.options = options or RunOptions()
        self.budget = Budget(SiteLimits(configuration.site_sources, configuration.site_requests))
        self._wishes = wishes_of(configuration, self.frontier, clock_and_ids.now)
        self._clock_and_ids = clock_and_ids
        self._admitted = 0
        self._sites: dict[str, Site] = {}
        self._announced: dict[str, Discovery] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._renewing: asyncio.Task[None] | None = None
        self._give_up = give_up

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made by Scrapy, from its settings."""
        settings = crawler.settings
        session = cls(
            settings.get(CONFIGURATION) or load_configuration(),
            settings.get(CLOCK_AND_IDS) or SystemClockAndIds(),
            options=RunOptions(settings.getint(LIMIT), settings.getbool(DRY_RUN), settings.getbool(DUE)),
            give_up=lambda: _stop(crawler),
            ask=lambda request: _ask(crawler, request),
            pool=settings.get(POOL),
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

    @property
    def spool_directory(self) -> Path:
        """Where large responses are spooled while they are received."""
        return self._services.spool.directory

    @property
    def frontier(self) -> Frontier:
        """Which addresses are known, due and captured."""
        return self._services.frontier

    @property
    def store(self) -> SegmentStore:
        """Segments on their way into the storage."""
        return self._services.store

    def pace_of(self, site: str) -> Pace:
        """How often the sources of a site are looked at."""
        pace = self.configuration.pace
        longest = self._sites[site].frequency_seconds if site in self._sites else 0
        return replace(pace, longest=max(pace.shortest, longest)) if longest else pace

    def ages_of(self, site: str) -> list[float]:
        """Ages (seconds) at which articles of a site are fetched again."""
        own = self._sites[site].recapture if site in self._sites else None
        return [float(duration(text)) for text in (self.configuration.recapture if own is None else own)]

    def site(self, name: str) -> Site | None:
        """A site of this run."""
        return self._sites.get(name)

    def now(self) -> datetime:
        """The present moment, by the session's clock."""
        return self._clock_and_ids.now()

    async def keep(self, exchange: Exchange) -> CaptureAddress:
        """Keep an exchange. Raises NotKept when the disk refuses; fetching pauses then."""
        try:
            address = await self._recorder.keep(exchange)
        except NotKept as error:
            self._housekeeping.disk_refused(error)
            raise
        self._services.events.exchange(exchange, address)
        return address

    def keep_now(self, exchange: Exchange) -> CaptureAddress:
        """The same at once, for small exchanges."""
        try:
            address = self._recorder.keep_now(exchange)
        except NotKept as error:
            self._housekeeping.disk_refused(error)
            raise
        self._services.events.exchange(exchange, address)
        return address

    async def read_body(self, parser: Callable[..., Any], body: bytes, *arguments: object) -> Any:
        """See `spiders.reading.SourceReader`."""
        return await self._services.pool.run(run_on_document, body, parser, arguments)

    async def read_capture(self, capture: CaptureMark, parser: Callable[..., Any], *arguments: object) -> Any:
        """See `spiders.reading.SourceReader`."""
        segment = self._recorder.pages(capture.segment)
        if segment is None:
            raise DamagedArchive(f"segment {capture.segment} is no longer on this machine")
        return await self._services.deriver.read(segment, capture.offset, parser, arguments)

    def announce(self, url: str, discovery: Discovery) -> None:
        """A feed or news sitemap announces an article that is not captured yet: it says more than a link did."""
        self._announced.setdefault(url, discovery)

    def best_discovery(self, url: str, discovery: Discovery) -> Discovery:
        """What is known of how an article was found when its request is sent."""
        announced = self._announced.get(url)
        return announced if announced is not None and not discovery.source_date else discovery

    def discovery_kept(self, url: str, discovery: Discovery) -> Discovery:
        """What is kept of how an address was found; of an article also what its newest record says."""
        best = self.best_discovery(url, discovery)
        text = self.frontier.text_of(url) if best.role is Role.ARTICLE else ""
        return replace(best, previous_text=text) if text else best

    def admit(self) -> bool:
        """Whether one more article may be fetched in this run."""
        if self.options.limit and self._admitted >= self.options.limit:
            return False
        self._admitted += 1
        return True

    async def opened(self, spider: object) -> None:
        """The spider starts: what earlier runs left is taken up, housekeeping begins."""
        self._sites = getattr(spider, "sites", {})
        if isinstance(spider, SiteSpider):
            spider.reader = self
            spider.requisites = self._wishes
            spider.shapes_of = self._editions.shapes_of
        if isinstance(spider, NewsSpider) and not self.options.dry_run:
            self._editions.spider = spider
        self.survey.fronts = getattr(spider, "fronts", {})
        if self.options.due_only:
            await self._recorder.resume()
        self.leftovers = await self._services.take_up(self.now())
        await self._leave_to_others()
        for name, site in self._sites.items():
            self._sites[name] = site.knowing(self._services.feedback.memories.recurring(name))
        self._renewing = asyncio.create_task(self.presence.run())
        self._tasks = [asyncio.create_task(self._services.warm_up()), asyncio.create_task(self._housekeeping.run())]

    async def closed(self, reason: str) -> None:
        """The spider has ended, for a reason that Scrapy names: everything is closed and stored."""
        self.problems += left_out_hosts(self._wishes)
        self.closing = True
        self.gate.shut()
        self._housekeeping.end()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                self.counts.problems.append(f"{type(result).__name__}: {result}")
        try:
            await self._close_segment()
            await self._leave(to_its_end=reason == "finished")
            await self._services.drain()
            self.complete = True
        finally:
            self.hosts.clock.write(self.configuration.state_directory / "clock.json", self.now())
            self._services.outcomes.add(self.counts.unlogged, self.now())
            self._services.close()

    async def _close_segment(self) -> None:
        try:
            if self.options.due_only:
                await self._recorder.leave()
            else:
                await self._recorder.rotate()
        except OSError as error:
            self.counts.problems.append(f"{error}; free space or mend rights, the next run goes on from here")

    def _presence(self) -> Presence:
        database = self.frontier.database
        if not database.is_shared:
            return Alone()
        holder = holder_at(self.frontier.holder)
        return Among(Leases(database, holder, self.configuration.lease), self._lost_site)

    async def _leave_to_others(self) -> None:
        """Sites that another machine crawls now are left to it."""
        self.elsewhere = tuple(await self.presence.at_sites(list(self._sites)))
        for name in self.elsewhere:
            del self._sites[name]
            self.note_problem(
                Problem(name, "the site", "another machine crawls it now", "nothing is left to do here")
            )

    def _lost_site(self, site: str) -> None:
        """This machine was cut off from the others for so long that they may take a site over: the run ends."""
        self.counts.problems.append(f"{site}: the frontier was out of reach for too long; the next run goes on")
        self.gate.shut()
        self._give_up()

    async def _leave(self, *, to_its_end: bool) -> None:
        """Nothing is fetched any more: others may go where this run was."""
        if self._renewing is not None:
            self._renewing.cancel()
        try:
            if self._editions.spider is not None and to_its_end:
                self.frontier.counted(self.found, {name: site.floors.articles for name, site in self._sites.items()})
            self.frontier.take_back()
            self.presence.leave()
        except OSError as error:
            self.counts.problems.append(f"{error}; others wait until this run's leases end")

    def _forget(self, segment: str) -> None:
        self._recorder.forget(segment)

    async def enqueue(self, page: PageItem) -> None:
        """A page was captured: it goes into the extraction queue, after waiting while that is full."""
        segment = self._recorder.pages(page.segment)
        if segment is not None:
            await self._services.deriver.start(segment, page.offset)

    def _linked(self, site: str, article: Article) -> None:
        self._editions.follow(site, article)

    def _may_follow(self, site: str) -> bool:
        return not self.closing and not self.budget.takes_request(site) and self.admit()

    def note_problem(self, problem: Problem) -> None:
        """Something went wrong at a site."""
        self.problems.append(problem)
        self._services.events.problem(problem)

    def note_limit(self, site: str, refusal: str) -> None:
        """A site is not followed further in this run; told once."""
        if self.budget.is_news(site, refusal):
            self.note_problem(Problem(site, "what it leads to", refusal, "what is left waits for the next run"))

    def _site_of(self, exchange: Exchange) -> Site | None:
        named = self._sites.get(exchange.discovery.site)
        host = urlsplit(exchange.url).hostname
        return named or next((site for site in self._sites.values() if site.host == host), None)

    def _robots(self) -> str:
        """How robots.txt is treated, for the segment's first record."""
        if not self.configuration.obey_robots:
            return "ignore"
        reasons = [f"{site.id}: {site.ignore_robots_because}" for site in self._sites.values()]
        return "; ".join(["obey", *(f"except {reason}" for reason in reasons if not reason.endswith(": "))])


def _ask(crawler: Crawler, request: Request) -> None:
    if crawler.engine is not None and crawler.engine.running:
        crawler.engine.crawl(request)


def _stop(crawler: Crawler) -> None:
    task = asyncio.ensure_future(crawler.stop_async())
    task.add_done_callback(lambda ended: ended.exception())
