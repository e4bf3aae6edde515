"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

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
JsonOption = Annotated[bool, typer.Option("--json", help="Print a summary as JSON on standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show only what went wrong.")]
