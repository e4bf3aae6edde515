"""``newswarc verify``: whether an archive is what it says."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from archive.library import require_archive
from archive.sharding import Shard
from archive.storage.opening import open_storage
from archive.verifying import Verification
from crawler.cli.options import (
    ArchiveArgument,
    EndpointOption,
    Engine,
    EngineOption,
    JsonOption,
    QuietOption,
    SchedulerOption,
    ShardOption,
    scheduler_of,
)
from crawler.config import load_configuration
from crawler.offline.verification import VerifiedArchive, verify_archive


def verify(
    uri: ArchiveArgument = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte, not only names and lengths.")] = False,
    shard: ShardOption = "1/1",
    engine: EngineOption = Engine.POOL,
    scheduler: SchedulerOption = "",
    quiet: QuietOption = False,
    as_json: JsonOption = False,
    endpoint_url: EndpointOption = None,
) -> int:
    """Hold an archive's objects against their manifests, records and digests. Exit code 1 when anything is wrong."""
    configuration = load_configuration().with_flags(s3_endpoint=endpoint_url)
    address = uri or configuration.archive
    require_archive(open_storage(address, configuration.s3))
    console = Console(stderr=True, soft_wrap=True, highlight=False)

    def show(verification: Verification) -> None:
        if not quiet and not as_json:
            said = f"{len(verification.faults)} faults" if verification.faults else "sound"
            console.print(f"{verification.segment}: {said}")

    part = Shard.parse(shard)
    workers = configuration.workers
    cluster = scheduler_of(engine, scheduler)
    found = verify_archive(
        address, configuration.s3, deep=deep, workers=workers, progress=show, shard=part, scheduler=cluster
    )
    code = 1 if found.faults else 0
    if as_json:
        typer.echo(json.dumps({**asdict(found), "exit_code": code}, ensure_ascii=False, indent=1))
    else:
        _report(console, found, quiet=quiet)
    return code


def _report(console: Console, found: VerifiedArchive, *, quiet: bool) -> None:
    for fault in found.faults:
        console.print(f"[red]✗[/red] {escape(f'{fault.key}: {fault.kind}: {fault.detail}')}")
    if quiet:
        return
    for key in found.unclaimed:
        console.print(f"[yellow]?[/yellow] {escape(key)}: no manifest names it")
    console.print(f"{found.segments} segments, {found.records} records read, {len(found.faults)} faults")
