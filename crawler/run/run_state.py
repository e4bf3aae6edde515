"""A run's tasks, findings and remaining budget, all kept here and nowhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from archive.exchange import Exchange
from archive.period import ALWAYS
from crawler.config import Configuration
from crawler.frontier.entries import Due
from crawler.keeping.counts import Counts
from crawler.keeping.source_reading import SourceReading
from crawler.polite.site_budget import SiteBudget, SiteLimits
from crawler.scheduling import Pace
from spiders.left_out import LeftOut
from spiders.problems import Problem
from spiders.run_services import RunSites
from spiders.site import Site, duration


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of one run."""

    limit: int = 0
    """Maximum number of articles to fetch; 0: no limit."""
    dry_run: bool = False
    """Whether articles are only listed."""
    sample: int = 0
    """In a dry run: articles of each site that are fetched all the same, to see what becomes of them."""
    due_only: bool = False
    """Whether a source waits until it is due, and the segment is left open at the end."""


@dataclass(slots=True)
class SourceFindings:
    """What a run has found in the sources of sites."""

    found: Counter[str] = field(default_factory=Counter)
    """Number of articles that the sources of each site list."""
    new_articles: int = 0
    """Articles that were not known before this run."""
    sources: list[SourceReading] = field(default_factory=list)
    """What was read, in order."""
    set_aside: Counter[str] = field(default_factory=Counter)
    """Articles of each site that are dated outside of the run's period."""
    sampled: Counter[str] = field(default_factory=Counter)
    """In a dry run: articles of each site that were fetched all the same."""
    planned: list[Due] = field(default_factory=list)
    """In a dry run: what would be fetched."""
    left_out: dict[str, Counter[LeftOut]] = field(default_factory=dict)
    """Announced articles that are not requested, by site and reason."""
    quiet: set[str] = field(default_factory=set)
    """Sites of which a source lists nothing new: all of it is old, or unchanged."""
    idle: list[Problem] = field(default_factory=list)
    """Sources that lead to nothing: told if the site was explored and lists no article."""
    retried: set[str] = field(default_factory=set)
    """URLs that were refused before and are requested once more."""
    fronts: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name and language that front pages give themselves, by site."""


class RunState:
    """The state of one run. It is changed only through these methods, `findings` and `counts`."""

    def __init__(
        self,
        configuration: Configuration,
        options: RunOptions,
        log_problem: Callable[[Problem], None],
        expect_pages: Callable[[], None] = lambda: None,
    ) -> None:
        """`log_problem` is called with each problem, for the event log; `expect_pages` with the first article."""
        self.options = options
        self.sites = RunSites(())
        """Set once, when the spider starts."""
        self.period = ALWAYS
        """When articles that are wanted were published; set once, when the spider starts."""
        self.counts = Counts()
        self.findings = SourceFindings()
        self.problems: list[Problem] = []
        self.recovered: list[str] = []
        """One line for each resumed segment of earlier runs."""
        self.elsewhere: tuple[str, ...] = ()
        """Sites that another run is crawling, here or on another machine."""
        self.closing = False
        """Whether the spider has ended and what it brought is being stored."""
        self.complete = False
        """Whether everything was closed, and stored or known not to be storable now."""
        self.budget = SiteBudget(SiteLimits(configuration.site_sources, configuration.site_requests))
        self._configuration = configuration
        self._log_problem = log_problem
        self._expect_pages = expect_pages
        self._admitted = 0

    def admit(self) -> bool:
        """Take one of the articles that may be fetched in this run; False if none is left."""
        if self.options.limit and self._admitted >= self.options.limit:
            return False
        if not self._admitted and not self.options.dry_run:
            self._expect_pages()
        self._admitted += 1
        return True

    def pace_of(self, site: str) -> Pace:
        """How often the sources of a site are read."""
        pace = self._configuration.pace
        longest = self.sites[site].frequency_seconds if site in self.sites else 0
        return replace(pace, longest=max(pace.shortest, longest)) if longest else pace

    def ages_of(self, site: str) -> list[float]:
        """Ages (seconds) at which articles of a site are fetched again."""
        own = self.sites[site].recapture if site in self.sites else None
        return [float(duration(text)) for text in (self._configuration.recapture if own is None else own)]

    def site_of(self, exchange: Exchange) -> Site | None:
        """The site that an exchange was made for: the one that its discovery names, or else the one of its host."""
        named = self.sites.get(exchange.discovery.site)
        host = urlsplit(exchange.url).hostname
        return named or next((site for site in self.sites.values() if site.host == host), None)

    def robots_policy(self) -> str:
        """How robots.txt is treated, for the ``robots`` field of the segment's first record (WARC 1.1, 6.2)."""
        if not self._configuration.obey_robots:
            return "ignore"
        reasons = [f"{site.id}: {site.ignore_robots_because}" for site in self.sites.values()]
        return "; ".join(["obey", *(f"except {reason}" for reason in reasons if not reason.endswith(": "))])

    def note_front(self, site: str, name: str, language: str) -> None:
        """A front page gives itself this name and language."""
        self.findings.fronts[site] = (name, language)

    def note_left_out(self, site: str, counts: Mapping[LeftOut, int]) -> None:
        """Count announced articles of a site that are not requested."""
        self.findings.left_out.setdefault(site, Counter()).update(counts)

    def note_problem(self, problem: Problem) -> None:
        """Report a problem at a site."""
        self.problems.append(problem)
        self._log_problem(problem)

    def note_limit(self, site: str, refusal: str) -> None:
        """Report, once, that a site is not followed further in this run."""
        if self.budget.is_news(site, refusal):
            self.note_problem(Problem(site, "what it leads to", refusal, "the next run fetches the rest"))
