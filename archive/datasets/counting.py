"""How many articles say something, by day, month, year, site or language, and what share of all they are.

Counted by the full-text index, in which a phrase of several words stands in quotation marks. Versions and copies are
counted by themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from archive.search.searching import Facet, SearchResult

_ALL = "*"


class By(StrEnum):
    """What articles are counted by."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    SITE = "site"
    LANGUAGE = "lang"


_FACETS = {By.SITE: Facet.SITE, By.LANGUAGE: Facet.LANGUAGE}
_LENGTHS = {By.DAY: 10, By.MONTH: 7, By.YEAR: 4}


@dataclass(frozen=True, slots=True)
class Count:
    """Articles of one query and one group."""

    query: str
    group: str
    """Such as ``2026-05``, a host or a language."""
    articles: int
    of: int
    """All articles of the group."""

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.articles / self.of if self.of else 0.0


Counting = Callable[[str, Facet], SearchResult]
"""Counts the hits of a query by a facet."""


def counts(counting: Counting, queries: Iterable[str], by: By) -> list[Count]:
    """For each query the groups in their order; those in which no article is meant are there too, with 0."""
    whole = _grouped(counting, _ALL, by)
    found = []
    for query in queries:
        meant = _grouped(counting, query, by)
        found += [Count(query, group, meant[group], whole[group]) for group in sorted(whole)]
    return found


def _grouped(counting: Counting, query: str, by: By) -> Counter[str]:
    facet = _FACETS.get(by, Facet.DAY)
    groups: Counter[str] = Counter()
    for name, count in counting(query, facet).facets[facet.value].items():
        groups[name[: _LENGTHS[by]] if by in _LENGTHS else name] += count
    return groups
