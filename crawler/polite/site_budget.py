"""How far a run follows a site: protection against crawler traps (pure).

Sitemaps that name sitemaps, pages behind pages and calendars never end, but they soon bring nothing that was not
seen before. So a run stops following what led it on at a site after so many sources in a row that show no article
which another source of the run has not shown. Whatever they show, sources and requests have a number past which a
site waits for the next run.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SiteLimits:
    """What a site may cost in one run; 0 means any number."""

    sources: int = 500
    """Feeds, sitemaps and sections that others led to."""
    requests: int = 50_000
    """Requests for sources and articles."""
    barren: int = 50
    """Sources in a row that show nothing new."""


class SiteBudget:
    """What the sites of a run have cost so far."""

    def __init__(self, limits: SiteLimits) -> None:
        self._limits = limits
        self._sources: Counter[str] = Counter()
        self._requests: Counter[str] = Counter()
        self._barren: Counter[str] = Counter()
        self._shown: defaultdict[str, set[int]] = defaultdict(set)
        self._reported: set[tuple[str, str]] = set()

    def showed(self, site: str, articles: set[int]) -> None:
        """A source that others led to was read and shows these articles, by the hash of their addresses."""
        if articles <= self._shown[site]:
            self._barren[site] += 1
        else:
            self._barren[site] = 0
            self._shown[site] |= articles

    def takes_source(self, site: str) -> str:
        """Count a source that another one led to; why it is not to be looked at in this run, or nothing."""
        if self._past(self._barren[site], self._limits.barren):
            return f"{self._limits.barren} sources in a row listed nothing new"
        if self._past(self._sources[site], self._limits.sources):
            return f"more than {self._limits.sources} sources"
        refusal = self.takes_request(site)
        self._sources[site] += not refusal
        return refusal

    def takes_request(self, site: str) -> str:
        """Count a request; why it is not to be made in this run, or nothing."""
        if self._past(self._requests[site], self._limits.requests):
            return f"more than {self._limits.requests} requests"
        self._requests[site] += 1
        return ""

    def is_news(self, site: str, refusal: str) -> bool:
        """Whether a site's refusal is met for the first time."""
        before = len(self._reported)
        self._reported.add((site, refusal))
        return len(self._reported) > before

    @staticmethod
    def _past(number: int, limit: int) -> bool:
        return bool(limit) and number >= limit
