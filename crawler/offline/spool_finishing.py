"""Doing by hand what a crawl could not: finishing segments of dead writers, storing what waits in the spool."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from crawler.config import Configuration
from crawler.frontier.frontier import open_frontier
from crawler.keeping.counts import Counts
from crawler.keeping.local_services import LocalServices
from crawler.keeping.spool import Spool
from crawler.keeping.spool_recovery import take_up


@dataclass(slots=True)
class Finished:
    """What was found, and what came of it."""

    lines: list[str] = field(default_factory=list)
    """One on each segment, for a person."""
    files: list[str] = field(default_factory=list)
    """Keys of the objects that were stored."""
    articles: int = 0
    problems: list[str] = field(default_factory=list)


def recover_segments(configuration: Configuration) -> Finished:
    """Finish the segments of dead writers and tell the frontier of them; nothing is stored.

    Raises DamagedArchive or OSError.
    """
    frontier = open_frontier(configuration)
    try:
        taken = take_up(Spool(configuration.state_directory / "spool"), None, frontier, datetime.now(UTC))
    finally:
        frontier.close()
    return Finished(taken.lines)


async def upload_segments(configuration: Configuration) -> Finished:
    """Finish and store all that waits in the spool, records and all.

    Raises BadAddress, DamagedArchive, StorageError or OSError.
    """
    counts = Counts()
    services = LocalServices(configuration, counts)
    try:
        lines = await services.take_up(datetime.now(UTC))
        await services.drain()
    finally:
        services.close()
    return Finished(lines, sorted(counts.files), counts.articles.total(), counts.problems)
