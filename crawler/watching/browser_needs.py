"""Which sites' pages need a browser, as the crawls of the last weeks have learned."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from crawler.config import Configuration
from crawler.frontier.database import open_database
from crawler.frontier.outcome_log import OutcomeLog


def learned_needs(configuration: Configuration, sites: Sequence[str]) -> dict[str, dict[str, int]]:
    """Of each site that pages were looked at: how many need a browser, by the reason; `NO_NEED` of the others.

    Nothing where nothing was crawled from here. Raises BadDatabase, FrontierUnavailable or OSError.
    """
    if not configuration.frontier and not (configuration.state_directory / "frontier.sqlite").exists():
        return {}
    with closing(open_database(configuration, to_write=False)) as database:
        log = OutcomeLog(database)
        return {site: dict(found) for site in sites if (found := log.needs(site))}
