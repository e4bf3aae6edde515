"""The application and its commands.

A command's module is imported when the command is asked for. The list of all commands is made from this table alone:
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
    "schedule": ("schedule:schedule", "Crawl sites for ever, each source when its time has come."),
    "worker": ("fleet:worker", "Crawl sites of the fleet whose time has come, beside other workers."),
    "fleet": ("fleet:fleet", "The sites that workers crawl, and the workers' spools."),
    "status": ("watch:status", "Show what this machine has captured, what waits, and what is wrong."),
    "health": ("watch:health", "Tell whether anything needs a person: exit code 0 or 1, for probes."),
    "failures": (
        "failures:failures",
        "List the articles that are not captured, why, and when each is tried again.",
    ),
    "watch": (
        "watch:watch",
        "Look at this machine again and again; send alarms when something begins to be wrong, and when it has "
        "passed.",
    ),
    "records": ("archives:records", "Write the archive's records to standard output, one JSON object a line."),
    "find": ("find:find", "List the captures of an address."),
    "show": ("show:show", "Show a capture: the newest of an address, or the one nearest to a time."),
    "explain": (
        "explain:explain",
        "Tell all that is known of an address: its sources, rules, tries, captures and outcomes.",
    ),
    "import": (
        "import_command:import_warcs",
        "Take WARC, ARC and WACZ files of other programs into an archive, and make records of their pages.",
    ),
    "dataset": ("dataset:dataset", "Build, describe and download data sets."),
    "redact": (
        "redact:redact",
        "Take all captures of an address out of an archive: from WARC files, indexes, records.",
    ),
    "replay": (
        "replay:replay",
        "Open an archive in the browser, until Ctrl-C: a start page, a calendar, every page as it was.",
    ),
    "export": ("export:export", "Take a part of an archive out of it."),
    "wacz": ("export:wacz", "Write captures and articles as one WACZ file, which ReplayWeb.page opens."),
    "history": (
        "history:show_history",
        "Show all captures of an article, its versions, and the words that changed between them.",
    ),
    "extract": (
        "archives:extract",
        "Derive records from an archive again, or from HTML, WARC, ARC and WACZ files of any origin.",
    ),
    "recover": ("spool_recovery:recover", "Finish the segments of crawls that were killed."),
    "upload": ("spool_recovery:upload", "Store what waits on this machine."),
    "verify": ("verify:verify", "Hold an archive's objects against their manifests, records and digests."),
    "rebuild": (
        "rebuild:rebuild",
        "Make indexes, manifests, records and outcomes again from the WARC files, and compare with what is there.",
    ),
    "site": ("site:site", "Define sites, and see whether their sources are alive."),
    "sites": ("about:sites", "List the sites that have a definition."),
    "config": ("about:config", "Show the settings in force."),
    "schema": ("about:schema", "Print the JSON Schema of the article record."),
    "completion": ("completion:completion", "Print the script that completes command lines in a shell."),
    "demo": ("demo:demo", "Serve a small newspaper on loopback and crawl it."),
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
    """Knows its commands by name and one line of help, and imports the one that is asked for."""

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
            raise ConnectionAbortedError(f"a connection broke: {error}") from error

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
