"""``newswarc recover`` and ``newswarc upload``: what a crawl left on this machine."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape

from crawler.cli.options import ArchiveOption, EndpointOption, JsonOption
from crawler.config import load_configuration

if TYPE_CHECKING:
    from crawler.keeping.spool_recovery import RecoveredSpool


def recover(to: ArchiveOption = None, as_json: JsonOption = False) -> int:
    """Finish the segments of crawls that were killed. A crawl does so by itself when it starts."""
    from crawler.keeping.spool_recovery import recover_segments

    return _show(recover_segments(load_configuration().with_flags(archive=to)), as_json=as_json)


def upload(to: ArchiveOption = None, as_json: JsonOption = False, endpoint_url: EndpointOption = None) -> int:
    """Store what waits on this machine. A crawl does so by itself when it starts."""
    from crawler.keeping.spool_recovery import upload_segments

    configuration = load_configuration().with_flags(archive=to, s3_endpoint=endpoint_url)
    return _show(asyncio.run(upload_segments(configuration)), as_json=as_json)


def _show(recovered: RecoveredSpool, *, as_json: bool) -> int:
    code = 1 if recovered.problems else 0
    if as_json:
        typer.echo(json.dumps({**asdict(recovered), "exit_code": code}, ensure_ascii=False, indent=1))
        return code
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for line in recovered.lines or ["nothing waits on this machine"]:
        console.print(f"[yellow]↻[/yellow] {escape(line)}")
    if recovered.files:
        console.print(f"{len(recovered.files)} files stored, each verified; {recovered.articles} articles")
    for problem in recovered.problems:
        console.print(f"[red]✗[/red] {escape(problem)}")
    return code
