"""``newswarc dataset export``: a version, or a selection of it, as one file for other programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import DownloadColumn

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.bars import bars
from crawler.cli.dataset_selection import (
    ColumnsOption,
    FromOption,
    NameArgument,
    WhereOption,
    found,
    require_usable,
    wanted_of,
)
from crawler.cli.options import JsonOption, OverwriteOption, QueryOption, reads_archive


@reads_archive
def export_dataset(
    context: ArchiveContext,
    name: NameArgument,
    source: FromOption = None,
    form: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="csv, xlsx, dta, sav, jsonl or markdown. Default: by the name of FILE."
        ),
    ] = "",
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Where to write it. Default: ./NAME-VERSION.FORMAT.")
    ] = None,
    where: WhereOption = "",
    columns: ColumnsOption = "",
    query: QueryOption = "",
    verbatim: Annotated[
        bool,
        typer.Option("--verbatim", help="csv: leave texts unchanged that a spreadsheet would take for formulas."),
    ] = False,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a version, or the rows and columns selected, to one file for Excel, Stata, SPSS, R and others.

    Card, citation and codebook are written beside it.
    """
    from archive.datasets.exporting import export, format_of

    chosen = format_of(form, to)
    context = context.with_flags(archive=source)
    storage, manifest = found(context, name, source)
    require_usable(manifest)
    wanted = wanted_of(context, storage, manifest, where, columns, query)
    target = to or Path(f"{manifest.name}-{manifest.version}{chosen.suffix}")
    quiet = context.quiet or as_json
    with bars(DownloadColumn(), quiet=quiet) as progress:
        task = progress.add_task("reading", total=sum(file.size for file in manifest.shards(".parquet")))
        done = export(
            storage,
            manifest,
            target,
            chosen,
            wanted,
            lambda received: progress.advance(task, received),
            verbatim=verbatim,
            overwrite=overwrite,
        )
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
        return
    told = Console(stderr=True, soft_wrap=True, highlight=False, quiet=quiet)
    for note in done.notes:
        told.print(f"{done.file}: {note}", markup=False)
    told.print(f"{done.file}: {counted(done.rows, 'row')}, {counted(done.columns, 'column')}", markup=False)
