"""Pages of a run that are rendered in a browser: which ones, by what terms, and the way out that they have.

The ladder: a page as it came; then the data in its scripts; then, as the site's definition or the operator says, the
browser. Whatever keeps a page from being rendered, it is kept as it came, with the reason beside it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request

from archive.content_coding import BodyTooLarge, decode_body
from archive.counted import counted
from archive.exchange import CaptureOutcome, Exchange, Role
from archive.http1 import BadMessage, entity_parts
from crawler.browser.installed import missing_for_browser
from crawler.browser.plan import BrowserPlan
from crawler.browser.profiles import BadProfile, cookie_header, read_profile
from crawler.run.pace_middleware import PaceMiddleware
from crawler.run.polite_fetching import Keep, PoliteFetching
from crawler.run.robots_middleware import RecordingRobotsMiddleware
from crawler.wire.fetcher import WireRequest, unsent
from pipelines.need_of_browser import need_of_browser
from spiders.page_steps import page_steps
from spiders.problems import Problem
from spiders.requests import REDACTED, UNVERIFIED, discovery_of, request_meta
from spiders.requisites.collection import LeftOut
from spiders.site import Site

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.browser.pages import BrowserPages, PageOrder
    from crawler.run.crawl_run import CrawlRun

logger = logging.getLogger(__name__)

NEVER, ALWAYS = "never", "always"
_RENDERED_ROLES = frozenset({Role.ARTICLE, Role.SECTION})
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_MOST_OF_PAGE = 16 << 20
_FIRST_PAGES = 5
"""Pages of a site that a run looks at, to see if they need a browser, where none is used."""
_ROBOTS_SLOT = "robots.txt for pages in a browser"
"""Scrapy's slot of a host is held by the page while it is rendered."""
_REASONS = {LeftOut.TRACKER: "it tracks readers", LeftOut.DENIED: "the site's definition denies it"}
_COOKIE = "cookie"


@dataclass(slots=True)
class BrowserFindings:
    """What a run has found out about browsers, by site."""

    looked_at: Counter[str] = field(default_factory=Counter)
    """Pages that might have needed one."""
    needed: dict[str, Counter[str]] = field(default_factory=dict)
    """Why pages needed one (`pipelines.need_of_browser`)."""
    rendered: Counter[str] = field(default_factory=Counter)
    failed: dict[str, Counter[str]] = field(default_factory=dict)
    """Why pages were not rendered."""
    refused: Counter[str] = field(default_factory=Counter)
    """Requests of pages that were not sent, by reason."""


class Browsing:
    """The browser's place in a run."""

    def __init__(self, crawler: Crawler, run: CrawlRun, fetching: PoliteFetching) -> None:
        self.findings = BrowserFindings()
        self._crawler = crawler
        self._run = run
        self._outlet = _PolitePageFetching(crawler, run, fetching)
        self._pages: BrowserPages | None = None
        self._lacks = ""

    def may_look_at(self, request: Request) -> bool:
        """Whether the answer to a request is looked at, and perhaps rendered, before it is kept.

        Of a site whose pages are never rendered, the first pages of a run are looked at, so that it learns which
        sites need a browser.
        """
        discovery = discovery_of(request.meta)
        if discovery.role not in _RENDERED_ROLES or request.method != "GET":
            return False
        options = self._run.state.options
        if options.sample and discovery.role is Role.ARTICLE:
            return True
        is_first = not options.dry_run and self.findings.looked_at[discovery.site] < _FIRST_PAGES
        return is_first or self._use_of(self._run.state.sites.get(discovery.site)) != NEVER

    def logged_in(self, request: Request, sent: WireRequest) -> WireRequest:
        """A request for a page with the cookies of its site's profile, whose values are not kept."""
        site = self._run.state.sites.get(discovery_of(request.meta).site)
        if self._use_of(site) == NEVER:
            return sent  # looked at as it is for everybody
        try:
            profile = read_profile(self._run.configuration.state_directory, site.access.profile if site else "")
        except BadProfile:
            return sent  # told where the page is rendered
        cookies = cookie_header(profile, sent.url) if profile is not None else ""
        if not cookies:
            return sent
        headers = ((name, value) for name, value in sent.headers if name.lower() != b"cookie")
        given = [value.decode("latin-1") for name, value in sent.headers if name.lower() == b"cookie"]
        cookie = (b"Cookie", "; ".join([*given, cookies]).encode("latin-1", "replace"))
        return replace(sent, headers=(*headers, cookie), redacted=sent.redacted | {_COOKIE})

    async def rendered(self, exchange: Exchange, request: Request, sent: WireRequest, keep: Keep) -> Exchange:
        """Keep an exchange, rendered if need be; returns what was kept. Raises what `keep` raises."""
        described = exchange
        try:
            described = await self._described(exchange, request, sent)
        finally:  # also when the run is cancelled meanwhile
            await keep(described)
        return described

    async def close(self) -> None:
        """End the browser."""
        if self._pages is not None:
            await self._pages.close()

    def facts(self) -> dict[str, dict[str, object]]:
        """What became of pages, by site."""
        found = self.findings
        return {
            site: {
                "looked_at": count,
                "needed": dict(found.needed.get(site, {})),
                "rendered": found.rendered[site],
                "failed": dict(found.failed.get(site, {})),
            }
            for site, count in sorted(found.looked_at.items())
        }

    def problems(self) -> list[Problem]:
        """A line on each site with pages that needed a browser and were not rendered."""
        found = list(self._unused())
        for site, reasons in sorted(self.findings.failed.items()):
            why = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
            count = sum(reasons.values())
            what = f"{counted(count, 'page', 'was', 'were')} captured but not rendered: {why}"
            is_none_there = bool(self._lacks)
            remedy = (
                self._lacks or "a later run renders what the site still lists; see docs/how-to/pages-in-a-browser.md"
            )
            found.append(Problem(site, "browser", what, remedy, needs_operator=is_none_there))
        return found

    def _unused(self) -> Iterator[Problem]:
        """Sites most of whose pages need a browser that is not used."""
        if self._run.state.options.sample:
            return  # `site check` tells of them itself
        for name, reasons in sorted(self.findings.needed.items()):
            count, of = sum(reasons.values()), self.findings.looked_at[name]
            if self._use_of(self._run.state.sites.get(name)) == NEVER and 2 * count > of:
                why = ", ".join(reasons)
                what = f"pages that show their text only to a browser: {count} of the first {of} ({why})"
                yield Problem(name, "browser", what, 'set browser = "fallback" for it')

    def _use_of(self, site: Site | None) -> str:
        return (site.browser if site is not None else "") or self._run.configuration.browser

    async def _described(self, exchange: Exchange, request: Request, sent: WireRequest) -> Exchange:
        site = self._run.state.sites.get(discovery_of(request.meta).site)
        if site is None or not _is_page(exchange):
            return exchange
        self.findings.looked_at[site.id] += 1
        use = self._use_of(site)
        reason = ""
        if use != ALWAYS or self._run.state.options.sample:
            reason = await self._need(exchange, site)
            self._run.state.counts.looked_at(site.id, reason)
        if reason:
            self.findings.needed.setdefault(site.id, Counter())[reason] += 1
        if use == NEVER or not (reason or use == ALWAYS):
            return exchange
        return await self._in_browser(exchange, request, sent, site)

    async def _need(self, exchange: Exchange, site: Site) -> str:
        head = exchange.response_head()
        try:
            body = decode_body(
                head.content_codings,
                b"".join(entity_parts(head, exchange.response_parts(head.length))),
                _MOST_OF_PAGE,
            ).body
        except (BodyTooLarge, BadMessage):
            return ""
        if b"<script" not in body.lower():
            return ""
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]
        is_list = exchange.discovery.role is not Role.ARTICLE
        configuration = site.extraction_rules().canonical_json()
        try:
            return str(
                await self._run.capturing.read_body(
                    need_of_browser, body, exchange.url, headers, configuration, is_list
                )
            )
        except Exception as error:  # noqa: BLE001 - derivation tells of pages that break the extractor
            logger.info("%s: whether it needs a browser is not known: %s", exchange.url, error)
            return ""

    async def _in_browser(self, exchange: Exchange, request: Request, sent: WireRequest, site: Site) -> Exchange:
        from crawler.browser.process import NoBrowser, RenderingFailed

        try:
            pages = self._browser()
            order = self._order(exchange, request, sent, site)
            rendering = await pages.rendered(order)
        except (RenderingFailed, NoBrowser, BadProfile) as error:
            if not isinstance(error, RenderingFailed):
                self._lacks = str(error).partition("; ")[2] or "see newswarc crawl -v"
            reason = str(error).partition("; ")[0]
            self.findings.failed.setdefault(site.id, Counter())[reason] += 1
            logger.info("%s: not rendered: %s", exchange.url, reason)
            return replace(exchange, rendering_failure=reason)
        finally:
            self._note_costs()
        self.findings.rendered[site.id] += 1
        return replace(exchange, rendering=rendering, record_id=order.record_id)

    def _browser(self) -> BrowserPages:
        """Raises NoBrowser."""
        from crawler.browser.process import NoBrowser

        if lacks := missing_for_browser():
            raise NoBrowser(lacks)
        if self._pages is None:
            from crawler.browser.pages import BrowserPages

            settings = self._run.configuration
            self._pages = BrowserPages(
                BrowserPlan.of(settings), settings.browser_pages, self._outlet, self._run.now, settings.requisite_age
            )
        return self._pages

    def _order(self, exchange: Exchange, request: Request, sent: WireRequest, site: Site) -> PageOrder:
        from crawler.browser.pages import PageOrder
        from crawler.browser.visit import VisitBounds, VisitTerms

        settings = self._run.configuration
        own = tuple((name.encode("latin-1"), request.headers[name] or b"") for name in site.access.headers)
        storage = read_profile(settings.state_directory, site.access.profile)
        redacted = sent.redacted | ({_COOKIE} if storage is not None else set())
        terms = VisitTerms(
            bounds=VisitBounds(settings.browser_requests, settings.browser_bytes, settings.browser_seconds),
            timeouts=sent.timeouts,
            longest_body=settings.max_body,
            accept_encoding=request.headers.get("Accept-Encoding") or b"gzip",
            redacted=redacted,
            own_headers=own,
            proxy=sent.proxy,
            verify=sent.verify,
        )
        return PageOrder(
            page=exchange,
            record_id=self._run.record_id(),
            steps=tuple(map(str, page_steps(site.steps))),
            agent=f"{{browser}} {settings.agent}",
            terms=terms,
            language=site.language,
            cookies=_cookies(request),
            storage=storage,
        )

    def _note_costs(self) -> None:
        if self._pages is None:
            return
        costs, self._pages.costs = self._pages.costs, []
        for cost in costs:
            self.findings.refused.update(cost.refused)


class _PolitePageFetching:
    """The way out of pages in a browser: block list, robots.txt, pace and trackers are those of the run."""

    def __init__(self, crawler: Crawler, run: CrawlRun, fetching: PoliteFetching) -> None:
        self._crawler = crawler
        self._run = run
        self._fetching = fetching
        self._earlier = run.earlier_answers

    async def fetched(self, request: WireRequest) -> Exchange:
        """See `crawler.browser.visit.Outlet`."""
        denied = await self._denied(request)
        if denied is not None:
            await self.keep(denied)
            return denied
        self._run.requisites.asked.add(hash(request.url))
        host = urlsplit(request.url).hostname or ""
        pace = self._crawler.get_downloader_middleware(PaceMiddleware)
        asked = pace.asked(host) if pace is not None else 0.0
        pause = max(self._run.configuration.browser_delay, asked)
        try:
            return await self._fetching.exchanged_for_page(request, pause, self._run.capturing.keep)
        except IgnoreRequest as error:
            refused = self._unsent(request, CaptureOutcome.UNWANTED, str(error).partition("; ")[0])
            await self.keep(refused)
            return refused

    async def keep(self, exchange: Exchange) -> None:
        """See `crawler.browser.visit.Outlet`."""
        await self._run.capturing.keep(exchange)

    async def earlier(self, url: str) -> Exchange | None:
        """See `crawler.browser.visit.Outlet`."""
        return await self._earlier.exchange(url)

    def refusal(self, url: str, site: str) -> str:
        """See `crawler.browser.visit.Outlet`."""
        known = self._run.state.sites.get(site)
        reason = self._run.requisites.reason_against(known, url) if known is not None else None
        return _REASONS.get(reason, "") if reason is not None else ""

    async def _denied(self, request: WireRequest) -> Exchange | None:
        if self._run.block_list.blocks(request.url):
            return self._unsent(request, CaptureOutcome.BLOCKED, "on the operator's block list")
        robots = self._crawler.get_downloader_middleware(RecordingRobotsMiddleware)
        if robots is None:
            return None
        meta: dict[str, Any] = request_meta(request.discovery) | {"download_slot": _ROBOTS_SLOT}
        if request.redacted:
            meta[REDACTED] = sorted(request.redacted)
        if not request.verify:
            meta[UNVERIFIED] = True
        denial = await robots.denial(Request(request.url, meta=meta))
        return self._unsent(request, denial.outcome, denial.detail) if denial is not None else None

    def _unsent(self, request: WireRequest, outcome: CaptureOutcome, detail: str) -> Exchange:
        made = unsent(request.url, outcome, self._run.now(), request.discovery, detail)
        return replace(made, method=request.method)


def _is_page(exchange: Exchange) -> bool:
    if exchange.outcome is not CaptureOutcome.OK or exchange.truncated is not None or not exchange.response:
        return False
    try:
        head = exchange.response_head()
    except BadMessage:
        return False
    return head.first("content-type").partition(";")[0].strip().lower() in _HTML


def _cookies(request: Request) -> tuple[dict[str, str], ...]:
    """The cookies of a site's definition, as Playwright takes them."""
    origin = "{0.scheme}://{0.netloc}/".format(urlsplit(request.url))
    cookies = request.cookies if isinstance(request.cookies, list) else []
    return tuple({"name": str(cookie["name"]), "value": str(cookie["value"]), "url": origin} for cookie in cookies)
