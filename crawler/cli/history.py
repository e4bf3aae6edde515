"""``newswarc history``: the versions of an article, and what changed from one to the next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from archive.errors import BadAddress
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.options import ArchiveArgument, page_address, reads_archive
from spiders.problems import printable

if TYPE_CHECKING:
    from archive.article import Article
    from archive.history import Moment

_AROUND = 6
"""Words shown on both sides of a change."""


@reads_archive
def show_history(
    context: ArchiveContext,
    url: Annotated[str, typer.Argument(metavar="URL", help="The article's URL.")],
    uri: ArchiveArgument = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per capture, with its record.")
    ] = False,
) -> int:
    """Show an article's captures, its versions, and the words that changed between them."""
    from archive.access import AccessGate
    from archive.history import history

    url = page_address(url)
    context = context.with_flags(archive=uri)
    storage = context.archive_with_spool
    gate = AccessGate.of(storage)
    moments = sorted(
        [*history(storage, url, gate), *context.unpublished_pages.history(url, gate)],
        key=lambda moment: (moment.date, moment.segment, moment.offset),
    )
    context.tell_withheld(gate)
    context.tell_unpublished()
    if not moments and gate.refused:
        return 1
    if not moments:
        raise BadAddress(f"{url}: no capture in {storage.uri}; check the URL (`newswarc records` lists all articles)")
    if as_json:
        for moment in moments:
            typer.echo(json.dumps(_facts(moment), ensure_ascii=False))
        return 0
    _show(Console(soft_wrap=True, highlight=False), moments)
    return 0


def _facts(moment: Moment) -> dict[str, Any]:
    record = moment.article.model_dump(mode="json", by_alias=True) if moment.article else None
    return {
        "url": moment.url,
        "date": moment.date.isoformat(),
        "segment": moment.segment,
        "offset": moment.offset,
        "outcome": moment.outcome,
        "detail": moment.detail,
        "record": record,
    }


def _show(console: Console, moments: list[Moment]) -> None:
    before: Article | None = None
    for moment in moments:
        outcome = moment.outcome.value if moment.outcome else "captured"
        caption = moment.article.headline if moment.article else moment.detail
        console.print(Text(f"{moment.date:%Y-%m-%d %H:%M:%S}  {outcome}  {printable(caption or '')}", style="bold"))
        if moment.article is not None:
            if before is not None:
                for line in differences(before, moment.article):
                    console.print(line)
            before = moment.article


def differences(before: Article, after: Article) -> Iterator[Text]:
    """The lines of `changes` between two records; of different generations, a line that says why there are none.

    What differs between generations may be due to the extractor: the words of such records are not compared.
    """
    generations = [article.extraction.version if article.extraction else "" for article in (before, after)]
    if generations[0] != generations[1]:
        told = " and ".join(generation or "another program" for generation in generations)
        yield Text(f"    … not compared: extracted by {told}; newswarc extract makes both again", style="dim")
        return
    yield from changes(_words(before), _words(after))


def _words(article: Article) -> list[str]:
    return f"{article.headline or ''}\n{article.article_body}".split()


def changes(before: list[str], after: list[str]) -> Iterator[Text]:
    """A line for each place where words changed: those that went red, those that came green."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        line = Text("    … ")
        line.append(printable(" ".join(before[max(0, start - _AROUND) : start])), style="dim")
        if end > start:
            line.append(f" [-{printable(' '.join(before[start:end]))}-]", style="red")
        if new_end > new_start:
            line.append(f" {{+{printable(' '.join(after[new_start:new_end]))}+}}", style="green")
        line.append(f" {printable(' '.join(before[end : end + _AROUND]))} …", style="dim")
        yield line
