"""What a run has done so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from crawler.frontier.outcome_log import NO_NEED, Ended, EndedKind


@dataclass(frozen=True, slots=True)
class FailedArticle:
    """How the last try of an article ended."""

    site: str
    outcome: str
    status: int
    """What the server answered; 0: nothing."""


@dataclass(slots=True)
class Counts:
    """Only what is durable on this machine is counted."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """Attempts by capture outcome."""
    pages: Counter[str] = field(default_factory=Counter)
    """Pages by page outcome."""
    articles: Counter[str] = field(default_factory=Counter)
    """Article records by site."""
    received: int = 0
    """Bytes of responses."""
    files: list[str] = field(default_factory=list)
    """Keys of the objects that were stored."""
    problems: list[str] = field(default_factory=list)
    """Storage troubles, one line each."""
    failed: dict[str, FailedArticle] = field(default_factory=dict)
    """Articles that were asked for and did not come, by address; without those that were captured at some time."""
    came: Counter[str] = field(default_factory=Counter)
    """Articles that came, by site."""
    unlogged: Ended = field(default_factory=Counter)
    """What the outcome log has not been told of."""

    def attempt(self, site: str, outcome: str, received: int) -> None:
        """An attempt ended."""
        self.outcomes[outcome] += 1
        self.received += received
        self.unlogged[site, EndedKind.ATTEMPT, outcome] += 1

    def article_came(self, site: str, *addresses: str) -> None:
        """An article was captured, that was asked for at these addresses."""
        self.came[site] += 1
        for address in addresses:
            self.failed.pop(address, None)

    def page(self, site: str, outcome: str, *, is_article: bool) -> None:
        """A page was derived from."""
        self.pages[outcome] += 1
        self.articles.update([site] if is_article else [])
        self.unlogged[site, EndedKind.PAGE, outcome] += 1

    def looked_at(self, site: str, need: str) -> None:
        """It was found out whether a page needs a browser, and why (`pipelines.need_of_browser`)."""
        self.unlogged[site, EndedKind.NEED, need or NO_NEED] += 1
