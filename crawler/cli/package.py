"""``newswarc package``: a selection as BagIt or OCFL, to hand over to another archive."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from archive.clock_and_ids import SystemClockAndIds
from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.export import SinceOption, SiteOption, UntilOption, excerpt_of, prover_of, selection_of
from crawler.cli.options import ArchiveArgument, CollectionOption, JsonOption, reads_archive

if TYPE_CHECKING:
    from archive.collection import Collection
    from archive.package_payload import WrittenPayload

package = typer.Typer(
    name="package", help="Write a selection as BagIt or OCFL, to hand over to another archive.", no_args_is_help=True
)
DirectoryOption = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The directory to write.")]


@package.command("bagit")
@reads_archive
def to_bagit(
    context: ArchiveContext,
    output: DirectoryOption,
    uri: ArchiveArgument = None,
    site: SiteOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    collection: CollectionOption = "",
    as_json: JsonOption = False,
) -> int:
    """Write a bag (RFC 8493): captures, records, and PREMIS events of captures, redactions and verifications.

    Exit code 1 if nothing matches.
    """
    from archive.bagit import write_bag
    from crawler.config import software

    if output.exists():
        raise UsageError(f"package: {output} exists already; name another directory")
    part = _part_of(output)
    context = context.with_flags(archive=uri)
    meant = context.collection(collection)
    written = _payload(context, part / "data", output.name, (site, since, until), meant, quiet=as_json)
    now = SystemClockAndIds().now()
    info = [
        ("Bagging-Date", f"{now:%Y-%m-%d}"),
        ("Bag-Software-Agent", software()),
        ("External-Identifier", output.name),
        ("External-Description", meant.title if meant is not None else f"captures of {site or 'all sites'}"),
    ]
    if context.configuration.contact:
        info.append(
            (
                "Contact-Email" if "@" in context.configuration.contact else "Source-Organization",
                context.configuration.contact,
            )
        )
    if written.captures:
        write_bag(part, info)
        part.rename(output)
    return _conclude(context, output, part, written, {}, as_json=as_json)


@package.command("ocfl")
@reads_archive
def to_ocfl(
    context: ArchiveContext,
    output: DirectoryOption,
    uri: ArchiveArgument = None,
    site: SiteOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    collection: CollectionOption = "",
    identifier: Annotated[
        str, typer.Option("--id", help="Identifier of the object; default: urn:newswarc: and the directory's name.")
    ] = "",
    as_json: JsonOption = False,
) -> int:
    """Write an OCFL object (1.1) with the same contents; into the directory of one, as its next version.

    Exit code 1 if nothing matches.
    """
    from archive.ocfl import OcflVersion, write_version
    from crawler.config import software

    if output.exists() and not (output / "0=ocfl_object_1.1").exists() and any(output.iterdir()):
        raise UsageError(f"package: {output} is not empty, and no OCFL object; name another directory")
    part = _part_of(output)
    context = context.with_flags(archive=uri)
    meant = context.collection(collection)
    written = _payload(context, part, output.name, (site, since, until), meant, quiet=as_json)
    contact, number = context.configuration.contact, 0
    if written.captures:
        address = f"mailto:{contact}" if "@" in contact and "://" not in contact else contact
        message = f"{counted(written.captures, 'capture')}, {counted(written.articles, 'article')}, by {software()}"
        version = OcflVersion(SystemClockAndIds().now(), message, contact, address)
        number = write_version(output, identifier or f"urn:newswarc:{output.name}", part, version)
    return _conclude(context, output, part, written, {"version": number}, as_json=as_json)


def _part_of(output: Path) -> Path:
    """An empty directory beside the output, for what is not whole yet."""
    part = output.absolute().with_name(f".{output.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part


def _stem(name: str) -> str:
    """A name for files that every system can have, and that no bag has to write in another way."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "selection"


def _payload(
    context: ArchiveContext,
    directory: Path,
    name: str,
    asked: tuple[str, str, str],
    meant: Collection | None,
    *,
    quiet: bool,
) -> WrittenPayload:
    from archive.package_payload import PayloadPlan, write_payload
    from crawler.config import software

    site, since, until = asked
    lookup = context.lookup_to_give_away
    facts: dict[str, Any] = {"site": site, "since": since, "until": until}
    if meant is not None:
        facts["collection"] = meant.model_dump(mode="json", by_alias=True)
    console = context.console(quiet=quiet)
    with excerpt_of(lookup, selection_of(site, since, until, meant), quiet=context.quiet or quiet) as excerpt:
        return write_payload(
            PayloadPlan(
                name=_stem(name),
                excerpt=excerpt,
                collection=meant,
                asked={key: value for key, value in facts.items() if value},
                clock_and_ids=SystemClockAndIds(),
                software=software(),
                contact=context.configuration.contact,
                prover=prover_of(context),
                progress=lambda what: console.print(f"writing {what}", markup=False),
            ),
            directory,
        )


def _conclude(
    context: ArchiveContext,
    output: Path,
    part: Path,
    written: WrittenPayload,
    further: dict[str, object],
    *,
    as_json: bool,
) -> int:
    shutil.rmtree(part, ignore_errors=True)
    code = 0 if written.captures else 1
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    context.tell_withheld(context.lookup_to_give_away.gate)
    facts = {**asdict(written), **further}
    if as_json:
        typer.echo(json.dumps({"directory": str(output), **facts, "exit_code": code}, ensure_ascii=False))
    elif not written.captures:
        console.print("nothing matches; nothing was written", markup=False)
    elif not context.quiet:
        said = ", ".join(f"{value:,} {name}" for name, value in facts.items() if isinstance(value, int))
        console.print(f"{output}: {said}", markup=False)
    for url in written.lost:
        console.print(f"{url}: a revisit whose original is not in this archive, or withheld", markup=False)
    return code
