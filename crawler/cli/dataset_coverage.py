"""``newswarc dataset stats``: what share of the announced articles is there, for the methods section of a paper."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import JsonOption, reads_archive
from crawler.cli.terminal import print_whole
from spiders.problems import printable

if TYPE_CHECKING:
    from crawler.offline.coverage import Coverage, Share

_REASONS = 3
"""Number of reasons shown per row, the most frequent ones."""


class By(StrEnum):
    """What a row of the table stands for."""

    SITE = "site"
    DAY = "day"


@reads_archive
def show_coverage(
    context: ArchiveContext,
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME[@VERSION]]", help="A data set. Default: the whole archive.", show_default=False
        ),
    ] = "",
    source: Annotated[
        str | None, typer.Option("--from", metavar="DIR|s3://…", help="The archive that contains the captures.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option("--dataset-from", metavar="DIR|s3://…", help="Where the data set is. Default: in that archive."),
    ] = None,
    by: Annotated[By, typer.Option("--by", help="One row per site or per day.")] = By.SITE,
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="Announced on or after this day.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="Announced before this day.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Show what share of the articles announced by feeds and news sitemaps is there, and why the rest is missing."""
    from archive.datasets.reading import dataset as read
    from archive.period import Period
    from crawler.offline.coverage import CoverageReading

    storage = context.with_flags(archive=source).archive
    held_in = context.storage(dataset) if dataset else storage
    manifest = read(held_in, *name.partition("@")[::2]) if name else None
    if manifest is not None and manifest.rows and not manifest.withdrawn and not manifest.shards(".parquet"):
        raise UsageError(f"{name}: has no Parquet files to read rows from; build a version that has them")
    reading = CoverageReading(storage, manifest, held_in)
    with context.console(quiet=as_json).status("reading") as status:
        coverage = reading.run(
            Period.of(since, until), lambda what, done, of: status.update(f"reading {what}: segment {done} of {of}")
        )
    if as_json:
        typer.echo(json.dumps(asdict(coverage), ensure_ascii=False))
        return
    _show(coverage, by, with_dataset=manifest is not None)


def _show(coverage: Coverage, by: By, *, with_dataset: bool) -> None:
    table = Table(by.value, *("announced", "recorded"), *(["in data set"] if with_dataset else []), "missing because")
    shares: Mapping[str, Share] = coverage.sites if by is By.SITE else coverage.days
    for name, share in [*shares.items(), ("all", coverage.total)]:
        counts = [share.recorded, *([share.in_dataset] if with_dataset else [])]
        if not share.announced and share.unannounced:
            table.add_row(printable(name), "nothing was announced", *[""] * len(counts), "")
            continue
        table.add_row(
            printable(name), f"{share.announced:,}", *(_of(count, share.announced) for count in counts), _why(share)
        )
    console = Console(soft_wrap=True, highlight=False)
    print_whole(console, table)
    if coverage.total.unannounced:
        further = counted(coverage.total.unannounced, "further article", "is", "are")
        console.print(f"{further} recorded that no captured source announced")
    if not coverage.sources:
        console.print("the archive has no captured feeds or news sitemaps, so it can't tell what is missing")
    if coverage.removed:
        console.print(f"{counted(coverage.removed, 'capture', 'was', 'were')} removed from the archive for good")
    if coverage.unread:
        console.print(f"{counted(coverage.unread, 'captured source')} could not be read")


def _of(count: int, whole: int) -> str:
    return f"{count:,} ({count / whole:.1%})" if whole else "0"


def _why(share: Share) -> str:
    reasons = sorted(share.missing.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in reasons[_REASONS:])
    shown = [f"{reason} {count:,}" for reason, count in reasons[:_REASONS]] + ([f"others {rest:,}"] if rest else [])
    return ", ".join(shown)
