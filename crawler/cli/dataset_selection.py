"""Which data set a command reads, and which of its rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError

if TYPE_CHECKING:
    from archive.datasets.manifest import DatasetManifest
    from archive.datasets.pulling import Wanted
    from archive.storage.protocol import Storage

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME[@VERSION]", help="The data set; without a version, the newest one.")
]
WhereOption = Annotated[
    str,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="Only these rows: \"lang = 'ar' and (year(date) = 2026 or headline like '%harbour%')\".",
    ),
]
ColumnsOption = Annotated[str, typer.Option("--columns", metavar="A,B,…", help="Only these columns.")]
FromOption = Annotated[str | None, typer.Option("--from", metavar="DIR|s3://…", help="The archive that contains it.")]


def found(context: ArchiveContext, name: str, source: str | None) -> tuple[Storage, DatasetManifest]:
    """Where a data set is, and its manifest. Raises BadAddress when there is none, or StorageError."""
    from archive.datasets.reading import dataset as read

    storage = context.with_flags(archive=source).storage()
    bare, _, version = name.partition("@")
    return storage, read(storage, bare, version)


def require_usable(manifest: DatasetManifest) -> None:
    """Raises UsageError for a version that was withdrawn."""
    if manifest.withdrawn:
        raise UsageError(f"{manifest.name}@{manifest.version} was withdrawn: {manifest.withdrawn}")


def wanted_of(
    context: ArchiveContext, storage: Storage, manifest: DatasetManifest, where: str, columns: str, query: str
) -> Wanted:
    """What options mean, without what access rules withhold from readers elsewhere; that is told."""
    from archive.access import AccessGate
    from archive.datasets.condition_parsing import parse_condition
    from archive.datasets.pulling import Wanted
    from archive.datasets.withheld import withheld_rows

    condition = parse_condition(where) if where else None
    withheld = withheld_rows(storage, manifest, AccessGate.of(storage, is_local=False).refusing)
    for told, count in withheld.by_rule.items():
        context.console().print(f"{counted(count, 'row')} withheld, {told}", markup=False)
    ids = context.matching(query).values() if query else None
    return Wanted(
        condition=condition,
        columns=tuple(column.strip() for column in columns.split(",") if column.strip()),
        query=query,
        ids=None if ids is None else frozenset(str(one) for some in ids for one in some),
        rules=withheld.rules,
        withheld=dict(withheld.by_rule),
    )
