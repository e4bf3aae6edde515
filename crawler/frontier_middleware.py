"""Between spiders and the scheduler: only articles that are new are fetched, and what was left over is taken up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Self

from scrapy.http import Request, Response

from archive.exchange import Discovery, Role
from crawler.frontier_entries import Due
from crawler.session import CrawlSession
from spiders.families.base import SiteSpider
from spiders.families.news import NewsSpider
from spiders.requests import SOURCE_ROLES, asked_address, discovery_of, is_unchanged

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_ALWAYS = "list"
"""Discoveries by a list of addresses are fetched even when they are known."""

_SEED = "seed"

_EXPLORED = frozenset({"page", "robots", "guess"})
"""Sources that a front page led to, without what these led to in turn, such as a back catalogue."""


class FrontierMiddleware:
    """A spider middleware."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made by Scrapy."""
        return cls(crawler)

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """The spider's own start, then the articles that earlier runs found and did not capture."""
        lists_pages = False
        async for request in start:
            discovery = discovery_of(request.meta)
            lists_pages = lists_pages or discovery.via == _ALWAYS
            for admitted in self._admitted([request]) or self._known_sources(discovery):
                yield admitted
        spider = self._crawler.spider
        if lists_pages or not isinstance(spider, SiteSpider):
            return
        now = self._session.now() if self._session.options.due_only else None
        for due in self._session.frontier.due(spider.sites, now):
            if self._session.admit():
                request = spider.article_request(spider.sites[due.discovery.site], due.discovery, due.url)
                for planned in self._planned([request]):
                    yield planned

    def _known_sources(self, discovery: Discovery) -> list[Request]:
        """What a front page led to before, when it is not time for the front page itself."""
        spider, session = self._crawler.spider, self._session
        if discovery.via != _SEED or not session.options.due_only or not isinstance(spider, NewsSpider):
            return []
        site = spider.sites[discovery.site]
        known = [source for source in session.frontier.sources(site.id) if source.via in _EXPLORED]
        return self._admitted([spider.source_request(site, source.url, source.role, source.via) for source in known])

    async def process_spider_output(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Requests first, then items; of the articles only the new ones."""
        requests: list[Request] = []
        items: list[Any] = []
        async for output in result:
            (requests if isinstance(output, Request) else items).append(output)
        discovery = discovery_of(response.meta)
        if discovery.role in SOURCE_ROLES:
            self._count(response, requests, discovery)
        articles_before = self._session.new_articles
        admitted = self._admitted(requests)
        if discovery.role in SOURCE_ROLES:
            new = self._session.new_articles - articles_before
            leads_on = any(discovery_of(request.meta).role in SOURCE_ROLES for request in requests)
            pace = self._session.pace_of(discovery.site)
            now = self._session.now()
            assert response.request is not None
            self._session.frontier.schedule(asked_address(response.request), new, pace, now, leads_on=leads_on)
        for request in admitted:
            yield request
        for item in items:
            yield item

    def _count(self, response: Response, requests: list[Request], discovery: Discovery) -> None:
        session = self._session
        assert response.request is not None
        asked = asked_address(response.request)
        found = sum(1 for request in requests if discovery_of(request.meta).role is Role.ARTICLE)
        if is_unchanged(response):
            found = session.frontier.last_found(asked)
        else:
            session.frontier.looked_at(asked, discovery, found, session.now())
        session.found[discovery.site] += found

    def _admitted(self, requests: list[Request]) -> list[Request]:
        """Sources, conditionally; and articles that are new and may be fetched, claimed."""
        session = self._session
        found = [(request, discovery_of(request.meta)) for request in requests]
        dues = [Due(request.url, discovery) for request, discovery in found if discovery.role is Role.ARTICLE]
        new = {due.url for due in session.frontier.discover(dues)}
        session.new_articles += len(new)
        admitted: list[Request] = []
        for request, discovery in found:
            if discovery.role in SOURCE_ROLES and not self._is_time(request, discovery.site):
                continue
            if discovery.role is not Role.ARTICLE:
                admitted.append(self._conditional(request, discovery))
            elif discovery.via == _ALWAYS or request.url in new:
                new.discard(request.url)
                if session.admit():
                    admitted.append(request)
            elif discovery.source_date:
                session.announce(request.url, discovery)
        return self._planned(admitted)

    def _is_time(self, request: Request, site: str) -> bool:
        """Whether a source is to be looked at in this run. Of one that is not, what it showed last counts."""
        session = self._session
        if not session.options.due_only or session.frontier.is_due(request.url, session.now()):
            return True
        session.found[site] += session.frontier.last_found(request.url)
        return False

    def _planned(self, requests: list[Request]) -> list[Request]:
        """The requests, articles claimed; in a dry run nothing but a note of these."""
        session = self._session
        articles = [request for request in requests if discovery_of(request.meta).role is Role.ARTICLE]
        if not session.options.dry_run:
            session.frontier.claim([request.url for request in articles])
            return requests
        session.planned += [Due(request.url, discovery_of(request.meta)) for request in articles]
        return [request for request in requests if request not in articles]

    def _conditional(self, request: Request, discovery: Discovery) -> Request:
        """A request for a source, conditional on what is stored of it (RFC 9110, section 13).

        Not for a page that leads to further sources: unchanged, it would hide what has changed behind it.
        """
        frontier = self._session.frontier
        known = frontier.known_capture(request.url)
        if known is None or not known.stored:
            return request
        if discovery.via != _SEED and frontier.last_found(request.url) > 0:
            if known.etag:
                request.headers.setdefault("If-None-Match", known.etag)
            if known.last_modified:
                request.headers.setdefault("If-Modified-Since", known.last_modified)
        return request

    @property
    def _session(self) -> CrawlSession:
        session = self._crawler.get_extension(CrawlSession)
        assert session is not None
        return session
