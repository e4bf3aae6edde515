"""``newswarc verify``: whether an archive is what it says."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from archive.library import require_archive
from archive.storage.opening import open_storage
from archive.verifying import Verification
from crawler.config import load_configuration
from crawler.verification import VerifiedArchive, verify_archive


def verify(
    uri: Annotated[
        str | None, typer.Argument(metavar="[URI]", help="The archive; default: the configured one.")
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte, not only names and lengths.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show faults only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON on standard output.")] = False,
) -> int:
    """Hold an archive's objects against their manifests, records and digests. Exit code 1 when anything is wrong."""
    configuration = load_configuration()
    address = uri or configuration.archive
    endpoint = configuration.s3_endpoint or None
    require_archive(open_storage(address, endpoint=endpoint))
    console = Console(stderr=True, soft_wrap=True, highlight=False)

    def show(verification: Verification) -> None:
        if not quiet and not as_json:
            said = f"{len(verification.faults)} faults" if verification.faults else "sound"
            console.print(f"{verification.segment}: {said}")

    found = verify_archive(address, endpoint, deep=deep, workers=configuration.workers, progress=show)
    code = 1 if found.faults else 0
    if as_json:
        typer.echo(json.dumps({**asdict(found), "exit_code": code}, ensure_ascii=False, indent=1))
    else:
        _report(console, found, quiet=quiet)
    return code


def _report(console: Console, found: VerifiedArchive, *, quiet: bool) -> None:
    for fault in found.faults:
        console.print(f"[red]✗[/red] {escape(f'{fault.key}: {fault.kind}: {fault.detail}')}")
    if quiet:
        return
    for key in found.unclaimed:
        console.print(f"[yellow]?[/yellow] {escape(key)}: no manifest names it")
    console.print(f"{found.segments} segments, {found.records} records read, {len(found.faults)} faults")
