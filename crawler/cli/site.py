"""``newswarc site add`` and ``site check``: defining sites, and checking their sources."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import JsonOption, SitesOption, fetches
from crawler.cli.terminal import print_whole
from crawler.frontier.outcome_log import NO_NEED
from crawler.keeping.source_reading import SourceReading, seconds_of
from crawler.watching.browser_needs import learned_needs
from spiders.problems import printable

if TYPE_CHECKING:
    from spiders.site import Access, Site

site = typer.Typer(no_args_is_help=True, help="Define sites, and check whether their sources work.")

_MOST_SECTIONS = 20
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's or a cookie's name (RFC 9110, section 5.6.2)."""
_EXAMPLES = {"headers": "'Authorization: env:PAPER_LOGIN'", "cookies": "'consent=yes'"}


def _lag(source: SourceReading, now: datetime) -> timedelta | None:
    """How old a source's newest article is."""
    return timedelta(seconds=now.timestamp() - seconds_of(source.newest)) if source.newest else None


@site.command("add")
@fetches
def add(
    context: ArchiveContext,
    url: Annotated[str, typer.Argument(metavar="URL", help="URL of the site's front page.")],
    directory: Annotated[
        Path, typer.Option("--sites", metavar="DIR", help="Directory to write the definition to.")
    ] = Path("sites"),
    name: Annotated[
        str, typer.Option("--name", metavar="CC/NAME", help="Name of the definition. Default: xx/HOST.")
    ] = "",
    header: Annotated[
        list[str] | None,
        typer.Option("--header", metavar="NAME:VALUE", help="Request header that the site requires. Repeatable."),
    ] = None,
    cookie: Annotated[
        list[str] | None,
        typer.Option("--cookie", metavar="NAME=VALUE", help="Cookie that the site requires. Repeatable."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing definition.")] = False,
) -> int:
    """Find a site's feeds, sitemaps and sections, try each one, and write a definition. Nothing is archived.

    The value `env:NAME` of a header or cookie is read from the environment and kept out of the file and the archive.
    """
    from crawler.cli.site_names import site_of_front_page
    from spiders.catalog import read_site

    access = _access(header or (), cookie or ())
    found = site_of_front_page(url).model_copy(update={"access": access})
    site_id = name or f"xx/{found.host.removeprefix('www.').replace('.', '-')}"
    path = directory / f"{site_id}.toml"
    if path.exists() and not overwrite:
        raise UsageError(f"{path}: already exists; give --overwrite to replace it, or another --name")
    report = _looked_at((found,), context)
    sources = _wanted([SourceReading(**source) for source in report.sources])
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for problem in report.problems:
        console.print(f"[yellow]✗[/yellow] {escape(problem)}")
    if not sources:
        raise UsageError(
            f"{url}: found no source with articles; write the definition by hand (docs/how-to/add-a-site.md)"
        )
    title, language = report.fronts.get(found.id, ("", ""))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_definition(found, title or found.host, language, sources), encoding="utf-8")
    read_site(path, site_id)  # what was written has to be a definition
    _show(console, sources)
    console.print(f"written: {path}; crawl it with: newswarc crawl {site_id} --sites {directory}")
    return 0


@site.command("check")
@fetches
def check(
    context: ArchiveContext,
    names: Annotated[list[str] | None, typer.Argument(metavar="[SITE…]", help="Site names. Default: all.")] = None,
    directories: SitesOption = None,
    pages: Annotated[
        int,
        typer.Option(
            "--pages", min=0, help="Also fetch this many articles of each site, to see if they need a browser."
        ),
    ] = 0,
    as_json: JsonOption = False,
) -> int:
    """Read each source once; show how many articles it lists and how old the newest is. Nothing is archived.

    With --sites and no names, only the definitions in those directories are checked.
    Exit code 1 if a source fails or lists no articles.
    """
    catalog = context.with_sites(directories).catalog
    chosen = tuple(catalog.find(name) for name in names or ()) or tuple(catalog.all(bundled=not directories))
    if not chosen:
        raise UsageError(
            f"{', '.join(map(str, directories or ()))}: no site definition here; `newswarc site add` writes one"
        )
    report = _looked_at(chosen, context, sample=pages)
    needs = learned_needs(context.configuration, [definition.id for definition in chosen])
    read = {(source["site"], source["url"]): SourceReading(**source) for source in report.sources}
    silent = [
        (definition.id, source.url)
        for definition in chosen
        for source in definition.sources
        if not (found := read.get((definition.id, source.url))) or not (found.articles or found.leads_on)
    ]
    if as_json:
        facts = {
            "sources": report.sources, "silent": silent, "problems": report.problems, "browser": report.browser,
            "learned_needs": needs,
        }  # fmt: skip
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return 1 if silent else 0
    console = Console(soft_wrap=True, highlight=False)
    _show(console, list(read.values()))
    for name, address in silent:
        console.print(f"[red]✗[/red] {escape(printable(f'{name}: {address}: fails, or lists no articles'))}")
    for name, facts in report.browser.items():
        console.print(escape(f"{name}: {_browser_line(facts)}"))
    for definition in chosen:
        if learned := needs.get(definition.id):
            use = definition.browser or context.configuration.browser
            console.print(escape(f"{definition.id}: {_learned_line(learned, use)}"))
    for problem in report.problems:
        console.print(f"[yellow]![/yellow] {escape(problem)}")
    return 1 if silent else 0


def _browser_line(facts: dict[str, Any]) -> str:
    """Whether a site's pages need a browser, and what to do."""
    needed, rendered, looked_at = sum(facts["needed"].values()), facts["rendered"], facts["looked_at"]
    reasons = ", ".join(facts["needed"])
    if rendered or facts["failed"]:
        failed = sum(facts["failed"].values())
        return f"{rendered} of {looked_at} pages were rendered in a browser" + (
            f", {failed} could not be" if failed else ""
        )
    if not needed:
        return f"none of {looked_at} pages needs a browser"
    return f'{needed} of {looked_at} pages show their text only to a browser ({reasons}); set browser = "fallback"'


def _learned_line(found: Mapping[str, int], use: str) -> str:
    """What the crawls of the last weeks have learned of a site's need of a browser, and what to do."""
    reasons = {reason: count for reason, count in found.items() if reason != NO_NEED}
    needed, looked_at = sum(reasons.values()), sum(found.values())
    of = f"of {looked_at:,} that earlier crawls looked at"
    if not needed:
        return f"pages that need a browser: none {of}"
    line = f"pages that show their text only to a browser: {needed:,} {of} ({', '.join(sorted(reasons))})"
    return f'{line}; set browser = "fallback"' if use == "never" else line


def _looked_at(sites: Sequence[Site], context: ArchiveContext, sample: int = 0) -> Any:
    from crawler.run.crawling import CrawlPlan, run_crawl  # imports Scrapy: only when it is needed

    plan = CrawlPlan(tuple(sites), dry_run=True, sample=sample)
    return run_crawl(context.with_flags(recapture=()).configuration, plan, verbosity=context.verbosity)


def _wanted(sources: Sequence[SourceReading]) -> list[SourceReading]:
    """The sources that a definition needs: feeds and news sitemaps, else sections; each once, the richest first."""
    from spiders.site import ANNOUNCING

    alive = [source for source in sources if source.articles or (source.leads_on and source.kind == "sitemap")]
    announced = [source for source in alive if source.kind in ANNOUNCING and source.via != "sitemap"]
    sections = [source for source in alive if source.kind not in ANNOUNCING]
    chosen = announced or sorted(sections, key=lambda source: -source.articles)[:_MOST_SECTIONS]
    return list({source.url: source for source in chosen}.values())


def _access(headers: Sequence[str], cookies: Sequence[str]) -> Access:
    """What a site asks for, as the command line gives it. Raises UsageError."""
    from spiders.site import Access

    found: dict[str, dict[str, str]] = {"headers": {}, "cookies": {}}
    for kind, texts, mark in (("headers", headers, ":"), ("cookies", cookies, "=")):
        for text in texts:
            name, given, value = text.partition(mark)
            if not given or not _TOKEN.fullmatch(name.strip()) or not value.strip() or not value.isprintable():
                raise UsageError(
                    f"site add: --{kind[:-1]} {text!r}: write NAME{mark}VALUE, such as {_EXAMPLES[kind]}"
                )
            found[kind][name.strip()] = value.strip()
    return Access(headers=found["headers"], cookies=found["cookies"])


def _definition(site: Site, name: str, language: str, sources: Sequence[SourceReading]) -> str:
    url = site.url
    today = datetime.now(UTC).date().isoformat()
    lines = [f"name = {json.dumps(name, ensure_ascii=False)}", f"url = {json.dumps(url)}"]
    lines += [f"language = {json.dumps(language)}"] if language else []
    lines += [f"evidence = [{json.dumps(f'read on {today} from {url}')}]", "verified = true"]
    for source in sources:
        lines += ["", "[[sources]]", f'kind = "{source.kind}"', f"url = {json.dumps(source.url)}"]
    shown = [source.articles for source in sources if source.articles]
    floor = max(1, min(shown) // 2) if shown else 0
    for kind, values in (("headers", site.access.headers), ("cookies", site.access.cookies)):
        if values:
            lines += ["", f"[access.{kind}]"]
            lines += [
                f"{json.dumps(name)} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()
            ]
    return "\n".join([*lines, "", "[floors]", f"articles = {floor}", ""])


def _show(console: Console, sources: Sequence[SourceReading]) -> None:
    table = Table(box=None)
    for heading in ("site", "kind", "articles", "newest", "source"):
        table.add_column(heading)
    now = datetime.now(UTC)
    for source in sources:
        lag = _lag(source, now)
        age = "" if lag is None else f"{_age(lag)} ago"
        host = urlsplit(source.url).path or "/"
        table.add_row(escape(source.site), source.kind, str(source.articles), age, escape(printable(host)))
    print_whole(console, table)


def _age(lag: timedelta) -> str:
    hours = lag.total_seconds() / 3600
    return f"{lag.days} days" if lag.days >= 2 else f"{hours:.0f} h" if hours >= 2 else f"{hours * 60:.0f} min"
