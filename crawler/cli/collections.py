"""``newswarc collection``: named selections of an archive, with Dublin Core metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archive.clock_and_ids import SystemClockAndIds
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveArgument, JsonOption, page_address, reads_archive
from spiders.problems import printable

if TYPE_CHECKING:
    from datetime import datetime

    from archive.collection import Collection, CollectionScope

collection = typer.Typer(
    name="collection", help="Name selections of an archive, and describe them.", no_args_is_help=True
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, - and _.")]
SiteOption = Annotated[
    list[str] | None,
    typer.Option("--site", help="A definition's name, or a host with those below it. May be repeated."),
]
AddressOption = Annotated[
    list[str] | None,
    typer.Option("--address", metavar="URL", help="All addresses that begin with it. May be repeated."),
]
CapturedSinceOption = Annotated[str, typer.Option("--captured-since", metavar="DATE", help="Captured at or after.")]
CapturedUntilOption = Annotated[str, typer.Option("--captured-until", metavar="DATE", help="Captured before.")]
TitleOption = Annotated[str, typer.Option("--title", help="Short for --dc title=….")]
DublinCoreOption = Annotated[
    list[str] | None,
    typer.Option("--dc", metavar="ELEMENT=VALUE", help="Metadata: creator=…, subject=…, rights=… May be repeated."),
]


@collection.command("create")
@reads_archive
def create(
    context: ArchiveContext,
    name: NameArgument,
    uri: ArchiveArgument = None,
    site: SiteOption = None,
    address: AddressOption = None,
    captured_since: CapturedSinceOption = "",
    captured_until: CapturedUntilOption = "",
    title: TitleOption = "",
    dc: DublinCoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name a selection: captures of any of the sites or addresses, within the dates. No option means everything."""
    from archive.collection import stored_collection

    context = context.with_flags(archive=uri)
    before = stored_collection(context.archive, name) if _is_plain(name) else None
    if before is not None and not before.removed:
        raise UsageError(f"collection: {name} is there already; `newswarc collection change {name}` changes it")
    number = before.number + 1 if before is not None else 1
    _store(
        context, name, number, _scope(site, address, captured_since, captured_until), _metadata(title, dc), as_json
    )


@collection.command("change")
@reads_archive
def change(
    context: ArchiveContext,
    name: NameArgument,
    uri: ArchiveArgument = None,
    site: SiteOption = None,
    address: AddressOption = None,
    captured_since: CapturedSinceOption = "",
    captured_until: CapturedUntilOption = "",
    title: TitleOption = "",
    dc: DublinCoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a collection: what is given takes the place of what there was; an element without value goes (--dc
    rights=). Former versions stay in the archive.
    """
    from archive.collection import collection as read

    context = context.with_flags(archive=uri)
    before = read(context.archive, name)
    given = _scope(site, address, captured_since, captured_until)
    said = {field: value for field, value in given if value}
    elements = {**before.dublin_core, **_metadata(title, dc)}
    kept = {element: values for element, values in elements.items() if values}
    _store(context, name, before.number + 1, before.scope.model_copy(update=said), kept, as_json)


@collection.command("remove")
@reads_archive
def remove(
    context: ArchiveContext,
    name: NameArgument,
    uri: ArchiveArgument = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")] = "",
) -> None:
    """Remove a collection; the captures stay, and so do the versions it had."""
    from archive.collection import collection as read
    from archive.collection import store_collection

    if not reason.strip():
        raise UsageError("collection remove: give the reason with --reason; it is kept")
    context = context.with_flags(archive=uri)
    clock = SystemClockAndIds()
    before = read(context.archive, name)
    ended = {"number": before.number + 1, "removed": reason.strip(), "date": clock.now()}
    store_collection(context.archive, before.model_copy(update=ended), clock)


@collection.command("list")
@reads_archive
def list_all(context: ArchiveContext, uri: ArchiveArgument = None, as_json: JsonOption = False) -> None:
    """List the collections."""
    from archive.collection import collections

    for one in collections(context.with_flags(archive=uri).archive):
        if not one.removed:
            typer.echo(json.dumps(_facts(one), ensure_ascii=False) if as_json else printable(_line(one)))


@collection.command("show")
@reads_archive
def show(
    context: ArchiveContext, name: NameArgument, uri: ArchiveArgument = None, as_json: JsonOption = False
) -> None:
    """Show what a collection means, its metadata, and how many captures it has by now."""
    context = context.with_flags(archive=uri)
    found = context.collection(name)
    assert found is not None
    counts = _counted(context, found.scope)
    if as_json:
        typer.echo(json.dumps({**_facts(found), **counts}, ensure_ascii=False))
        return
    typer.echo(printable(_line(found)))
    for element, values in found.dublin_core.items():
        for value in values:
            typer.echo(printable(f"{element:>12}  {value}"))
    typer.echo(f"{'captures':>12}  {counts['captures']:,}, {counts['first']} to {counts['last']}")
    context.tell_withheld(context.lookup.gate)


def _counted(context: ArchiveContext, scope: CollectionScope) -> dict[str, Any]:
    """Captures of a collection that a reader may have. Ids of definitions are no hosts, and not counted by."""
    lookup = context.lookup
    dates = [
        entry.date
        for entry in lookup.beginning_with(scope.beginnings or ("",))
        if scope.wants(entry.url, entry.moment) and lookup.gate.lets(entry.url, entry.moment)
    ]
    return {"captures": len(dates), "first": min(dates, default=""), "last": max(dates, default="")}


def _store(
    context: ArchiveContext,
    name: str,
    number: int,
    scope: CollectionScope,
    metadata: dict[str, tuple[str, ...]],
    as_json: bool,
) -> None:
    from pydantic import ValidationError

    from archive.collection import Collection, store_collection
    from crawler.config import explain

    clock = SystemClockAndIds()
    try:
        made = Collection(
            name=name,
            number=number,
            scope=scope,
            dublin_core=dict(sorted(metadata.items())),
            date=clock.now(),
            by=context.configuration.contact,
        )
    except ValidationError as error:
        raise UsageError(explain(error, "collection")) from error
    store_collection(context.archive, made, clock)
    if as_json:
        typer.echo(json.dumps(_facts(made), ensure_ascii=False))
    context.console(quiet=as_json).print(_line(made), markup=False)


def _scope(
    site: list[str] | None, address: list[str] | None, captured_since: str, captured_until: str
) -> CollectionScope:
    from archive.collection import CollectionScope

    return CollectionScope(
        sites=tuple(site or ()),
        addresses=tuple(page_address(one) for one in address or ()),
        captured_since=_moment(captured_since, "--captured-since"),
        captured_until=_moment(captured_until, "--captured-until"),
    )


def _metadata(title: str, given: list[str] | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {"title": (title,)} if title else {}
    for text in given or ():
        element, sign, value = text.partition("=")
        if not sign:
            raise UsageError(f"collection: --dc {text!r}: write ELEMENT=VALUE, such as creator=…")
        known = found.get(element.strip().lower(), ())
        found[element.strip().lower()] = (*known, value.strip()) if value.strip() else known
    return found


def _is_plain(name: str) -> bool:
    return "/" not in name and name not in (".", "..")


def _moment(date: str, option: str) -> datetime | None:
    from archive.period import moment_of

    moment = moment_of(date)
    if date and moment is None:
        raise UsageError(f"collection: {option} {date!r} is not a date; write 2026-11-24 or 2026-11-24T10:30:00")
    return moment


def _facts(one: Collection) -> dict[str, Any]:
    return one.model_dump(mode="json", by_alias=True)


def _line(one: Collection) -> str:
    scope = one.scope
    what = ", ".join((*scope.sites, *(f"{address}*" for address in scope.addresses))) or "all sites"
    since = f" from {scope.captured_since:%Y-%m-%d}" if scope.captured_since else ""
    until = f" until {scope.captured_until:%Y-%m-%d}" if scope.captured_until else ""
    return f"{one.name}  {one.title}: {what}{since}{until}"
