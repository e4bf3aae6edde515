"""``newswarc records`` and ``newswarc extract``: reading records, extracting them again."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from dataclasses import asdict
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from archive.counted import counted
from archive.sharding import Shard
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.file_options import BaseOption, PathsOption, names_of, require_some
from crawler.cli.options import (
    ArchiveArgument,
    CollectionOption,
    Engine,
    EngineOption,
    JobsOption,
    JsonOption,
    QueryOption,
    SchedulerOption,
    ShardOption,
    reads_archive,
    scheduler_of,
)
from pipelines.rules import ExtractionRules, Quality
from spiders.problems import printable

if TYPE_CHECKING:
    from archive.article import Article
    from crawler.config import Configuration
    from crawler.offline.bulk_storages import BulkStorages
    from crawler.offline.file_extraction import ExtractedFile
    from crawler.offline.foreign_pages import PageSelection
    from crawler.offline.re_extraction import ExtractedSegment

FilesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[URI|FILE|URL…]",
        help="An archive, or HTML, WARC, ARC and WACZ files, also at https:// or s3:// URLs.",
    ),
]
RecordsOption = Annotated[
    str | None, typer.Option("--to", metavar="DIR|s3://…|-", help="Where to write the records; - is standard output.")
]
QualityOption = Annotated[
    Quality | None,
    typer.Option(
        "--quality",
        help="How much time to spend on a page's text. For files only; in an archive, each site's definition "
        "decides.",
    ),
]


class RecordFormat(StrEnum):
    """The output format of records."""

    JSON = "json"
    MARKDOWN = "markdown"


@reads_archive
def records(
    context: ArchiveContext,
    uri: ArchiveArgument = None,
    site: Annotated[str, typer.Option("--site", help="Only this host and its subdomains.")] = "",
    lang: Annotated[str, typer.Option("--lang", help="Only this language; en includes en-GB.")] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="DATE", help="Published at or after this date (UTC).")
    ] = "",
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="Published before this date (UTC).")] = "",
    query: QueryOption = "",
    collection: CollectionOption = "",
    show_outcomes: Annotated[
        bool, typer.Option("--outcomes", help="Instead of articles, write every captured page with its outcome.")
    ] = False,
    written_as: Annotated[
        RecordFormat, typer.Option("--format", help="json: one object per line; markdown: one article after another.")
    ] = RecordFormat.JSON,
) -> None:
    """Write the archive's records to standard output, as JSON Lines or Markdown.

    Those that this machine has made and not stored yet come last.
    """
    from archive.access import AccessGate
    from archive.languages import matches as is_language
    from archive.library import RecordFilter, articles, outcomes
    from archive.period import Period

    context = context.with_flags(archive=uri)
    storage, meant = context.archive_with_spool, context.collection(collection)
    own = context.unpublished_pages
    scope = meant.scope if meant is not None else None
    if show_outcomes and query:
        raise UsageError("records: --query is for articles; pages with --outcomes have no text")
    gate = AccessGate.of(storage)
    if show_outcomes:
        for line in chain(outcomes(storage, gate), own.outcomes(gate)):
            if scope is not None and not scope.names(line.url):
                continue
            sys.stdout.write(f"{line.model_dump_json(by_alias=True)}\n")
        context.tell_withheld(gate)
        context.tell_unpublished()
        return
    languages: Counter[str] = Counter()
    written = 0
    ids = context.matching(query) if query else None
    wanted = RecordFilter(site, "", Period.of(since, until), ids, scope)
    for article in chain(articles(storage, wanted, gate), own.articles(wanted, gate)):
        languages[article.in_language or "no language"] += 1
        if not lang or is_language(lang, article.in_language):
            sys.stdout.write(_written(article, written_as, is_first=not written))
            written += 1
    context.tell_withheld(gate)
    context.tell_unpublished()
    if lang and not written:
        there = ", ".join(f"{name} {count}" for name, count in languages.most_common()) or "none"
        typer.echo(f"no record is in {lang}; records by language: {there}", err=True)


def _written(article: Article, written_as: RecordFormat, *, is_first: bool) -> str:
    if written_as is RecordFormat.JSON:
        return f"{article.to_json_line()}\n"
    return article.markdown() if is_first else f"\n---\n\n{article.markdown()}"


@reads_archive
def extract(
    context: ArchiveContext,
    what: FilesArgument = None,
    paths: PathsOption = None,
    base: BaseOption = "",
    to: RecordsOption = None,
    jobs: JobsOption = None,
    archive: Annotated[
        str | None,
        typer.Option(
            "--archive",
            metavar="DIR|s3://…",
            help="For files: also store their records as an archive, for data sets and search.",
        ),
    ] = None,
    quality: QualityOption = None,
    shard: ShardOption = "1/1",
    engine: EngineOption = Engine.POOL,
    scheduler: SchedulerOption = "",
    site: Annotated[
        str, typer.Option("--site", help="For WARC files: only pages of this host and its subdomains.")
    ] = "",
    lang: Annotated[
        str, typer.Option("--lang", help="For WARC files: only pages in this language, such as ar.")
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="DATE", help="For WARC files: captured at or after this date (UTC).")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="DATE", help="For WARC files: captured before this date (UTC).")
    ] = "",
    words: Annotated[
        str,
        typer.Option(
            "--words",
            metavar="WORD,…",
            help="For WARC files: only pages with one of these words or phrases, anywhere in their HTML.",
        ),
    ] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop reading a file at its first damaged record.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Extract records from an archive again, or from any HTML, WARC, ARC and WACZ files.

    With an archive, every segment is extracted that has no records of this extractor's generation yet. With files,
    records go to standard output, or to FILE.jsonl and FILE.outcomes.jsonl in a directory; files that are done are
    skipped, and an interrupted file is resumed. From a damaged file, every good record is read and everything else
    is listed. Exit code 1 if something could not be read.
    """
    from archive.period import Period
    from archive.selection import Selection
    from crawler.offline.bulk_storages import BulkStorages
    from crawler.offline.file_extraction import is_extractable
    from crawler.offline.source_files import is_remote

    configuration = context.with_flags(extraction_workers=jobs).configuration
    is_list = paths is not None
    names = names_of("extract", what or (), paths, base) if is_list else what or [configuration.archive]
    files = [
        name for name in names if is_extractable(Path(name)) and (is_list or "://" not in name or is_remote(name))
    ]
    console = context.console(quiet=as_json)
    cluster = scheduler_of(engine, scheduler)
    part = Shard.parse(shard)
    if files:
        if len(files) != len(names):
            raise UsageError("extract: give either one archive or only files, not both")
        files = [name for name in files if part.holds(name)]
        if not part.is_whole and not files:
            console.print(f"no file belongs to --shard {shard}", highlight=False)
            return 0
        from crawler.offline.foreign_pages import PageSelection
        from pipelines.capture_batch import TextSelection

        meant = tuple(word.strip() for word in words.split(",") if word.strip())
        if words and not meant:
            raise UsageError(f"extract: --words {words!r} has no word in it")
        wanted = PageSelection(Selection(site, Period.of(since, until)), TextSelection(lang, meant))
        return _extract_files(
            files,
            to,
            archive,
            quality,
            wanted,
            configuration,
            console,
            cluster=cluster,
            strict=strict,
            as_json=as_json,
        )
    if archive is not None:
        raise UsageError("extract: --archive is for records of files; those of an archive go to --to")
    if site or lang or since or until or words or strict:
        raise UsageError(
            "extract: --site, --lang, --since, --until, --words and --strict work on files only, not on an archive"
        )
    if quality is not None:
        raise UsageError(
            "extract: --quality works on files only; for an archive, set `quality` under [extraction] in the site's "
            "definition"
        )
    if len(names) > 1:
        raise UsageError("extract: give one archive only, or only files")
    place = BulkStorages(names[0], to or names[0], configuration.s3)
    _extract_archive(place, part, cluster, configuration, console, as_json=as_json)
    return 0


def _extract_archive(
    place: BulkStorages, part: Shard, scheduler: str, configuration: Configuration, console: Console, *, as_json: bool
) -> None:
    # Imported late: the extractor takes seconds to import
    from archive.library import require_archive
    from crawler.offline.bulk_work import extract_segment
    from crawler.offline.cluster import in_order
    from crawler.offline.re_extraction import ReExtraction

    def show(done: ExtractedSegment) -> None:
        status = (
            "already complete"
            if done.skipped
            else f"{counted(done.articles, 'article')} from {counted(done.pages, 'page')}"
        )
        console.print(f"{done.segment}: {status}", highlight=False)

    source, target = place.storages()
    require_archive(source)
    workers, queue = configuration.workers, configuration.extraction_queue
    work = ReExtraction(source, target, workers=workers, queue=queue, shard=part)
    if scheduler:
        calls = [(place, manifest.to_bytes()) for manifest in work.manifests()]
        done = list(in_order(scheduler, extract_segment, calls, show))
    else:
        done = asyncio.run(work.run(show))
    if as_json:
        typer.echo(json.dumps([asdict(segment) for segment in done], indent=1))


def _extract_files(
    files: list[str],
    to: str | None,
    archive: str | None,
    quality: Quality | None,
    selection: PageSelection,
    configuration: Configuration,
    console: Console,
    *,
    cluster: str,
    strict: bool,
    as_json: bool,
) -> int:
    from crawler.config import software
    from crawler.offline.bulk_files import FileWork, absolute
    from crawler.offline.cluster import in_order
    from crawler.offline.file_pages import HTML_SUFFIXES

    if to and "://" in to:
        raise UsageError(
            f"extract: --to {to}: records from files can only go to a directory or to - (standard output)"
        )
    require_some(files)
    directory = Path(to) if to and to != "-" else None
    if as_json and directory is None:
        raise UsageError("extract: --json needs --to DIR, because records are written to standard output otherwise")
    if archive is not None and (pages := [file for file in files if file.lower().endswith(HTML_SUFFIXES)]):
        raise UsageError(
            f"extract: --archive: {pages[0]} is a saved page, which no capture is behind; give WARC files"
        )
    if directory is None and (archive is not None or cluster):
        raise UsageError("extract: --archive and --engine need --to DIR, where results stay until all is done")
    work = FileWork(
        to=directory,
        archive=archive or "",
        s3=configuration.s3,
        agent=software(),
        rules=ExtractionRules(quality=quality or Quality.DEFAULT, heed=configuration.heed or None),
        selection=selection,
        strict=strict,
    )

    def show(result: ExtractedFile) -> None:
        _show_file(result, console, is_silent=as_json)

    if cluster:
        done = list(in_order(cluster, work.from_anywhere().of_one, [(absolute(name),) for name in files], show))
        problems = [f"{one.file}: {one.fault}" for one in done if one.fault]
    else:
        done, problems = work.run(files, configuration.workers, configuration.extraction_queue, sys.stdout, show)
    for line in problems:
        typer.echo(printable(f"newswarc: {line}"), err=True)
    if as_json:
        typer.echo(json.dumps([asdict(file) for file in done], indent=1))
    return 1 if problems or any(file.fault or file.refused for file in done) else 0


def _show_file(done: ExtractedFile, console: Console, *, is_silent: bool) -> None:
    rejects = [f"{count} {name}" for name, count in sorted(done.outcomes.items()) if name != "record"]
    rejects += [f"{done.left_out} not selected"] if done.left_out else []
    status = (
        "already done"
        if done.skipped
        else f"{counted(done.articles, 'article')} from {counted(sum(done.outcomes.values()), 'page')}"
    )
    if not done.fault or done.outcomes:
        details = f" ({', '.join(rejects)})" if rejects else ""
        console.print(printable(f"{done.file}: {status}{details}"), highlight=False, markup=False, soft_wrap=True)
    if not is_silent:
        for complaint in [*done.refused, *([done.fault] if done.fault else [])]:
            typer.echo(printable(f"newswarc: {done.file}: {complaint}"), err=True)
