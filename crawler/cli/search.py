"""``newswarc search``: articles by words, phrases, dates and more."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.text import Text

from archive.counted import counted
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveArgument, reads_archive
from spiders.problems import printable

if TYPE_CHECKING:
    from archive.search.searching import Hit, SearchResult

QueryArgument = Annotated[
    str,
    typer.Argument(
        metavar="QUERY",
        help='Words, "a phrase", -not, OR, prefix*, site: lang: author: section: agency: kind: date:2026-01.. '
        "(see the how-to page). * is all.",
    ),
]


@reads_archive
def search(
    context: ArchiveContext,
    query: QueryArgument,
    uri: ArchiveArgument = None,
    limit: Annotated[int, typer.Option("--limit", min=0, max=10_000, help="Hits that are shown.")] = 20,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Hits that are passed over.")] = 0,
    sort: Annotated[str, typer.Option("--sort", help="relevance, newest or oldest.")] = "relevance",
    unfolded: Annotated[
        bool, typer.Option("--unfolded", help="Show every version of an article and every copy of a text.")
    ] = False,
    similar: Annotated[
        bool, typer.Option("--similar", help="QUERY is a record's id; show articles like that one.")
    ] = False,
    count: Annotated[bool, typer.Option("--count", help="Print the number of records alone.")] = False,
    facets: Annotated[
        str, typer.Option("--facets", metavar="NAMES", help="Count by these: day,site,lang,section,author.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with all there is to tell.")] = False,
    as_lines: Annotated[bool, typer.Option("--jsonl", help="Print the records of the hits, one a line.")] = False,
) -> int:
    """Find articles by words, phrases, sites, dates and more. Exit code 1 when there are none.

    Versions of an article and copies of a text are shown once; counts and facets are of all records. What this
    machine still captures is found too. `newswarc index` makes the index.
    """
    from archive.search.searching import Facet, Order

    if sort not in set(Order):
        raise UsageError(f"search: --sort {sort}: there are {', '.join(Order)}")
    names = [name.strip() for name in facets.split(",") if name.strip()]
    for name in names:
        if name not in set(Facet):
            raise UsageError(f"search: --facets {name}: there are {', '.join(Facet)}")
    with context.with_flags(archive=uri).searcher() as searcher:
        if similar:
            result = searcher.similar(_id(query), limit=limit)
        else:
            result = searcher.search(
                query,
                limit=0 if count else limit,
                offset=offset,
                order=Order(sort),
                facets=[Facet(name) for name in names],
                folded=not unfolded,
            )
    if count:
        typer.echo(result.count)
    elif as_json:
        typer.echo(json.dumps(facts_of(result), ensure_ascii=False))
    elif as_lines:
        sys.stdout.writelines(f"{hit.article.to_json_line()}\n" for hit in result.hits)
    else:
        _show(result, offset)
    _tell(result, context.console())
    return 0 if result.count else 1


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise UsageError(f"search: --similar: {text!r} is no record's id; see `id` in --jsonl") from error


def facts_of(result: SearchResult) -> dict[str, Any]:
    """A result as JSON has it."""
    return {
        "query": result.query,
        "analysis": result.analysis,
        "index": result.index,
        "count": result.count,
        "missingSegments": result.missing,
        "unreadable": result.unreadable,
        "facets": result.facets,
        "hits": [_hit(hit) for hit in result.hits],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    article = hit.article
    return {
        "id": str(article.id),
        "url": article.url,
        "headline": article.headline,
        "datePublished": article.date_published,
        "inLanguage": article.in_language,
        "authors": [author.name for author in article.authors],
        "articleSection": article.article_section,
        "kind": article.kind.value,
        "score": hit.score,
        "snippet": {"text": hit.snippet.text, "marks": hit.snippet.marks},
        "versions": hit.versions,
        "copies": hit.copies,
    }


def _show(result: SearchResult, offset: int) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for number, hit in enumerate(result.hits, start=offset + 1):
        article = hit.article
        more = [counted(hit.versions, "version")] if hit.versions > 1 else []
        more += [f"{counted(hit.copies, 'copy')} elsewhere"] if hit.copies else []
        date = (article.date_published or "undated")[:10]
        console.print(Text(f"{number}. {printable(article.headline)}", style="bold"))
        console.print(Text(printable("   " + "  ".join([date, article.url, *more])), style="cyan"))
        console.print(_snippet(hit))
    for name, counts in result.facets.items():
        console.print(Text(name, style="bold"))
        for value, number in counts.items():
            console.print(Text(f"  {number:>9,}  {printable(value)}"))
    if not console.is_terminal and not result.hits and not result.facets:
        return
    told = f"{counted(result.count, 'record')} for {printable(result.query)} (index {result.index})"
    Console(stderr=True, soft_wrap=True, highlight=False).print(told, markup=False)


def _snippet(hit: Hit) -> Text:
    snippet = hit.snippet
    text = Text("   " if snippet.is_beginning else "   …")
    at = 0
    for start, end in snippet.marks:
        text.append(printable(snippet.text[at:start]))
        text.append(printable(snippet.text[start:end]), style="bold yellow")
        at = end
    text.append(printable(snippet.text[at:]))
    text.append("" if snippet.is_end else "…")
    return text


def _tell(result: SearchResult, console: Console) -> None:
    if result.missing:
        console.print(
            f"{counted(result.missing, 'stored segment', 'is', 'are')} not in the index yet; run newswarc index",
            markup=False,
        )
    if result.unreadable:
        console.print(
            f"{counted(result.unreadable, 'hit')} could not be read: what they name was removed or is damaged",
            markup=False,
        )
