"""One run: assembled, started with the spider, and ended after it has finished."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from scrapy.http import Request

from archive.clock_and_ids import ClockAndIds
from archive.derived import ArticleFacts
from archive.exchange import CaptureOutcome, Role
from crawler.browser.earlier_answers import EarlierAnswers
from crawler.config import Configuration
from crawler.frontier.entries import Failed
from crawler.frontier.leases import Leases, holder_at
from crawler.frontier.outcome_log import EndedKind
from crawler.frontier.presence import Alone, Among, Presence
from crawler.keeping.fetch_gate import FetchGate
from crawler.keeping.housekeeping import Housekeeping
from crawler.keeping.local_services import LocalServices
from crawler.keeping.recorder import Recorder
from crawler.keeping.spool_recovery import take_up_and_store
from crawler.polite.block_list import BlockList
from crawler.polite.hosts import Hosts
from crawler.run.admission import Admission
from crawler.run.announcements import Announcements
from crawler.run.capturing import Capturing
from crawler.run.linked_editions import LinkedEditions
from crawler.run.patience import HostPatience
from crawler.run.requisites import left_out_hosts, wishes_of
from crawler.run.run_state import RunOptions, RunState
from pipelines.pool import ExtractionPool
from spiders.families.base import SiteSpider
from spiders.families.news import NewsSpider
from spiders.problems import Problem
from spiders.requests import asked_address, discovery_of
from spiders.run_services import RunSites, SpiderServices

_DAY = 86400.0


class PagesInBrowser(Protocol):
    """What a run has of its browser."""

    async def close(self) -> None:
        """End it."""
        ...

    def facts(self) -> dict[str, dict[str, object]]:
        """What became of pages, by site."""
        ...

    def problems(self) -> list[Problem]:
        """What kept pages from being rendered."""
        ...


class CrawlRun:
    """The parts that a crawl's middlewares and its download handler work with."""

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
        """`give_up` ends the crawl, `ask` takes a request into it, `pool` extracts instead of one of its own."""
        self.configuration = configuration
        self.now = clock_and_ids.now
        self.record_id = clock_and_ids.record_id
        self.gate = FetchGate()
        self.state = RunState(configuration, options or RunOptions(), self._log_problem, self._expect_pages)
        self._services = LocalServices(
            configuration,
            self.state.counts,
            released=self._segment_released,
            linked=self._article_derived,
            pool=pool,
        )
        self.frontier = self._services.frontier
        self.announcements = Announcements(self.frontier)
        self.block_list = BlockList(configuration.block_list_file)
        self.admission = Admission(self.state, self.frontier, self.announcements, self.block_list.blocks)
        self.hosts = Hosts(self.frontier, self.now, configuration.concurrency_per_host)
        self.patience = HostPatience(self.hosts, configuration.host_patience, self.now)
        self.presence = self._presence()
        self._recorder = Recorder(
            configuration,
            self._services,
            clock_and_ids,
            self.state.counts,
            site_of=self.state.site_of,
            robots=self.state.robots_policy,
        )
        self._housekeeping = Housekeeping(
            configuration,
            self._recorder,
            self._services,
            self.gate,
            self.state.counts,
            now=self.now,
            give_up=give_up,
        )
        self.capturing = Capturing(self._recorder, self._services, self._housekeeping)
        self._editions = LinkedEditions(self.frontier, self.admission.wants_date, self._may_follow, ask)
        self.browsing: PagesInBrowser | None = None
        """Set once, by the download handler."""
        self.requisites = wishes_of(configuration, self.frontier, self.now)
        self.earlier_answers = EarlierAnswers(
            self._services.storage, self.frontier.known_capture, configuration.requisite_age, self.now
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._renewing: asyncio.Task[None] | None = None
        self._give_up = give_up

    @property
    def spool_directory(self) -> Path:
        """The file where large responses are spooled while they are received."""
        return self._services.spool.directory

    def attempts_of_a_day(self) -> Counter[str]:
        """Attempts of the last day, by site."""
        attempts: Counter[str] = Counter()
        for hour in self._services.outcomes.since(self.now().timestamp() - _DAY):
            if hour.kind is EndedKind.ATTEMPT:
                attempts[hour.site] += hour.count
        return attempts

    def goes_on(self) -> bool:
        """Called when nothing is left to fetch: requests what articles have led to; whether there is any."""
        return self._editions.ask()

    def note_lost(self, request: Request, status: int = 0) -> None:
        """The redirects of a request lead to no page: of an article's the frontier is told."""
        if discovery_of(request.meta).role is Role.ARTICLE:
            outcome = CaptureOutcome.REDIRECT.value
            lost = Failed(asked_address(request), outcome, passing=False, status=status, is_led_to=True)
            self._recorder.note_failed(lost, discovery_of(request.meta).site)

    async def open(self, spider: object) -> None:
        """Called when the spider starts: resumes what earlier runs left, and starts housekeeping."""
        if isinstance(spider, SiteSpider):
            self.state.sites = RunSites(spider.definitions)
            self.state.period = spider.period
            spider.services = SpiderServices(
                sites=self.state.sites,
                reader=self.capturing,
                requisites=self.requisites,
                shapes_of=self._editions.shapes_of,
                note_old=self.state.findings.quiet.add,
                note_idle=self.state.findings.idle.append,
                note_front=self.state.note_front,
            )
        if isinstance(spider, NewsSpider) and not self.state.options.dry_run:
            self._editions.spider = spider
        if self.state.options.due_only:
            await self._recorder.resume()
        self.state.recovered = await take_up_and_store(self._services, self.now())
        await self._leave_to_others()
        for name in list(self.state.sites):
            self.state.sites.remember(name, self._services.feedback.memories.recurring(name))
        self._renewing = asyncio.create_task(self.presence.run())
        self._tasks.append(asyncio.create_task(self._housekeeping.run()))

    async def close(self, reason: str) -> None:
        """Called when the spider has ended, with Scrapy's reason: closes and stores everything."""
        self.state.problems += left_out_hosts(self.requisites)
        if self.browsing is not None:
            await self.browsing.close()
            for problem in self.browsing.problems():
                self.state.note_problem(problem)
        self.state.closing = True
        self.patience.end()
        self.gate.shut()
        self._housekeeping.end()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                self.state.counts.problems.append(f"{type(result).__name__}: {result}")
        try:
            await self._close_segment()
            await self._leave(to_its_end=reason == "finished")
            await self._services.drain()
            self.state.complete = True
        finally:
            self.hosts.clock.write(self.configuration.state_directory / "clock.json", self.now())
            self._services.outcomes.add(self.state.counts.unlogged, self.now())
            self._services.close()

    # The parts below are made before those that they call

    def _segment_released(self, segment: str) -> None:
        self._recorder.forget(segment)

    def _article_derived(self, site: str, article: ArticleFacts) -> None:
        self._editions.follow(site, article)

    def _expect_pages(self) -> None:
        """Called when the first article is about to be fetched: starts the extractor meanwhile."""
        self._tasks.append(asyncio.create_task(self._services.warm_up()))

    def _log_problem(self, problem: Problem) -> None:
        self._services.events.problem(problem)

    async def _close_segment(self) -> None:
        try:
            if self.state.options.due_only:
                await self._recorder.leave()
            else:
                await self._recorder.rotate()
        except OSError as error:
            self.state.counts.problems.append(
                f"{error}; free disk space or fix permissions, and the next run continues"
            )

    def _presence(self) -> Presence:
        database = self.frontier.database
        if not database.is_shared:
            return Alone(self.configuration.state_directory / "sites")
        holder = holder_at(self.frontier.holder)
        return Among(Leases(database, holder, self.configuration.lease), self._lost_site)

    async def _leave_to_others(self) -> None:
        """Leave sites to other runs that are crawling them."""
        self.state.elsewhere = tuple(await self.presence.at_sites(list(self.state.sites)))
        for name in self.state.elsewhere:
            self.state.sites.leave_out(name)
            self.state.note_problem(Problem(name, "the site", "another run is crawling it", "nothing to do here"))

    def _lost_site(self, site: str) -> None:
        """End the run, because this machine was cut off for so long that others may take over a site."""
        self.state.counts.problems.append(
            f"{site}: the frontier was unreachable for too long; the next run continues"
        )
        self.gate.shut()
        self._give_up()

    async def _leave(self, *, to_its_end: bool) -> None:
        """Nothing is fetched any more: release the sites and hosts of this run."""
        if self._renewing is not None:
            self._renewing.cancel()
        try:
            if self._editions.spider is not None and to_its_end:
                floors = {name: site.floors.articles for name, site in self.state.sites.items()}
                self.frontier.counted(self.state.findings.found, floors)
            self.frontier.take_back()
        except OSError as error:
            self.state.counts.problems.append(f"{error}; other machines wait until this run's leases expire")
        finally:
            self.presence.leave()

    def _may_follow(self, site: str) -> bool:
        return not self.state.closing and not self.state.budget.takes_request(site) and self.state.admit()
