"""``newswarc index``: the full-text index that ``newswarc search`` reads."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from archive.counted import counted
from archive.sharding import Shard
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import (
    ArchiveArgument,
    Engine,
    EngineOption,
    JobsOption,
    JsonOption,
    SchedulerOption,
    ShardOption,
    reads_archive,
    scheduler_of,
)

if TYPE_CHECKING:
    from archive.search.building import BuiltSplit


class _BuildsUnlessTold(TyperGroup):
    """``newswarc index …`` is ``newswarc index build …``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["build", *args]
        return super().parse_args(ctx, args)


index = typer.Typer(
    name="index",
    cls=_BuildsUnlessTold,
    help="Build the full-text index of an archive, or update it.",
)


@index.command("build")
@reads_archive
def build(
    context: ArchiveContext,
    uri: ArchiveArgument = None,
    jobs: JobsOption = None,
    shard: ShardOption = "1/1",
    engine: EngineOption = Engine.POOL,
    scheduler: SchedulerOption = "",
    tidy: Annotated[
        bool, typer.Option("--tidy", help="First remove what builds that died have left; none may run meanwhile.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Build what is missing from the index, merge small parts of it, and remove what is out of date.

    `build` may be left out. Any number of machines may build at once. With --shard only what is missing is built;
    build once more without it to merge. Exit code 1 when records could not be read.
    """
    from crawler.offline.bulk_storages import BulkStorages
    from crawler.offline.search_index import Indexing

    cluster = scheduler_of(engine, scheduler)
    context = context.with_flags(archive=uri, extraction_workers=jobs)
    configuration, _ = context.configuration, context.archive
    place = BulkStorages(configuration.archive, configuration.archive, configuration.s3)
    indexing = Indexing(place, workers=configuration.workers, scheduler=cluster, shard=Shard.parse(shard))
    console = context.console(quiet=as_json)
    if tidy:
        console.print(f"removed: {counted(indexing.tidy(), 'file')} of builds that died", markup=False)

    def show(built: BuiltSplit) -> None:
        console.print(
            f"{built.name}: {counted(built.articles, 'article')} of {counted(built.segments, 'segment')}, "
            f"{built.size / 1e6:,.1f} MB",
            markup=False,
        )

    report = indexing.run(show)
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    elif not report.splits:
        console.print("the index is up to date", markup=False)
    if report.unreadable:
        typer.echo(
            f"newswarc: {counted(report.unreadable, 'record')} could not be read; run newswarc verify", err=True
        )
    return 1 if report.unreadable else 0


@index.command("export")
@reads_archive
def export(
    context: ArchiveContext,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the files go.")],
    uri: ArchiveArgument = None,
    form: Annotated[str, typer.Option("--format", help="opensearch is the only one.")] = "opensearch",
    name: Annotated[str, typer.Option("--name", help="The index's name there.")] = "newswarc",
) -> None:
    """Write the records as bulk files for OpenSearch, with mapping and analyser. Untried against a server."""
    from archive.search.opensearch import export_opensearch

    if form != "opensearch":
        raise UsageError(f"index export: --format {form}: there is only opensearch")
    storage = context.with_flags(archive=uri).archive
    written = export_opensearch(storage, output, name)
    withheld = f"; {written.withheld:,} withheld by access rules" if written.withheld else ""
    context.console().print(
        f"{output}: {counted(written.articles, 'article')} in {counted(written.files, 'file')}{withheld}; "
        "README.md there says how to load them",
        markup=False,
    )
