"""``newswarc dataset presign``: temporary links to a data set's files, for people without an account."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import JsonOption, reads_archive

_LONGEST = 7 * 24


@reads_archive
def show_links(
    context: ArchiveContext,
    name: Annotated[
        str, typer.Argument(metavar="NAME[@VERSION]", help="The data set; without a version, the newest one.")
    ],
    source: Annotated[
        str | None, typer.Option("--from", metavar="s3://…", help="The archive that contains it.")
    ] = None,
    hours: Annotated[
        int, typer.Option("--hours", min=1, max=_LONGEST, help="Hours for which the links are valid.")
    ] = 24,
    below: Annotated[str, typer.Option("--below", metavar="DIR", help="Only files below data or jsonl.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Print a link to each file, one per line, for `wget -i -`. Anyone who has a link can download the file."""
    from archive.access import AccessGate
    from archive.datasets.manifest import dataset_prefix
    from archive.datasets.reading import dataset as read
    from archive.datasets.withheld import withheld_rows
    from archive.storage.s3 import S3Storage

    storage = context.with_flags(archive=source).storage()
    if not isinstance(storage, S3Storage):
        raise UsageError(f"dataset presign: {storage.uri} is not in S3; links exist only for s3:// archives")
    manifest = read(storage, *name.partition("@")[::2])
    if manifest.withdrawn:
        raise UsageError(f"{manifest.name}@{manifest.version} was withdrawn: {manifest.withdrawn}")
    until = datetime.now(UTC) + timedelta(hours=hours)
    chosen = [file for file in manifest.files if not below or file.path.startswith(f"{below.strip('/')}/")]
    if not chosen:
        raise UsageError(f"{manifest.name}@{manifest.version}: no files below {below!r}; use data or jsonl")
    found = withheld_rows(storage, manifest, AccessGate.of(storage, is_local=False).refusing)
    for file in [file for file in chosen if file.path in found.files]:
        context.console().print(f"{file.path}: no link; {found.files[file.path]}", markup=False)
        chosen.remove(file)
    prefix = dataset_prefix(manifest.name, manifest.version)
    links = storage.links([prefix + file.path for file in chosen], hours * 3600)
    for file, address in zip(chosen, links, strict=True):
        facts = {"path": file.path, "size": file.size, "sha256": file.sha256, "url": address}
        typer.echo(json.dumps({**facts, "until": until.isoformat()}) if as_json else address)
