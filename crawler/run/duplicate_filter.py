"""Filtering duplicate requests, except a redirect that leads back to one of its own steps.

A cookie gate answers with a redirect to the same address, a consent page leads back to where it was requested, also
when that was the second address of three, and some servers bring the query into another order. Scrapy's own filter
drops such a redirect, and with it the page. One that leads to what another request of the run asks for is dropped all
the same: that page has its own outcome. A chain that keeps coming back is told as a problem of its source.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from scrapy.dupefilters import RFPDupeFilter
from scrapy.utils.request import fingerprint

from archive.exchange import Role
from spiders.problems import Problem
from spiders.remedies import LED_NOWHERE
from spiders.requests import COOKIES_SET, DEFINITION, LISTED, SEED, asked_address, discovery_of

if TYPE_CHECKING:
    from scrapy import Request


MOST_RETURNS = 1
"""How often a chain of redirects may return to one of its steps: a gate opens then, or never. Where several gates
stand one behind the other, each sets a cookie of its own, for which the chain may return once.
"""


class FirstStepFilter(RFPDupeFilter):
    """Remembers the first step of each request, and compares all steps with those of others."""

    def request_fingerprint(self, request: Request) -> str:
        """What requests for one address share. Scrapy's own makes one of two orders of a parameter's values, and of
        letters that may be written in two ways; whether two addresses are one article is not asked here.
        """
        return hashlib.sha256(f"{request.method} {ordered(request.url)}".encode()).hexdigest()

    def request_seen(self, request: Request) -> bool:
        """Whether to drop a request as a duplicate."""
        steps = request.meta.get("redirect_urls")
        if not steps:
            return super().request_seen(request)
        returns = returns_of(request)
        most = max(MOST_RETURNS, len(request.meta.get(COOKIES_SET, ())))
        return returns > most if returns else self.request_fingerprint(request) in self.fingerprints


def ordered(url: str) -> str:
    """An address without fragment, its parameters in the order of their names."""
    parts = urlsplit(url)
    query = "&".join(sorted(parts.query.split("&"), key=lambda pair: pair.partition("=")[0]))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def returns_of(request: Request) -> int:
    """How often a chain of redirects has visited its current target."""
    steps = [fingerprint(request.replace(url=url)) for url in request.meta.get("redirect_urls", ())]
    return steps.count(fingerprint(request))


def problem_of_dropped(request: Request) -> Problem | None:
    """The problem to report for a dropped request: a redirect loop of a source or a listed page."""
    discovery = discovery_of(request.meta)
    if not returns_of(request) and discovery.via == SEED and request.meta.get("redirect_urls"):
        what = f"its front page redirects to {request.url}, which is requested already"
        return Problem(discovery.site, asked_address(request), what, "crawl only that one, or name its sources")
    if not returns_of(request) or (discovery.role is Role.ARTICLE and discovery.via != LISTED):
        return None
    is_named = discovery.via == DEFINITION
    what = f"redirect loop, through {request.url}"
    return Problem(discovery.site, asked_address(request), what, LED_NOWHERE, is_named)
