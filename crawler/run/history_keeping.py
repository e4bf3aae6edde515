"""An entry in the history of runs for each run that has something to tell."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from time import time
from typing import Protocol
from uuid import uuid4

from archive.errors import ArchiveError
from crawler.config import Configuration, ConfigurationError
from crawler.frontier.database import FrontierUnavailable, open_database
from crawler.frontier.run_history import Run, RunHistory
from crawler.keeping.running_process import RunningProcess

logger = logging.getLogger(__name__)

_MOST_SITES = 100
_MOST_PROBLEMS = 50
_NO_START = 2
"""Exit code of what could not begin."""


class Report(Protocol):
    """What the history takes of a run's report."""

    outcomes: dict[str, int]
    pages: dict[str, int]
    articles: dict[str, int]
    received: int
    failed_sites: list[str]
    problems: list[str]

    @property
    def is_uneventful(self) -> bool:
        """Whether the run asked for nothing, and has nothing to report."""
        ...

    @property
    def exit_code(self) -> int:
        """As the program gives it."""
        ...


@dataclass(slots=True)
class Noted:
    """The entry of a run."""

    _configuration: Configuration
    run: Run

    def ended(self, report: Report) -> None:
        """The run has reported; one that asked for nothing and found nothing wrong leaves no entry."""
        if report.is_uneventful:
            self._write(lambda history: history.forget(self.run.id))
            return
        self.run = replace(
            self.run,
            ended=time(),
            code=report.exit_code,
            outcomes=report.outcomes,
            pages=report.pages,
            articles=report.articles,
            received=report.received,
            failed_sites=tuple(report.failed_sites[:_MOST_SITES]),
            problems=tuple(report.problems[:_MOST_PROBLEMS]),
        )
        self.write()

    def write(self) -> None:
        """Write it as it is."""
        self._write(lambda history: history.put(self.run))

    def _write(self, change: Callable[[RunHistory], None]) -> None:
        try:
            with closing(open_database(self._configuration)) as database:
                change(RunHistory(database))
        except FrontierUnavailable as error:
            logger.warning("the history of runs lacks this one: %s", error)


@contextmanager
def noted(configuration: Configuration, sites: Sequence[str], *, is_due: bool) -> Iterator[Noted]:
    """The entry of a run that begins; a dry run's is in the database that is removed with it."""
    own = RunningProcess.own()
    begun = Run(uuid4().hex, time(), configuration.holder, own.number, own.mark, tuple(sites[:_MOST_SITES]), is_due)
    entry = Noted(configuration, begun)
    entry.write()
    try:
        yield entry
    except (ArchiveError, ConfigurationError, OSError) as error:
        entry.run = replace(entry.run, ended=time(), code=_NO_START, problems=(str(error),))
        entry.write()
        raise
