"""``newswarc import``: importing other programs' WARC files."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.file_options import BaseOption, PathsOption, names_of
from crawler.cli.options import ArchiveOption, JobsOption, JsonOption, reads_archive
from spiders.problems import printable

if TYPE_CHECKING:
    from crawler.offline.importing import Import


@reads_archive
def import_warcs(
    context: ArchiveContext,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|URL…]",
            help="WARC, ARC and WACZ files, also at https:// or s3:// URLs, such as those of wget, Heritrix, "
            "Browsertrix or CC-NEWS.",
        ),
    ] = None,
    paths: PathsOption = None,
    base: BaseOption = "",
    to: ArchiveOption = None,
    jobs: JobsOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Reject a file unless all of it can be imported.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Import WARC, ARC and WACZ files from other programs, and extract records from their pages.

    Files may be compressed (gzip, zstd) or not. Records are kept byte for byte. From a damaged file, every good
    record is imported and everything else is listed, with its position and what is wrong. A file that was imported
    before is skipped. Exit code 1 if something could not be imported.
    """
    # Imported late: the extractor takes seconds to import
    from crawler.config import software
    from crawler.offline.importing import import_files
    from crawler.offline.source_files import SourceFiles

    context = context.with_flags(archive=to, extraction_workers=jobs)
    configuration = context.configuration
    names = names_of("import", files or (), paths, base)
    console = context.console(quiet=as_json)
    errors = Console(stderr=True, soft_wrap=True, highlight=False, quiet=as_json)

    def show(result: Import) -> None:
        result.file = sources.origin(result.file)
        (errors if result.fault else console).print(_line(result), markup=False)
        for line in [*result.refused, *result.warnings]:
            errors.print(printable(f"{result.file}: {line}"), markup=False)

    with TemporaryDirectory(prefix="newswarc-files-") as scratch:
        sources = SourceFiles(names, Path(scratch), s3=configuration.s3, agent=software())
        done = asyncio.run(
            import_files(
                sources,
                context.storage(),
                prefix=configuration.segment_prefix,
                workers=configuration.workers,
                queue=configuration.extraction_queue,
                progress=show,
                strict=strict,
            )
        )
    for line in sources.problems:
        errors.print(printable(f"not imported: {line}"), markup=False)
    if as_json:
        typer.echo(json.dumps([asdict(result) for result in done], ensure_ascii=False, indent=1))
    return 1 if sources.problems or any(result.fault or result.refused for result in done) else 0


def _line(result: Import) -> str:
    if result.fault:
        return printable(f"{result.file}: not imported: {result.fault}")
    if result.skipped:
        return printable(f"{result.file}: already imported, as {result.segment}")
    refused = f", {counted(len(result.refused), 'part')} that could not be imported" if result.refused else ""
    mended = f", {counted(result.mended, 'record header')} rewritten" if result.mended else ""
    return printable(
        f"{result.file}: {counted(result.records, 'record')}, {counted(result.articles, 'article')} from "
        f"{counted(result.pages, 'page')}{refused}{mended}, as {result.segment}"
    )
