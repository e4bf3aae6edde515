"""Which articles a run requests: one rule about their age, wherever a URL comes from.

Whether an article is in the run's period (``--since``, ``--until``) depends on the date that a source gives it. A
dated article outside the period is set aside in the frontier, with its date, so that no link brings it back. A URL
without a date, from a page's links or from an earlier run, waits until the run's sources have been read: one of
them may date it. If none does, it is requested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from scrapy.http import Request

from archive.exchange import Discovery
from archive.period import span_of
from crawler.frontier.entries import Due
from crawler.frontier.failures import LEAST, SHARE
from crawler.frontier.frontier import Frontier
from crawler.run.announcements import Announcements
from crawler.run.run_state import RunState
from spiders.requests import LISTED, discovery_of


class Admission:
    """Decides for each article of a run, and keeps what has to wait."""

    def __init__(
        self, state: RunState, frontier: Frontier, announcements: Announcements, blocks: Callable[[str], bool]
    ) -> None:
        """`blocks` tells whether the operator's block list names an address."""
        self._blocks = blocks
        self._state = state
        self._frontier = frontier
        self._announcements = announcements
        self._waiting: list[Request] = []

    def wants(self, discovery: Discovery) -> bool:
        """Whether an article may be requested, by the date that it was found with. One without a date may be."""
        return self.wants_date(discovery.source_date)

    def wants_date(self, date: str) -> bool:
        """Whether an article of this date may be requested; text that is not a date does not prevent it."""
        return span_of(date) is None or self._state.period.wants(date)

    def refuse(self, discovery: Discovery) -> None:
        """Count an article that is dated outside the period."""
        self._state.findings.set_aside[discovery.site] += 1

    def waits(self, request: Request) -> bool:
        """Whether a request has to wait for the sources of the run; it is kept then."""
        discovery = discovery_of(request.meta)
        if self._state.period.is_endless or discovery.via == LISTED or span_of(discovery.source_date) is not None:
            return False
        self._waiting.append(request)
        return True

    def retries(self, now: datetime, attempts: Mapping[str, int]) -> list[Due]:
        """URLs that were refused before and are requested once more.

        `attempts` are those of the last day, by site, of which retries may take a share.
        """
        wanted: list[Due] = []
        for site in list(self._state.sites):
            most = max(LEAST, int(SHARE * attempts.get(site, 0)))
            found = self._frontier.failures.retries(site, now, most)
            wanted += [due for due in found if self.wants(due.discovery) and not self._blocks(due.url)]
        return wanted

    def release(self) -> list[Request]:
        """The waiting requests that may be sent now, judging by the dates from sources. Others are set aside."""
        waiting, self._waiting = self._waiting, []
        wanted: list[Request] = []
        refused: list[Due] = []
        for request in waiting:
            discovery = self._announcements.best(request.url, discovery_of(request.meta))
            if self.wants(discovery):
                wanted.append(request)
            else:
                refused.append(Due(request.url, discovery))
                self._state.findings.set_aside[discovery.site] += 1
        self._frontier.set_aside(refused)
        return wanted
