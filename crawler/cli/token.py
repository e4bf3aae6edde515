"""``newswarc token``: who may use ``newswarc serve`` from elsewhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveArgument, JsonOption, reads_archive
from spiders.problems import printable

if TYPE_CHECKING:
    from crawler.web.tokens import TokenFile

token = typer.Typer(name="token", help="Manage access tokens for `newswarc serve`.", no_args_is_help=True)


@token.command("add")
@reads_archive
def add(
    context: ArchiveContext,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who it is for; the audit log uses this name.")],
    uri: ArchiveArgument = None,
    role: Annotated[
        list[str] | None,
        typer.Option("--role", help="read, download, curate or operate. Repeatable. Default: read and download."),
    ] = None,
    expires: Annotated[str, typer.Option("--expires", metavar="DATE", help="When it expires (UTC).")] = "",
    as_json: JsonOption = False,
) -> None:
    """Make a token and print it. It is shown once: only its digest is kept."""
    from archive.period import moment_of
    from crawler.web.roles import READERS, Role, roles_of

    try:
        roles = roles_of(role) if role else READERS
    except ValueError as error:
        raise UsageError(f"token add: --role: choose from {', '.join(Role)}") from error
    until = moment_of(expires) if expires else None
    if expires and until is None:
        raise UsageError(f"token add: --expires {expires!r} is not a date; write 2026-11-24")
    now = datetime.now(UTC)
    if until is not None and until <= now:
        raise UsageError(f"token add: --expires {expires} is in the past; give a later date")
    if not name.strip() or not name.isprintable():
        raise UsageError(
            "token add: the name is empty or has control characters; give a name such as 'Clara Halvard'"
        )
    context = context.with_flags(archive=uri)
    # Elsewhere, the token would be refused by the server that it was meant for
    _ = context.archive
    made, text = _tokens(context).add(name.strip(), roles, now, until)
    if as_json:
        typer.echo(json.dumps({"id": made.id, "name": made.name, "roles": made.roles, "token": text}))
    else:
        typer.echo(text)
    context.console(quiet=as_json).print(f"{made.id}: {made.name}, {', '.join(made.roles)}", markup=False)


@token.command("list")
@reads_archive
def list_tokens(context: ArchiveContext, uri: ArchiveArgument = None, as_json: JsonOption = False) -> None:
    """List the tokens, without their secrets."""
    now = datetime.now(UTC)
    for one in _tokens(context.with_flags(archive=uri)).all():
        if as_json:
            typer.echo(one.model_dump_json(exclude={"sha256"}))
            continue
        ends = f", {'expired' if one.is_over(now) else 'expires'} {one.expires:%Y-%m-%d}" if one.expires else ""
        typer.echo(printable(f"{one.id}  {one.name}  {', '.join(one.roles)}{ends}"))


@token.command("remove")
@reads_archive
def remove(
    context: ArchiveContext,
    token_id: Annotated[str, typer.Argument(metavar="ID", help="Id, as shown by `newswarc token list`.")],
    uri: ArchiveArgument = None,
) -> None:
    """Remove a token; it is refused at once, even where somebody has signed in with it."""
    if not _tokens(context.with_flags(archive=uri)).remove(token_id):
        raise UsageError(f"token remove: {token_id}: no token has this id; `newswarc token list` lists them")


def _tokens(context: ArchiveContext) -> TokenFile:
    from crawler.web.tokens import TokenFile

    return TokenFile(context.to_write_state().state_directory / "web")
