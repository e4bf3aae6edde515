"""``newswarc failures``: articles that could not be captured, the reason, and when each is tried again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ConfigOption, JsonOption, QuietOption, VerboseOption, with_options
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


@dataclass(frozen=True, slots=True)
class Selection:
    """Which failures a command is about."""

    context: ArchiveContext
    command: typer.Context
    site: str
    outcome: str
    since: str

    @property
    def is_everything(self) -> bool:
        """Whether no option restricts it."""
        return not (self.site or self.outcome or self.since)

    def found(self) -> list[Failure]:
        """What it selects. Raises UsageError."""
        from archive.period import moment_of
        from crawler.frontier.frontier import open_frontier

        moment = moment_of(self.since) if self.since else None
        if self.since and moment is None:
            raise UsageError(
                f"failures: --since {self.since!r} is not a date; write 2026-11-24 or 2026-11-24T10:30:00"
            )
        since = moment.timestamp() if moment else 0.0
        with closing(open_frontier(self.context.configuration)) as frontier:
            return frontier.failures.all(site=self.site, outcome=self.outcome, since=since)

    def change(self, action: str, urls: Sequence[str]) -> int:
        """`retry` or `forget` these URLs, or else what it selects; how many there were. Raises UsageError."""
        from crawler.frontier.frontier import open_frontier

        if not urls and self.is_everything:
            raise UsageError(f"failures {action}: give URLs, or select articles with --site, --outcome or --since")
        chosen = urls or [failure.url for failure in self.found()]
        with closing(open_frontier(self.context.configuration)) as frontier:
            change = frontier.failures.retry if action == "retry" else frontier.failures.forget
            return change(chosen)


def _of_selection(
    command: typer.Context,
    site: SiteOption = "",
    outcome: OutcomeOption = "",
    since: SinceOption = "",
    config: ConfigOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> Selection:
    """What the options of a command say, and before them those of ``failures`` itself."""
    before = command.parent.params if command.parent is not None else {}
    context = ArchiveContext(
        config or before.get("config"),
        quiet=quiet or bool(before.get("quiet")),
        verbosity=verbose or int(before.get("verbose") or 0),
    )
    chosen = (site or before.get("site", ""), outcome or before.get("outcome", ""), since or before.get("since", ""))
    return Selection(context, command, *chosen)


def _selects(command: Callable[..., object]) -> Callable[..., object]:
    """Give a command the options that select failures; its first parameter gets the Selection."""
    return with_options(command, _of_selection)


failures = typer.Typer(
    invoke_without_command=True,
    help="List the articles that could not be captured, the reason, and when each is tried again.",
)


@failures.callback()
@_selects
def show(selection: Selection, as_json: JsonOption = False) -> None:
    """List the articles that could not be captured, the reason, and when each is tried again."""
    if selection.command.invoked_subcommand is not None:
        return
    found = selection.found()
    if as_json:
        for failure in found:
            typer.echo(json.dumps(asdict(failure), ensure_ascii=False))
        return
    for failure in found:
        typer.echo(_line(failure))
    given_up = sum(failure.given_up for failure in found)
    Console(stderr=True, quiet=selection.context.quiet).print(
        f"{counted(len(found), 'article')} could not be captured: {len(found) - given_up} will be tried again, "
        f"{given_up} were given up (`newswarc failures retry` tries them again)",
        highlight=False,
    )


@failures.command("retry")
@_selects
def retry(selection: Selection, urls: UrlsArgument = None) -> None:
    """Try articles again in the next run, as if they had never failed."""
    typer.echo(f"{counted(selection.change('retry', urls or []), 'article')} will be tried again by the next run")


@failures.command("forget")
@_selects
def forget(selection: Selection, urls: UrlsArgument = None) -> None:
    """Never request articles again, even if a source still lists them."""
    typer.echo(f"{counted(selection.change('forget', urls or []), 'article')} will never be requested again")


def _line(failure: Failure) -> str:
    why = f"{failure.outcome}{f' ({failure.status})' if failure.status else ''}"
    following = "given up" if failure.given_up else f"next try {_moment(failure.following)}"
    tries = f"{counted(failure.tries, 'try')}, last {_moment(failure.last)}"
    return f"{failure.site}  {why}  {tries}  {following}  {printable(failure.url)}"


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}" if seconds else "unknown"
