"""The progress display of a crawl, and its summary."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.filesize import decimal
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from archive.counted import counted
from crawler.run.crawling import CrawlReport
from crawler.run.run_state import RunState
from spiders.left_out import LeftOut
from spiders.problems import printable

_REFRESHES_PER_SECOND = 4
_MOST_FILES = 12
_GOOD = frozenset({"ok", "not_modified", "redirect", "record", "unchanged", "unchanged_text", "redirected"})


class ProgressDisplay:
    """Shows a crawl while it runs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def watch(self, state: RunState) -> Iterator[None]:
        """Show a run until the context ends."""
        started = time.monotonic()
        spinner = Spinner("dots", "")

        def render() -> RenderableType:
            return _shown(state, spinner, time.monotonic() - started)

        with Live(
            get_renderable=render, console=self._console, refresh_per_second=_REFRESHES_PER_SECOND, transient=True
        ):
            yield


def _shown(state: RunState, spinner: Spinner, seconds: float) -> RenderableType:
    counts = state.counts
    attempts, records = counts.outcomes.total(), counts.pages["record"]
    line = f"{attempts} fetched · {counted(records, 'article')} · {decimal(counts.received)} · {seconds:.0f} s"
    spinner.update(text=Text(line))
    return Group(
        spinner, Text(f"  {_listed(counts.outcomes)}", style="dim"), Text(f"  {_listed(counts.pages)}", style="dim")
    )


def _listed(counts: Mapping[str, int]) -> str:
    return "  ".join(f"{name} {number}" for name, number in sorted(counts.items(), key=lambda item: -item[1]))


def show_summary(console: Console, report: CrawlReport) -> None:
    """Print the summary of a crawl."""
    table = Table(title=f"crawled into {escape(report.archive)}", title_justify="left", show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column()
    table.add_row("fetched", str(sum(report.outcomes.values())), decimal(report.received))
    for outcome, number in report.outcomes.items():
        table.add_row("", str(number), _coloured(outcome))
    table.add_row("articles", str(sum(report.articles.values())), _by_site(report.articles))
    if report.set_aside:
        table.add_row("set aside", str(sum(report.set_aside.values())), "dated outside --since and --until")
    left_out: Counter[str] = Counter()
    for reasons in report.left_out.values():
        left_out.update(reasons)
    if left_out:
        table.add_row("left out", str(left_out.total()), "announced by sources, but not requested")
    for reason, number in sorted(left_out.items()):
        table.add_row("", str(number), f"{reason}: {LeftOut(reason).sentence}")
    failed = sum(sum(outcomes.values()) for outcomes in report.not_captured.values())
    if failed:
        table.add_row("not captured", str(failed), "will be tried again; `newswarc failures` lists them")
    table.add_row("pages", str(sum(report.pages.values())), "by outcome")
    for outcome, number in report.pages.items():
        table.add_row("", str(number), _coloured(outcome))
    table.add_row("files", str(len(report.files)), "written, each verified")
    console.print(table)
    for key in report.files[:_MOST_FILES]:
        console.print(f"  {escape(key)}", soft_wrap=True, highlight=False)
    if len(report.files) > _MOST_FILES:
        console.print(f"  … and {len(report.files) - _MOST_FILES} more")


def _by_site(articles: Mapping[str, int]) -> str:
    return escape(", ".join(f"{site} {number}" for site, number in articles.items()))


def _coloured(outcome: str) -> str:
    return f"[green]{outcome}[/green]" if outcome in _GOOD else f"[yellow]{outcome}[/yellow]"


def show_problems(console: Console, report: CrawlReport) -> None:
    """Print each problem as one line."""
    for problem in report.problems:
        console.print(f"[red]✗[/red] {escape(problem)}", soft_wrap=True, highlight=False)


def show_plan(console: Console, report: CrawlReport) -> None:
    """Print what a dry run found."""
    for entry in report.planned:
        why = " ".join(part for part in (entry["via"], entry["source"], entry["date"]) if part)
        console.print(
            f"{escape(printable(entry['url']))}  [dim]{escape(printable(why))}[/dim]", soft_wrap=True, highlight=False
        )
    console.print(f"{counted(len(report.planned), 'article')} would be fetched; nothing was archived")
