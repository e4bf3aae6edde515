"""``newswarc rebuild``: rebuilding derived files from the WARC files."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from archive.counted import counted
from archive.sharding import Shard
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
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
    from crawler.config import Configuration
    from crawler.offline.rebuilding import RebuiltSegment


@reads_archive
def rebuild(
    context: ArchiveContext,
    uri: ArchiveArgument = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="DIR|s3://…", help="Write what is derived to this archive instead.")
    ] = None,
    only_frontier: Annotated[
        bool, typer.Option("--frontier", help="Rebuild only this machine's frontier from the archive.")
    ] = False,
    shard: ShardOption = "1/1",
    engine: EngineOption = Engine.POOL,
    scheduler: SchedulerOption = "",
    as_json: JsonOption = False,
) -> int:
    """Rebuild indexes, manifests, records and outcomes from the WARC files, and compare them.

    Whatever is missing is stored, and an index that differs is replaced. Exit code 1 if anything else differs.
    """
    context = context.with_flags(archive=uri)
    console = context.console(quiet=as_json)
    if only_frontier:
        if to:
            raise UsageError("rebuild: --frontier writes to this machine's state directory; leave out --to")
        if not Shard.parse(shard).is_whole:
            raise UsageError("rebuild: --frontier needs all segments; leave out --shard")
        return _frontier(context, console, as_json=as_json)
    work = _Work(to, Shard.parse(shard), scheduler_of(engine, scheduler))
    return _derived(context, work, console, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Work:
    """What to rebuild."""

    to: str | None
    shard: Shard
    scheduler: str


def _derived(context: ArchiveContext, task: _Work, console: Console, *, as_json: bool) -> int:
    # Imported late: the extractor takes seconds to import
    from archive.holdings import note_all
    from crawler.offline.rebuilding import Rebuilding

    configuration, source = context.configuration, context.storage()
    console.print(f"{escape(source.uri)}: rebuilding indexes, manifests and records from the WARC files")
    work = Rebuilding(
        source,
        context.storage(task.to) if task.to else source,
        workers=configuration.workers,
        queue=configuration.extraction_queue,
        shard=task.shard,
    )
    if task.scheduler:
        done = _on_cluster(task, list(work.keys()), configuration, console)
    else:
        done = asyncio.run(work.run(lambda segment: console.print(_line(segment))))
    if task.shard.is_whole:
        note_all(context.storage(task.to) if task.to else source)
    code = 1 if any(segment.fault for segment in done) else 0
    if as_json:
        typer.echo(json.dumps({"segments": [asdict(segment) for segment in done], "exit_code": code}, indent=1))
    elif not done:
        console.print(f"{escape(source.uri)}: no WARC files here")
    return code


def _on_cluster(task: _Work, keys: list[str], configuration: Configuration, console: Console) -> list[RebuiltSegment]:
    from crawler.offline.bulk_storages import BulkStorages
    from crawler.offline.bulk_work import rebuild_segment
    from crawler.offline.cluster import in_order

    place = BulkStorages(configuration.archive, task.to or configuration.archive, configuration.s3)
    calls = [(place, key) for key in keys]
    return list(in_order(task.scheduler, rebuild_segment, calls, lambda segment: console.print(_line(segment))))


def _line(segment: RebuiltSegment) -> str:
    if segment.problem:
        return f"{'[red]✗[/red] ' if segment.fault else ''}{segment.segment}: {escape(segment.problem)}"
    mark = "[red]✗[/red] " if segment.fault else ""
    changes = f"index {segment.index}, manifest {segment.manifest}, records {segment.records}"
    note = f"; {segment.note}" if segment.note else ""
    return f"{mark}{segment.segment}: {changes}; {counted(segment.articles, 'article')}{note}"


def _frontier(context: ArchiveContext, console: Console, *, as_json: bool) -> int:
    from crawler.frontier.frontier import open_frontier
    from crawler.offline.frontier_rebuilding import refill

    configuration, storage = context.to_write_state(), context.archive
    frontier = open_frontier(configuration)
    try:
        count = refill(
            storage, frontier, lambda segment, pages: console.print(f"{segment}: {counted(pages, 'capture')}")
        )
    finally:
        frontier.close()
    if as_json:
        typer.echo(json.dumps({"segments": count, "state": str(configuration.state_directory), "exit_code": 0}))
    return 0
