"""Hosts that asked for a pause. No I/O.

A 429 or 503 holds a host back for as long as its ``Retry-After`` says (RFC 9110, section 10.2.3); after each further
refusal in a row for 30 seconds, a minute, and so on, or for what it says if that is longer. The first good response
ends the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from spiders.dates import http_moment

ASKS_FOR_PATIENCE = frozenset({429, 503})
"""Statuses by which a host asks to get no requests."""
FIRST_HOLD = 30.0
"""Seconds after a first refusal without Retry-After."""
LONGEST_HOLD = 86400.0
"""Seconds at most, whatever a host asks for."""
_MOST_DOUBLINGS = 12


@dataclass(frozen=True, slots=True)
class Hold:
    """How a host stands."""

    refusals: int = 0
    """In a row."""
    until: float = 0.0
    """Seconds since 1970: it is left alone before."""

    def refused(self, retry_after: float, now: float) -> Hold:
        """With one more refusal; `retry_after` is in seconds, 0 when it did not say."""
        own = FIRST_HOLD * 2 ** min(self.refusals, _MOST_DOUBLINGS)
        is_believed = retry_after > 0 and not self.refusals  # a host that refuses again needs more than it says
        wait = min(retry_after if is_believed else max(retry_after, own), LONGEST_HOLD)
        before = self.until if self.is_credible(now) else 0.0
        return Hold(self.refusals + 1, max(before, now + wait))

    def is_credible(self, now: float) -> bool:
        """Whether its end may have been meant; what lies further ahead was noted by a clock that was wrong."""
        return self.until - now <= LONGEST_HOLD

    def answered(self) -> Hold:
        """With a good response."""
        return Hold(0, self.until)


def retry_after_seconds(value: str, now: datetime) -> float:
    """Seconds that a ``Retry-After`` asks for, given as seconds or as a date; 0 when it says nothing."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    moment = http_moment(text)
    return max(0.0, (moment - now).total_seconds()) if moment is not None else 0.0
