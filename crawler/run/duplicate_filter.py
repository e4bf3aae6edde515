"""Filtering duplicate requests, except a redirect that leads back to one of its own steps.

A cookie gate answers with a redirect to the same address, a consent page leads back to where it was requested, also
when that was the second address of three, and some servers bring the query into another order. Scrapy's own filter
drops such a redirect, and with it the page. One that leads to what another request of the run asks for is dropped all
the same: that page has its own outcome. A chain that keeps coming back is told as a problem of its source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.dupefilters import RFPDupeFilter
from scrapy.utils.request import fingerprint

from archive.exchange import Role
from spiders.problems import Problem
from spiders.remedies import LED_NOWHERE
from spiders.requests import COOKIES_SET, DEFINITION, LISTED, asked_address, discovery_of

if TYPE_CHECKING:
    from scrapy import Request


MOST_RETURNS = 1
"""How often a chain of redirects may return to one of its steps: a gate opens then, or never. Where several gates
stand one behind the other, each sets a cookie of its own, for which the chain may return once.
"""


class FirstStepFilter(RFPDupeFilter):
    """Remembers the first step of each request, and compares all steps with those of others."""

    def request_seen(self, request: Request) -> bool:
        """Whether to drop a request as a duplicate."""
        steps = request.meta.get("redirect_urls")
        if not steps:
            return super().request_seen(request)
        returns = returns_of(request)
        most = max(MOST_RETURNS, len(request.meta.get(COOKIES_SET, ())))
        return returns > most if returns else self.request_fingerprint(request) in self.fingerprints


def returns_of(request: Request) -> int:
    """How often a chain of redirects has visited its current target."""
    steps = [fingerprint(request.replace(url=url)) for url in request.meta.get("redirect_urls", ())]
    return steps.count(fingerprint(request))


def problem_of_dropped(request: Request) -> Problem | None:
    """The problem to report for a dropped request: a redirect loop of a source or a listed page."""
    discovery = discovery_of(request.meta)
    if not returns_of(request) or (discovery.role is Role.ARTICLE and discovery.via != LISTED):
        return None
    is_named = discovery.via == DEFINITION
    what = f"redirect loop, through {request.url}"
    return Problem(discovery.site, asked_address(request), what, LED_NOWHERE, is_named)
