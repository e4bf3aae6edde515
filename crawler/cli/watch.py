"""``newswarc status``, ``health`` and ``watch``: monitoring a machine."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveOption, JsonOption, reads_archive
from crawler.cli.terminal import print_whole
from crawler.ending_signals import ending_signals
from spiders.problems import printable

if TYPE_CHECKING:
    from crawler.config import Configuration
    from crawler.watching.concerns import Concern
    from crawler.watching.status import SiteStatus, Status

_HOUR = 3600


@reads_archive
def status(
    context: ArchiveContext,
    to: ArchiveOption = None,
    every: Annotated[
        float, typer.Option("--every", min=0, help="Refresh every so many seconds. 0: show once and exit.")
    ] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """Show what this machine has captured, what is waiting, and what is wrong."""
    from crawler.watching.concerns import concerns
    from crawler.watching.status import look

    configuration = context.with_flags(archive=to).configuration
    found = look(configuration)
    if as_json:
        wrong = [_of(concern) for concern in concerns(found)]
        typer.echo(json.dumps({**_facts(found), "concerns": wrong}, ensure_ascii=False))
        return
    console = Console(soft_wrap=True, highlight=False)
    if not every:
        _print(console, _shown(found, concerns(found)))
        return
    stopped = _stopped()
    if not console.is_terminal:  # nothing can be drawn over there
        _print(console, _shown(found, concerns(found)))
        while not stopped.wait(every):
            found = look(configuration)
            _print(console, _shown(found, concerns(found)))
        return
    with Live(Group(*_shown(found, concerns(found))), console=console, auto_refresh=False) as live:
        while not stopped.wait(every):
            found = look(configuration)
            live.update(Group(*_shown(found, concerns(found))), refresh=True)


def _print(console: Console, parts: Iterable[Table | Text]) -> None:
    for part in parts:
        print_whole(console, part)


@reads_archive
def health(context: ArchiveContext, to: ArchiveOption = None, as_json: JsonOption = False) -> int:
    """Report what needs attention; exit code 1 if anything does, for health probes."""
    from crawler.watching.concerns import concerns
    from crawler.watching.status import look

    wrong = concerns(look(context.with_flags(archive=to).configuration))
    if as_json:
        typer.echo(json.dumps([_of(concern) for concern in wrong], ensure_ascii=False))
    for concern in wrong if not as_json else ():
        typer.echo(_line(concern))
    return 1 if wrong else 0


@reads_archive
def watch(
    context: ArchiveContext,
    to: ArchiveOption = None,
    every: Annotated[float, typer.Option("--every", min=1, help="Seconds between two checks.")] = 60.0,
    metrics: Annotated[
        str, typer.Option("--metrics", metavar="HOST:PORT", help="Serve metrics for Prometheus at this address.")
    ] = "",
    once: Annotated[bool, typer.Option("--once", help="Check once, send alarms, and exit.")] = False,
) -> None:
    """Watch this machine; send an alarm when something goes wrong, and a notice when it is resolved.

    Alarms go to the `alarm_webhook`, `alarm_mail` and `alarm_command` that are configured, and to standard error. If
    `keep_index` is set, each look updates the full-text index.
    """
    configuration = context.with_flags(archive=to).configuration
    if metrics:
        _serve(configuration, metrics)
    stopped = _stopped()
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    while True:
        _check_and_notify(configuration, console)
        _keep_index(configuration, console)
        if once or stopped.wait(every):
            return


def _stopped() -> threading.Event:
    """Set by the signals that end a program, Ctrl-C and SIGTERM also where they were ignored at the start."""
    stopped = threading.Event()
    for number in ending_signals():
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _check_and_notify(configuration: Configuration, console: Console) -> None:
    from crawler.watching.alarms import Alarms
    from crawler.watching.concerns import concerns
    from crawler.watching.notifiers import notifiers_of
    from crawler.watching.status import look

    now = time.time()
    path = configuration.state_directory / "alarms.json"
    wrong = concerns(look(configuration, now))
    alarms = Alarms.read(path)
    news = alarms.update(wrong, now)
    for notice in news:
        console.print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {printable(notice.line)}", markup=False)
    for problem in alarms.notify(news, notifiers_of(configuration)):
        console.print(
            f"alarm not delivered; will be tried again at the next check: {printable(problem)}", markup=False
        )
    alarms.write(path)


def _keep_index(configuration: Configuration, console: Console) -> None:
    """Bring the full-text index up to date, where that is asked for; what goes wrong is told, and tried again."""
    if not configuration.keep_index:
        return
    from archive.errors import ArchiveError
    from archive.search.building import complete_index
    from archive.storage.opening import open_storage
    from crawler.config import software

    try:
        complete_index(open_storage(configuration.archive, configuration.s3), software())
    except (ArchiveError, OSError) as error:
        console.print(f"the full-text index is not up to date: {printable(str(error))}", markup=False)


def _serve(configuration: Configuration, address: str) -> None:
    from prometheus_client import start_http_server

    from crawler.watching.metrics import registry_of
    from crawler.watching.status import look

    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"watch: --metrics {address}: write HOST:PORT, such as 127.0.0.1:9464")
    try:
        start_http_server(int(port), host, registry_of(lambda: look(configuration)))
    except OSError as error:
        raise UsageError(f"watch: --metrics {address}: {error.strerror or error}; use another address") from error


def _facts(found: Status) -> dict[str, Any]:
    # Not `asdict`, which takes a Counter's pairs for what it counts
    facts = {part.name: getattr(found, part.name) for part in fields(found)}
    facts["sites"] = {name: _site_facts(site) for name, site in found.sites.items()}
    facts["fixity"] = asdict(found.fixity)
    facts["workers"] = {place: asdict(worker) for place, worker in found.workers.items()}
    facts["totals"] = [
        {"kind": kind, "outcome": outcome, "count": count} for (kind, outcome), count in sorted(found.totals.items())
    ]
    facts["custody"] = asdict(found.custody) if found.custody is not None else None
    facts["running"] = (
        {"process": found.running.process.number, "since": found.running.since} if found.running is not None else None
    )
    return facts


def _site_facts(site: SiteStatus) -> dict[str, Any]:
    facts = {part.name: getattr(site, part.name) for part in fields(site)}
    facts["failures"] = [
        {"outcome": outcome, "status": status, "count": count}
        for (outcome, status), count in sorted(site.failures.items())
    ]
    return facts


def _of(concern: Concern) -> dict[str, str]:
    return {**asdict(concern), "name": concern.name, "remedy": concern.remedy}


def _line(concern: Concern) -> str:
    about = f"{concern.site}: " if concern.site else ""
    return printable(f"{concern.kind}: {about}{concern.detail}; {concern.remedy}")


def _doing(found: Status) -> str:
    if not found.is_crawling:
        return "no run is in progress"
    known = found.running is not None and found.running.process.number
    return f"a run is in progress (process {known})" if known else "a run is in progress"


def _shown(found: Status, wrong: list[Concern]) -> list[Table | Text]:
    table = Table("site", "articles", "newest", "sources read", "waiting", "failing", "given up", "last day's pages")
    for name, site in found.sites.items():
        table.add_row(
            printable(name),
            f"{site.articles:,}",
            _ago(found.at, site.newest),
            _ago(found.at, site.looked_at),
            f"{site.waiting:,}",
            f"{site.failing:,}",
            f"{site.given_up:,}",
            ", ".join(f"{outcome} {count:,}" for outcome, count in site.pages.most_common(4)),
        )
    doing = _doing(found)
    line = (
        f"{found.archive}: {doing}; {found.waiting:,} URLs waiting; spool {found.spool_bytes >> 20} of "
        f"{found.spool_budget >> 20} MiB, {'; '.join(found.unpublished.parts) or 'no segment open or waiting'}; "
        f"{found.disk_free >> 30} GiB free{_logged(found)}"
    )
    verified = f"verified {_ago(found.at, found.fixity.verified)}, every byte {_ago(found.at, found.fixity.read)}"
    if found.fixity.faults:
        verified += f"; {counted(found.fixity.faults, 'fault')}"
    return [
        table,
        Text(line),
        Text(verified),
        *_workers(found),
        *(Text(_line(concern), style="red") for concern in wrong),
    ]


def _logged(found: Status) -> str:
    """Of what is stored, what is logged too."""
    if found.custody is None:
        return ""
    return (
        f"; log of custody: {counted(found.custody.size, 'entry')}" if not found.custody.problem else "; not logged"
    )


def _workers(found: Status) -> list[Text]:
    """A line for each place where a worker is, or was."""
    lines = []
    for place, worker in sorted(found.workers.items()):
        doing = f"crawling {', '.join(worker.sites)}" if worker.sites else "waiting for work"
        state = doing if worker.is_present else "gone: it exited, was killed, or can't reach the database"
        lines.append(Text(printable(f"worker {place}: {state}; last seen {worker.silent:.0f} s ago")))
    return lines


def _ago(now: float, moment: float) -> str:
    if not moment:
        return "never"
    hours = (now - moment) / _HOUR
    return (
        f"{hours / 24:.0f} days ago"
        if hours >= 48
        else f"{hours:.0f} h ago"
        if hours >= 2
        else f"{hours * 60:.0f} min ago"
    )
