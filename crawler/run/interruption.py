"""Ctrl-C, SIGTERM or a closed terminal: the first one ends the crawl cleanly, the second at once.

Cleanly means: requests in progress are finished, the segment is closed, everything is stored. While that is
going on already, the first one is only noted.
"""

from __future__ import annotations

import asyncio
import signal
from importlib import import_module
from typing import TYPE_CHECKING

from scrapy import signals

from crawler.ending_signals import ending_signals
from crawler.run.extension import CrawlExtension

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class Interruption:
    """Receives the signals of one crawl."""

    def __init__(self, crawler: Crawler) -> None:
        self.requested = False
        self._crawler = crawler
        self._stopping: asyncio.Task[None] | None = None
        crawler.signals.connect(self._engine_started, signals.engine_started)

    def listen(self) -> None:
        """Take over the signals. Scrapy's reactor must be installed, its own handlers must not."""
        loop = asyncio.get_event_loop()
        for number in ending_signals():
            loop.add_signal_handler(number, self._received)

    def unlisten(self) -> None:
        """Restore the usual meaning of Ctrl-C."""
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def _received(self) -> None:
        if self.requested:
            reactor = import_module("twisted.internet.reactor")  # only now is there one to import
            reactor.stop()
        self.requested = True
        self._stop()

    def _engine_started(self) -> None:
        if self.requested:
            self._stop()

    def _stop(self) -> None:
        extension = self._crawler.get_extension(CrawlExtension) if self._crawler.spider is not None else None
        engine = self._crawler.engine if extension is not None else None
        if extension is not None and not extension.run.state.closing and engine is not None and engine.running:
            extension.run.gate.shut()
            self._stopping = asyncio.ensure_future(self._crawler.stop_async())
