"""Options that several commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError


class BrowserUse(StrEnum):
    """Which pages are rendered in a browser."""

    NEVER = "never"
    FALLBACK = "fallback"
    ALWAYS = "always"


class Engine(StrEnum):
    """Where bulk work runs."""

    POOL = "pool"
    DASK = "dask"


def scheduler_of(engine: Engine, scheduler: str) -> str:
    """The scheduler that work is given to; empty: it is done here. Raises UsageError."""
    if engine is Engine.DASK and not scheduler:
        raise UsageError("--engine dask needs --scheduler ADDRESS")
    if engine is Engine.POOL and scheduler:
        raise UsageError("--scheduler needs --engine dask")
    return scheduler


def page_address(text: str) -> str:
    """The address of a page, its scheme perhaps left out, as a person gives it. Raises UsageError."""
    address = text.strip()
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        is_readable = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise UsageError(f"{text!r} is not a URL: {error}; write https://host/path") from error
    if not is_readable:
        raise UsageError(f"{text!r} is not a URL; write https://host/path")
    return address


ArchiveArgument = Annotated[
    str | None, typer.Argument(metavar="[URI]", help="The archive. Default: the configured one.")
]
QueryOption = Annotated[
    str, typer.Option("--query", metavar="QUERY", help="Only articles that `newswarc search QUERY` finds.")
]
ArchiveOption = Annotated[str | None, typer.Option("--to", metavar="DIR|s3://…", help="The archive.")]
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint-url", metavar="URL", help="URL of the S3 service, if not Amazon's.")
]
ShardOption = Annotated[
    str,
    typer.Option(
        "--shard", metavar="I/N", help="Process only part of the segments: 2/8 is the second of eight parts."
    ),
]
EngineOption = Annotated[
    Engine, typer.Option("--engine", help="Run in processes on this machine, or on a Dask cluster (`--scheduler`).")
]
SchedulerOption = Annotated[
    str,
    typer.Option("--scheduler", metavar="ADDRESS", help="Address of the Dask scheduler, such as tcp://host:8786."),
]
JobsOption = Annotated[int | None, typer.Option("--jobs", min=1, help="Number of extraction processes.")]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace the file, and what is written beside it, if it is there.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print a summary as JSON on standard output.")]
SitesOption = Annotated[
    list[Path] | None,
    typer.Option("--sites", metavar="DIR", help="Directory with your own site definitions. Repeatable."),
]
CollectionOption = Annotated[
    str, typer.Option("--collection", metavar="NAME", help="Only what this collection of the archive means.")
]
ContactOption = Annotated[
    str | None, typer.Option("--contact", help="Web page or e-mail address where site owners can reach you.")
]
AllowHostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host", metavar="HOST[:PORT]|CIDR[:PORT]", help="Internal address that may be contacted. Repeatable."
    ),
]
ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The configuration file.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show problems only.")]
VerboseOption = Annotated[
    int,
    typer.Option("--verbose", "-v", count=True, help="Show each event; -vv also shows the log, -vvv all of it."),
]


def _of_settings(
    config: ConfigOption = None, quiet: QuietOption = False, verbose: VerboseOption = 0
) -> ArchiveContext:
    return ArchiveContext(config, quiet=quiet, verbosity=verbose)


def _of_archive(
    endpoint_url: EndpointOption = None,
    config: ConfigOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> ArchiveContext:
    return _of_settings(config, quiet, verbose).with_flags(s3_endpoint=endpoint_url)


def _of_fetching(
    contact: ContactOption = None,
    allow_host: AllowHostOption = None,
    endpoint_url: EndpointOption = None,
    config: ConfigOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> ArchiveContext:
    context = _of_archive(endpoint_url, config, quiet, verbose)
    return context.with_flags(contact=contact).allowing(allow_host or ())


def reads_settings(command: Callable[..., object]) -> Callable[..., object]:
    """Give a command --config, -q and -v; its first parameter gets the ArchiveContext that they make."""
    return with_options(command, _of_settings)


def reads_archive(command: Callable[..., object]) -> Callable[..., object]:
    """As `reads_settings`, and --endpoint-url."""
    return with_options(command, _of_archive)


def fetches(command: Callable[..., object]) -> Callable[..., object]:
    """As `reads_archive`, and --contact and --allow-host."""
    return with_options(command, _of_fetching)


def with_options(command: Callable[..., object], opening: Callable[..., object]) -> Callable[..., object]:
    """The command with the options of `opening` behind its own: Typer reads both from one signature."""
    shared = inspect.signature(opening, eval_str=True).parameters
    _, *own = inspect.signature(command, eval_str=True).parameters.values()

    def run(**values: object) -> object:
        context = opening(**{name: values.pop(name) for name in shared})
        return command(context, **values)

    # By name alone, so that one without a default may follow one with it
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *shared.values())]
    run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # a known attribute of inspect
    return run
