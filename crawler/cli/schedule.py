"""``newswarc schedule``: repeating ``crawl --due`` without cron."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Annotated

import typer

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import INTERRUPTED, USAGE, UsageError
from crawler.cli.options import ArchiveOption, SitesOption, fetches
from crawler.ending_signals import ending_signals

if TYPE_CHECKING:
    from crawler.config import Configuration

_SHORTEST = 5.0
_LONGEST = 300.0
"""Seconds between two runs: what is due in between waits for the next."""


class Repetition:
    """Runs a program, waits until something is due, and runs it again. One signal ends it in order."""

    def __init__(self, command: list[str], configuration: Configuration) -> None:
        self._command = command
        self._configuration = configuration
        self._stop = threading.Event()
        self._running: subprocess.Popen[bytes] | None = None

    def run(self, most: int) -> int:
        """Continue until it is told to stop, or `most` runs were made (0: without end); an exit code.

        A run that failed is followed by the next; one that could not begin ends it.
        """
        for number in ending_signals():
            signal.signal(number, self._received)
        done = 0
        while not self._stop.is_set():
            self._running = subprocess.Popen(self._command, start_new_session=True)  # noqa: S603 - ourselves
            code = self._running.wait()
            self._running = None
            done += 1
            if code == USAGE:
                return USAGE
            if most and done >= most:
                return code
            self._stop.wait(self._pause())
        return INTERRUPTED

    def _received(self, *_: object) -> None:
        self._stop.set()
        if self._running is not None:
            self._running.send_signal(signal.SIGINT)

    def _pause(self) -> float:
        """Seconds until a source is due."""
        from crawler.frontier.frontier import open_frontier

        frontier = open_frontier(self._configuration)
        try:
            due = frontier.next_due()
        finally:
            frontier.close()
        return _LONGEST if due is None else min(max(due - time.time(), _SHORTEST), _LONGEST)


@fetches
def schedule(
    context: ArchiveContext,
    what: Annotated[
        list[str], typer.Argument(metavar="URL|SITE…", help="URLs of front pages, or names of site definitions.")
    ],
    to: ArchiveOption = None,
    sites: SitesOption = None,
    runs: Annotated[int, typer.Option("--runs", min=0, help="Exit after this many runs. 0: never.")] = 0,
) -> int:
    """Crawl sites continuously, reading each source when it is due. Ctrl-C or SIGTERM stops it cleanly.

    Settings come from `newswarc.toml` and the environment. After a crash, start it again: it continues where it was.
    """
    if not what:
        raise UsageError("schedule: nothing to crawl; give front pages or site names")
    context = context.with_flags(archive=to).with_sites(sites)
    configuration = context.configuration
    command = [sys.executable, "-m", "crawler", "crawl", *what, "--due", "--quiet", *context.as_options()]
    context.console().print(
        f"crawling {counted(len(what), 'site')}, reading each source when it is due; Ctrl-C stops it"
    )
    return Repetition(command, configuration).run(runs)
