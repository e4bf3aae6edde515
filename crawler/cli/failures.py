"""``newswarc failures``: articles that could not be captured, the reason, and when each is tried again."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import JsonOption, reads_settings
from spiders.problems import printable

if TYPE_CHECKING:
    from crawler.frontier.failures import Failure

SiteOption = Annotated[str, typer.Option("--site", help="Only this site.")]
OutcomeOption = Annotated[
    str, typer.Option("--outcome", help="Only this outcome, such as forbidden (see the outcomes reference).")
]
SinceOption = Annotated[str, typer.Option("--since", metavar="DATE", help="Last tried at or after this date (UTC).")]
UrlsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="URL…", help="The URLs. Default: all that match the options.")
]

failures = typer.Typer(
    invoke_without_command=True,
    help="List the articles that could not be captured, the reason, and when each is tried again.",
)


@failures.callback()
@reads_settings
def show(
    context: ArchiveContext,
    command: typer.Context,
    site: SiteOption = "",
    outcome: OutcomeOption = "",
    since: SinceOption = "",
    as_json: JsonOption = False,
) -> None:
    """List the articles that could not be captured, the reason, and when each is tried again."""
    if command.invoked_subcommand is not None:
        return
    found = _selected(context, site, outcome, since)
    if as_json:
        for failure in found:
            typer.echo(json.dumps(asdict(failure), ensure_ascii=False))
        return
    for failure in found:
        typer.echo(_line(failure))
    given_up = sum(failure.given_up for failure in found)
    Console(stderr=True, quiet=context.quiet).print(
        f"{len(found)} articles could not be captured: {len(found) - given_up} will be tried again, {given_up} "
        "were given up (`newswarc failures retry` tries them again)",
        highlight=False,
    )


@failures.command("retry")
@reads_settings
def retry(
    context: ArchiveContext,
    urls: UrlsArgument = None,
    site: SiteOption = "",
    outcome: OutcomeOption = "",
    since: SinceOption = "",
) -> None:
    """Try articles again in the next run, as if they had never failed."""
    typer.echo(
        f"{_change(context, 'retry', urls or [], site, outcome, since)} articles will be tried again by the next run"
    )


@failures.command("forget")
@reads_settings
def forget(
    context: ArchiveContext,
    urls: UrlsArgument = None,
    site: SiteOption = "",
    outcome: OutcomeOption = "",
    since: SinceOption = "",
) -> None:
    """Never request articles again, even if a source still lists them."""
    typer.echo(
        f"{_change(context, 'forget', urls or [], site, outcome, since)} articles will never be requested again"
    )


def _selected(context: ArchiveContext, site: str, outcome: str, since: str) -> list[Failure]:
    from archive.period import moment_of
    from crawler.frontier.frontier import open_frontier

    moment = moment_of(since) if since else None
    if since and moment is None:
        raise UsageError(f"failures: --since {since!r} is not a date; write 2026-11-24 or 2026-11-24T10:30:00")
    with closing(open_frontier(context.configuration)) as frontier:
        return frontier.failures.all(site=site, outcome=outcome, since=moment.timestamp() if moment else 0.0)


def _change(context: ArchiveContext, action: str, urls: list[str], site: str, outcome: str, since: str) -> int:
    from crawler.frontier.frontier import open_frontier

    if not urls and not (site or outcome or since):
        raise UsageError(f"failures {action}: give URLs, or select articles with --site, --outcome or --since")
    urls = urls or [failure.url for failure in _selected(context, site, outcome, since)]
    with closing(open_frontier(context.configuration)) as frontier:
        change = frontier.failures.retry if action == "retry" else frontier.failures.forget
        return change(urls)


def _line(failure: Failure) -> str:
    why = f"{failure.outcome}{f' ({failure.status})' if failure.status else ''}"
    following = "given up" if failure.given_up else f"next try {_moment(failure.following)}"
    tries = f"{failure.tries} {'try' if failure.tries == 1 else 'tries'}, last {_moment(failure.last)}"
    return f"{failure.site}  {why}  {tries}  {following}  {printable(failure.url)}"


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}" if seconds else "unknown"
