"""``newswarc recover`` and ``newswarc upload``: finishing what a crawl left on this machine."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.options import ArchiveOption, JsonOption, reads_archive

if TYPE_CHECKING:
    from crawler.keeping.spool_recovery import RecoveredSpool


@reads_archive
def recover(context: ArchiveContext, to: ArchiveOption = None, as_json: JsonOption = False) -> int:
    """Finish the segments of crawls that were killed. Every crawl does this when it starts."""
    from crawler.keeping.spool_recovery import recover_segments

    finished = recover_segments(context.with_flags(archive=to).to_write_state())
    return _show(finished, context, as_json=as_json)


@reads_archive
def upload(context: ArchiveContext, to: ArchiveOption = None, as_json: JsonOption = False) -> int:
    """Store the segments waiting on this machine. Every crawl does this when it starts."""
    from crawler.keeping.spool_recovery import upload_segments

    finished = asyncio.run(upload_segments(context.with_flags(archive=to).to_write_state()))
    return _show(finished, context, as_json=as_json)


def _show(recovered: RecoveredSpool, context: ArchiveContext, *, as_json: bool) -> int:
    code = 1 if recovered.problems else 0
    if as_json:
        typer.echo(json.dumps({**asdict(recovered), "exit_code": code}, ensure_ascii=False, indent=1))
        return code
    console = context.console()
    for line in recovered.lines or ["nothing is waiting on this machine"]:
        console.print(f"[yellow]↻[/yellow] {escape(line)}")
    if recovered.files:
        console.print(
            f"{counted(len(recovered.files), 'file')} stored, each verified; {counted(recovered.articles, 'article')}"
        )
    for problem in recovered.problems:
        Console(stderr=True, soft_wrap=True, highlight=False).print(f"[red]✗[/red] {escape(problem)}")
    return code
