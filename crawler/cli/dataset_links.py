"""``newswarc dataset presign``: temporary links to a data set's files, for people without an account."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import JsonOption, reads_archive

if TYPE_CHECKING:
    from archive.datasets.manifest import DatasetFile

_LONGEST = 7 * 24
_QUOTING = ("codebook.md", "codebook.csv", "manifest.json")
"""Documents with examples of values, which may be those of rows that are withheld."""
_SCRIPT = """#!/bin/sh
# Downloads {folder}: run it again to resume. The links end after a while.
set -eu
get() {{
    if [ -n "$2" ] && [ -f "$1" ] && echo "$2  $1" | sha256sum --check --status; then return; fi
    mkdir -p "$(dirname "$1")"
    curl --fail --silent --show-error --location --retry 5 --output "$1.part" "$3"
    if [ -n "$2" ] && ! echo "$2  $1.part" | sha256sum --check --status; then
        echo "$1: wrong digest" >&2
        exit 1
    fi
    mv "$1.part" "$1"
}}
{calls}
"""


class Form(StrEnum):
    """How links are printed."""

    LINKS = "links"
    SCRIPT = "script"
    ARIA2 = "aria2"


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
    form: Annotated[
        Form, typer.Option("--format", help="Links alone, a shell script, or an input file for aria2c -i.")
    ] = Form.LINKS,
    as_json: JsonOption = False,
) -> None:
    """Print a link to each file. Anyone who has a link can download the file.

    The script and aria2 keep names and folders, and check each file.
    """
    from archive.access import AccessGate
    from archive.datasets.manifest import DatasetFile, dataset_prefix
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
    held_back = found.files | (dict.fromkeys(_QUOTING, "it quotes rows that are withheld") if found.files else {})
    for file in [file for file in chosen if file.path in held_back]:
        context.console().print(f"{file.path}: no link; {held_back[file.path]}", markup=False)
        chosen.remove(file)
    prefix = dataset_prefix(manifest.name, manifest.version)
    links = storage.links([prefix + file.path for file in chosen], hours * 3600)
    if form is not Form.LINKS:
        more = dict(zip(chosen, links, strict=True))
        if "manifest.json" not in held_back:
            (address,) = storage.links([f"{prefix}manifest.json"], hours * 3600)
            more[DatasetFile(path="manifest.json", size=0, sha256="")] = address
        folder = f"{manifest.name}-{manifest.version}"
        typer.echo(_script(folder, more) if form is Form.SCRIPT else _aria2(folder, more), nl=False)
        return
    for file, address in zip(chosen, links, strict=True):
        facts = {"path": file.path, "size": file.size, "sha256": file.sha256, "url": address}
        typer.echo(json.dumps({**facts, "until": until.isoformat()}) if as_json else address)


def _script(folder: str, links: dict[DatasetFile, str]) -> str:
    calls = [shlex.join(["get", f"{folder}/{file.path}", file.sha256, address]) for file, address in links.items()]
    return _SCRIPT.format(folder=folder, calls="\n".join(calls))


def _aria2(folder: str, links: dict[DatasetFile, str]) -> str:
    """An input file of aria2 (its manual, section "Input File")."""
    lines = []
    for file, address in links.items():
        directory, _, name = f"{folder}/{file.path}".rpartition("/")
        lines += [address, f"  dir={directory}", f"  out={name}"]
        lines += [f"  checksum=sha-256={file.sha256}"] if file.sha256 else []
    return "".join(f"{line}\n" for line in lines)
