"""``newswarc serve``: an archive as pages for people and as interfaces for programs."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveArgument, reads_archive


@reads_archive
def serve(
    context: ArchiveContext,
    uri: ArchiveArgument = None,
    listen: Annotated[
        str | None, typer.Option("--listen", metavar="HOST:PORT", help="Where to listen. Default: `web_listen`.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port on this machine.")] = None,
    no_replay: Annotated[bool, typer.Option("--no-replay", help="Don't start pywb for replaying captures.")] = False,
) -> int:
    """Serve an archive as web pages and as an API: search, read, replay, download, operate. Ctrl-C stops it.

    Without a guard (`web_guard`), it listens on this machine only. Needs the extra `web`.
    """
    if listen is not None and port is not None:
        raise UsageError("serve: give --listen or --port, not both")
    if port is not None:
        listen = f"127.0.0.1:{port}"
    context = context.with_flags(archive=uri, web_listen=listen)
    try:
        from crawler.web.serving import serve as serve_archive
    except ModuleNotFoundError as error:
        raise UsageError(f"serve: {error.name} is missing; install newswarc[web]") from error
    console = context.console()
    return serve_archive(
        context.configuration,
        lambda line: console.print(line, markup=False),
        with_replay=not no_replay,
        options=context.as_options(),
    )
