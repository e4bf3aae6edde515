"""``newswarc replay``: an archive in the browser."""

from __future__ import annotations

import signal
import threading
import webbrowser
from typing import Annotated

import typer
from rich.console import Console

from archive.errors import ArchiveError
from crawler.cli.find import opened
from crawler.cli.options import EndpointOption, JsonOption, QuietOption
from crawler.config import load_configuration
from crawler.replay.program import find_program, running
from crawler.replay.replayed import Replayed, opened_for_replay
from crawler.replay.server import CAPTURES, ReplayServer

PORT = 8090
_FRESH = 30.0
"""Seconds after which new segments are looked for."""


def replay(
    uri: Annotated[
        str | None, typer.Argument(metavar="[URI|FILE]", help="An archive, or a WARC or WACZ file.")
    ] = None,
    port: Annotated[int, typer.Option("--port", help="Port of the start page on loopback; 0: any free one.")] = PORT,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only say which pages lack something that they need; exit code 1 then.")
    ] = False,
    site: Annotated[str, typer.Option("--site", help="With --check: only this site.")] = "",
    quiet: QuietOption = False,
    as_json: JsonOption = False,
    endpoint_url: EndpointOption = None,
) -> int:
    """Open an archive in the browser, until Ctrl-C: a start page, a calendar, every page as it was.

    pywb shows the pages; it is installed apart from newswarc (`pipx install pywb`).
    """
    configuration = load_configuration().with_flags(s3_endpoint=endpoint_url, archive=uri)
    console = Console(stderr=True, soft_wrap=True, highlight=False, quiet=quiet)
    if check:
        # Imported late: reading pages takes the extractor's libraries
        from crawler.cli.replay_check import check_and_show

        return check_and_show(opened(uri, endpoint_url), site, console, as_json=as_json)
    program = find_program(configuration.pywb)
    with opened_for_replay(configuration.archive, configuration) as replayed:
        server = ReplayServer(port, replayed.title, replayed.listing, replayed.reader)
        with server, running(program, replayed.index_directory, f"{server.base}{CAPTURES}") as collection:
            server.replay = collection
            typer.echo(f"{server.base}/")
            console.print("the archive is open at this address; Ctrl-C closes it")
            if open_browser:
                webbrowser.open(f"{server.base}/")
            _stay(replayed, console)
    return 0


def _stay(replayed: Replayed, console: Console) -> None:
    """Keep the index fresh until a person ends it."""
    never = threading.Event()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while not never.wait(_FRESH):
            try:
                replayed.refresh()
            except (ArchiveError, OSError) as error:
                console.print(f"new segments could not be taken in: {error}", markup=False)
    except KeyboardInterrupt:
        console.print("closed")
