"""``newswarc crawl``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from crawler.cli.errors import UsageError
from crawler.config import Configuration, load_configuration
from crawler.crawling import CrawlPlan, CrawlReport, run_crawl
from crawler.progress import ProgressDisplay, show_plan, show_problems, show_summary
from pipelines.extract.dates import parse_date
from spiders.catalog import SiteCatalog, SiteError
from spiders.site import Site, site_of_address

STANDARD_INPUT = "-"


def crawl(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="URL|SITE…", help="Front pages, or names of sites.")
    ] = None,
    urls: Annotated[
        str | None, typer.Option("--urls", metavar="FILE|-", help="Capture exactly these pages, one address a line.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DIR|s3://…", help="The archive.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="At most this many articles in all; 0: any number.")
    ] = 0,
    since: Annotated[
        str,
        typer.Option("--since", metavar="DATE", help="Leave alone what is announced as older (2026-01-31)."),
    ] = "",
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Follow all sitemaps and all pages of sections.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be fetched and why; keep nothing.")
    ] = False,
    sites: Annotated[
        list[Path] | None, typer.Option("--sites", metavar="DIR", help="Site definitions of your own.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="An internal host[:port] or CIDR[:port] to allow.")
    ] = None,
    contact: Annotated[
        str | None, typer.Option("--contact", help="Web page or e-mail address that sites can reach you by.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="The configuration file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show only what went wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON on standard output.")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Log; twice for more.")] = 0,
) -> int:
    """Crawl sites and capture what is new.

    A URL is a site's front page: its feeds, news sitemaps and sections are found from there. A SITE is the
    name of a definition (`newswarc sites` lists them).
    """
    configuration = load_configuration(config).with_flags(
        archive=to,
        contact=contact,
        allow_hosts=[*load_configuration(config).allow_hosts, *allow_host] if allow_host else None,
        sites=[str(directory) for directory in sites] if sites else None,
    )
    plan = CrawlPlan(
        sites=_sites(what or [], configuration),
        urls=_listed(urls) if urls else None,
        since=_day(since),
        backfill=backfill,
        limit=limit,
        dry_run=dry_run,
    )
    if not plan.sites and plan.urls is None:
        raise UsageError("crawl: nothing to crawl; give front pages, names of sites, or --urls FILE")
    report = run_and_show(configuration, plan, quiet=quiet or as_json, verbosity=verbose)
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
    show_problems(console, report)
    if plan.dry_run and not quiet:
        show_plan(Console(), report)
    elif not quiet:
        show_summary(console, report)
    if report.interrupted:
        console.print("interrupted; everything captured is kept, the same command goes on from here")
    return report


def _introduce(console: Console, configuration: Configuration) -> None:
    console.print(f"[dim]User-Agent: {escape(configuration.agent)}[/dim]", highlight=False)
    if not configuration.contact and not configuration.user_agent:
        console.print(
            "[yellow]no contact is set[/yellow]: sites cannot reach you; give --contact or set it in newswarc.toml"
        )


def _sites(names: list[str], configuration: Configuration) -> tuple[Site, ...]:
    catalog = SiteCatalog([Path(directory) for directory in configuration.sites])
    found = [_address(name) if "://" in name else _defined(name, catalog) for name in names]
    return tuple({site.id: site for site in found}.values())


def _defined(name: str, catalog: SiteCatalog) -> Site:
    try:
        return catalog.find(name)
    except SiteError as error:
        if "." in name:
            message = f"{name!r} is not the name of a site; if it is an address, write https://{name}"
            raise UsageError(message) from error
        raise


def _address(text: str) -> Site:
    try:
        return site_of_address(text)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _listed(source: str) -> tuple[str, ...]:
    try:
        text = sys.stdin.read() if source == STANDARD_INPUT else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--urls {source}: cannot be read: {error}") from error
    lines = [line.strip() for line in text.splitlines()]
    return tuple(line for line in lines if line and not line.startswith("#"))


def _day(text: str) -> str:
    if not text:
        return ""
    found = parse_date(text)
    if found is None:
        raise UsageError(f"--since {text!r}: not a date; write it as 2026-01-31")
    return found
