"""Between spiders and the scheduler: only new articles are fetched, and what earlier runs left is resumed."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.exceptions import DontCloseSpider
from scrapy.http import Request, Response

from archive.exchange import Discovery, Role
from crawler.frontier.entries import Due
from crawler.keeping.source_reading import SourceReading, seconds_of
from crawler.run.crawl_run import CrawlRun
from crawler.run.duplicate_filter import returns_of
from crawler.run.extension import run_of
from spiders.families.base import SiteSpider
from spiders.families.news import NewsSpider
from spiders.problems import printable
from spiders.requests import (
    BACKFILL_SOURCE_PRIORITY,
    CHANGED,
    LISTED,
    RETRY_PRIORITY,
    SEED,
    SOURCE_ROLES,
    asked_address,
    discovery_of,
    is_unchanged,
)
from spiders.sources.hints import wanted_interval
from spiders.url_identity import identity

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

_EXPLORED = frozenset({"page", "robots", "guess"})
"""Sources that a front page led to, without what these led to in turn, such as a back catalogue."""


_LED_ON = frozenset({"sitemap", "next", "page", "robots", "guess"})
"""Sources that another one led to. An article's discovery has ``sitemap`` too, and is told by its role."""
_BATCH = 500
_DAY = 86400.0
_HAS_TIME = ":"
_CATALOGUE_AGE = 30 * _DAY
"""Seconds for which an old sitemap, whose index does not say when it was changed, is not read again."""
_MOST_AGAIN = 2000
"""Maximum number of articles of a site that a run fetches again; the others are due in the next."""


class _Reading:
    """Counts what a response's callback yields."""

    def __init__(self, response: Response, discovery: Discovery) -> None:
        assert response.request is not None
        self.response = response
        self.discovery = discovery
        self.asked = asked_address(response.request)
        self.leads_on = False
        self.newest = ""
        self.shown: set[int] = set()
        """Articles, each once however often and in whatever form it is listed: hashes of their identities."""

    @property
    def articles(self) -> int:
        """How many articles are listed."""
        return len(self.shown)

    def take(self, requests: list[Request]) -> None:
        """Count a batch."""
        for request in requests:
            found = discovery_of(request.meta)
            if found.role is Role.ARTICLE:
                self.shown.add(hash(identity(request.url)))
                self.newest = max(self.newest, found.source_date, key=seconds_of)
            elif found.role in SOURCE_ROLES:
                self.leads_on = True


@dataclass(frozen=True, slots=True)
class _LeftOver:
    """Articles of earlier runs."""

    due: Sequence[Due] = ()
    """Found and not captured."""
    set_aside: Sequence[Due] = ()
    """Left out for their dates."""


async def _batches(result: AsyncIterator[Any], items: list[Any]) -> AsyncIterator[list[Request]]:
    """The requests of a callback, some at a time, so that a large source's are never all there; items put aside."""
    batch: list[Request] = []
    async for output in result:
        if not isinstance(output, Request):
            items.append(output)
            continue
        batch.append(output)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


class FrontierMiddleware:
    """A spider middleware."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._has_retried = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware.release, signals.spider_idle)
        return middleware

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """The spider's own start, then the articles that earlier runs found and did not capture."""
        lists_pages = False
        spider = self._crawler.spider
        # Asked before the first source is read: what this run finds is none of it
        left_over = self._left_over(spider) if isinstance(spider, SiteSpider) else _LeftOver()
        async for request in start:
            discovery = discovery_of(request.meta)
            lists_pages = lists_pages or discovery.via == LISTED
            for admitted in self._admitted([request]) or self._known_sources(discovery):
                yield admitted
        if lists_pages or not isinstance(spider, SiteSpider):
            return
        for request in self._again(spider):
            yield request
        for request in self._taken_up(spider, left_over):
            for planned in self._planned([request]):
                yield planned

    def _left_over(self, spider: SiteSpider) -> _LeftOver:
        """Articles that earlier runs found and did not capture; those that were refused come last (`_retries`)."""
        run = self._run
        run.frontier.failures.give_up(list(spider.sites), run.now(), run.configuration.give_up_weeks)
        now = run.now() if run.state.options.due_only else None
        return _LeftOver(run.frontier.due(spider.sites, now), run.frontier.set_aside_before(spider.sites))

    def _taken_up(self, spider: SiteSpider, left_over: _LeftOver) -> Iterator[Request]:
        """Requests for those of them that this run wants."""
        run = self._run
        for due in left_over.due:
            if not run.admission.wants(due.discovery):
                run.admission.refuse(due.discovery)
                continue
            request = spider.article_request(spider.sites[due.discovery.site], due.discovery, due.url)
            if not run.admission.waits(request) and run.state.admit():
                yield request
        for due in left_over.set_aside:
            # Without a period, what a back catalogue held is left to a run that requests it
            is_old = run.state.period.is_endless and due.discovery.via == "sitemap"
            if not is_old and run.admission.wants(due.discovery) and run.state.admit():
                yield spider.article_request(spider.sites[due.discovery.site], due.discovery, due.url)

    def _retries(self) -> list[Request]:
        """Once in a run, when nothing else is left to do: what was refused before."""
        run, spider = self._run, self._crawler.spider
        if self._has_retried or run.state.options.dry_run or not isinstance(spider, NewsSpider):
            return []
        self._has_retried = True
        requests: list[Request] = []
        for due in run.admission.retries(run.now(), run.attempts_of_a_day()):
            if self._is_within(due.discovery) and run.state.admit():
                request = spider.article_request(spider.sites[due.discovery.site], due.discovery, due.url)
                request.priority = RETRY_PRIORITY
                run.state.findings.retried.add(request.url)
                requests.append(request)
        return requests

    def release(self) -> None:
        """Nothing else is left to do: send the requests that waited for the sources to be read."""
        run = self._run
        waited = run.admission.release()
        wanted = [
            request for request in waited if self._is_within(discovery_of(request.meta)) and run.state.admit()
        ] or self._retries()
        asked = self._planned(wanted) if wanted else []
        for request in asked:
            assert self._crawler.engine is not None
            self._crawler.engine.crawl(request)
        if asked:
            raise DontCloseSpider

    def _again(self, spider: SiteSpider) -> list[Request]:
        """Articles that may have been corrected meanwhile, conditionally."""
        run = self._run
        requests: list[Request] = []
        for site in spider.sites.values() if not run.state.options.dry_run else ():
            for due in run.frontier.due_again(site.id, run.state.ages_of(site.id), run.now(), _MOST_AGAIN):
                is_wanted = run.admission.wants(due.discovery) and self._is_within(due.discovery)
                if is_wanted and run.state.admit():
                    requests.append(self._repeated(spider.article_request(site, due.discovery, due.url)))
        return requests

    def _known_sources(self, discovery: Discovery) -> list[Request]:
        """What a front page led to before, when it is not time for the front page itself."""
        spider, run = self._crawler.spider, self._run
        if discovery.via != SEED or not run.state.options.due_only or not isinstance(spider, NewsSpider):
            return []
        site = spider.sites[discovery.site]
        known = [source for source in run.frontier.sources(site.id) if source.via in _EXPLORED]
        return self._admitted([spider.source_request(site, source.url, source.role, source.via) for source in known])

    async def process_spider_output(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Requests first, then items; of the articles only the new ones."""
        items: list[Any] = []
        reading = _Reading(response, discovery_of(response.meta))
        new = 0
        async for requests in _batches(result, items):
            reading.take(requests)
            before = self._run.state.findings.new_articles  # other sources are read meanwhile
            admitted = self._admitted(requests)
            new += self._run.state.findings.new_articles - before
            for request in admitted:
                yield request
        if reading.discovery.role in SOURCE_ROLES:
            self._was_read(reading, new)
        for item in items:
            yield item

    def _was_read(self, reading: _Reading, new: int) -> None:
        """Count what a completely read source listed, and set when it is due again."""
        run, discovery = self._run, reading.discovery
        found = reading.articles
        if is_unchanged(reading.response):
            found = run.frontier.last_found(reading.asked)
            run.state.findings.quiet.add(discovery.site)
        else:
            run.frontier.looked_at(reading.asked, discovery, found, run.now())
            if discovery.via in _LED_ON:
                run.state.budget.showed(discovery.site, reading.shown)
        run.state.findings.found[discovery.site] += found
        unchanged = ", unchanged" if is_unchanged(reading.response) else ""
        logger.info(
            "source  %s  %s by %s: %d articles, %d new%s",
            printable(reading.asked),
            discovery.role.value,
            discovery.via,
            found,
            new,
            unchanged,
        )
        run.state.findings.sources.append(
            SourceReading(
                site=discovery.site,
                url=reading.asked,
                kind=discovery.role.value,
                via=discovery.via,
                articles=found,
                newest=reading.newest,
                leads_on=reading.leads_on,
            )
        )
        pace = run.state.pace_of(discovery.site)
        cache = (reading.response.headers.get("Cache-Control") or b"").decode("latin-1")
        wish = wanted_interval(reading.response.body, cache)
        run.frontier.schedule(reading.asked, new, pace, run.now(), leads_on=reading.leads_on, wish=wish)

    def _admitted(self, requests: list[Request]) -> list[Request]:
        """Sources, conditionally; and articles that are new and may be fetched, claimed."""
        run = self._run
        found = [(request, discovery_of(request.meta)) for request in requests]
        dues = [Due(request.url, discovery) for request, discovery in found if discovery.role is Role.ARTICLE]
        run.frontier.failures.listed(dues, run.now())
        new = {identity(due.url) for due in run.frontier.discover(dues, run.admission.wants)}
        run.state.findings.new_articles += len(new)
        admitted: list[Request] = []
        announced: list[Due] = []
        for request, discovery in found:
            if discovery.role in SOURCE_ROLES and not self._is_time(request, discovery.site):
                continue
            if discovery.role is Role.ARTICLE:
                if self._admits_article(request, discovery, new):
                    admitted.append(request)
                elif discovery.source_date:
                    announced.append(Due(request.url, discovery))
            elif self._is_within(discovery):
                admitted.append(self._conditional(request, discovery))
        run.announcements.add(announced)
        return self._planned(admitted)

    def _admits_article(self, request: Request, discovery: Discovery, new: set[str]) -> bool:
        """Whether an article is requested in this run; `new` holds the identities that were not known before it."""
        run = self._run
        if discovery.via == LISTED:
            is_admitted = self._is_within(discovery) and run.state.admit()
            if is_admitted:
                run.frontier.asked_again(request.url, run.now())
            return is_admitted
        if returns_of(request):  # a page leads back to where it was come from; the duplicate filter says how often
            return self._is_within(discovery)
        if not run.admission.wants(discovery):
            run.admission.refuse(discovery)
            return False
        name = identity(request.url)
        if name in new:
            new.discard(name)
            return not run.admission.waits(request) and self._is_within(discovery) and run.state.admit()
        if self._was_changed(request.url, discovery) and self._is_within(discovery) and run.state.admit():
            self._repeated(request)
            return True
        return False

    def _was_changed(self, url: str, discovery: Discovery) -> bool:
        """Whether a sitemap says that an article was changed since it was last asked for (``lastmod``)."""
        run = self._run
        if discovery.via != "sitemap" or not discovery.source_date or not run.state.ages_of(discovery.site):
            return False
        asked = run.frontier.asked_at(url)
        return asked is not None and asked < seconds_of(discovery.source_date) <= run.now().timestamp()

    def _is_within(self, discovery: Discovery) -> bool:
        """Whether the site may have one more request in this run. What was found all the same is due in the next."""
        run = self._run
        is_led = discovery.role in SOURCE_ROLES and discovery.via in _LED_ON
        takes = run.state.budget.takes_source if is_led else run.state.budget.takes_request
        refusal = takes(discovery.site)
        if refusal:
            run.state.note_limit(discovery.site, refusal)
        return not refusal

    def _is_time(self, request: Request, site: str) -> bool:
        """Whether to read a source in this run. If not, what it listed last counts."""
        run = self._run
        if self._is_read_back_catalogue(request):
            return False
        if not run.state.options.due_only or run.frontier.is_due(request.url, run.now()):
            return True
        run.state.findings.found[site] += run.frontier.last_found(request.url)
        return False

    def _is_read_back_catalogue(self, request: Request) -> bool:
        """Whether an old sitemap was read to its end and has not changed: a backfill that continues leaves it out."""
        if request.priority != BACKFILL_SOURCE_PRIORITY or CHANGED not in request.meta:
            return False
        read = self._run.frontier.was_read(request.url)
        lastmod = request.meta[CHANGED]
        changed = seconds_of(lastmod) + (_DAY if lastmod and _HAS_TIME not in lastmod else 0.0)
        return read > 0 and (read > changed if changed > 0 else read > self._run.now().timestamp() - _CATALOGUE_AGE)

    def _planned(self, requests: list[Request]) -> list[Request]:
        """The requests, articles claimed; in a dry run nothing but a note of these."""
        run = self._run
        articles = [request for request in requests if discovery_of(request.meta).role is Role.ARTICLE]
        if not run.state.options.dry_run:
            run.frontier.claim([request.url for request in articles])
            return requests
        sample = [request for request in articles if self._is_sample(discovery_of(request.meta).site)]
        planned = [request for request in articles if request not in sample]
        run.state.findings.planned += [Due(request.url, discovery_of(request.meta)) for request in planned]
        return [request for request in requests if request not in planned]

    def _is_sample(self, site: str) -> bool:
        """Whether to fetch an article in a dry run all the same."""
        state = self._run.state
        if state.findings.sampled[site] >= state.options.sample:
            return False
        state.findings.sampled[site] += 1
        return True

    def _conditional(self, request: Request, discovery: Discovery) -> Request:
        """A request for a source, conditional on what is stored of it (RFC 9110, section 13).

        Not for a page that leads to further sources: unchanged, it would hide what has changed behind it.
        """
        if discovery.role is Role.REQUISITE:
            return self._made_conditional(request)
        if discovery.via != SEED and self._run.frontier.last_found(request.url) > 0:
            return self._made_conditional(request)
        return request

    def _repeated(self, request: Request) -> Request:
        """A request for an article that was captured before, conditional and noted."""
        self._run.frontier.asked_again(request.url, self._run.now())
        request.meta["handle_httpstatus_list"] = [HTTPStatus.NOT_MODIFIED]
        return self._made_conditional(request)

    def _made_conditional(self, request: Request) -> Request:
        known = self._run.frontier.known_capture(request.url)
        if known is not None and known.stored and known.may_stand_for(discovery_of(request.meta).role):
            if known.etag:
                request.headers.setdefault("If-None-Match", known.etag)
            if known.last_modified:
                request.headers.setdefault("If-Modified-Since", known.last_modified)
        return request

    @property
    def _run(self) -> CrawlRun:
        return run_of(self._crawler)
