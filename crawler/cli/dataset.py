"""``newswarc dataset``: tables of articles that can be cited."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import DownloadColumn

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.bars import bars
from crawler.cli.dataset_build import build_dataset
from crawler.cli.dataset_counts import show_clusters, show_counts
from crawler.cli.dataset_coverage import show_coverage
from crawler.cli.dataset_export import export_dataset
from crawler.cli.dataset_links import show_links
from crawler.cli.dataset_rehydrate import rehydrate
from crawler.cli.dataset_selection import (
    ColumnsOption,
    FromOption,
    NameArgument,
    WhereOption,
    found,
    require_usable,
    wanted_of,
)
from crawler.cli.options import ArchiveArgument, JsonOption, OverwriteOption, QueryOption, reads_archive

if TYPE_CHECKING:
    from archive.datasets.manifest import DatasetManifest
    from archive.datasets.pulling import Pulled, Wanted
    from archive.storage.protocol import Storage

dataset = typer.Typer(name="dataset", help="Build, describe and download data sets.", no_args_is_help=True)
dataset.command("build")(build_dataset)
dataset.command("clusters")(show_clusters)
dataset.command("counts")(show_counts)
dataset.command("export")(export_dataset)
dataset.command("rehydrate")(rehydrate)
dataset.command("stats")(show_coverage)
dataset.command("presign")(show_links)


@dataset.command("list")
@reads_archive
def list_all(context: ArchiveContext, uri: ArchiveArgument = None, as_json: JsonOption = False) -> None:
    """List data sets and their versions."""
    from archive.datasets.reading import dataset as read
    from archive.datasets.reading import names, versions

    storage = context.with_flags(archive=uri).storage()
    for name in names(storage):
        for version in versions(storage, name):
            manifest = read(storage, name, version)
            if as_json:
                facts = {"name": name, "version": version, "rows": manifest.rows, "withdrawn": manifest.withdrawn}
                typer.echo(json.dumps(facts, ensure_ascii=False))
            else:
                note = f"  withdrawn: {manifest.withdrawn}" if manifest.withdrawn else ""
                typer.echo(f"{name}@{version}  {counted(manifest.rows, 'row')}{note}")


@dataset.command("info")
@reads_archive
def info(context: ArchiveContext, name: NameArgument, source: FromOption = None, as_json: JsonOption = False) -> None:
    """Show a version's card, or with --json its manifest."""
    from archive.datasets.manifest import dataset_prefix

    storage, manifest = found(context, name, source)
    if as_json:
        typer.echo(manifest.model_dump_json(by_alias=True))
        return
    with storage.open_range(f"{dataset_prefix(manifest.name, manifest.version)}README.md") as stream:
        typer.echo(stream.read().decode("utf-8").partition("\n---\n")[2].strip())


@dataset.command("pull")
@reads_archive
def pull(
    context: ArchiveContext,
    name: NameArgument,
    source: FromOption = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Directory to download to. Default: ./NAME-VERSION.")
    ] = None,
    where: WhereOption = "",
    columns: ColumnsOption = "",
    query: QueryOption = "",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Number of files to download at once.")] = 4,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Download and verify a version; run it again to resume. With --where, --columns or --query, only what is needed
    is read, and card, citation and digests are those of the selection.
    """
    context = context.with_flags(archive=source)
    storage, manifest = found(context, name, source)
    require_usable(manifest)
    directory = to or Path(f"{manifest.name}-{manifest.version}")
    wanted = wanted_of(context, storage, manifest, where, columns, query)
    if wanted.withheld:
        context.console().print("so Parquet alone is written, without these rows")
    done = _pulled(storage, manifest, directory, wanted, jobs, overwrite=overwrite, quiet=context.quiet or as_json)
    if as_json:
        typer.echo(json.dumps({**asdict(done), "withheld": dict(wanted.withheld)}, ensure_ascii=False))
    else:
        context.console().print(
            f"{done.directory}: {counted(done.rows, 'row')} in {counted(done.files, 'file')}, "
            f"{counted(done.received, 'byte')} received",
            markup=False,
        )


def _pulled(
    storage: Storage,
    manifest: DatasetManifest,
    directory: Path,
    wanted: Wanted,
    jobs: int,
    *,
    overwrite: bool,
    quiet: bool,
) -> Pulled:
    from archive.datasets.pulling import pull as run
    from archive.datasets.pulling import select

    with bars(DownloadColumn(), quiet=quiet) as progress:
        task = progress.add_task(
            f"{manifest.name}@{manifest.version}", total=sum(file.size for file in manifest.files)
        )

        def show(received: int) -> None:
            progress.advance(task, received)

        if wanted.is_everything:
            return run(storage, manifest, directory, show, jobs=jobs, overwrite=overwrite)
        return select(storage, manifest, directory, wanted, show, overwrite=overwrite).pulled


@dataset.command("verify")
@reads_archive
def verify(
    context: ArchiveContext,
    name: NameArgument,
    source: FromOption = None,
    as_json: JsonOption = False,
) -> int:
    """Check a version's files against its manifest. Exit code 1 if anything is wrong."""
    from archive.datasets.reading import verify_dataset

    storage, manifest = found(context, name, source)
    console = context.console()
    with console.status("verifying") as status:
        faults = verify_dataset(storage, manifest, lambda path: status.update(f"verifying {path}"))
    if as_json:
        typer.echo(json.dumps([asdict(fault) for fault in faults], ensure_ascii=False))
    for fault in faults:
        Console(stderr=True, soft_wrap=True, highlight=False).print(
            f"{fault.key}: {fault.kind}: {fault.detail}", markup=False
        )
    if not faults:
        console.print(f"{manifest.name}@{manifest.version}: {counted(len(manifest.files), 'file')}, no faults")
    return 1 if faults else 0
