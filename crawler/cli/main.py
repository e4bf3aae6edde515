"""The application and its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.cli import (
    about,
    archives,
    crawl,
    dataset,
    demo,
    errors,
    export,
    find,
    fleet,
    history,
    import_command,
    rebuild,
    redact,
    replay,
    schedule,
    show,
    site,
    spool_recovery,
    verify,
    watch,
)
from crawler.config import software

app = typer.Typer(
    name="newswarc",
    help="Crawl newspapers into WARC files and article records.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(software())
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Crawl newspapers into WARC files and article records."""
    del version


app.command("crawl")(crawl.crawl)
app.command("schedule")(schedule.schedule)
app.command("worker")(fleet.worker)
app.add_typer(fleet.fleet, name="fleet")
app.command("status")(watch.status)
app.command("health")(watch.health)
app.command("watch")(watch.watch)
app.command("records")(archives.records)
app.command("find")(find.find)
app.command("show")(show.show)
app.command("import")(import_command.import_warcs)
app.add_typer(dataset.dataset, name="dataset")
app.command("redact")(redact.redact)
app.command("replay")(replay.replay)
app.add_typer(export.export, name="export")
app.command("wacz")(export.wacz)
app.command("history")(history.show_history)
app.command("extract")(archives.extract)
app.command("recover")(spool_recovery.recover)
app.command("upload")(spool_recovery.upload)
app.command("verify")(verify.verify)
app.command("rebuild")(rebuild.rebuild)
app.add_typer(site.site, name="site")
app.command("sites")(about.sites)
app.command("config")(about.config)
app.command("schema")(about.schema)
app.command("demo")(demo.demo)


def run_program(arguments: list[str]) -> int:
    """Run the command line; its exit code."""
    return errors.run(lambda: app(arguments, standalone_mode=False), arguments)
