"""``newswarc demo``: the bundled newspaper, crawled."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.options import ArchiveOption, reads_archive
from crawler.demo.server import DemoServer

PORT = 8765
"""The usual port; the same addresses again let a second run find what it knows."""

_DELAY = 0.02


@reads_archive
def demo(
    context: ArchiveContext,
    to: ArchiveOption = None,
    serve: Annotated[bool, typer.Option("--serve", help="Only serve the newspaper, until Ctrl-C.")] = False,
    corrected: Annotated[bool, typer.Option("--corrected", help="Serve the corrected version of a story.")] = False,
    requisites: Annotated[
        bool,
        typer.Option(
            "--requisites", help="Also capture styles, pictures and fonts, so that pages replay as they look."
        ),
    ] = False,
    port: Annotated[int, typer.Option("--port", help="Port on loopback; if it is in use, any free one.")] = PORT,
) -> int:
    """Serve a small newspaper on this machine and crawl it."""
    console = Console(stderr=True)
    with _server(port, corrected=corrected) as server:
        console.print(f"serving a demonstration newspaper at {server.base}/ (this machine only)", highlight=False)
        if serve:
            while True:
                time.sleep(1)
        # Imported late: Scrapy and the extractor take seconds to import
        from crawler.cli.crawl_command import run_and_show
        from crawler.run.crawling import CrawlPlan
        from spiders.site import site_of_address

        host = server.base.removeprefix("http://")
        context = context.allowing([host]).with_flags(archive=to, delay=_DELAY, requisites=requisites or None)
        configuration = context.with_flags(contact=context.configuration.contact or f"{server.base}/").configuration
        plan = CrawlPlan((site_of_address(f"{server.base}/"),))
        report = run_and_show(configuration, plan, quiet=context.quiet, verbosity=context.verbosity)
    if not context.quiet:
        _next_steps(console, configuration.archive)
    return report.exit_code


def _server(port: int, *, corrected: bool) -> DemoServer:
    try:
        return DemoServer(port, corrected=corrected)
    except OSError:
        return DemoServer(corrected=corrected)


def _next_steps(console: Console, archive: str) -> None:
    where = "" if archive == "newswarc-data" else f" {archive}"
    program = _program()
    console.print("\nnow try", style="bold")
    for command, meaning in (
        (f"{program} records{where} | head -1", "one article as JSON"),
        (f"{program} records{where} --lang ar", "the Arabic edition"),
        (f"{program} records{where} --outcomes", "every page with its outcome"),
        (f"{program} sites", "newspapers that have a definition"),
        (f"{program} crawl https://… --dry-run", "what a crawl of your newspaper would fetch"),
    ):
        console.print(f"  {command:<52} [dim]{meaning}[/dim]", soft_wrap=True, highlight=False)


def _program() -> str:
    """What a reader types to run this program again: its name if a shell finds it, or else its path from here."""
    called = Path(sys.argv[0])
    found = shutil.which("newswarc")
    if found is not None and Path(found).resolve() == called.resolve():
        return "newswarc"
    here = Path.cwd()
    is_below = called.is_absolute() and called.is_relative_to(here)
    path = called.relative_to(here) if is_below else called
    return shlex.quote(str(path)) if called.name == "newswarc" else "newswarc"
