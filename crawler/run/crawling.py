"""One crawl from start to report: Scrapy is set up and run, and its results are reported."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings

from archive.clock_and_ids import ClockAndIds
from archive.counted import counted
from archive.errors import StorageUnavailable
from archive.exchange import Discovery
from archive.layout import OPEN_SUFFIX, WARC_SUFFIX, SegmentName
from archive.recovery import open_segments
from archive.storage.opening import open_storage
from crawler.config import Configuration, ConfigurationError, environment_value, shared_cache
from crawler.frontier.database import Database, open_database
from crawler.frontier.falling_due import falls_due
from crawler.frontier.site_copy import copy_sites
from crawler.keeping.quiet import may_be_quiet, note_quiet
from crawler.keeping.state_adoption import adopt_state
from crawler.run.crawl_run import CrawlRun
from crawler.run.extension import CLOCK_AND_IDS, CONFIGURATION, OPTIONS, POOL, CrawlExtension
from crawler.run.history_keeping import noted
from crawler.run.interruption import Interruption
from crawler.run.narration import narrated
from crawler.run.open_files import require_open_files
from crawler.run.refusals import not_captured, shut_sites
from crawler.run.run_state import RunOptions, RunState
from crawler.setting_files import require_files
from pipelines.allocator import bound_allocator, collect_seldom
from pipelines.pool import ExtractionPool
from spiders.families.news import NewsSpider
from spiders.families.url_list import UrlListSpider
from spiders.left_out import LeftOut
from spiders.problems import Problem
from spiders.requests import SEED
from spiders.site import Site

logger = logging.getLogger(__name__)

_BARREN = "found no articles, neither on the front page nor in the feeds and sitemaps it links to"
_OF_BARREN = "open it in a browser; if it shows articles, list its sources in a definition (`newswarc site add`)"
_IDLE = "its sources were read, and none of them lists an article that may be requested"
_OF_IDLE = "open them in a browser; if they show articles, compare their URLs with allow and deny under [urls]"
_LOG_LEVELS = ("CRITICAL", "CRITICAL", "INFO", "DEBUG")
"""Log levels of Scrapy's log, by how often ``-v`` is given."""


@dataclass(frozen=True, slots=True)
class CrawlPlan:
    """What to crawl."""

    sites: tuple[Site, ...] = ()
    urls: tuple[str, ...] | None = None
    """Exactly these pages; None: what the sites' sources list."""
    since: str = ""
    until: str = ""
    """What is announced as older than the one, or not older than the other, is left alone (`archive.period`)."""
    backfill: bool = False
    limit: int = 0
    """Maximum number of articles; 0: no limit."""
    dry_run: bool = False
    sample: int = 0
    """In a dry run: articles of each site that are fetched all the same."""
    due: bool = False
    """Only sources that are due; the segment stays open for the next such run."""


@dataclass(slots=True)
class CrawlReport:
    """The results of a crawl."""

    archive: str
    outcomes: dict[str, int] = field(default_factory=dict)
    """Attempts by capture outcome."""
    pages: dict[str, int] = field(default_factory=dict)
    """Pages by page outcome."""
    articles: dict[str, int] = field(default_factory=dict)
    """New records by site."""
    found: dict[str, int] = field(default_factory=dict)
    """Number of articles that the sources list, by site."""
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)
    """Announced articles that are not requested, by site and reason (`spiders.left_out.LeftOut`)."""
    not_captured: dict[str, dict[str, int]] = field(default_factory=dict)
    """Articles that were requested and failed, by site and capture outcome (see ``newswarc failures``)."""
    received: int = 0
    """Bytes of responses."""
    files: list[str] = field(default_factory=list)
    """Keys of the stored objects."""
    set_aside: dict[str, int] = field(default_factory=dict)
    """Articles dated outside the requested period, by site."""
    leftovers: list[str] = field(default_factory=list)
    """One line for each resumed segment of earlier runs."""
    elsewhere: list[str] = field(default_factory=list)
    """Sites that another run is crawling, here or on another machine."""
    problems: list[str] = field(default_factory=list)
    failed_sites: list[str] = field(default_factory=list)
    """Sites without articles, or with fewer than their floor."""
    planned: list[dict[str, str]] = field(default_factory=list)
    """In a dry run: URL, source and date of what would be fetched."""
    sources: list[dict[str, object]] = field(default_factory=list)
    """The sources that were read (`crawler.keeping.source_reading.SourceReading`)."""
    fronts: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name and language that front pages give themselves, by site."""
    browser: dict[str, dict[str, object]] = field(default_factory=dict)
    """By site: pages that might have needed a browser (`looked_at`), those that did and why (`needed`), those that
    were `rendered`, and why others were not (`failed`)."""
    interrupted: bool = False
    storage_trouble: bool = False

    @property
    def is_uneventful(self) -> bool:
        """Whether the run asked for nothing, and has nothing to report."""
        return self == CrawlReport(archive=self.archive, found=self.found)

    @property
    def exit_code(self) -> int:
        """0 success; 1 a site failed or something could not be stored; 130 interrupted."""
        if self.interrupted:
            return 130
        return 1 if self.failed_sites or self.storage_trouble else 0


Watcher = Callable[[RunState], AbstractContextManager[Any]]
"""Called with the state of the run when it exists; returns a context manager that is entered for the crawl's time."""


def run_crawl(
    configuration: Configuration,
    plan: CrawlPlan,
    *,
    clock_and_ids: ClockAndIds | None = None,
    verbosity: int = 0,
    watch: Watcher | None = None,
    pool: ExtractionPool | None = None,
) -> CrawlReport:
    """Crawl. Can be called once in a process: Twisted's reactor does not start twice.

    Articles are extracted by `pool`, or by one of its own.
    Raises ConfigurationError, StorageError or OSError before anything is fetched.
    """
    bound_allocator()
    _require_secrets(plan.sites)
    if configuration.is_stopped:
        raise ConfigurationError(f"{configuration.stop_file}: this file stops all crawls; remove it to continue")
    require_files(configuration)
    require_open_files(configuration.concurrency)
    with ExitStack() as stack:
        # Made before anything else is opened or has threads: its workers share what is imported by now
        pool = pool or ExtractionPool(configuration.workers, configuration.extraction_queue, shared_cache())
        stack.enter_context(closing(pool))
        effective = stack.enter_context(_places(configuration, plan))
        _probe(effective)
        entry = stack.enter_context(noted(effective, [site.id for site in plan.sites], is_due=plan.due))
        settings = _settings(effective, plan, clock_and_ids, verbosity)
        settings.set(POOL, pool, "cmdline")
        process = AsyncCrawlerProcess(settings)
        spider = UrlListSpider if plan.urls is not None else NewsSpider
        crawler = process.create_crawler(spider)
        arguments = _arguments(configuration, plan, clock_and_ids)
        interruption = Interruption(crawler)
        with _watched(crawler, watch), narrated(verbosity):
            collect_seldom()
            process.crawl(crawler, **arguments)
            interruption.listen()
            process.start(install_signal_handlers=False)
            interruption.unlisten()
        extension = crawler.get_extension(CrawlExtension)
        if extension is None:
            raise ConfigurationError("the crawl could not start; run it with -vv to see why")
        report = _report(configuration, plan, extension.run, crawler.stats.get_stats() if crawler.stats else {})
        report.interrupted = interruption.requested
        entry.ended(report)
        if crawler.stats is not None and not crawler.stats.get_value("scheduler/enqueued"):
            _note_quiet(configuration, plan, extension.run, report)
        return report


def _note_quiet(configuration: Configuration, plan: CrawlPlan, run: CrawlRun, report: CrawlReport) -> None:
    """Note until when no run has anything to do, after one that asked for nothing and has nothing to report."""
    is_plain = plan == CrawlPlan(sites=plan.sites, due=True) and may_be_quiet(configuration)
    if not is_plain or not report.is_uneventful:
        return
    now = run.now().timestamp()
    with closing(open_database(configuration)) as database:
        until = falls_due(database, {site.id: run.state.ages_of(site.id) for site in plan.sites}, now)
    for path in open_segments(configuration.state_directory / "spool"):
        name = SegmentName.parse(path.name.removesuffix(WARC_SUFFIX + OPEN_SUFFIX))
        until = min(until, name.opened.timestamp() + configuration.segment_age)
    if until > now:
        note_quiet(configuration, plan.sites, now, until, asdict(report))


def _arguments(configuration: Configuration, plan: CrawlPlan, clock_and_ids: ClockAndIds | None) -> dict[str, Any]:
    """The arguments of the spider."""
    sites = tuple(site.heeding(configuration.heed) for site in plan.sites)
    arguments: dict[str, Any] = {"definitions": sites, "since": plan.since, "until": plan.until}
    if clock_and_ids is not None:
        arguments["seen_at"] = clock_and_ids.now().isoformat(timespec="seconds")
    return arguments | ({"urls": plan.urls} if plan.urls is not None else {"backfill": plan.backfill})


@contextmanager
def _watched(crawler: Crawler, watch: Watcher | None) -> Iterator[None]:
    """Lets `watch` see the state of the run from the engine's start to its end."""
    with ExitStack() as stack:

        def begin() -> None:
            extension = crawler.get_extension(CrawlExtension)
            if watch is not None and extension is not None:
                stack.enter_context(watch(extension.run.state))

        crawler.signals.connect(begin, signals.engine_started)
        yield


def _require_secrets(sites: Sequence[Site]) -> None:
    """Raises ConfigurationError for a variable that a definition names and that is not set."""
    for site in sites:
        for value in [*site.access.headers.values(), *site.access.cookies.values()]:
            name = value.removeprefix("env:")
            if name != value and environment_value(name) is None:
                raise ConfigurationError(
                    f"site {site.id}: access: the environment variable {name} is not set; export it"
                )


@contextmanager
def _places(configuration: Configuration, plan: CrawlPlan) -> Iterator[Configuration]:
    """The configuration, or for a dry run one that keeps everything in a place of its own that is removed."""
    if not plan.dry_run:
        yield configuration
        return
    with tempfile.TemporaryDirectory(prefix="newswarc-dry-run-") as directory:
        state = Path(directory) / "state"
        state.mkdir()
        _copy_frontier(configuration, plan, state)
        yield configuration.with_flags(archive=directory, state=str(state), frontier="")


def _copy_frontier(configuration: Configuration, plan: CrawlPlan, state: Path) -> None:
    if not configuration.frontier:
        for file in configuration.state_directory.glob("frontier.sqlite*"):
            shutil.copy(file, state / file.name)
        return
    with closing(open_database(configuration)) as shared, closing(Database.in_directory(state)) as own:
        copy_sites(shared, own, [site.id for site in plan.sites])


def _probe(configuration: Configuration) -> None:
    """Check before the crawl whether storage and state can be used.

    If the storage can't be reached for now, the crawl runs all the same, and the spool keeps its captures.
    """
    storage = open_storage(configuration.archive, configuration.s3)
    try:
        next(iter(storage.list("manifests/")), None)
    except StorageUnavailable as error:
        logger.warning("%s; the crawl continues, and its captures wait on this machine", error)
    adopt_state(configuration)
    (configuration.state_directory / "spool").mkdir(parents=True, exist_ok=True)
    open_database(configuration).close()


def _settings(
    configuration: Configuration, plan: CrawlPlan, clock_and_ids: ClockAndIds | None, verbosity: int
) -> Settings:
    settings = Settings()
    settings.setmodule("crawler.run.settings", priority="project")
    settings.set(CONFIGURATION, configuration, "cmdline")
    settings.set(CLOCK_AND_IDS, clock_and_ids, "cmdline")
    settings.set(OPTIONS, RunOptions(plan.limit, plan.dry_run, plan.sample, plan.due), "cmdline")
    settings.set("LOG_LEVEL", _LOG_LEVELS[min(verbosity, len(_LOG_LEVELS) - 1)], "cmdline")
    delays = {site.host: {"delay": site.delay} for site in plan.sites if site.delay is not None}
    settings.set("DOWNLOAD_SLOTS", delays, "cmdline")
    return settings


def _report(configuration: Configuration, plan: CrawlPlan, run: CrawlRun, stats: dict[str, Any]) -> CrawlReport:
    state = run.state
    counts, findings = state.counts, state.findings
    state.problems += _barren(plan, state)
    state.problems += shut_sites(state)
    problems = [str(problem) for problem in state.problems] + counts.problems
    broken = sum(
        value for name, value in stats.items() if name.startswith("spider_exceptions/") and name.count("/") == 1
    )
    if broken:
        problems.append(
            f"{counted(broken, 'page')} failed with an internal error; run with -vv and report the message"
        )
    if not state.complete:
        problems.append(
            f"{configuration.state_directory}: not everything is stored yet; the next run stores the rest"
        )
    failing = {p.site for p in state.problems if not findings.found[p.site] and not counts.articles[p.site]}
    failing |= {problem.site for problem in state.problems if problem.needs_operator}
    failing -= set(state.elsewhere)
    read = {reading.site for reading in findings.sources}
    low = {
        site.id
        for site in plan.sites
        if plan.urls is None and site.id in read and findings.found[site.id] < site.floors.articles
    }
    low -= set(state.elsewhere)
    for site in plan.sites:
        if site.id in low - failing:
            floor = site.floors.articles
            problems.append(
                f"{site.id}: {counted(findings.found[site.id], 'article')}, its floor is {floor}; check its sources"
            )
    planned = [_planned(due.url, run.announcements.best(due.url, due.discovery)) for due in findings.planned]
    return CrawlReport(
        archive=configuration.archive,
        outcomes=dict(sorted(counts.outcomes.items())),
        pages=dict(sorted(counts.pages.items())),
        articles=dict(sorted(counts.articles.items())),
        found=dict(sorted(findings.found.items())),
        set_aside=dict(sorted(findings.set_aside.items())),
        left_out={site: dict(sorted(reasons.items())) for site, reasons in sorted(findings.left_out.items())},
        not_captured=not_captured(state),
        received=counts.received,
        files=[] if plan.dry_run else sorted(counts.files),
        leftovers=state.recovered,
        elsewhere=list(state.elsewhere),
        problems=problems,
        failed_sites=sorted(failing | low),
        planned=planned,
        sources=[asdict(reading) for reading in findings.sources],
        fronts=findings.fronts,
        browser=run.browsing.facts() if run.browsing is not None else {},
        storage_trouble=bool(counts.problems) or bool(broken) or not state.complete,
    )


def _barren(plan: CrawlPlan, state: RunState) -> list[Problem]:
    """A problem for each site whose sources list no article, without one that says why.

    Where a definition names the sources, a site may also be quiet: all that they list is old, or unchanged.
    """
    findings = state.findings
    explored = {reading.site for reading in findings.sources if reading.via == SEED}
    quiet = {site for site, counts in findings.left_out.items() if counts[LeftOut.OLD]} | findings.quiet
    read = {reading.site for reading in findings.sources} - quiet
    told = {problem.site for problem in state.problems} | set(state.elsewhere)
    untold = {site.id for site in plan.sites if site.id not in told and not findings.found[site.id]}
    idle = [problem for problem in findings.idle if problem.site in untold & explored]
    barren = [site for site in plan.sites if site.id in untold - {problem.site for problem in idle}]
    return [
        *idle,
        *(Problem(site.id, site.url, _BARREN, _OF_BARREN) for site in barren if site.id in explored),
        *(Problem(site.id, site.url, _IDLE, _OF_IDLE) for site in barren if site.id in read - explored),
    ]


def _planned(url: str, discovery: Discovery) -> dict[str, str]:
    return {
        "url": url,
        "site": discovery.site,
        "via": discovery.via,
        "source": discovery.source_url,
        "date": discovery.source_date,
        "title": discovery.source_title,
    }
