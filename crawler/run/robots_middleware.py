"""robots.txt (RFC 9309): requested, remembered, obeyed; every denial is recorded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached

from archive.exchange import CaptureOutcome, Discovery, Role
from crawler.frontier.entries import RobotsCopy
from crawler.polite.robots_rules import MOST_BYTES, RobotsRules, Standing
from crawler.run.crawl_run import CrawlRun
from crawler.run.extension import run_of
from crawler.run.pace_middleware import PaceMiddleware
from crawler.run.polite_fetching import AddressRefused
from crawler.wire.fetcher import unsent
from spiders.remedies import REMEDIES
from spiders.requests import BEGINNING, BODY, OUTCOME, REDACTED, UNVERIFIED, discovery_of, request_meta

if TYPE_CHECKING:
    from datetime import datetime

    from scrapy.crawler import Crawler

LIFETIME = timedelta(hours=24)
"""How long a copy is valid at most (RFC 9309, section 2.4)."""
UNREACHABLE_LIFETIME = timedelta(minutes=10)
"""How long to wait before a host that did not deliver its robots.txt is asked again."""
LAST_GOOD = timedelta(days=30)
"""How long the last good copy is used while robots.txt can't be fetched (section 2.3.1.4)."""
_REDIRECTS = 5
"""Number of redirects that are followed; with more, it counts as absent (section 2.3.1.2)."""
_LARGEST = 1 << 20
"""Bytes of an answer past which it is cut short in the capture, too; only the first 500 KiB count."""
_PRIORITY = 1000
_SLOT = "download_slot"


@dataclass(frozen=True, slots=True)
class _Known:
    rules: RobotsRules
    until: datetime
    why: str
    """Why robots.txt could not be fetched."""


@dataclass(frozen=True, slots=True)
class Denial:
    """Why a request is not sent."""

    outcome: CaptureOutcome
    detail: str
    remedy: str


class RecordingRobotsMiddleware(RobotsTxtMiddleware):
    """Replaces Scrapy's, which allows everything while a server fails, and never asks again."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._known: dict[str, asyncio.Task[_Known]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:  # type: ignore[override]
        """Let a request pass or raise IgnoreRequest."""
        denial = await self.denial(request)
        if denial is None:
            return
        request.meta[OUTCOME] = denial.outcome.value
        run = self._run
        discovery = discovery_of(request.meta)
        run.capturing.keep_now(unsent(request.url, denial.outcome, run.now(), discovery, denial.detail))
        raise IgnoreRequest(f"{denial.detail}; {denial.remedy}")

    async def denial(self, request: Request) -> Denial | None:
        """Why robots.txt denies a request; None if it doesn't."""
        if request.meta.get("dont_obey_robotstxt") or self._is_exempt(request):
            return None
        try:
            known = await self._known_rules(request)
        except AddressRefused:
            return None  # the request itself is refused in the same way
        if known.rules.allows(request.url):
            return None
        outcome = CaptureOutcome.ROBOTS_DENIED
        if known.rules.standing is not Standing.UNREACHABLE:
            return Denial(outcome, "robots.txt does not allow this URL", REMEDIES[outcome])
        why, _, cure = known.why.partition("; ")
        outcome = CaptureOutcome.ROBOTS_UNREACHABLE
        remedy = f"{REMEDIES[outcome]}{': ' if cure else ''}{cure}"
        return Denial(outcome, f"robots.txt can't be fetched ({why})", remedy)

    async def robot_parser(self, request: Request) -> RobotsRules:  # type: ignore[override]
        """The rules for a request's origin. Raises AddressRefused."""
        return (await self._known_rules(request)).rules

    async def _known_rules(self, request: Request) -> _Known:
        parts = urlparse_cached(request)
        origin = f"{parts.scheme}://{parts.netloc}"
        task = self._known.get(origin)
        if task is None or (task.done() and self._is_over(task)):
            task = self._known[origin] = asyncio.ensure_future(self._learn(origin, request))
        return await asyncio.shield(task)

    def _is_over(self, task: asyncio.Task[_Known]) -> bool:
        return task.exception() is not None or task.result().until <= self._run.now()

    async def _learn(self, origin: str, request: Request) -> _Known:
        run = self._run
        now = run.now()
        copy = run.frontier.robots(origin)
        if copy is None or not run.state.options.due_only or not timedelta(0) <= now - copy.fetched < LIFETIME:
            copy = await self._asked(origin, request, copy)
        rules = RobotsRules(copy.status, copy.body, run.configuration.agent)
        pace = self.crawler.get_downloader_middleware(PaceMiddleware)
        if pace is not None:
            pace.asks_for(urlparse_cached(request).hostname or "", rules.crawl_delay, discovery_of(request.meta).site)
        holds_for = LIFETIME
        if rules.standing is Standing.UNREACHABLE:
            host = urlparse_cached(request).hostname or ""
            left = run.hosts.hold(host).until - now.timestamp()  # of a pause that the host has asked for
            holds_for = min(UNREACHABLE_LIFETIME, timedelta(seconds=left)) if left > 0 else UNREACHABLE_LIFETIME
        return _Known(rules, now + holds_for, copy.why)

    async def _asked(self, origin: str, request: Request, last: RobotsCopy | None) -> RobotsCopy:
        """The answer of the host; while there is none, the last good one. Raises AddressRefused."""
        site = discovery_of(request.meta).site
        meta = request_meta(Discovery(role=Role.ROBOTS, site=site)) | {
            "dont_obey_robotstxt": True,
            "redirect_ttl": _REDIRECTS,
            "download_maxsize": _LARGEST,
            BODY: BEGINNING,
        }
        if _SLOT in request.meta:
            meta[_SLOT] = request.meta[_SLOT]
        asked = self._with_access(
            Request(f"{origin}/robots.txt", priority=_PRIORITY, meta=meta, callback=NO_CALLBACK), request
        )
        assert self.crawler.engine is not None
        now = self._run.now()
        try:
            response = await self.crawler.engine.download_async(asked)
        except AddressRefused as error:
            if not error.url.startswith(f"{origin}/"):
                fresh = RobotsCopy(HTTPStatus.MOVED_PERMANENTLY, b"", now, "redirected to an internal address")
            else:
                raise
        except Exception as error:  # noqa: BLE001 - whatever keeps robots.txt from us counts as unreachable
            too_many_redirects = isinstance(error, IgnoreRequest) and "redirect" in str(error)
            fresh = RobotsCopy(HTTPStatus.MOVED_PERMANENTLY if too_many_redirects else 0, b"", now, str(error))
        else:
            fresh = RobotsCopy(response.status, response.body[:MOST_BYTES], now, f"status {response.status}")
        if RobotsRules(fresh.status, b"", "").standing is not Standing.UNREACHABLE:
            self._run.frontier.keep_robots(origin, fresh)
            return fresh
        if last is not None and now - last.fetched < LAST_GOOD:
            return last
        return fresh

    def _with_access(self, asked: Request, request: Request) -> Request:
        """The request for robots.txt with what the site's definition has its host sent: a login opens both or none.

        Only what the page's own request carries is taken, so that it goes to no host that it was not meant for.
        """
        site = self._run.state.sites.get(discovery_of(request.meta).site)
        names = site.access.headers if site is not None else ()
        headers: dict[str, Any] = {name: request.headers[name] for name in names if name in request.headers}
        kept = {key: request.meta[key] for key in (REDACTED, UNVERIFIED) if key in request.meta}
        if site is not None and site.access.cookies and isinstance(request.cookies, dict):
            # As a header: the pages' own requests bring the same cookies along
            pairs: dict[Any, Any] = request.cookies
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in pairs.items())
            kept["dont_merge_cookies"] = True
        return asked.replace(headers=headers, meta=asked.meta | kept)

    def _is_exempt(self, request: Request) -> bool:
        site = self._run.state.sites.get(discovery_of(request.meta).site)
        return site is not None and bool(site.ignore_robots_because)

    @property
    def _run(self) -> CrawlRun:
        return run_of(self.crawler)
