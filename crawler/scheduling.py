"""When a source is read again (pure).

The number of new articles is taken for a Poisson process whose rate changes slowly: what was seen counts half after
`HALF_LIFE`. For a given total number of reads, the mean delay of an article is smallest if a source's interval is in
proportion to one over the square root of its rate (Lagrange; Cho and Garcia-Molina, "Effective page refresh policies
for web crawlers", ACM TODS 28, 2003, section 4, has the same shape for other measures). A source that shows only so
many entries is read before as many new ones are expected: by its known rate, by the best rate that
it ever had (a feed that was dead comes back as it was), and by what the last read found (which the first hours of a
busy source have not shown yet).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

HALF_LIFE = 7 * 86400.0
"""Seconds after which what was seen of a source counts half."""
PRIOR_ARTICLES = 1.0
PRIOR_SECONDS = 3 * 3600.0
"""The assumed rate of an unknown source: one article in three hours."""
PART_OF_SHOWN = 0.2
"""Part of what a source shows that may be new when it is looked at, by expectation; a day's peak brings double."""
PART_IN_HASTE = 0.3
"""The same by the best rate there ever was, and by that of the last look alone."""
BEST_HALF_LIFE = 365 * 86400.0
"""Seconds after which the best rate counts half."""
BEST_AFTER = 86400.0
"""Seconds of watching before a rate may be the best: earlier ones are luck."""
GROWTH = 3.0
"""How many times as long as a source was watched it may be left alone."""


@dataclass(frozen=True, slots=True)
class Yield:
    """What a source published, weighted by age."""

    articles: float = 0.0
    seconds: float = 0.0
    best: float = 0.0
    """Articles per second, at its highest rate."""
    latest: float = 0.0
    """Articles per second found by the last read."""

    def after(self, new: int, elapsed: float) -> Yield:
        """With what came in the `elapsed` seconds since the last look."""
        weight = 0.5 ** (elapsed / HALF_LIFE)
        seen = Yield(self.articles * weight + new, self.seconds * weight + elapsed)
        best = self.best * 0.5 ** (elapsed / BEST_HALF_LIFE)
        return replace(
            seen,
            best=max(best, seen.rate) if seen.seconds >= BEST_AFTER else best,
            latest=new / elapsed if elapsed else 0.0,
        )

    @property
    def rate(self) -> float:
        """Articles per second, as far as is known."""
        return (self.articles + PRIOR_ARTICLES) / (self.seconds + PRIOR_SECONDS)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often sources are read."""

    usual: float = 3600.0
    """Seconds between two reads of a source that publishes one article in three hours."""
    shortest: float = 300.0
    """Minimum number of seconds between two reads."""
    longest: float = 30 * 86400.0
    """Maximum number of seconds between two reads."""

    def interval(self, seen: Yield, shown: int) -> float:
        """Seconds until a source is due that shows `shown` articles at once."""
        wanted = self.usual * math.sqrt(PRIOR_ARTICLES / PRIOR_SECONDS / seen.rate)
        if shown:
            wanted = min(wanted, PART_OF_SHOWN * shown / seen.rate)
            in_haste = max(seen.best, seen.latest)
            wanted = min(wanted, PART_IN_HASTE * shown / in_haste) if in_haste else wanted
        unwatched = self.shortest + GROWTH * seen.seconds
        return max(self.shortest, min(wanted, unwatched, self.longest))
