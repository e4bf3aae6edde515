"""``newswarc records`` and ``newswarc extract``: reading an archive, deriving anew."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from archive.layout import WARC_SUFFIX
from archive.library import RecordFilter, articles, outcomes, require_archive
from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from crawler.cli.errors import UsageError
from crawler.config import Configuration, load_configuration

ArchiveArgument = Annotated[
    str | None, typer.Argument(metavar="[URI]", help="The archive; default: the configured one.")
]


def _storage(address: str | None, configuration: Configuration) -> Storage:
    return open_storage(address or configuration.archive, endpoint=configuration.s3_endpoint or None)


def _archive(address: str | None, configuration: Configuration) -> Storage:
    storage = _storage(address, configuration)
    require_archive(storage)
    return storage


def records(
    uri: ArchiveArgument = None,
    site: Annotated[str, typer.Option("--site", help="Only this host and the hosts below it.")] = "",
    lang: Annotated[str, typer.Option("--lang", help="Only this language, such as ar.")] = "",
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="Published at or after.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="Published before.")] = "",
    show_outcomes: Annotated[
        bool, typer.Option("--outcomes", help="Every captured page with its outcome, in place of the articles.")
    ] = False,
) -> None:
    """Write the archive's records to standard output, one JSON object a line."""
    storage = _archive(uri, load_configuration())
    if show_outcomes:
        for line in outcomes(storage):
            sys.stdout.write(f"{line.model_dump_json(by_alias=True)}\n")
        return
    for article in articles(storage, RecordFilter(site, lang, since, until)):
        sys.stdout.write(f"{article.to_json_line()}\n")


def extract(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[URI|WARC…]", help="An archive, or WARC files of this software.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DIR|s3://…", help="Write the records here.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON on standard output.")] = False,
) -> None:
    """Derive records from WARC files again.

    Of an archive, every segment without records of this extractor's generation is done. Of WARC files, the
    records go to standard output.
    """
    # Imported late: the extractor takes seconds to import
    from crawler.extraction import ExtractedSegment, ReExtraction

    configuration = load_configuration()
    names = what or [configuration.archive]
    files = [Path(name) for name in names if name.endswith(WARC_SUFFIX)]
    if files:
        _extract_files(files, names, configuration)
        return
    if len(names) > 1:
        raise UsageError("extract: one archive at a time, or WARC files only")
    console = Console(stderr=True, quiet=quiet or as_json)

    def show(done: ExtractedSegment) -> None:
        said = "complete already" if done.skipped else f"{done.articles} articles of {done.pages} pages"
        console.print(f"{done.segment}: {said}", highlight=False)

    source = _archive(names[0], configuration)
    work = ReExtraction(
        source,
        _storage(to, configuration) if to else source,
        workers=configuration.workers,
        queue=configuration.extraction_queue,
    )
    done = asyncio.run(work.run(show))
    if as_json:
        typer.echo(json.dumps([asdict(segment) for segment in done], indent=1))


def _extract_files(files: list[Path], names: list[str], configuration: Configuration) -> None:
    from crawler.extraction import derive_file

    if len(files) != len(names):
        raise UsageError("extract: give either an archive or WARC files")
    for file in files:
        for derivation in derive_file(file, workers=configuration.workers, queue=configuration.extraction_queue):
            if derivation.article is not None:
                sys.stdout.write(f"{derivation.article.to_json_line()}\n")
