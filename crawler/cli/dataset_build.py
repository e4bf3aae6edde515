"""``newswarc dataset build``: a version of a data set from an archive's records."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import MofNCompleteColumn

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.bars import bars
from crawler.cli.errors import UsageError
from crawler.cli.options import (
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
    from archive.datasets.about import About
    from archive.datasets.options import DatasetOptions
    from archive.datasets.pseudonyms import Pseudonyms

_KEY = "pseudonym.key"
_KEY_BYTES = 32


@reads_archive
def build_dataset(
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
    fields: Annotated[
        str,
        typer.Option("--fields", metavar="A,B,…", help="Only these columns, and those that name the capture."),
    ] = "",
    sample: Annotated[
        str, typer.Option("--sample", metavar="N|N%", help="A sample of what is left: 1%, or a number of rows.")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", help="Seed of the sample: the same one draws the same rows.")] = 0,
    stratify: Annotated[
        str,
        typer.Option("--stratify", metavar="site|month", help="Draw from each site, or each month, in proportion."),
    ] = "",
    pseudonymous: Annotated[
        bool, typer.Option("--pseudonymous", help="Keyed hashes instead of names of authors and photographers.")
    ] = False,
    pseudonym_key: Annotated[
        Path | None,
        typer.Option(
            "--pseudonym-key", metavar="FILE", help="The key. Default: one of this machine, made when needed."
        ),
    ] = None,
    without_text: Annotated[
        bool, typer.Option("--without-text", help="Leave out the articles' words; `rehydrate` fills them in again.")
    ] = False,
    sources: Annotated[
        Path | None,
        typer.Option("--sources", metavar="FILE", help="CSV table of sources, which completes the site definitions."),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Title for citations. Default: the name.")] = "",
    creator: Annotated[
        list[str] | None,
        typer.Option("--creator", metavar="NAME", help="Who made it, as 'Family, Given'. Repeatable."),
    ] = None,
    license_name: Annotated[
        str, typer.Option("--license", metavar="SPDX", help="Licence of the data set itself, such as CC-BY-4.0.")
    ] = "",
    doi: Annotated[str, typer.Option("--doi", help="Its DOI, such as 10.5281/zenodo.1234.")] = "",
    url: Annotated[str, typer.Option("--url", help="Where it is published.")] = "",
    parquet: Annotated[bool, typer.Option("--parquet/--no-parquet", help="Write Parquet shards.")] = True,
    jsonl: Annotated[bool, typer.Option("--jsonl/--no-jsonl", help="Write JSON-lines shards.")] = True,
    engine: EngineOption = Engine.POOL,
    scheduler: SchedulerOption = "",
    progress_lines: Annotated[
        bool, typer.Option("--progress-lines", help="Tell progress in lines instead of bars, for logs.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build a version of a data set from an archive's records. If nothing has changed, no new version is made."""
    from archive.datasets.building import BuildPlan
    from archive.datasets.building import build as run
    from archive.datasets.survey import ArchiveLocation
    from crawler.config import software
    from crawler.offline.cluster import in_order
    from crawler.offline.news_sources import source_table

    cluster = scheduler_of(engine, scheduler)
    if not name.replace("-", "").replace("_", "").isalnum():
        raise UsageError(f"dataset: {name!r} is not a valid name; use letters, digits, - and _")
    context = context.with_flags(archive=source)
    configuration, _ = context.configuration, context.archive
    meant = context.collection(collection)
    pseudonyms = _pseudonyms(context, pseudonym_key) if pseudonymous or pseudonym_key is not None else None
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
        "fields": tuple(field.strip() for field in fields.split(",") if field.strip()),
        **_sampled(sample, seed, stratify),
        "pseudonyms": pseudonyms.fingerprint if pseudonyms is not None else "",
        "without_text": without_text,
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
        sources=source_table(context.catalog.all(), sources),
        pseudonyms=pseudonyms,
        about=_about(title, creator or (), license_name, doi, url),
    )
    with _told_progress(quiet=context.quiet or as_json, in_lines=progress_lines) as tell:
        built = run(plan, tell, partial(in_order, cluster) if cluster else None)
    if lang and not built.manifest.rows:
        _tell_languages(context, lang)
    if as_json:
        typer.echo(built.manifest.model_dump_json(by_alias=True))
    else:
        result = "built" if built.is_new else "is unchanged"
        left_out = sum(built.manifest.dropped.values())
        why = ", ".join(f"{reason} {count:,}" for reason, count in built.manifest.dropped.items() if count)
        told = f"{counted(built.manifest.rows, 'row')}, {left_out:,} left out{f' ({why})' if why else ''}"
        context.console().print(f"{name}@{built.manifest.version} {result}: {told}", markup=False)


def _tell_languages(context: ArchiveContext, wanted: list[str]) -> None:
    """Nothing may be in these languages: tell which there are."""
    from archive.languages import matches
    from archive.library import articles

    there = Counter(article.in_language or "no language" for article in articles(context.archive))
    if not any(matches(one, name) for one in wanted for name in there):
        told = ", ".join(f"{name} {count:,}" for name, count in there.most_common()) or "none"
        typer.echo(f"no record is in {' or '.join(wanted)}; records by language: {told}", err=True)


def _asked(query: str) -> dict[str, str]:
    if not query:
        return {}
    from archive.search.analysis import ANALYSIS
    from archive.search.query import parse, written

    return {"query": written(parse(query)), "analysis": ANALYSIS}


def _sampled(sample: str, seed: int, stratify: str) -> dict[str, object]:
    from archive.datasets.sampling import sample_size

    if not sample:
        if seed or stratify:
            raise UsageError("--seed and --stratify belong to a sample; add --sample 1%")
        return {}
    sample_size(sample)
    return {"sample": sample.strip(), "seed": seed, "strata": stratify}


def _pseudonyms(context: ArchiveContext, path: Path | None) -> Pseudonyms:
    """With the key in a file, or with this machine's, which is made when there is none."""
    from archive.datasets.pseudonyms import Pseudonyms, key_in

    if path is None:
        path = context.to_write_state().state_directory / _KEY
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(_KEY_BYTES) + "\n", encoding="ascii")
            context.console().print(f"{path}: a new key for pseudonyms; keep it secret, and keep it", markup=False)
    return Pseudonyms(key_in(path))


def _about(title: str, creators: list[str] | tuple[()], license_name: str, doi: str, url: str) -> About:
    from pydantic import ValidationError

    from archive.datasets.about import About
    from crawler.config import explain

    bare = doi.strip().removeprefix("https://doi.org/").removeprefix("doi:")
    try:
        return About(title=title, creators=tuple(creators), license=license_name, doi=bare, url=url)
    except ValidationError as error:
        raise UsageError(explain(error, "dataset")) from error


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
        options = DatasetOptions(**{**(CLEAN if preset else {}), **filters})
    except ValidationError as error:
        raise UsageError(explain(error, "dataset")) from error
    options.columns()  # a wrong name is told before anything is read
    return options


@contextmanager
def _told_progress(*, quiet: bool, in_lines: bool) -> Iterator[Callable[[str, int, int], None]]:
    if in_lines:
        yield lambda what, done, of: typer.echo(f"{what} {done} of {of}", err=True)
        return
    with bars(MofNCompleteColumn(), quiet=quiet) as progress:
        tasks = {what: progress.add_task(what, total=None) for what in ("reading", "writing")}
        yield lambda what, done, of: progress.update(tasks[what], completed=done, total=of)
