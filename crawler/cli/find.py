"""``newswarc find``: captures of a URL, a host or a domain."""

from __future__ import annotations

import json
from itertools import islice
from typing import Annotated

import typer

from archive.cdxj import IndexEntry
from archive.lookup import Match
from archive.period import Period
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.options import ArchiveArgument, CollectionOption, page_address, reads_archive
from spiders.problems import printable


@reads_archive
def find(
    context: ArchiveContext,
    url: Annotated[str, typer.Argument(metavar="URL", help="A URL or a host, with or without https://.")],
    uri: ArchiveArgument = None,
    match: Annotated[
        Match,
        typer.Option(
            "--match",
            help="Match this URL exactly, every URL that starts with it, its host, or its host and subdomains.",
        ),
    ] = Match.EXACT,
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="Captured at or after this date (UTC).")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="Captured before this date (UTC).")] = "",
    collection: CollectionOption = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="Maximum number of captures. 0: no limit.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per capture.")] = False,
) -> int:
    """List the captures of a URL, a host or a domain. Exit code 1 if there are none."""
    url = page_address(url)
    context = context.with_flags(archive=uri)
    lookup, meant = context.lookup_with_spool, context.collection(collection)
    found = 0
    entries = (
        entry
        for entry in lookup.every(url, match, Period.of(since, until))
        if (meant is None or meant.scope.wants(entry.url, entry.moment)) and lookup.gate.lets(entry.url, entry.moment)
    )
    for entry in islice(entries, limit or None):
        found += 1
        typer.echo(json.dumps(_facts(entry), ensure_ascii=False) if as_json else _line(entry))
    context.tell_withheld(lookup.gate)
    context.tell_unpublished("pages only: feeds, robots.txt and pictures are found when their segment is closed")
    return 0 if found else 1


def _line(entry: IndexEntry) -> str:
    what = "same as before" if entry.is_revisit else entry.mime
    return f"{entry.moment:%Y-%m-%d %H:%M:%S}  {entry.status:>3}  {printable(what):<16}  {printable(entry.url)}"


def _facts(entry: IndexEntry) -> dict[str, object]:
    return {
        "url": entry.url,
        "date": entry.date,
        "status": entry.status,
        "mime": entry.mime,
        "digest": entry.digest,
        "revisit": entry.is_revisit,
        "file": entry.filename,
        "offset": entry.offset,
        "length": entry.length,
    }
