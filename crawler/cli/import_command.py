"""``newswarc import``: WARC files of other programs become part of an archive."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveOption, JobsOption, JsonOption, reads_archive
from spiders.problems import printable

if TYPE_CHECKING:
    from crawler.offline.importing import Import


@reads_archive
def import_warcs(
    context: ArchiveContext,
    files: Annotated[
        list[Path], typer.Argument(metavar="WARC…", help="Files of wget, Heritrix, Browsertrix, CC-NEWS, …")
    ],
    to: ArchiveOption = None,
    jobs: JobsOption = None,
    as_json: JsonOption = False,
) -> int:
    """Take WARC files of other programs into an archive, and make records of their pages.

    Records are kept byte for byte. A file that was imported before is passed over. Exit code 1 when one could not be
    imported.
    """
    # Imported late: the extractor takes seconds to import
    from crawler.offline.importing import import_files

    context = context.with_flags(archive=to, extraction_workers=jobs)
    configuration = context.configuration
    if missing := [file for file in files if not file.is_file()]:
        raise UsageError(f"{missing[0]}: no such file")
    console = context.console(quiet=as_json)
    done = asyncio.run(
        import_files(
            files,
            context.storage(),
            prefix=configuration.segment_prefix,
            workers=configuration.workers,
            queue=configuration.extraction_queue,
            progress=lambda result: console.print(_line(result), markup=False),
        )
    )
    if as_json:
        typer.echo(json.dumps([asdict(result) for result in done], ensure_ascii=False, indent=1))
    return 1 if any(result.fault for result in done) else 0


def _line(result: Import) -> str:
    if result.fault:
        return printable(f"{result.file}: not imported: {result.fault}")
    if result.skipped:
        return printable(f"{result.file}: imported before, as {result.segment}")
    return printable(
        f"{result.file}: {result.records:,} records, {result.articles:,} articles of {result.pages:,} pages, "
        f"as {result.segment}"
    )
