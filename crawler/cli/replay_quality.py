"""``newswarc replay --check --browser``: whether rendered pages look the same when they are shown again."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from archive.named_files import require_new, write_new
from crawler.browser.installed import missing_for_browser
from crawler.browser.plan import BrowserPlan
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from spiders.problems import printable

if TYPE_CHECKING:
    from crawler.browser.quality import PageQuality, QualityScope


def quality_and_show(
    context: ArchiveContext,
    site: str,
    collection: str,
    report: Path | None,
    least: float,
    limit: int,
    *,
    overwrite: bool,
    as_json: bool,
) -> int:
    """Show rendered pages again; exit code 1 when a score is below `least`. Raises StorageError or NoBrowser."""
    if lacks := missing_for_browser():
        raise UsageError(lacks)
    from crawler.browser.quality import QualityScope
    from crawler.browser.quality_report import quality_report

    if report is not None:
        require_new(report, overwrite=overwrite)
    meant = context.collection(collection)
    scope = QualityScope(site, meant.scope if meant is not None else None, limit)
    pages = asyncio.run(_looked_at(context, scope, least, as_json=as_json))
    if report is not None:
        write_new(report, quality_report(pages, least, datetime.now(UTC)).encode(), overwrite=overwrite)
    bad = sum(page.score < least for page in pages)
    if as_json:
        listed = [_facts(page) for page in sorted(pages, key=lambda page: page.score)]
        typer.echo(json.dumps({"pages": listed, "least": least, "bad": bad, "exit_code": 1 if bad else 0}))
    else:
        mean = sum(page.score for page in pages) / len(pages) if pages else 0.0
        context.console().print(
            f"{len(pages):,} rendered pages, mean score {mean:.3f}; {bad:,} have a score below {least:g}"
        )
    return 1 if bad else 0


async def _looked_at(
    context: ArchiveContext, scope: QualityScope, least: float, *, as_json: bool
) -> list[PageQuality]:
    from crawler.browser.quality import looked_at

    configuration, console = context.configuration, context.console()
    pages = []
    seconds = configuration.browser_seconds
    async for page in looked_at(context.lookup, BrowserPlan.of(configuration), scope, seconds):
        pages.append(page)
        if page.score < least and not as_json:
            why = page.failure or f"text {page.text:.2f}, picture {page.picture:.2f}, requests {page.requests:.2f}"
            console.print(f"[red]✗[/red] {page.score:.3f}  {escape(printable(page.url))}: {escape(why)}")
    return pages


def _facts(page: PageQuality) -> dict[str, object]:
    return {
        "url": page.url,
        "date": page.date.isoformat(),
        "score": round(page.score, 4),
        "text": round(page.text, 4),
        "picture": round(page.picture, 4),
        "requests": round(page.requests, 4),
        "missing": page.missing,
        "failure": page.failure,
    }
