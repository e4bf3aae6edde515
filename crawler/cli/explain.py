"""``newswarc explain``: everything known about a URL."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from archive.errors import BadAddress
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.options import ArchiveArgument, SitesOption, page_address, reads_archive
from spiders.problems import printable

if TYPE_CHECKING:
    from archive.storage.protocol import Storage


@reads_archive
def explain(
    context: ArchiveContext,
    url: Annotated[str, typer.Argument(metavar="URL", help="The article's URL.")],
    uri: ArchiveArgument = None,
    sites: SitesOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per fact.")] = False,
) -> None:
    """Show everything known about a URL: sources, rules, attempts, captures and outcomes."""
    from archive.library import require_archive
    from crawler.frontier.frontier import open_frontier
    from crawler.offline.explanation import explain as explain_address

    context = context.with_flags(archive=uri).with_sites(sites)
    storage: Storage | None = context.storage()
    try:
        require_archive(context.storage())
    except BadAddress:
        if uri:
            raise
        storage = None  # nothing is stored yet, but much may be known
    with closing(open_frontier(context.configuration)) as frontier:
        facts = explain_address(
            page_address(url),
            storage,
            frontier,
            context.catalog.all(),
            context.configuration.agent,
            datetime.now(UTC),
        )
    for fact in facts:
        typer.echo(
            json.dumps(asdict(fact), ensure_ascii=False) if as_json else f"{fact.about:<8} {printable(fact.text)}"
        )
