"""``newswarc crawl``."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.options import ArchiveOption, BrowserUse, JsonOption, SitesOption, fetches
from crawler.cli.quiet_run import quiet_run


@fetches
def crawl(
    context: ArchiveContext,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="URL|SITE…", help="URLs of front pages, or names of site definitions."),
    ] = None,
    urls: Annotated[
        str | None,
        typer.Option("--urls", metavar="FILE|-", help="Capture exactly the pages in this list, one URL per line."),
    ] = None,
    to: ArchiveOption = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Maximum number of articles in all. 0: no limit.")] = 0,
    since: Annotated[
        str,
        typer.Option("--since", metavar="DATE", help="Only articles published at or after this date (UTC)."),
    ] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="DATE", help="Only articles published before this date (UTC).")
    ] = "",
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Follow all sitemaps and all pages of sections.")
    ] = False,
    due: Annotated[
        bool, typer.Option("--due", help="Read only sources that are due. Run this often, from cron or a timer.")
    ] = False,
    requisites: Annotated[
        bool | None,
        typer.Option(
            "--requisites/--no-requisites", help="Also capture what pages need to display properly: styles, pictures."
        ),
    ] = None,
    browser: Annotated[
        BrowserUse | None,
        typer.Option("--browser", help="Which pages to render in a browser. Default: as configured."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be fetched and why; archive nothing.")
    ] = False,
    sites: SitesOption = None,
    as_json: JsonOption = False,
) -> int:
    """Crawl sites and capture what is new.

    A URL is a site's front page, where its feeds, news sitemaps and sections are found. A SITE is the
    name of a definition (`newswarc sites` lists them).
    """
    context = context.with_flags(archive=to, requisites=requisites, browser=browser).with_sites(sites)
    if due and not (urls or limit or since or until or backfill or dry_run):
        quiet = quiet_run(what or (), context, as_json=as_json)
        if quiet is not None:
            return quiet
    # Imported late: Scrapy and the extractor take seconds, which `--help` and the extraction workers do without
    from crawler.cli.crawl_command import CrawlRequest, crawl_and_show

    request = CrawlRequest(
        what=tuple(what or ()),
        urls=urls,
        limit=limit,
        since=since,
        until=until,
        backfill=backfill,
        due=due,
        dry_run=dry_run,
    )
    return crawl_and_show(request, context, as_json=as_json)
