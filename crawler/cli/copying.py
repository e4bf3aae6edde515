"""``newswarc copy``: a verified replica of an archive, and its way back."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn

from archive.counted import counted
from archive.errors import BadAddress
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.bars import bars
from crawler.cli.errors import UsageError
from crawler.cli.options import JsonOption, reads_archive

if TYPE_CHECKING:
    from archive.replica import Copied
    from archive.storage.protocol import Storage


@reads_archive
def copy(
    context: ArchiveContext,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The archive: a directory or s3://bucket/prefix.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Where its replica is, or is to be.")],
    deep: Annotated[
        bool, typer.Option("--deep", help="Read what the replica has already, and replace what is damaged there.")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Number of segments copied at once.")] = 4,
    as_json: JsonOption = False,
) -> int:
    """Copy an archive to another place and verify every object; run it again to resume, or to add what is new.

    Redactions and access rules of the archive reach the replica. Nothing else is ever removed there. To restore a
    lost archive, copy its replica back. Exit code 1 if something could not be copied.
    """
    from archive.replica import Replication

    origin, place = context.storage(source), context.storage(target)
    _require_two(origin, place)
    with (
        tempfile.TemporaryDirectory(prefix="newswarc-copy-") as scratch,
        bars(MofNCompleteColumn(), quiet=context.quiet or as_json) as progress,
    ):
        task = progress.add_task("manifests", total=None)

        def show(copied: Copied, done: int, of: int) -> None:
            progress.update(task, description=f"{copied.bytes >> 20:,} MiB", completed=done, total=of)

        from pathlib import Path

        copied = Replication(origin, place, Path(scratch), deep=deep, jobs=jobs, progress=show).run()
    code = 1 if copied.faults else 0
    if as_json:
        typer.echo(json.dumps({**asdict(copied), "exit_code": code}, ensure_ascii=False))
        return code
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for fault in copied.faults:
        console.print(f"[red]✗[/red] {escape(f'{fault.key}: {fault.kind}: {fault.detail}')}")
    if not context.quiet:
        console.print(_said(target, copied), markup=False)
    return code


def _require_two(source: Storage, target: Storage) -> None:
    """Raises UsageError or BadAddress when a copy makes no sense, before anything is written."""
    from archive.library import require_archive

    if _is_within(source, target) or _is_within(target, source):
        raise UsageError(f"copy: {source.uri} and {target.uri} are not two places; give a replica a place of its own")
    require_archive(source)
    known = {item.key for item in target.list("manifests/")}
    if known and not any(item.key in known for item in source.list("manifests/")):
        raise BadAddress(f"copy: {target.uri} has another archive; give the replica a place of its own")


def _is_within(one: Storage, other: Storage) -> bool:
    from pathlib import Path

    if "://" in one.uri or "://" in other.uri:
        return f"{one.uri.rstrip('/')}/".startswith(f"{other.uri.rstrip('/')}/")
    return Path(one.uri).resolve().is_relative_to(Path(other.uri).resolve())


def _said(target: str, copied: Copied) -> str:
    said = f"{target}: {counted(copied.objects, 'object')} copied ({counted(copied.bytes, 'byte')})"
    said += f", {copied.unchanged:,} there already"
    if copied.removed:
        said += f", {copied.removed:,} removed as in the source"
    if copied.only_there:
        said += f", {copied.only_there:,} that the source does not have"
    return said
