"""``newswarc replay``: browsing an archive."""

from __future__ import annotations

import signal
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from archive.errors import ArchiveError
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import JsonOption, OverwriteOption, reads_archive
from crawler.ending_signals import ending_signals

if TYPE_CHECKING:
    from crawler.replay.replayed import Replayed

PORT = 8090
_FRESH = 30.0
"""Seconds after which new segments are looked for."""


@reads_archive
def replay(
    context: ArchiveContext,
    uri: Annotated[
        str | None, typer.Argument(metavar="[URI|FILE]", help="An archive, or a WARC or WACZ file.")
    ] = None,
    port: Annotated[int, typer.Option("--port", help="Port of the start page on loopback. 0: any free port.")] = PORT,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the start page in a browser.")] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only list the pages that lack something they need; exit code 1 if there are any."
        ),
    ] = False,
    in_browser: Annotated[
        bool,
        typer.Option(
            "--browser",
            help="With --check: show rendered pages again in Chromium, from the archive alone, and score how much of "
            "them is the same; exit code 1 if a score is low.",
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.html", help="With --browser: write a report, worst first."),
    ] = None,
    overwrite: OverwriteOption = False,
    least: Annotated[
        float, typer.Option("--least", min=0, max=1, help="With --browser: the lowest score that is good.")
    ] = 0.9,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="With --browser: maximum number of pages. 0: no limit.")
    ] = 0,
    site: Annotated[str, typer.Option("--site", help="With --check: only this site.")] = "",
    collection: Annotated[
        str, typer.Option("--collection", help="With --check: only what this collection means.")
    ] = "",
    as_json: JsonOption = False,
) -> int:
    """Browse an archive: a start page, a calendar, and every page as it was captured. Ctrl-C stops it.

    Pages are served by pywb, which is installed separately (`pipx install pywb`).
    """
    context = context.with_flags(archive=uri)
    configuration, console = context.configuration, context.console()
    if in_browser and not check:
        raise UsageError("--browser goes with --check")
    if check:
        # Imported late: reading pages takes the extractor's libraries
        from crawler.cli.replay_check import check_and_show, lookup_of_file
        from crawler.replay.replayed import is_file_address

        if in_browser:
            from crawler.cli.replay_quality import quality_and_show

            return quality_and_show(
                context, site, collection, report, least, limit, overwrite=overwrite, as_json=as_json
            )
        if is_file_address(configuration.archive):
            with lookup_of_file(Path(configuration.archive)) as lookup:
                return check_and_show(lookup, site, None, console, as_json=as_json)
        return check_and_show(context.lookup, site, context.collection(collection), console, as_json=as_json)
    from crawler.replay.program import find_program, running
    from crawler.replay.replayed import opened_for_replay
    from crawler.replay.server import CAPTURES, WITHHELD, ReplayServer

    program = find_program(configuration.pywb)
    with opened_for_replay(configuration.archive, configuration) as replayed:
        server = ReplayServer(port, replayed.title, replayed.listing, replayed.reader, replayed.gate)
        pywb = running(
            program,
            replayed.index_directory,
            f"{server.base}{CAPTURES}",
            replayed.acl,
            f"{server.base}{WITHHELD}",
        )
        with server, pywb as collection:
            server.replay = collection
            typer.echo(f"{server.base}/")
            console.print("the archive is served at this URL; Ctrl-C stops it")
            if open_browser:
                webbrowser.open(f"{server.base}/")
            _stay(replayed, console)
    return 0


def _stay(replayed: Replayed, console: Console) -> None:
    """Keep the index fresh until a person ends it."""
    never = threading.Event()
    for number in ending_signals():
        signal.signal(number, signal.default_int_handler)
    try:
        while not never.wait(_FRESH):
            try:
                replayed.refresh()
            except (ArchiveError, OSError) as error:
                console.print(f"new segments could not be indexed: {error}", markup=False)
    except KeyboardInterrupt:
        console.print("closed")
