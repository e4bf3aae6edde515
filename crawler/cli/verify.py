"""``newswarc verify``: checking an archive."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from archive.clock_and_ids import SystemClockAndIds
from archive.counted import counted
from archive.sharding import Shard
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.options import (
    ArchiveArgument,
    Engine,
    EngineOption,
    JsonOption,
    SchedulerOption,
    ShardOption,
    reads_archive,
    scheduler_of,
)

if TYPE_CHECKING:
    from datetime import datetime

    from archive.custody.audit import Audit
    from archive.verifying import Verification
    from crawler.offline.verification import VerifiedArchive


@reads_archive
def verify(
    context: ArchiveContext,
    uri: ArchiveArgument = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte, not only names and sizes.")] = False,
    shard: ShardOption = "1/1",
    engine: EngineOption = Engine.POOL,
    scheduler: SchedulerOption = "",
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", metavar="FILE", help="A checkpoint of the log of custody that you kept."),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Check an archive's objects against their manifests, records and digests. Exit code 1 if anything is wrong.

    If the archive has a log of custody, check it too: what should be there, and whether the past was rewritten.
    """
    from crawler.keeping.custody import kept_checkpoints, trusted, witnesses
    from crawler.offline.verification import verify_archive

    context = context.with_flags(archive=uri)
    configuration, _ = context.configuration, context.archive
    console = Console(stderr=True, soft_wrap=True, highlight=False)

    def show(verification: Verification) -> None:
        if not context.quiet and not as_json:
            result = counted(len(verification.faults), "fault") if verification.faults else "no faults"
            console.print(f"{verification.segment}: {result}")

    part = Shard.parse(shard)
    workers = configuration.workers
    cluster = scheduler_of(engine, scheduler)
    began = SystemClockAndIds().now()
    found = verify_archive(
        configuration.archive,
        configuration.s3,
        deep=deep,
        workers=workers,
        progress=show,
        shard=part,
        scheduler=cluster,
        trusted=trusted(configuration),
        witnesses=[witness.key for witness in witnesses(configuration)],
        kept=kept_checkpoints(configuration, checkpoint or []),
    )
    kept = _keep(context, found, began, deep=deep, shard=str(shard))
    code = 1 if found.faults else 0
    if as_json:
        typer.echo(json.dumps({**asdict(found), "fixity": kept, "exit_code": code}, ensure_ascii=False, indent=1))
    else:
        _report(console, found, deep=deep, quiet=context.quiet)
    return code


def _keep(context: ArchiveContext, found: VerifiedArchive, began: datetime, *, deep: bool, shard: str) -> str:
    """Keep the result in the archive and note it in this machine's state; its id, empty if it could not be kept."""
    from archive.errors import ObjectExists, StorageError
    from archive.fixity import fixity_result, store_fixity
    from crawler.config import software
    from crawler.watching.fixity_note import note_fixity

    result = fixity_result(
        SystemClockAndIds(),
        began,
        found.faults,
        software=software(),
        by=context.configuration.contact,
        deep=deep,
        shard=shard,
        segments=found.segments,
        records=found.records,
    )
    try:
        store_fixity(context.archive, result)
    except (StorageError, ObjectExists) as error:
        context.console().print(f"the result is not kept in the archive: {error}", markup=False)
        return ""
    if shard == "1/1":
        note_fixity(context.configuration, result)
    return result.id


def _report(console: Console, found: VerifiedArchive, *, deep: bool, quiet: bool) -> None:
    for fault in found.faults:
        console.print(f"[red]✗[/red] {escape(f'{fault.key}: {fault.kind}: {fault.detail}')}")
    if quiet:
        return
    for key in found.unclaimed:
        console.print(f"[yellow]?[/yellow] {escape(key)}: no manifest names it")
    if found.custody is not None:
        _report_custody(console, found.custody)
    read = (
        f"{counted(found.records, 'record')} read" if deep else "names and sizes compared (--deep reads every byte)"
    )
    console.print(f"{counted(found.segments, 'segment')}, {read}, {counted(len(found.faults), 'fault')}")


def _report_custody(console: Console, audit: Audit) -> None:
    for key in audit.waiting:
        console.print(f"[yellow]?[/yellow] {escape(key)}: stored but not logged: nothing proves since when")
    for line in audit.late:
        console.print(f"[yellow]?[/yellow] {escape(line)}: stored late, or backdated")
    if audit.keys_from_archive:
        console.print(
            "the signature was checked with the key that the log itself names; set custody_trusted", markup=False
        )
    continues = (
        f", continues {counted(len(audit.kept), 'kept checkpoint')}"
        if audit.kept
        else ", compared with no kept checkpoint"
    )
    for line in audit.cosigned:
        console.print(f"cosigned by the witness {line}", markup=False)
    adopted = f", {audit.adopted} of them adopted when it began ({audit.begun})" if audit.adopted else ""
    console.print(f"log of custody {audit.origin}: {counted(audit.size, 'entry')}{adopted}{continues}", markup=False)
