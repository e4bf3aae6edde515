"""Feeds, sitemaps and sections of sites, and from them the articles.

A site whose definition names sources is read from these. Any other is explored from its front page: the
feeds it declares, the sitemaps that robots.txt names, its sections; if there are none, the usual places.
The back catalogue is read only with ``backfill``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.http import Request, Response

from archive.exchange import Discovery, Role
from archive.period import Period
from spiders.dates import possible_dates
from spiders.families.base import SiteSpider
from spiders.left_out import LeftOut
from spiders.links import is_denied, is_fetchable, joined, same_site, why_left_out
from spiders.problems import NotASource, Problem
from spiders.reading import read_source
from spiders.requests import (
    BACKFILL_PRIORITY,
    BACKFILL_SOURCE_PRIORITY,
    CHANGED,
    DEFINITION,
    GUESS,
    RECAPTURE,
    SEED,
    SOURCE_PRIORITY,
    asked_address,
    brings_document,
    discovery_of,
    is_conditional,
    is_unchanged,
    led_on,
)
from spiders.site import Site, SourceKind
from spiders.sources.found import Feed, Found
from spiders.sources.section import Section, parse_section
from spiders.sources.sitemap import ChildSitemap, Sitemap, parse_announced, parse_sitemap

USUAL_FEEDS = ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml")
USUAL_SITEMAPS = ("/sitemap-news.xml", "/news-sitemap.xml", "/sitemap.xml", "/sitemap_index.xml")

_RECENT = timedelta(days=3)
_MOST_SECTIONS = 30
_MOST_PAGES = 500
_DEEPEST_INDEX = 3
"""Indexes within indexes: the protocol allows none, papers have two."""
_NOT_FOUND = frozenset({404, 410})


class NewsSpider(SiteSpider):
    """Captures what is new at news sites."""

    name = "news"
    kinds: frozenset[SourceKind] = frozenset(SourceKind)
    """Kinds of sources that this spider reads."""

    def __init__(self, name: str | None = None, *, backfill: bool | str = False, **kwargs: Any) -> None:
        """`backfill` follows all sitemaps and all pages of sections. Raises SiteError."""
        super().__init__(name, **kwargs)
        self.backfill = str(backfill).lower() in ("1", "true", "yes")
        self._recent = Period(since=datetime.fromisoformat(self.seen_at).astimezone(UTC) - _RECENT)

    async def start(self) -> AsyncIterator[Any]:
        """The sources of all sites, or their front pages."""
        for site in self.sites.values():
            named = [source for source in site.sources if source.kind in self.kinds]
            for source in named:
                yield self.source_request(site, source.url, source.kind.role, DEFINITION)
            if not site.sources:
                yield self.source_request(site, site.url, Role.SECTION, SEED)

    def source_request(
        self, site: Site, url: str, role: Role, via: str, *, depth: int = 0, is_old: bool = False
    ) -> Request:
        """The request for a source; `is_old` of one of the back catalogue."""
        callbacks: dict[Role, Callable[..., Any]] = {
            Role.FEED: self.parse_feed,
            Role.SITEMAP: self.parse_sitemap,
            Role.SECTION: self.parse_section,
        }
        discovery = Discovery(role=role, site=site.id, via=via, seen_at=self.seen_at)
        request = self.request(
            url, site, discovery, callbacks[role], BACKFILL_SOURCE_PRIORITY if is_old else SOURCE_PRIORITY
        )
        request.meta["handle_httpstatus_list"] = [304, *(sorted(_NOT_FOUND) if via == GUESS else ())]
        if depth:
            request.cb_kwargs["depth"] = depth
        return request

    def _led_on(self, response: Response, site: Site, depth: int = 0) -> Request | None:
        """The request for the page that stands in the place of a source, which leads there at once."""
        target = self.refresh_of(response, site)
        if target is None:
            return None
        discovery, is_old = (
            discovery_of(response.meta),
            response.request is not None and response.request.priority < 0,
        )
        request = self.source_request(site, target, discovery.role, discovery.via, depth=depth, is_old=is_old)
        return led_on(request.replace(dont_filter=True), response)

    def priority_of(self, discovery: Discovery) -> int:
        """Articles of the back catalogue come last."""
        is_old = self._recent.is_past(discovery.source_date)
        may_wait = self.backfill and is_old and discovery.via not in ("feed", RECAPTURE)
        return BACKFILL_PRIORITY if may_wait else super().priority_of(discovery)

    async def parse_feed(self, response: Response) -> AsyncIterator[Request]:
        """The articles of a feed."""
        site = self._site(response)
        if not self._is_new(response):
            return
        if (request := self._led_on(response, site)) is not None:
            yield request
            return
        try:
            feed: Feed | Sitemap = await read_source(
                self.services.reader, response, parse_announced, response.url, _content_type(response)
            )
        except NotASource as error:
            self._not_a_source(response, error)
            return
        if isinstance(feed, Sitemap):
            for request in self._announced(response, site, feed):
                yield request
            return
        self._tell_flaws(response, feed.flaws)
        found = [_on_site(item, site) for item in feed.articles]
        why = partial(self._why_left_out, site=site, named=True)
        for request in self.articles(site, found, "feed", response, why=why, without_address=feed.without_address):
            yield request

    async def parse_sitemap(self, response: Response, depth: int = 0) -> AsyncIterator[Request]:
        """The articles of a sitemap, or the sitemaps of an index."""
        site = self._site(response)
        if not self._is_new(response):
            return
        if (request := self._led_on(response, site, depth)) is not None:
            yield request
            return
        try:
            sitemap: Sitemap = await read_source(self.services.reader, response, parse_sitemap, response.url)
        except NotASource as error:
            self._not_a_source(response, error)
            return
        for request in self._announced(response, site, sitemap, depth):
            yield request

    def _announced(self, response: Response, site: Site, sitemap: Sitemap, depth: int = 0) -> Iterator[Request]:
        """Requests for what a sitemap lists."""
        if sitemap.children and depth >= _DEEPEST_INDEX:
            self._not_a_source(response, NotASource(f"an index within {depth} indexes", "list its sitemaps instead"))
            return
        self._tell_flaws(response, sitemap.flaws)
        children = [child for child in sitemap.children if child.url != response.url]
        wanted = [child for child in children if self._is_wanted_child(child, site)]
        if sitemap.children and not sitemap.articles and not wanted and self._told_idle(response, children, site):
            return
        self._tell_faults(response, children)
        for child in wanted:
            is_old = not self._is_recent_child(child)
            request = self.source_request(site, child.url, Role.SITEMAP, "sitemap", depth=depth + 1, is_old=is_old)
            request.meta[CHANGED] = child.lastmod
            yield request
        # By the URL that was requested: one that has moved is still named
        asked = asked_address(response.request) if response.request is not None else response.url
        named = any(source.url == asked for source in site.sources)
        found = [_on_site(item, site) for item in sitemap.articles]
        why = partial(self._why_left_out, site=site, named=named)
        yield from self.articles(site, found, "sitemap", response, why=why, without_address=sitemap.without_address)

    async def parse_section(self, response: Response, depth: int = 0) -> AsyncIterator[Request]:
        """The articles that a page links to; of a front page also the feeds, sitemaps and sections."""
        site = self._site(response)
        if not self._is_new(response):
            return
        if (request := self._led_on(response, site, depth)) is not None:
            yield request
            return
        try:
            section = await read_source(
                self.services.reader,
                response,
                parse_section,
                response.url,
                site,
                _content_type(response),
                self.services.shapes_of(site.id),
            )
        except NotASource as error:
            self._not_a_source(response, error)
            return
        discovery = discovery_of(response.meta)
        if discovery.via == SEED:
            self.services.note_front(site.id, section.name, section.language)
            if not same_site(response.url, site):
                host = urlsplit(response.url).netloc
                what = f"its front page redirects to another site, {host}"
                self.report(
                    site.id, site.url, what, f"if it has moved, change the host of url in its definition to {host}"
                )
            async for request in self._explore(response, site, section):
                yield request
        following = section.following or ""
        if self.backfill and depth < _MOST_PAGES and is_fetchable(following) and not is_denied(following, site):
            yield self.source_request(site, following, Role.SECTION, "next", depth=depth + 1, is_old=True)
        if not section.articles and discovery.via == DEFINITION:
            what = "the page links to nothing that looks like an article"
            self._not_a_source(
                response, NotASource(what, "open it in a browser; if it shows articles, see [urls] allow")
            )
        for request in self.articles(site, section.articles, "section", response):
            yield request

    async def _explore(self, response: Response, site: Site, section: Section) -> AsyncIterator[Request]:
        """Where a site without sources announces its articles."""
        declared = tuple(dict.fromkeys((*await self._declared_sitemaps(response), *section.sitemaps)))
        usual = (joined(response.url, path) for path in USUAL_FEEDS)
        feeds = section.feeds or tuple(dict.fromkeys((*section.linked_feeds, *usual)))
        sitemaps = declared or tuple(joined(response.url, path) for path in USUAL_SITEMAPS)
        for address in (*feeds, *sitemaps):
            if not is_fetchable(address):
                self.report(site.id, address, "listed as a source, but can't be requested", "tell the site")
        if len(feeds) > _MOST_SECTIONS:
            what = f"it declares {len(feeds)} feeds, of which {_MOST_SECTIONS} are read"
            self.report(site.id, response.url, what, "list those with its articles in a definition")
        if SourceKind.FEED in self.kinds:
            for feed in filter(is_fetchable, feeds[:_MOST_SECTIONS]):
                yield self.source_request(site, feed, Role.FEED, "page" if section.feeds else GUESS)
        if SourceKind.SITEMAP in self.kinds:
            for sitemap in filter(is_fetchable, sitemaps):
                yield self.source_request(site, sitemap, Role.SITEMAP, "robots" if declared else GUESS)
        if SourceKind.SECTION in self.kinds:
            for address in section.sections[:_MOST_SECTIONS]:
                yield self.source_request(site, address, Role.SECTION, "page")

    async def _declared_sitemaps(self, response: Response) -> tuple[str, ...]:
        """The ``Sitemap`` lines of robots.txt (sitemaps.org protocol), as the robots middleware has read them."""
        middleware = self.crawler.get_downloader_middleware(RobotsTxtMiddleware)
        if middleware is None or response.request is None:
            return ()
        rules = await middleware.robot_parser(response.request)
        lines = getattr(rules, "sitemaps", ())
        return tuple(dict.fromkeys(joined(response.url, line) for line in lines))

    def _is_wanted_child(self, child: ChildSitemap, site: Site) -> bool:
        if not is_fetchable(child.url) or is_denied(child.url, site):
            return False
        if self.backfill:
            return not self.period.is_past(child.lastmod)
        return self._is_recent_child(child)

    def _is_recent_child(self, child: ChildSitemap) -> bool:
        if not child.lastmod and self._may_be_recent(child.unreadable_date):
            return True
        return "news" in child.url.lower() or self._recent.wants(child.lastmod)

    def _may_be_recent(self, unreadable_date: str) -> bool:
        """Whether one of the days is recent that a date may mean of which the order is not known."""
        return any(self._recent.wants(date) for date in possible_dates(unreadable_date))

    def _why_left_out(self, item: Found, site: Site, *, named: bool) -> LeftOut | None:
        """Why an announced article is not asked for; `named` tells that the site's definition names the source."""
        reason = why_left_out(item.url, site, announced=item.news)
        if reason in (LeftOut.DENIED, LeftOut.OFF_SITE) or item.news or self.backfill:
            return reason
        if item.date:
            return reason if self._recent.wants(item.date) else LeftOut.OLD
        if named or reason is not None:
            return reason
        if possible_dates(item.unreadable_date):
            return None if self._may_be_recent(item.unreadable_date) else LeftOut.OLD
        return LeftOut.UNREADABLE_DATE if item.unreadable_date else LeftOut.UNDATED

    def _tell_flaws(self, response: Response, flaws: Iterable[str]) -> None:
        for flaw in flaws:
            what = f"could only be read in part: {flaw}"
            self.report(
                discovery_of(response.meta).site,
                response.url,
                what,
                "only the site can fix it; the readable part is used",
            )

    def _told_idle(self, response: Response, children: Sequence[ChildSitemap], site: Site) -> bool:
        """Of an index that leads to nothing: whether it is told why. One whose sitemaps are all old is only quiet."""
        if not children:
            self._not_a_source(response, NotASource("an index that names only itself", "list other sources instead"))
            return True
        undated = sum(not child.lastmod and not child.unreadable_date for child in children)
        if not undated:
            self.services.note_old(site.id)
            return False
        what = f"none of its {len(children)} sitemaps is read: {undated} do not say when they were changed"
        error = NotASource(what, "list those with new articles as sources, or use --backfill")
        if discovery_of(response.meta).via == DEFINITION:
            self._not_a_source(response, error)
        else:
            # As indexes of WordPress are: feeds list the same articles
            self.services.note_old(site.id)
            self.services.note_idle(Problem(site.id, response.url, str(error), error.remedy))
        return True

    def _tell_faults(self, response: Response, children: Sequence[ChildSitemap]) -> None:
        """Tell which sitemaps of an index are left alone for a fault of the index."""
        unfit = [child.url for child in children if not is_fetchable(child.url)]
        if unfit:
            what = f"{len(unfit)} of {len(children)} sitemaps can't be requested, such as {unfit[0][:100]!r}"
            self.report(discovery_of(response.meta).site, response.url, what, "tell the site; the others are read")
        unread = [
            child.unreadable_date
            for child in children
            if child.unreadable_date and not possible_dates(child.unreadable_date)
        ]
        if unread and not self.backfill:
            what = f"the dates of {len(unread)} of {len(children)} sitemaps can't be read, such as {unread[0]!r}"
            remedy = "list those with new articles as sources in the site's definition"
            self.report(discovery_of(response.meta).site, response.url, what, remedy)

    def _is_new(self, response: Response) -> bool:
        """Whether a source is to be read; one that says unasked that it is unchanged is reported."""
        is_confirmed = response.status == HTTPStatus.NOT_MODIFIED
        if is_confirmed and response.request is not None and not is_conditional(response.request):
            what = "the server says that it is unchanged (304), but it was never read"
            self._not_a_source(response, NotASource(what, "open it in a browser; if it is there, tell the site"))
        return brings_document(response) and not is_unchanged(response)

    def _site(self, response: Response) -> Site:
        return self.sites[discovery_of(response.meta).site]

    def _not_a_source(self, response: Response, error: NotASource) -> None:
        discovery = discovery_of(response.meta)
        if discovery.via != GUESS:
            is_named = discovery.via == DEFINITION
            self.report(discovery.site, response.url, str(error), error.remedy, needs_operator=is_named)


class FeedSpider(NewsSpider):
    """Reads feeds only."""

    name = "feed"
    kinds = frozenset({SourceKind.FEED})


class SitemapSpider(NewsSpider):
    """Reads sitemaps only."""

    name = "sitemap"
    kinds = frozenset({SourceKind.SITEMAP})


class SectionSpider(NewsSpider):
    """Reads section pages only."""

    name = "section"
    kinds = frozenset({SourceKind.SECTION})


def _content_type(response: Response) -> str:
    value = response.headers.get("Content-Type")
    return value.decode("latin-1") if value else ""


def _on_site(item: Found, site: Site) -> Found:
    """An announced article by that of its addresses that lies on the site; else as it is."""
    if not item.others or same_site(item.url, site):
        return item
    return replace(item, url=next((other for other in item.others if same_site(other, site)), item.url))
