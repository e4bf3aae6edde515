"""Running ``newswarc crawl``: from options to a plan to a report."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape

from archive.period import span_of
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.progress import ProgressDisplay, show_plan, show_problems, show_summary
from crawler.config import Configuration
from crawler.keeping.run_lock import turn
from crawler.run.crawling import CrawlPlan, CrawlReport, run_crawl

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class CrawlRequest:
    """The options of the command line; None and empty mean not given."""

    what: tuple[str, ...]
    urls: str | None
    limit: int
    since: str
    until: str
    backfill: bool
    due: bool
    dry_run: bool


def crawl_and_show(request: CrawlRequest, context: ArchiveContext, *, as_json: bool) -> int:
    """Crawl as asked; the exit code. Raises ConfigurationError, SiteError, StorageError or OSError."""
    configuration, quiet = context.configuration, context.quiet
    plan = CrawlPlan(
        sites=context.sites(request.what),
        urls=_listed(request.urls) if request.urls else None,
        since=_date(request.since, "--since"),
        until=_date(request.until, "--until"),
        backfill=request.backfill,
        limit=request.limit,
        due=request.due,
        dry_run=request.dry_run,
    )
    _require_period(plan)
    if not plan.sites and plan.urls is None:
        raise UsageError("crawl: nothing to crawl; give front pages, site names, or --urls FILE")
    with turn(configuration.state_directory) if plan.due else nullcontext(True) as is_our_turn:
        if not is_our_turn:
            Console(stderr=True, quiet=quiet).print("another run with --due is in progress; nothing to do")
            return 0
        report = run_and_show(configuration, plan, quiet=quiet or as_json, verbosity=context.verbosity)
    if as_json:
        typer.echo(json.dumps({**asdict(report), "exit_code": report.exit_code}, ensure_ascii=False, indent=1))
    return report.exit_code


def run_and_show(configuration: Configuration, plan: CrawlPlan, *, quiet: bool, verbosity: int = 0) -> CrawlReport:
    """Crawl with a progress display and a summary on standard error."""
    console = Console(stderr=True)
    if not quiet:
        _introduce(console, configuration)
    display = ProgressDisplay(console) if not quiet and not verbosity else None
    report = run_crawl(configuration, plan, verbosity=verbosity, watch=display.watch if display else None)
    for line in report.leftovers:
        console.print(f"[yellow]↻[/yellow] {escape(line)}", soft_wrap=True, highlight=False)
    show_problems(console, report)
    if plan.dry_run and not quiet:
        show_plan(Console(), report)
    elif not quiet:
        show_summary(console, report)
    if report.interrupted:
        console.print("interrupted; everything captured is kept. Run the same command again to continue")
    return report


def _introduce(console: Console, configuration: Configuration) -> None:
    console.print(f"[dim]User-Agent: {escape(configuration.agent)}[/dim]", highlight=False)
    if not configuration.contact and not configuration.user_agent:
        console.print(
            "[yellow]no contact is set[/yellow]: site owners can't reach you; give --contact, or set `contact` in "
            "newswarc.toml"
        )


def _listed(source: str) -> tuple[str, ...]:
    try:
        text = sys.stdin.read() if source == STANDARD_INPUT else Path(source).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--urls {source}: can't be read: {error}") from error
    lines = [line.strip() for line in text.splitlines()]
    urls = tuple(line for line in lines if line and not line.startswith("#"))
    if not urls:
        raise UsageError(f"--urls {source}: lists no URL; write one per line")
    return urls


def _require_period(plan: CrawlPlan) -> None:
    """Raises UsageError for a period that nothing can be in."""
    since, until = span_of(plan.since), span_of(plan.until)
    if since is not None and until is not None and since.first >= until.first:
        raise UsageError(f"--since {plan.since} is not before --until {plan.until}; no article can be in between")


def _date(text: str, option: str) -> str:
    if text and span_of(text) is None:
        raise UsageError(f"{option} {text!r}: not a date; write it as 2026-01-31, or 2026-01-31T12:00+01:00")
    return text
