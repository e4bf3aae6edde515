"""The application and its commands.

A command's module is imported when the command is run. The list of all commands comes from this table alone:
it is what most people see first, and it must not wait for the database, Scrapy and the extractor.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from crawler.cli import errors
from crawler.cli.terminal import reader_is_gone

COMMANDS = {
    "crawl": ("crawl:crawl", "Crawl sites and capture what is new."),
    "schedule": ("schedule:schedule", "Crawl sites continuously, reading each source when it is due."),
    "worker": ("fleet:worker", "Crawl the fleet's sites that are due, alongside other workers."),
    "fleet": ("fleet:fleet", "Manage the sites that workers crawl, and the workers' spools."),
    "status": ("watch:status", "Show what this machine has captured, what is waiting, and what is wrong."),
    "health": ("watch:health", "Report what needs attention; exit code 1 if anything does, for health probes."),
    "failures": (
        "failures:failures",
        "List the articles that could not be captured, the reason, and when each is tried again.",
    ),
    "watch": (
        "watch:watch",
        "Watch this machine; send an alarm when something goes wrong, and a notice when it is resolved.",
    ),
    "records": ("archives:records", "Write the archive's records to standard output, as JSON Lines or Markdown."),
    "search": ("search:search", "Find articles by words, phrases, sites, dates and more."),
    "index": ("index:index", "Build the full-text index of an archive, or update it."),
    "find": ("find:find", "List the captures of a URL, a host or a domain."),
    "show": ("show:show", "Show a capture of a URL: the newest, or the one closest to a given time."),
    "explain": (
        "explain:explain",
        "Show everything known about a URL: sources, rules, attempts, captures and outcomes.",
    ),
    "import": (
        "import_command:import_warcs",
        "Import WARC, ARC and WACZ files from other programs, and extract records from their pages.",
    ),
    "dataset": ("dataset:dataset", "Build, describe and download data sets."),
    "redact": (
        "redact:redact",
        "Remove all captures of a URL from an archive's WARC files, indexes and records.",
    ),
    "access": ("access:access", "Withhold captures from readers, for a limited time or until further notice."),
    "collection": ("collections:collection", "Name selections of an archive, and describe them."),
    "copy": (
        "copying:copy",
        "Copy an archive to another place and verify every object; run it again to resume, or to add what is new.",
    ),
    "package": ("package:package", "Write a selection as BagIt or OCFL, to hand over to another archive."),
    "replay": (
        "replay:replay",
        "Browse an archive: a start page, a calendar, and every page as it was captured.",
    ),
    "export": ("export:export", "Export part of an archive."),
    "serve": (
        "serve:serve",
        "Serve an archive as web pages and as an API: search, read, replay, download, operate.",
    ),
    "token": ("token:token", "Manage access tokens for `newswarc serve`."),
    "wacz": ("export:wacz", "Export captures and articles as one WACZ file, which ReplayWeb.page can open."),
    "history": (
        "history:show_history",
        "Show an article's captures, its versions, and the words that changed between them.",
    ),
    "extract": (
        "archives:extract",
        "Extract records from an archive again, or from any HTML, WARC, ARC and WACZ files.",
    ),
    "recover": ("spool_recovery:recover", "Finish the segments of crawls that were killed."),
    "upload": ("spool_recovery:upload", "Store the segments waiting on this machine."),
    "verify": ("verify:verify", "Check an archive's objects against their manifests, records and digests."),
    "custody": (
        "custody:custody",
        "Prove what the archive holds, since when, and that nobody changed it: a signed log.",
    ),
    "rebuild": (
        "rebuild:rebuild",
        "Rebuild indexes, manifests, records and outcomes from the WARC files, and compare them.",
    ),
    "browser": ("browser:browser", "Manage the logins of pages in a browser."),
    "site": ("site:site", "Define sites, and check whether their sources work."),
    "sites": ("about:sites", "List the sites that have a definition."),
    "config": ("about:config", "Show the settings in effect."),
    "schema": ("about:schema", "Print the JSON Schema of the article record."),
    "completion": ("completion:completion", "Print the script for shell completion."),
    "demo": ("demo:demo", "Serve a small newspaper on this machine and crawl it."),
}
"""Each command: where it is, as `MODULE:NAME` below `crawler.cli`, and the first sentence of its help, which a test
compares with the command's own."""


def load_command(name: str) -> Any:
    """Import a command of the table."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    command = getattr(import_module(f"crawler.cli.{module}"), attribute)
    if isinstance(command, typer.Typer):
        return get_group(command)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name)(command)
    return get_command(alone)


class LazyGroup(TyperGroup):
    """Knows its commands by name and one line of help, and imports the one that is requested."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, (_, line) in COMMANDS.items():
            self.commands[name] = TyperCommand(name, help=line)

    def invoke(self, ctx: Any) -> Any:
        """Run a command. Typer takes every broken pipe for that of the output and ends without a word."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            if reader_is_gone():
                raise
            raise ConnectionAbortedError(f"a connection was broken: {error}") from error

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that a command line begins with."""
        if args[0] in COMMANDS:
            self.commands[args[0]] = load_command(args[0])
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="newswarc",
    cls=LazyGroup,
    help="Crawl newspapers into WARC files and article records.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from crawler.config import software

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


def run_program(arguments: list[str]) -> int:
    """Run the command line; its exit code."""
    return errors.run(lambda: app(arguments, prog_name="newswarc", standalone_mode=False), arguments)
