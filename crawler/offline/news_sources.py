"""The table of sources of a data set: site definitions, completed by a table of the user's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from archive.datasets.sources import NewsSource, SourceTable, bare, read_sources
from spiders.site import Site

_COUNTRIES = {"uk": "GB", "eu": ""}
"""Folders of definitions that are not country codes of ISO 3166-1."""


def source_table(sites: Iterable[Site], table: Path | None = None) -> SourceTable:
    """The sources that definitions name, and those of a CSV table, which counts where both say something.

    Raises BadAddress when the table can't be read, SiteError for a definition that is wrong.
    """
    return SourceTable([*map(_source_of, sites), *(read_sources(table) if table is not None else ())])


def _source_of(site: Site) -> NewsSource:
    folder = site.id.partition("/")[0] if "/" in site.id else ""
    is_country = len(folder) == 2 and folder.isalpha()
    return NewsSource(
        source=site.id,
        hosts=(bare(site.host),),
        name=site.name,
        country=_COUNTRIES.get(folder, folder.upper()) if is_country else "",
        languages=(site.language,) if site.language else (),
    )
