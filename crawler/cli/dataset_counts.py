"""``newswarc dataset clusters`` and ``newswarc dataset counts``: small tables about stories and topics."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.dataset_selection import FromOption, NameArgument, found, require_usable
from crawler.cli.errors import UsageError
from crawler.cli.options import OverwriteOption, reads_archive

_OTHER_FORMS = (".xlsx", ".xls", ".ods", ".dta", ".sav", ".md", ".parquet", ".gz")
ToOption = Annotated[
    Path | None,
    typer.Option("--to", metavar="FILE", help="FILE.csv or FILE.jsonl. Default: CSV on standard output."),
]


@reads_archive
def show_clusters(
    context: ArchiveContext,
    name: NameArgument,
    source: FromOption = None,
    least: Annotated[int, typer.Option("--least", min=1, help="Smallest number of rows of a story.")] = 2,
    to: ToOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """List stories that several rows tell: how many, on which sites, by which agency, and who published first."""
    from archive.datasets.clusters import Cluster, clusters

    _require_form(to)
    storage, manifest = found(context, name, source)
    require_usable(manifest)
    rows = [one.as_row() for one in clusters(storage, manifest, least)]
    if not rows:
        context.console().print(
            f"no story has {least} rows or more in {manifest.name}@{manifest.version}", markup=False
        )
    _write([field.name for field in fields(Cluster)], rows, to, overwrite=overwrite)


@reads_archive
def show_counts(
    context: ArchiveContext,
    queries: Annotated[
        list[str],
        typer.Argument(metavar="QUERY…", help="As for `newswarc search`. Put a phrase into quotation marks."),
    ],
    source: Annotated[str | None, typer.Option("--from", metavar="DIR|s3://…", help="The archive.")] = None,
    by: Annotated[str, typer.Option("--by", metavar="UNIT", help="day, month, year, site or lang.")] = "month",
    to: ToOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Count the articles that each query finds, by time, site or language, and their share of all articles."""
    from archive.datasets.counting import By, counts

    _require_form(to)
    if by not in list(By):
        raise UsageError(f"dataset counts: --by {by}: choose from {', '.join(By)}")
    with context.with_flags(archive=source).searcher() as searcher:
        made = counts(lambda query, facet: searcher.search(query, limit=0, facets=[facet]), queries, By(by))
    rows = [
        {"query": one.query, by: one.group, "articles": one.articles, "of": one.of, "share": one.share}
        for one in made
    ]
    _write(["query", by, "articles", "of", "share"], rows, to, overwrite=overwrite)


def _require_form(to: Path | None) -> None:
    """Raises UsageError for a name that promises another form."""
    if to is not None and to.suffix in _OTHER_FORMS:
        raise UsageError(
            f"--to {to}: this table is written as CSV or JSON lines; give a name that ends in .csv or .jsonl"
        )


def _write(names: list[str], rows: list[dict[str, Any]], to: Path | None, *, overwrite: bool) -> None:
    """Write a table, which has its names also without rows: programs read them."""
    from archive.named_files import write_new

    if to is None:
        _write_csv(names, rows, sys.stdout)
        return
    text = io.StringIO(newline="")
    if to.suffix == ".jsonl":
        text.writelines(json.dumps(_told(row), ensure_ascii=False) + "\n" for row in rows)
    else:
        _write_csv(names, rows, text)
    write_new(to, text.getvalue().encode(), overwrite=overwrite)


def _write_csv(names: list[str], rows: Iterable[dict[str, Any]], stream: TextIO) -> None:
    from archive.datasets.cells import is_formula

    table = csv.writer(stream, lineterminator="\n")
    table.writerow(names)
    for row in rows:
        cells = _told(row).values()
        table.writerow([f"'{one}" if isinstance(one, str) and is_formula(one) else one for one in cells])


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
        for name, value in row.items()
    }
