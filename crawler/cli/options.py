"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from crawler.cli.errors import UsageError


class Engine(StrEnum):
    """What bulk work runs on."""

    POOL = "pool"
    DASK = "dask"


def scheduler_of(engine: Engine, scheduler: str) -> str:
    """The scheduler that work is given to; empty: it is done here. Raises UsageError."""
    if engine is Engine.DASK and not scheduler:
        raise UsageError("--engine dask: give --scheduler ADDRESS too")
    if engine is Engine.POOL and scheduler:
        raise UsageError("--scheduler is for --engine dask")
    return scheduler


ArchiveArgument = Annotated[
    str | None, typer.Argument(metavar="[URI]", help="The archive; default: the configured one.")
]
ArchiveOption = Annotated[str | None, typer.Option("--to", metavar="DIR|s3://…", help="The archive.")]
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint-url", metavar="URL", help="The S3 service, when it is not Amazon's.")
]
ShardOption = Annotated[
    str, typer.Option("--shard", metavar="I/N", help="Only this part of the segments: 2/8 is the second of eight.")
]
EngineOption = Annotated[
    Engine, typer.Option("--engine", help="Processes of this machine, or a Dask cluster (`--scheduler`).")
]
SchedulerOption = Annotated[
    str, typer.Option("--scheduler", metavar="ADDRESS", help="The Dask scheduler: tcp://host:8786.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print a summary as JSON on standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show only what went wrong.")]
