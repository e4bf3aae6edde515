"""``newswarc dataset rehydrate``: filling in the texts of a data set that was shared without them."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import JsonOption, fetches

if TYPE_CHECKING:
    from archive.datasets.rehydrating import Rehydration

_PROBLEMS = 5


@fetches
def rehydrate(
    context: ArchiveContext,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where a version without text was downloaded to.")],
    source: Annotated[
        str | None, typer.Option("--from", metavar="DIR|s3://…", help="An archive that may have its captures.")
    ] = None,
    captures: Annotated[
        bool, typer.Option("--captures", help="Read the WARC files that its rows name, and extract the pages anew.")
    ] = False,
    web: Annotated[
        Path | None,
        typer.Option("--web", metavar="DIR", help="Fetch from the web what is missing, into a new archive in DIR."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where to write it. Default: DIR-rehydrated.")
    ] = None,
    pseudonym_key: Annotated[
        Path | None, typer.Option("--pseudonym-key", metavar="FILE", help="The key of a pseudonymous version.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Fill in the texts of a data set shared without them, from an archive, from WARC files, or from the web.

    Each text is checked against its digest. What is gone or changed is not filled in, but listed in rehydration.csv.
    Exit code 1 if any row is missing.
    """
    from archive.access import AccessGate
    from archive.datasets.pseudonyms import Pseudonyms, key_in
    from archive.datasets.rehydrating import Rehydration
    from archive.storage.opening import open_storage

    if source is None and not captures and web is None:
        raise UsageError("dataset rehydrate: say where to look: --from ARCHIVE, --captures or --web DIR")
    target = to or directory.with_name(f"{directory.resolve().name}-rehydrated")
    if target.exists() and any(target.iterdir()):
        raise UsageError(f"{target}: is not empty; give another directory with --to")
    target.parent.mkdir(parents=True, exist_ok=True)
    pseudonyms = Pseudonyms(key_in(pseudonym_key)) if pseudonym_key is not None else None
    told = context.console(quiet=as_json)
    with (
        tempfile.TemporaryDirectory(prefix=".newswarc-rehydrate-", dir=target.parent) as scratch,
        Rehydration(directory, Path(scratch), pseudonyms) as rehydration,
    ):
        archive = context.with_flags(archive=source) if source is not None else None
        if archive is not None:
            gate = AccessGate.of(archive.archive)
            with told.status("reading the archive"):
                rehydration.fill_from(archive.archive, gate)
        if captures:
            _read_captures(context, archive, rehydration, told)
        if web is not None:
            _ask_the_web(context, web, rehydration)
            storage = open_storage(str(web))
            rehydration.fill_from(storage, AccessGate.of(storage))
        done = rehydration.write(target)
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
    else:
        fates = ", ".join(f"{count:,} {fate}" for fate, count in sorted(done.fates.items()))
        told.print(f"{done.directory}: {counted(done.rows, 'row')} filled in ({fates})", markup=False)
    return 0 if done.rows == sum(done.fates.values()) else 1


def _read_captures(
    context: ArchiveContext, archive: ArchiveContext | None, rehydration: Rehydration, told: Console
) -> None:
    from archive.access import AccessGate
    from archive.access_rules import AccessRules
    from archive.clock_and_ids import SystemClockAndIds
    from crawler.offline.captures_elsewhere import CapturesElsewhere

    storage = archive.archive if archive is not None else None
    gate = AccessGate.of(storage) if storage is not None else AccessGate(AccessRules(()), SystemClockAndIds().now)
    reading = CapturesElsewhere(storage, context.configuration.s3, context.configuration.agent)
    if unknown := reading.unknown(rehydration):
        raise UsageError(
            f"dataset rehydrate: --captures: its rows are from WARC files such as {unknown[0]}, which is not on this "
            "machine; say with --from which archive has them"
        )
    with told.status("reading captures"):
        problems = list(reading.fill(rehydration, gate))
    for problem in problems[:_PROBLEMS]:
        told.print(problem, markup=False)
    if len(problems) > _PROBLEMS:
        told.print(f"and {counted(len(problems) - _PROBLEMS, 'more capture')} that could not be read", markup=False)


def _ask_the_web(context: ArchiveContext, web: Path, rehydration: Rehydration) -> None:
    # Imported late: Scrapy and the extractor take seconds to import
    from crawler.cli.crawl_command import run_and_show
    from crawler.run.crawling import CrawlPlan

    urls = tuple(dict.fromkeys(row["url"] for row in rehydration.missing()))
    if not urls:
        return
    configuration = context.with_flags(archive=str(web)).configuration
    run_and_show(configuration, CrawlPlan(urls=urls), quiet=True, verbosity=context.verbosity)
