"""Requests that were made before are left out, but for a redirect that leads back to its own request.

A cookie gate answers with a redirect to the same address, a consent page leads back to it, and some servers bring the
query into another order. Scrapy's own filter drops such a redirect, and with it the page. One that leads to what
another request of the run asks for is dropped all the same: that page has its own outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.dupefilters import RFPDupeFilter

if TYPE_CHECKING:
    from scrapy import Request


MOST_RETURNS = 1
"""Times that a request may come back to where it began, or to the step before: a gate opens then, or never."""


class FirstStepFilter(RFPDupeFilter):
    """Remembers the first step of each request, and holds all steps against those of others."""

    def request_seen(self, request: Request) -> bool:
        """Whether a request is to be left out."""
        steps = request.meta.get("redirect_urls")
        if not steps:
            return super().request_seen(request)
        mark = self.request_fingerprint(request)
        own = [self.request_fingerprint(request.replace(url=url)) for url in steps]
        if mark in (own[0], own[-1]):
            return own.count(mark) > MOST_RETURNS
        return mark in own or mark in self.fingerprints
