"""``newswarc crawl --due`` when an earlier run has found that nothing falls due yet: nothing is started."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import typer

from crawler.cli.archive_context import ArchiveContext


def quiet_run(what: Sequence[str], context: ArchiveContext, *, as_json: bool) -> int | None:
    """Report that nothing is due, and the exit code; None when that is not known. Raises as a crawl does."""
    from crawler.keeping.quiet import quiet_report
    from crawler.keeping.run_lock import turn

    sites = context.sites(what)
    with turn(context.configuration.state_directory) as is_our_turn:
        known = quiet_report(context.configuration, sites, time.time()) if is_our_turn else None
    if known is None:
        return None
    until, report = known
    if as_json:
        typer.echo(json.dumps({**report, "exit_code": 0}, ensure_ascii=False, indent=1))
    elif not context.quiet:
        moment = datetime.fromtimestamp(until, UTC).isoformat(sep=" ", timespec="minutes").removesuffix("+00:00")
        context.console().print(f"nothing is due before {moment} UTC", highlight=False)
    return 0
