"""Waiting for hosts that asked for a short pause: what they refused is requested once more when the pause is over.

A run waits at its end, when nothing else is left to do, and for each host no longer than its patience in all. What
asks for more is left to a later run.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from scrapy.http import Request
from scrapy.utils.httpobj import urlparse_cached

from archive.exchange import Role
from crawler.polite.hosts import Hosts
from spiders.requests import OUTCOME, SOURCE_ROLES, discovery_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_MARGIN = 0.05
"""Seconds behind the end of a pause."""


class HostPatience:
    """What waits for hosts in one run."""

    def __init__(self, hosts: Hosts, patience: float, now: Callable[[], datetime]) -> None:
        """`patience` is the number of seconds that a run waits for a host in all."""
        self._hosts = hosts
        self._patience = patience
        self._now = now
        self._waiting: dict[str, list[Request]] = {}
        self._waited: Counter[str] = Counter()
        """Seconds, by host."""
        self._timer: asyncio.TimerHandle | None = None

    def covers(self, host: str) -> bool:
        """Whether this run waits for the end of a host's pause."""
        left = self._left(host)
        return 0 < left <= self._patience - self._waited[host]

    def note(self, request: Request) -> None:
        """A host refuses a request, or is left alone: it is sent again, if this run waits for the host."""
        host = urlparse_cached(request).hostname or ""
        is_kind = discovery_of(request.meta).role in SOURCE_ROLES | {Role.ARTICLE}
        if is_kind and self.covers(host):
            again = request.replace(dont_filter=True)
            again.meta.pop(OUTCOME, None)
            self._waiting.setdefault(host, []).append(again)

    def goes_on(self, crawler: Crawler, claim: Callable[[list[str]], None]) -> bool:
        """Called when nothing else is left to do: whether the run waits, or goes on, for a host."""
        if self._timer is not None:
            return True
        hosts = [host for host in self._waiting if self.covers(host) or self._left(host) <= 0]
        if not hosts:
            return False
        soonest = min(hosts, key=self._left)
        left = max(0.0, self._left(soonest))
        self._waited.update(dict.fromkeys(hosts, left))
        self._timer = asyncio.get_running_loop().call_later(left + _MARGIN, self._release, crawler, claim)
        return True

    def end(self) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _left(self, host: str) -> float:
        """Seconds until a host's pause is over."""
        return self._hosts.hold(host).until - self._now().timestamp()

    def _release(self, crawler: Crawler, claim: Callable[[list[str]], None]) -> None:
        self._timer = None
        if crawler.engine is None or not crawler.engine.running:
            return
        over = [host for host in self._waiting if not self._hosts.left_alone(host)]
        requests = [request for host in over for request in self._waiting.pop(host)]
        claim([request.url for request in requests if discovery_of(request.meta).role is Role.ARTICLE])
        for request in requests:
            crawler.engine.crawl(request)
