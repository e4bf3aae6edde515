"""``newswarc dataset``: tables of articles that can be cited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.dataset_coverage import show_coverage
from crawler.cli.dataset_links import show_links
from crawler.cli.errors import UsageError
from crawler.cli.options import (
    ArchiveArgument,
    CollectionOption,
    Engine,
    EngineOption,
    JsonOption,
    QueryOption,
    SchedulerOption,
    reads_archive,
    scheduler_of,
)

if TYPE_CHECKING:
    from archive.access_rules import AccessRules
    from archive.datasets.conditions import Condition
    from archive.datasets.manifest import DatasetManifest
    from archive.datasets.options import DatasetOptions
    from archive.datasets.pulling import Pulled
    from archive.storage.protocol import Storage

dataset = typer.Typer(name="dataset", help="Build, describe and download data sets.", no_args_is_help=True)
dataset.command("stats")(show_coverage)
dataset.command("presign")(show_links)
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME[@VERSION]", help="The data set; without a version, the newest one.")
]
FromOption = Annotated[str | None, typer.Option("--from", metavar="DIR|s3://…", help="The archive that contains it.")]


@dataset.command("build")
@reads_archive
def build(
    context: ArchiveContext,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the data set: letters, digits, - and _.")],
    source: Annotated[str | None, typer.Option("--from", metavar="DIR|s3://…", help="The archive.")] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="DIR|s3://…", help="Where to write it. Default: into the archive.")
    ] = None,
    version: Annotated[
        str, typer.Option("--version", help="Version to build. Default: one more than the newest.")
    ] = "",
    site: Annotated[
        list[str] | None, typer.Option("--site", help="Only this host and its subdomains. Repeatable.")
    ] = None,
    collection: CollectionOption = "",
    lang: Annotated[
        list[str] | None, typer.Option("--lang", help="Only this language, such as ar. Repeatable.")
    ] = None,
    captured_since: Annotated[
        str, typer.Option("--captured-since", metavar="DATE", help="Captured at or after this date (UTC).")
    ] = "",
    captured_until: Annotated[
        str, typer.Option("--captured-until", metavar="DATE", help="Captured before this date (UTC).")
    ] = "",
    published_since: Annotated[
        str, typer.Option("--published-since", metavar="DATE", help="Published at or after this date (UTC).")
    ] = "",
    published_until: Annotated[
        str, typer.Option("--published-until", "--until", metavar="DATE", help="Published before this date (UTC).")
    ] = "",
    min_words: Annotated[int, typer.Option("--min-words", min=0, help="Minimum number of words.")] = 0,
    query: QueryOption = "",
    versions: Annotated[
        str | None, typer.Option("--versions", help="Which versions of an article: all, first or latest.")
    ] = None,
    dedup: Annotated[
        str | None, typer.Option("--dedup", help="Copies to leave out: exact or near. keep: none; columns mark them.")
    ] = None,
    preset: Annotated[
        str, typer.Option("--preset", help="clean: complete articles, each once, without reserved rights.")
    ] = "",
    parquet: Annotated[bool, typer.Option("--parquet/--no-parquet", help="Write Parquet shards.")] = True,
    jsonl: Annotated[bool, typer.Option("--jsonl/--no-jsonl", help="Write JSON-lines shards.")] = True,
    engine: EngineOption = Engine.POOL,
    scheduler: SchedulerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Build a version of a data set from an archive's records. If nothing has changed, no new version is made."""
    from archive.datasets.building import BuildPlan
    from archive.datasets.building import build as run
    from archive.datasets.survey import ArchiveLocation
    from crawler.config import software
    from crawler.offline.cluster import in_order

    cluster = scheduler_of(engine, scheduler)
    if not name.replace("-", "").replace("_", "").isalnum():
        raise UsageError(f"dataset: {name!r} is not a valid name; use letters, digits, - and _")
    context = context.with_flags(archive=source)
    configuration, _ = context.configuration, context.archive
    meant = context.collection(collection)
    given = {
        "collection": f"{meant.name}@{meant.number}" if meant is not None else "",
        "scope": meant.scope if meant is not None else None,
        "sites": tuple(site or ()),
        "languages": tuple(lang or ()),
        "captured_since": captured_since,
        "captured_until": captured_until,
        "published_since": published_since,
        "published_until": published_until,
        "min_words": min_words,
        "versions": versions,
        "copies": dedup,
        **_asked(query),
    }
    place = ArchiveLocation(configuration.archive, configuration.s3)
    plan = BuildPlan(
        name=name,
        version=version,
        options=_options(preset, given),
        software=software(),
        source=place,
        target=ArchiveLocation(to, configuration.s3) if to else place,
        work=configuration.scratch_directory("datasets"),
        workers=configuration.workers,
        parquet=parquet,
        jsonl=jsonl,
        found=context.matching(query) if query else None,
    )
    with _progress(context.quiet or as_json, MofNCompleteColumn()) as progress:
        tasks = {what: progress.add_task(what, total=None) for what in ("reading", "writing")}
        built = run(
            plan,
            lambda what, done, of: progress.update(tasks[what], completed=done, total=of),
            partial(in_order, cluster) if cluster else None,
        )
    if as_json:
        typer.echo(built.manifest.model_dump_json(by_alias=True))
    elif not context.quiet:
        result = "built" if built.is_new else "is unchanged"
        Console(stderr=True, highlight=False).print(
            f"{name}@{built.manifest.version} {result}: {built.manifest.rows:,} rows, left out "
            f"{sum(built.manifest.dropped.values()):,}"
        )


def _asked(query: str) -> dict[str, str]:
    if not query:
        return {}
    from archive.search.analysis import ANALYSIS
    from archive.search.query import parse, written

    return {"query": written(parse(query)), "analysis": ANALYSIS}


def _options(preset: str, given: dict[str, Any]) -> DatasetOptions:
    from pydantic import ValidationError

    from archive.datasets.options import CLEAN, DatasetOptions
    from archive.period import Period
    from crawler.config import explain

    if preset not in ("", "clean"):
        raise UsageError(f"dataset: --preset {preset}: no such preset; the only one is clean")
    for start in ("captured", "published"):
        Period.of(given[f"{start}_since"], given[f"{start}_until"])
    filters = {name: value for name, value in given.items() if value}
    try:
        return DatasetOptions(**{**(CLEAN if preset else {}), **filters})
    except ValidationError as error:
        raise UsageError(explain(error, "dataset")) from error


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
                typer.echo(f"{name}@{version}  {manifest.rows:,} rows{note}")


@dataset.command("info")
@reads_archive
def info(context: ArchiveContext, name: NameArgument, source: FromOption = None, as_json: JsonOption = False) -> None:
    """Show a version's card, or with --json its manifest."""
    from archive.datasets.manifest import dataset_prefix

    storage, manifest = _found(context, name, source)
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
    where: Annotated[
        str, typer.Option("--where", help="Only these rows: \"lang = 'ar' and datePublished >= '2026-01-01'\".")
    ] = "",
    columns: Annotated[str, typer.Option("--columns", metavar="A,B,…", help="Only these columns.")] = "",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Number of files to download at once.")] = 4,
    as_json: JsonOption = False,
) -> None:
    """Download and verify a version; run it again to resume. With --where or --columns, only what is needed is
    read.
    """
    from archive.access import AccessGate
    from archive.datasets.conditions import parse_condition
    from archive.datasets.withheld import withheld_rows

    condition = parse_condition(where) if where else None
    chosen = [column.strip() for column in columns.split(",") if column.strip()]
    storage, manifest = _found(context, name, source)
    if manifest.withdrawn:
        raise UsageError(f"{manifest.name}@{manifest.version} was withdrawn: {manifest.withdrawn}")
    directory = to or Path(f"{manifest.name}-{manifest.version}")
    found = withheld_rows(storage, manifest, AccessGate.of(storage, is_local=False).refusing)
    for told, count in found.by_rule.items():
        context.console().print(f"{count:,} rows withheld, {told}", markup=False)
    if found.by_rule:
        context.console().print("so Parquet alone is written, without these rows; SHA256SUMS does not hold for it")
    quiet = context.quiet or as_json
    done = _pulled(storage, manifest, directory, condition, chosen, jobs, found.rules, quiet=quiet)
    if as_json:
        typer.echo(json.dumps({**asdict(done), "withheld": found.by_rule}, ensure_ascii=False))
    elif not context.quiet:
        Console(stderr=True, highlight=False).print(
            f"{done.directory}: {done.rows:,} rows in {done.files} files, {done.received:,} bytes received"
        )


def _pulled(
    storage: Storage,
    manifest: DatasetManifest,
    directory: Path,
    condition: Condition | None,
    columns: list[str],
    jobs: int,
    rules: AccessRules | None,
    *,
    quiet: bool,
) -> Pulled:
    from archive.datasets.pulling import pull as run
    from archive.datasets.pulling import select

    with _progress(quiet, DownloadColumn()) as progress:
        task = progress.add_task(
            f"{manifest.name}@{manifest.version}", total=sum(file.size for file in manifest.files)
        )

        def show(received: int) -> None:
            progress.advance(task, received)

        if condition is None and not columns and not rules:
            return run(storage, manifest, directory, show, jobs=jobs)
        return select(storage, manifest, directory, condition, columns or None, show, rules)


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

    storage, manifest = _found(context, name, source)
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
        console.print(f"{manifest.name}@{manifest.version}: {len(manifest.files)} files, no faults")
    return 1 if faults else 0


def _found(context: ArchiveContext, name: str, source: str | None) -> tuple[Storage, DatasetManifest]:
    from archive.datasets.reading import dataset as read

    storage = context.with_flags(archive=source).storage()
    bare, _, version = name.partition("@")
    return storage, read(storage, bare, version)


@contextmanager
def _progress(quiet: bool, column: Any) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), column)
    with Progress(*columns, console=Console(stderr=True, quiet=quiet), transient=True) as progress:
        yield progress
