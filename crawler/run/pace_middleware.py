"""How fast a host is requested, and when it gets no requests.

The delay between two requests to a host is the greatest of: what the operator or the site's definition says, what
robots.txt asks for (up to a cap), and the host's own latency, which grows when it is under load. A host that answers
429 or 503 gets no more requests; what was to be fetched from it is due again in a later run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.exceptions import IgnoreRequest
from scrapy.utils.httpobj import urlparse_cached

from archive.exchange import CaptureOutcome
from crawler.frontier.holds import ASKS_FOR_PATIENCE
from crawler.run.crawl_run import CrawlRun
from crawler.run.extension import run_of
from crawler.run.polite_fetching import HostPaused
from crawler.wire.fetcher import unsent
from spiders.problems import Problem
from spiders.requests import OUTCOME, SOURCE_ROLES, asked_address, discovery_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Request, Response

_ERROR = 400
_WAITS = "this run waits for it"
_LATER = "a later run fetches the rest"
_LONGEST_OWN_DELAY = 10.0
"""Seconds up to which a slow host's latency becomes its delay."""


class PaceMiddleware:
    """A downloader middleware, the nearest to the spider: what it stops has cost nothing yet."""

    def __init__(self, crawler: Crawler, base: float, cap: float) -> None:
        """`base` is the usual delay in seconds, `cap` the longest that robots.txt may ask for."""
        self._crawler = crawler
        self._base = base
        self._cap = cap
        self._bases: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._reported: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy, with its settings."""
        configuration = run_of(crawler).configuration
        return cls(crawler, configuration.delay, configuration.longest_delay)

    def process_request(self, request: Request) -> None:
        """Let a request pass, or raise IgnoreRequest if its host asked for a pause or its URL is blocked."""
        run = self._run
        if run.block_list.blocks(request.url):
            detail = "on the operator's block list"
            outcome = CaptureOutcome.BLOCKED
            run.capturing.keep_now(unsent(request.url, outcome, run.now(), discovery_of(request.meta), detail))
            raise IgnoreRequest(f"{detail}; remove it from the list to fetch it")
        host = urlparse_cached(request).hostname or ""
        if run.hosts.left_alone(host):
            raise HostPaused(f"{host} asked for a pause; the next run after it continues")

    def process_response(self, request: Request, response: Response) -> Response:
        """Update the host's state from its response."""
        host = urlparse_cached(request).hostname or ""
        if response.status >= _ERROR:
            self._failed(request)
        if response.status in ASKS_FOR_PATIENCE:
            self._run.patience.note(request)
            self._tell(host, discovery_of(request.meta).site)
        else:
            latency = float(request.meta.get("download_latency", 0.0))
            self._set_delay(host, min(latency, _LONGEST_OWN_DELAY))
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """An attempt got no response, or was prevented by robots.txt, the block list or a pause."""
        is_unreachable = request.meta.get(OUTCOME) == CaptureOutcome.ROBOTS_UNREACHABLE
        if isinstance(exception, HostPaused) or is_unreachable:
            self._run.patience.note(request)
        self._failed(request)

    def _failed(self, request: Request) -> None:
        """A source that fails is read no sooner than one without news."""
        if discovery_of(request.meta).role in SOURCE_ROLES:
            run = self._run
            pace = run.state.pace_of(discovery_of(request.meta).site)
            run.frontier.schedule(asked_address(request), 0, pace, run.now())

    def asks_for(self, host: str, delay: float, site: str) -> None:
        """Apply the delay that robots.txt asks for, in seconds."""
        if delay > self._cap:
            self._run.state.note_problem(
                Problem(site, host, f"robots.txt asks for {delay:g} s between requests", f"{self._cap:g} s are kept")
            )
        self._asked[host] = min(delay, self._cap)
        self._set_delay(host, 0.0)

    def asked(self, host: str) -> float:
        """The delay that robots.txt asks for, in seconds, as far as it is obeyed."""
        return self._asked.get(host, 0.0)

    def _set_delay(self, host: str, latency: float) -> None:
        assert self._crawler.engine is not None
        downloader = self._crawler.engine.downloader
        settings = downloader.per_slot_settings.setdefault(host, {})
        base = self._bases.setdefault(host, float(settings.get("delay", self._base)))
        delay = max(base, self._asked.get(host, 0.0), latency if base else 0.0)
        settings["delay"] = delay
        slot = downloader.slots.get(host)
        if slot is not None:
            slot.delay = delay

    def _tell(self, host: str, site: str) -> None:
        if host not in self._reported:
            self._reported.add(host)
            waits = self._run.patience.covers(host)
            wait = self._run.hosts.hold(host).until - self._run.now().timestamp()
            self._run.state.note_problem(
                Problem(site, host, f"asks for a pause of {wait:.0f} s", _WAITS if waits else _LATER)
            )

    @property
    def _run(self) -> CrawlRun:
        return run_of(self._crawler)
