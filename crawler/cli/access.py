"""``newswarc access``: what readers may not have, for a time or until further notice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from archive.address_match import Match
from archive.clock_and_ids import SystemClockAndIds
from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveArgument, JsonOption, page_address, reads_archive
from spiders.problems import printable

if TYPE_CHECKING:
    from datetime import datetime

    from archive.access_rules import AccessRule, Restriction
    from archive.storage.protocol import Storage

access = typer.Typer(
    name="access",
    help="Withhold captures from readers, for a limited time or until further notice.",
    no_args_is_help=True,
)

UrlArgument = Annotated[
    str, typer.Argument(metavar="URL|-", help="Every URL that starts with this one, or - with --site or dates.")
]
MatchOption = Annotated[
    Match,
    typer.Option(
        "--match", help="Match this URL exactly, every URL that starts with it, its host, or its host and subdomains."
    ),
]
SiteOption = Annotated[
    str, typer.Option("--site", help="All of this site: the name of a definition, or a host and its subdomains.")
]
CapturedSinceOption = Annotated[
    str, typer.Option("--captured-since", metavar="DATE", help="Only captures at or after this date (UTC).")
]
CapturedUntilOption = Annotated[
    str, typer.Option("--captured-until", metavar="DATE", help="Only captures before this date (UTC).")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="The reason, which refused readers see.")]


@access.command("block")
@reads_archive
def block(
    context: ArchiveContext,
    url: UrlArgument,
    uri: ArchiveArgument = None,
    match: MatchOption = Match.PREFIX,
    site: SiteOption = "",
    captured_since: CapturedSinceOption = "",
    captured_until: CapturedUntilOption = "",
    until: Annotated[
        str, typer.Option("--until", metavar="DATE", help="Date on which the rule ends by itself (UTC).")
    ] = "",
    local_only: Annotated[
        bool, typer.Option("--local-only", help="Readers on the archive's own machine keep access.")
    ] = False,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> None:
    """Withhold captures from all readers, until the rule is lifted or `--until`. The archive is not changed.

    Replay, find, show, records, history, exports and data sets respect the rule, and say which rule applies.
    """
    from archive.access_rules import Restriction

    kind = Restriction.LOCAL if local_only else Restriction.BLOCKED
    _add(context, uri, kind, url, match, site, (captured_since, captured_until), until, reason, as_json=as_json)


@access.command("embargo")
@reads_archive
def embargo(
    context: ArchiveContext,
    url: UrlArgument,
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="Date from which readers have access (UTC).")],
    uri: ArchiveArgument = None,
    match: MatchOption = Match.PREFIX,
    site: SiteOption = "",
    captured_since: CapturedSinceOption = "",
    captured_until: CapturedUntilOption = "",
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> None:
    """Withhold captures from all readers until a date. After that, they are open again automatically."""
    from archive.access_rules import Restriction

    dates = (captured_since, captured_until)
    _add(context, uri, Restriction.EMBARGOED, url, match, site, dates, until, reason, as_json=as_json)


@access.command("lift")
@reads_archive
def lift(
    context: ArchiveContext,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Id of the rule, as shown by `newswarc access list`.")],
    uri: ArchiveArgument = None,
    reason: Annotated[str, typer.Option("--reason", help="The reason, which is kept with the rule.")] = "",
    as_json: JsonOption = False,
) -> None:
    """End a rule. The rule and its end stay in the archive as a record of what applied when."""
    from archive.access import lift_rule
    from archive.access_rules import AccessLift

    if not reason.strip():
        raise UsageError("access lift: give a reason with --reason; it is kept with the rule")
    context = context.with_flags(archive=uri)
    clock = SystemClockAndIds()
    ended = AccessLift(rule=rule, reason=reason.strip(), by=context.configuration.contact, date=clock.now())
    lift_rule(_place(context), ended, clock)
    if as_json:
        typer.echo(ended.model_dump_json(by_alias=True))
    context.console(quiet=as_json).print(f"{rule}: lifted", markup=False)


@access.command("list")
@reads_archive
def list_rules(
    context: ArchiveContext,
    uri: ArchiveArgument = None,
    show_all: Annotated[bool, typer.Option("--all", help="Also list rules that were lifted or have ended.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the rules in effect, oldest first."""
    from archive.access import stored_lifts, stored_rules

    storage = _place(context.with_flags(archive=uri))
    lifts, now = stored_lifts(storage), SystemClockAndIds().now()
    for rule in stored_rules(storage):
        lifted = lifts.get(rule.id)
        holds = lifted is None and rule.refuses_at(now, is_local=False)
        if not (holds or show_all):
            continue
        if as_json:
            facts = rule.model_dump(mode="json", by_alias=True)
            end = lifted.model_dump(mode="json", by_alias=True) if lifted is not None else None
            typer.echo(json.dumps({**facts, "holds": holds, "lift": end}, ensure_ascii=False))
        else:
            ended = f"; lifted {lifted.date:%Y-%m-%d}: {lifted.reason}" if lifted is not None else ""
            typer.echo(printable(f"{_named(rule)}: {rule.description()}{ended if lifted or holds else '; over'}"))


def _add(
    context: ArchiveContext,
    uri: str | None,
    restriction: Restriction,
    url: str,
    match: Match,
    site: str,
    captured: tuple[str, str],
    until: str,
    reason: str,
    *,
    as_json: bool,
) -> None:
    from archive.access import add_rule, new_rule_id
    from archive.access_rules import AccessRule, AccessRules

    address = "" if url == "-" else page_address(url)
    if not reason.strip():
        raise UsageError("access: give a reason with --reason; refused readers see it")
    if bool(address) == bool(site) and not (not address and any(captured)):
        raise UsageError("access: give a URL, or - with --site, or - with dates of capture")
    context = context.with_flags(archive=uri)
    clock = SystemClockAndIds()
    rule = AccessRule(
        id=new_rule_id(clock),
        restriction=restriction,
        address=address,
        match=match,
        site=site,
        hosts=_hosts(context, site) if site else (),
        captured_since=_second(captured[0], "--captured-since"),
        captured_until=_second(captured[1], "--captured-until"),
        until=_second(until, "--until"),
        reason=reason.strip(),
        by=context.configuration.contact,
        date=clock.now(),
    )
    storage = _place(context)
    is_archive = next(iter(storage.list("manifests/")), None) is not None
    count = sum(1 for _ in context.lookup.named_by(AccessRules([rule]))) if is_archive else 0
    add_rule(storage, rule, clock)
    if as_json:
        facts = {**rule.model_dump(mode="json", by_alias=True), "captures": count}
        typer.echo(json.dumps(facts, ensure_ascii=False))
    context.console(quiet=as_json).print(
        f"{_named(rule)}: {rule.description()}; {counted(count, 'capture')} now", markup=False
    )


def _place(context: ArchiveContext) -> Storage:
    """Where an archive is, or data sets alone. Raises BadAddress or StorageError."""
    storage = context.storage()
    return storage if next(iter(storage.list("datasets/")), None) is not None else context.archive


def _named(rule: AccessRule) -> str:
    """What a rule names, for a person."""
    how = {Match.EXACT: "", Match.PREFIX: " and all that begin so", Match.HOST: ", its host"}
    what = rule.site or (f"{rule.address}{how.get(rule.match, ', its domain')}" if rule.address else "everything")
    since = f" captured since {rule.captured_since:%Y-%m-%d %H:%M}" if rule.captured_since else ""
    until = f" captured before {rule.captured_until:%Y-%m-%d %H:%M}" if rule.captured_until else ""
    return f"{what}{since}{until}"


def _hosts(context: ArchiveContext, site: str) -> tuple[str, ...]:
    """The hosts of a site, by its definition's name or by a host."""
    from urllib.parse import urlsplit

    from spiders.catalog import SiteError

    try:
        found = context.catalog.find(site)
    except SiteError as error:
        if "." in site and "/" not in site:
            return (site.lower(),)
        raise UsageError(f"access: {error}; or give a host, such as example.org") from error
    return ((urlsplit(found.url).hostname or "").removeprefix("www."),)


def _second(date: str, option: str) -> datetime | None:
    from archive.period import moment_of

    moment = moment_of(date)
    if date and moment is None:
        raise UsageError(f"access: {option} {date!r} is not a date; write 2026-11-24 or 2026-11-24T10:30:00")
    return moment.replace(microsecond=0) if moment is not None else None
