"""``newswarc crawl``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.options import ArchiveOption, EndpointOption, JsonOption, QuietOption


def crawl(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="URL|SITE…", help="Front pages, or names of sites.")
    ] = None,
    urls: Annotated[
        str | None, typer.Option("--urls", metavar="FILE|-", help="Capture exactly these pages, one address a line.")
    ] = None,
    to: ArchiveOption = None,
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
    due: Annotated[
        bool, typer.Option("--due", help="Only sources whose time has come: run this often, from cron or a timer.")
    ] = False,
    requisites: Annotated[
        bool | None,
        typer.Option(
            "--requisites/--no-requisites", help="Also what pages need to look as they do: styles, pictures."
        ),
    ] = None,
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
    endpoint_url: EndpointOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Log; twice for more.")] = 0,
) -> None:
    """Crawl sites and capture what is new.

    A URL is a site's front page: its feeds, news sitemaps and sections are found from there. A SITE is the
    name of a definition (`newswarc sites` lists them).
    """
    # Imported late: Scrapy and the extractor take seconds, which `--help` and the extraction workers do without
    from crawler.cli.crawl_command import CrawlRequest, crawl_and_show

    code = crawl_and_show(
        CrawlRequest(
            what=tuple(what or ()),
            urls=urls,
            to=to,
            limit=limit,
            since=since,
            backfill=backfill,
            due=due,
            requisites=requisites,
            dry_run=dry_run,
            sites=tuple(sites or ()),
            allow_hosts=tuple(allow_host or ()),
            contact=contact,
            endpoint_url=endpoint_url,
            config=config,
        ),
        quiet=quiet,
        as_json=as_json,
        verbosity=verbose,
    )
    raise typer.Exit(code)
