"""``newswarc sites``, ``newswarc config`` and ``newswarc schema``."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from crawler.cli.archive_context import ArchiveContext
from crawler.cli.options import SitesOption, reads_settings
from crawler.cli.terminal import print_whole

CONFIGURATION_PAGE = """# Configuration

Settings come from `newswarc.toml` in the working directory (or the file that `--config` or `NEWSWARC_CONFIG` names),
then from the environment, then from the command line; the later one counts. Lists are comma-separated in the
environment. An unknown key is an error.

"""


@reads_settings
def sites(
    context: ArchiveContext,
    directories: SitesOption = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print a table of sources, to be completed for data sets (--sources).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the definitions as JSON.")] = False,
) -> None:
    """List the sites that have a definition."""
    found = list(context.with_sites(directories).catalog.all())
    if as_csv:
        # Imported late: Arrow is behind it
        from archive.datasets.sources import written
        from crawler.offline.news_sources import source_table

        typer.echo(written(source_table(found)), nl=False)
        return
    if as_json:
        typer.echo(json.dumps([site.model_dump(mode="json") for site in found], ensure_ascii=False, indent=1))
        return
    table = Table(box=None)
    for heading in ("site", "name", "language", "sources", "verified"):
        table.add_column(heading)
    for site in found:
        kinds = ", ".join(sorted({source.kind.value for source in site.sources})) or "found on the front page"
        table.add_row(site.id, site.name, site.language, kinds, "yes" if site.verified else "not yet")
    print_whole(Console(), table)


@reads_settings
def config(
    context: ArchiveContext,
    table: Annotated[bool, typer.Option("--table", help="Print a reference of all settings, as Markdown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the settings in effect as JSON.")] = False,
) -> None:
    """Show the settings in effect."""
    if table:
        from crawler.config import configuration_table

        typer.echo(CONFIGURATION_PAGE + configuration_table())
        return
    values = context.configuration.model_dump(mode="json")
    if as_json:
        typer.echo(json.dumps(values, indent=1))
        return
    for name, value in values.items():
        typer.echo(f"{name} = {json.dumps(value)}")


def schema() -> None:
    """Print the JSON Schema of the article record."""
    from archive.article import article_schema

    typer.echo(json.dumps(article_schema(), ensure_ascii=False, indent=1))
