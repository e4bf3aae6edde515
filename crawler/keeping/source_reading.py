"""What a run reads of a source, and when its dates are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class SourceReading:
    """What a source showed when it was read."""

    site: str
    url: str
    kind: str
    """``feed``, ``sitemap`` or ``section``."""
    via: str
    """How it was found."""
    articles: int
    newest: str
    """The latest date that it gives an article (ISO 8601); empty when it gives none."""
    leads_on: bool
    """Whether it names further sources."""


def moment_of(date: str) -> float:
    """Seconds since 1970 of an ISO 8601 date or time; without a zone it is UTC. 0 for what is none."""
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
