"""``newswarc show``: one capture on the terminal."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from archive.errors import BadAddress, DamagedArchive
from archive.exchange import CaptureOutcome
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveArgument, page_address, reads_archive
from spiders.problems import printable

if TYPE_CHECKING:
    from archive.article import Article
    from archive.captures import Capture
    from archive.cdxj import IndexEntry
    from archive.lookup import Lookup

_LARGEST = 1 << 30


class Part(StrEnum):
    """What of a capture is wanted."""

    SUMMARY = "summary"
    WIRE = "wire"
    RAW = "raw"
    BODY = "body"
    HEADERS = "headers"
    TEXT = "text"
    JSON = "json"


@reads_archive
def show(
    context: ArchiveContext,
    url: Annotated[str, typer.Argument(metavar="URL|ID", help="The page's URL, or with --row the id of a row.")],
    uri: ArchiveArgument = None,
    at: Annotated[
        str, typer.Option("--at", metavar="DATE", help="Show the capture closest to this time (UTC).")
    ] = "",
    wire: Annotated[bool, typer.Option("--wire", help="Print the response exactly as received.")] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Like --wire, but for a 304 print the response it refers to.")
    ] = False,
    body: Annotated[bool, typer.Option("--body", help="Print the decoded body.")] = False,
    headers: Annotated[bool, typer.Option("--headers", help="Print the response headers.")] = False,
    text: Annotated[bool, typer.Option("--text", help="Print the article's text.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the capture's position and its record as JSON.")
    ] = False,
    row: Annotated[
        bool, typer.Option("--row", help="Show the capture from which a row of a data set was made.")
    ] = False,
) -> int:
    """Show a capture of a URL: the newest, or the one closest to a given time."""
    choices = {
        Part.WIRE: wire,
        Part.RAW: raw,
        Part.BODY: body,
        Part.HEADERS: headers,
        Part.TEXT: text,
        Part.JSON: as_json,
    }
    wanted = [part for part, given in choices.items() if given]
    if len(wanted) > 1:
        raise UsageError(f"show: give only one of {', '.join(f'--{part}' for part in choices)}")
    url = url if row else page_address(url)
    lookup = context.with_flags(archive=uri).lookup_with_spool
    entry = _of_row(lookup, url) if row else lookup.closest(url, _moment(at))
    if entry is None:
        raise BadAddress(f"{url}: no capture here; `newswarc find --match host` lists the captures of a host")
    context.tell_withheld(lookup.gate)
    _write(wanted[0] if wanted else Part.SUMMARY, lookup, entry)
    return 0


def _of_row(lookup: Lookup, record_id: str) -> IndexEntry:
    """The capture that a row of a data set in this archive names."""
    from archive.datasets.reading import row_with

    row = row_with(lookup.storage, record_id)
    if row is None:
        raise BadAddress(f"{record_id}: no data set in {lookup.storage.uri} has a row with this id")
    for entry in lookup.every(row["url"]):
        if (entry.filename, entry.offset) == (row["warcFile"], row["warcOffset"]):
            return entry
    raise BadAddress(f"{record_id}: its capture, {row['warcFile']} at {row['warcOffset']}, is not in this archive")


def _moment(at: str) -> datetime | None:
    from archive.period import moment_of

    moment = moment_of(at)
    if at and moment is None:
        raise UsageError(f"show: --at {at!r} is not a date; write 2026-11-24 or 2026-11-24T10:30:00")
    return moment


def _write(part: Part, lookup: Lookup, entry: IndexEntry) -> None:
    capture = lookup.read(entry)
    if part is Part.WIRE:
        sys.stdout.buffer.write(lookup.wire(capture))
        return
    whole = lookup.original(capture)
    if part is Part.RAW:
        sys.stdout.buffer.write(_raw(lookup, capture, whole))
    elif part is Part.BODY:
        sys.stdout.buffer.write(whole.body(_LARGEST).body)
    elif part is Part.HEADERS:
        shown = capture if capture.response else whole
        sys.stdout.buffer.write(shown.response[: shown.head().length])
    else:
        _write_record(part, lookup, entry, capture, whole)


def _raw(lookup: Lookup, capture: Capture, whole: Capture) -> bytes:
    """What came for a capture, or, of an answer 304 and where that cannot be told, what it stands for."""
    is_answer = not capture.revisit or (bool(capture.response) and capture.outcome is not CaptureOutcome.NOT_MODIFIED)
    try:
        return lookup.wire(capture) if is_answer else whole.response
    except DamagedArchive:
        return whole.response


def _write_record(part: Part, lookup: Lookup, entry: IndexEntry, capture: Capture, whole: Capture) -> None:
    article = _article(lookup, entry, whole)
    if part is Part.JSON:
        typer.echo(json.dumps(_facts(entry, capture, whole, article), ensure_ascii=False))
    elif part is Part.TEXT:
        if article is None:
            raise BadAddress(f"{entry.url}: this capture has no record; `newswarc history URL` shows why")
        typer.echo(f"{article.headline or ''}\n\n{article.article_body}")
    else:
        _summarise(entry, capture, whole, article)


def _article(lookup: Lookup, entry: IndexEntry, whole: Capture) -> Article | None:
    """The record of a capture; of a revisit that of its original, which may be in another segment."""
    segments = [entry.segment]
    if entry.is_revisit:
        segments += [other.segment for other in lookup.find(whole.url) if not other.is_revisit]
    found = (lookup.article_of(whole.record_id, segment) for segment in dict.fromkeys(segments))
    return next((article for article in found if article is not None), None)


def _facts(entry: IndexEntry, capture: Capture, whole: Capture, article: Article | None) -> dict[str, object]:
    return {
        "url": capture.url,
        "date": capture.date.isoformat(),
        "status": entry.status,
        "outcome": capture.outcome,
        "file": entry.filename,
        "offset": entry.offset,
        "recordId": str(capture.record_id),
        "standsFor": str(whole.record_id) if capture.revisit else None,
        "metadata": capture.metadata,
        "record": article.model_dump(mode="json", by_alias=True) if article else None,
    }


def _summarise(entry: IndexEntry, capture: Capture, whole: Capture, article: Article | None) -> None:
    console = Console(soft_wrap=True, highlight=False)
    head = (capture if capture.response else whole).head()
    same = f", the same as {whole.url} at {whole.date:%Y-%m-%d %H:%M:%S}" if capture.revisit else ""
    facts = [
        ("address", capture.url),
        ("captured", f"{capture.date:%Y-%m-%d %H:%M:%S} UTC{same}"),
        ("response", f"{head.status} {head.reason}, {head.first('content-type')}"),
        ("payload", f"{len(whole.payload())} bytes, {whole.payload_digest}"),
        ("kept in", f"{entry.filename} at {entry.offset}"),
        ("found by", " ".join(part for part in (capture.discovery.via, capture.discovery.source_url) if part)),
    ]
    if article is not None:
        names = ", ".join(author.name for author in article.authors)
        facts += [("headline", article.headline or ""), ("by", names), ("published", article.date_published or "")]
    for name, value in facts:
        if value:
            console.print(Text(f"{name:>10}  ", style="dim").append(printable(value), style="not dim"))
    if article is not None:
        console.print()
        console.print(Text("\n\n".join(printable(paragraph) for paragraph in article.paragraphs)))
