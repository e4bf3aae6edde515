"""What a run read from a source, and its dates."""

from __future__ import annotations

from dataclasses import dataclass

from archive.period import moment_of


@dataclass(frozen=True, slots=True)
class SourceReading:
    """What a source showed when it was read."""

    site: str
    url: str
    kind: str
    """Value of a `spiders.site.SourceKind`."""
    via: str
    """How it was found."""
    articles: int
    """How many articles it listed, each counted once however often it is listed."""
    newest: str
    """The latest date that it gives an article (ISO 8601); empty when it gives none."""
    leads_on: bool
    """Whether it names further sources."""


def seconds_of(date: str) -> float:
    """Seconds since 1970 of the first moment that a date may mean (`archive.period`); 0 for what is no date."""
    moment = moment_of(date)
    return moment.timestamp() if moment is not None else 0.0
