"""``newswarc export`` and ``newswarc wacz``: exporting part of an archive."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn

from archive.clock_and_ids import SystemClockAndIds
from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.bars import bars
from crawler.cli.errors import UsageError
from crawler.cli.options import (
    ArchiveArgument,
    CollectionOption,
    JsonOption,
    OverwriteOption,
    QueryOption,
    reads_archive,
)

if TYPE_CHECKING:
    from uuid import UUID

    from archive.collection import Collection
    from archive.custody.proofs import Prover
    from archive.excerpt import Excerpt
    from archive.lookup import Lookup
    from archive.selection import Selection

SiteOption = Annotated[str, typer.Option("--site", help="Only this site: the name of a definition, or a host.")]
SinceOption = Annotated[str, typer.Option("--since", metavar="DATE", help="Captured at or after this date (UTC).")]
UntilOption = Annotated[str, typer.Option("--until", metavar="DATE", help="Captured before this date (UTC).")]
OutputOption = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")]

_NOUNS = {"captures": "capture", "pages": "page", "bytes": "byte"}

export = typer.Typer(name="export", help="Export part of an archive.", no_args_is_help=True)


@export.command("warc")
@reads_archive
def to_warc(
    context: ArchiveContext,
    output: OutputOption,
    uri: ArchiveArgument = None,
    site: SiteOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    query: QueryOption = "",
    collection: CollectionOption = "",
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Export captures as one WARC file, with an index beside it (FILE.cdxj). Exit code 1 if none match."""
    from archive.exporting import export_warc
    from crawler.config import software

    if not output.name.endswith(".warc.gz"):
        raise UsageError(f"export: {output}: the file is compressed; give it a name that ends in .warc.gz")
    context = context.with_flags(archive=uri)
    lookup, meant = context.lookup_to_give_away, context.collection(collection)
    records = context.matching(query) if query else None
    selection = selection_of(site, since, until, meant, records)
    with excerpt_of(lookup, selection, quiet=context.quiet or as_json) as excerpt:
        written = export_warc(excerpt, output, SystemClockAndIds(), software(), overwrite=overwrite)
    context.tell_withheld(lookup.gate)
    return _conclude(output, asdict(written), excerpt, quiet=context.quiet, as_json=as_json)


@reads_archive
def wacz(
    context: ArchiveContext,
    output: OutputOption,
    uri: ArchiveArgument = None,
    site: SiteOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    query: QueryOption = "",
    collection: CollectionOption = "",
    title: Annotated[str, typer.Option("--title", help="Title shown to readers.")] = "",
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Export captures and articles as one WACZ file, which ReplayWeb.page can open. Exit code 1 if none match."""
    from archive.wacz import WaczWriter
    from crawler.cli.custody import ask_password
    from crawler.config import software
    from crawler.keeping.custody import wacz_key_of

    if output.suffix != ".wacz":
        raise UsageError(
            f"wacz: {output}: replay tools recognise WACZ files by their name; call it {output.name}.wacz"
        )
    context = context.with_flags(archive=uri)
    lookup, meant = context.lookup_to_give_away, context.collection(collection)
    records = context.matching(query) if query else None
    selection = selection_of(site, since, until, meant, records)
    with excerpt_of(lookup, selection, quiet=context.quiet or as_json) as excerpt:
        writer = WaczWriter(
            lookup,
            excerpt,
            SystemClockAndIds(),
            software(),
            prover=prover_of(context),
            key=wacz_key_of(context.configuration, ask_password),
        )
        written = writer.write(output, title or _title(site, since, until, query, meant), overwrite=overwrite)
    context.tell_withheld(lookup.gate)
    return _conclude(output, asdict(written), excerpt, quiet=context.quiet, as_json=as_json)


def prover_of(context: ArchiveContext) -> Prover | None:
    """What makes proofs of custody; None for an archive without a signed checkpoint."""
    from archive.custody.proofs import Prover
    from archive.custody.sequencer import signed_checkpoint

    return Prover(context.archive) if signed_checkpoint(context.archive) else None


def _title(site: str, since: str, until: str, query: str, meant: Collection | None) -> str:
    name = f"{meant.title}: {site}" if meant and site else meant.title if meant else site
    parts = [name or "News archive", query, f"from {since}" if since else "", f"until {until}" if until else ""]
    return " ".join(part for part in parts if part)


def selection_of(
    site: str,
    since: str,
    until: str,
    meant: Collection | None,
    records: Mapping[str, frozenset[UUID]] | None = None,
) -> Selection:
    """The selection that the options of an export mean. Raises BadAddress."""
    from archive.period import Period
    from archive.selection import Selection

    return Selection(site, Period.of(since, until), records, meant.scope if meant is not None else None)


@contextmanager
def excerpt_of(lookup: Lookup, selection: Selection, *, quiet: bool) -> Iterator[Excerpt]:
    """What a selection means, with a bar that shows how far it was copied."""
    from archive.excerpt import Excerpt

    with bars(MofNCompleteColumn(), quiet=quiet) as progress:
        task = progress.add_task("segments", total=None)
        yield Excerpt(lookup, selection, lambda done, of: progress.update(task, completed=done, total=of))


def _conclude(output: Path, written: dict[str, object], excerpt: Excerpt, *, quiet: bool, as_json: bool) -> int:
    code = 0 if excerpt.captures else 1
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    if not excerpt.captures:
        console.print("no capture matches; nothing was written", markup=False)
    if as_json:
        typer.echo(json.dumps({"file": str(output), **written, "exit_code": code}, ensure_ascii=False))
    elif not quiet and excerpt.captures:
        facts = ", ".join(
            counted(value, _NOUNS[name]) if name in _NOUNS else f"{value:,} {name}"
            for name, value in written.items()
            if isinstance(value, int) and (value or name in _NOUNS)
        )
        console.print(f"{output}: {facts}", markup=False)
    for url in excerpt.lost:
        console.print(f"{url}: a revisit whose original is not in this archive, or withheld", markup=False)
    return code
