"""Which hosts get no requests for now, over all runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

from archive.exchange import Exchange
from archive.http1 import BadMessage
from crawler.frontier.frontier import Frontier
from crawler.frontier.holds import ASKS_FOR_PATIENCE, Hold, retry_after_seconds
from crawler.polite.clock_skew import ClockWatch

_ERROR = 400


class Hosts:
    """What hosts have answered, as far as it asks for patience."""

    def __init__(self, frontier: Frontier, now: Callable[[], datetime], at_once: int) -> None:
        """`at_once` is how many requests may be in progress to one host."""
        self.clock = ClockWatch()
        self._at_once = at_once
        self._asked: dict[str, float] = {}
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._frontier = frontier
        self._now = now

    def turn(self, host: str) -> asyncio.Semaphore:
        """What a request waits for: without a delay, Scrapy 2.19 lets all go at once that is queued for a host."""
        return self._turns.setdefault(host, asyncio.Semaphore(self._at_once))

    async def spaced(self, host: str, pause: float) -> None:
        """Wait until `pause` seconds have passed since the last request to a host.

        Scrapy does so too before it hands a request over, but what was handed over may have had to wait since.
        """
        while (left := self._asked.get(host, -pause) + pause - time.monotonic()) > 0:
            await asyncio.sleep(left)
        self._asked[host] = time.monotonic()

    def sent(self, host: str, exchange: Exchange) -> None:
        """An exchange has ended: the next one's pause counts from when it was really begun."""
        ago = max(0.0, (self._now() - exchange.started).total_seconds())
        self._asked[host] = max(self._asked.get(host, 0.0), time.monotonic() - ago)

    def hold(self, host: str) -> Hold:
        """How a host stands."""
        return self._frontier.hold(host)

    def left_alone(self, host: str) -> bool:
        """Whether a host has asked for patience that is not over yet."""
        now = self._now().timestamp()
        hold = self.hold(host)
        return hold.until > now and hold.is_credible(now)

    def answered(self, host: str, exchange: Exchange) -> None:
        """A host has answered. Raises FrontierUnavailable."""
        self.clock.note(exchange)
        hold = self.hold(host)
        if exchange.status in ASKS_FOR_PATIENCE:
            now = self._now()
            refused = hold.refused(retry_after_seconds(_retry_after(exchange), now), now.timestamp())
            self._frontier.keep_hold(host, refused)
        elif hold.refusals and 0 < exchange.status < _ERROR:
            self._frontier.keep_hold(host, hold.answered())


def _retry_after(exchange: Exchange) -> str:
    try:
        return exchange.response_head().first("retry-after")
    except BadMessage:
        return ""
