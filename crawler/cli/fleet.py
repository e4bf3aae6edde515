"""``newswarc worker`` and ``newswarc fleet``: crawling on several machines that share a PostgreSQL database."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveOption, JsonOption, SitesOption, fetches, reads_settings
from crawler.cli.terminal import print_whole

if TYPE_CHECKING:
    from crawler.config import Configuration

fleet = typer.Typer(no_args_is_help=True, help="Manage the sites that workers crawl, and the workers' spools.")

FrontierOption = Annotated[
    str | None,
    typer.Option("--frontier", metavar="URL", help="The shared database, such as postgresql://user@host/name."),
]
_HOUR = 3600.0


@fetches
def worker(
    context: ArchiveContext,
    concurrency: Annotated[int, typer.Option("--concurrency", min=1, help="Number of sites to crawl at once.")] = 4,
    frontier: FrontierOption = None,
    to: ArchiveOption = None,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Exit when nothing is due.")] = False,
) -> int:
    """Crawl the fleet's sites that are due, alongside other workers. Ctrl-C or SIGTERM stops it cleanly.

    After a crash, start it again on the same machine: it picks up what it had captured, and nothing is lost.
    """
    configuration = _shared(context.with_flags(archive=to), frontier)
    try:
        from crawler.scale.crawls import show_log
        from crawler.scale.worker import Worker
    except ModuleNotFoundError as error:
        raise UsageError(f"worker: {error.name} is missing; install newswarc[scale]") from error
    show_log()
    asyncio.run(Worker(configuration, concurrency).run(until_idle=until_idle))
    return 0


@fleet.command("add")
@reads_settings
def add(
    context: ArchiveContext,
    what: Annotated[
        list[str], typer.Argument(metavar="URL|SITE…", help="URLs of front pages, or names of site definitions.")
    ],
    frontier: FrontierOption = None,
    directories: SitesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add sites for workers to crawl, or replace the definitions of sites they already crawl."""
    from crawler.frontier.database import Database
    from crawler.scale.fleet import Fleet

    configuration = _shared(context, frontier)
    sites = context.with_sites(directories).sites(what)
    with closing(Database(configuration.frontier)) as database:
        new = Fleet(database).add([site.heeding(configuration.heed) for site in sites])
    if as_json:
        typer.echo(json.dumps({"added": new, "known": [site.id for site in sites if site.id not in new]}))
        return
    for site in sites:
        typer.echo(f"{site.id}: {'added' if site.id in new else 'already known; definition replaced'}")


@fleet.command("remove")
@reads_settings
def remove(
    context: ArchiveContext,
    what: Annotated[list[str], typer.Argument(metavar="SITE…", help="Site names, as shown by `fleet list`.")],
    frontier: FrontierOption = None,
    as_json: JsonOption = False,
) -> int:
    """Stop crawling sites. What is known about their URLs is kept."""
    from crawler.frontier.database import Database
    from crawler.scale.fleet import Fleet

    with closing(Database(_shared(context, frontier).frontier)) as database:
        gone = Fleet(database).remove(what)
    unknown = [name for name in what if name not in gone]
    if as_json:
        typer.echo(json.dumps({"removed": gone, "unknown": unknown}))
    for name in () if as_json else what:
        typer.echo(f"{name}: {'removed' if name in gone else 'not in the fleet; see `newswarc fleet list`'}")
    return 1 if unknown else 0


@fleet.command("list")
@reads_settings
def show(context: ArchiveContext, frontier: FrontierOption = None, as_json: JsonOption = False) -> None:
    """Show the sites, when each is due, and the workers' spools."""
    from crawler.frontier.database import Database
    from crawler.scale.fleet import Fleet

    with closing(Database(_shared(context, frontier).frontier)) as database:
        sites, spools = Fleet(database).sites(), Fleet(database).spools()
    if as_json:
        known = {item.site.id: {"url": item.site.url, "due_in": round(max(0.0, item.due_in), 1)} for item in sites}
        seen = {
            spool.holder: {
                "worker": spool.worker,
                "silent": round(spool.silent, 1),
                "present": spool.is_present,
                "lost": spool.lost,
            }
            for spool in spools
        }
        typer.echo(json.dumps({"sites": known, "spools": seen}, ensure_ascii=False))
        return
    table = Table("site", "front page", "due")
    for item in sites:
        table.add_row(item.site.id, item.site.url, "now" if item.due_in <= 0 else f"in {item.due_in / 60:.0f} min")
    workers = Table("spool", "worker", "state", "last seen")
    for spool in spools:
        state = "lost" if spool.lost else "there" if spool.is_present else "gone"
        workers.add_row(spool.holder, spool.worker, state, f"{spool.silent:.0f} s ago")
    console = Console(highlight=False)
    print_whole(console, table)
    print_whole(console, workers)


@fleet.command("lost")
@reads_settings
def lost(
    context: ArchiveContext,
    holder: Annotated[str, typer.Argument(metavar="SPOOL", help="Name of its spool, as shown by `fleet list`.")],
    frontier: FrontierOption = None,
    as_json: JsonOption = False,
) -> None:
    """Declare a machine lost: what it captured but did not store is fetched again by other workers."""
    from crawler.frontier.database import Database
    from crawler.scale.fleet import Fleet

    with closing(Database(_shared(context, frontier).frontier)) as database:
        known = Fleet(database)
        if holder not in [spool.holder for spool in known.spools()]:
            raise UsageError(f"fleet lost: no spool is called {holder!r}; see `newswarc fleet list`")
        count = known.give_up(holder)
    typer.echo(json.dumps({"due_again": count}) if as_json else f"{holder}: {count} URLs are due again")


def _shared(context: ArchiveContext, frontier: str | None) -> Configuration:
    configuration = context.with_flags(frontier=frontier).configuration
    if not configuration.frontier.startswith("postgres"):
        raise UsageError("workers need a PostgreSQL database; give --frontier postgresql://user@host/name")
    return configuration
