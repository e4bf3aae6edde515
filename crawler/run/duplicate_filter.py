"""Requests that were made before are left out; the steps of a redirect never are.

A cookie gate answers with a redirect to the same address, a consent page leads back to it, and many addresses may
lead to one. Each step belongs to the request that it began with, whatever others have asked for. Scrapy's
``REDIRECT_MAX_TIMES`` bounds the number of steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.dupefilters import RFPDupeFilter

if TYPE_CHECKING:
    from scrapy import Request


class FirstStepFilter(RFPDupeFilter):
    """Holds only the first step of a request against those that were made."""

    def request_seen(self, request: Request) -> bool:
        """Whether a request is to be left out."""
        return not request.meta.get("redirect_times") and super().request_seen(request)
