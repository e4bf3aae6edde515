"""The Scrapy side of the pipelines: an item carries a capture's position, and the stages pass it on.

`STAGES` is the order of the item pipeline; `item_pipelines` turns it into Scrapy's setting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from scrapy.exceptions import DropItem

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.signalmanager import SignalManager

page_captured = object()
"""Signal, sent once for each page item with ``page=PageItem``; its receivers are waited for."""


@dataclass(frozen=True, slots=True)
class PageItem:
    """A captured page that will be extracted."""

    url: str
    segment: str
    offset: int
    """Where the capture's response record begins in the segment's WARC (bytes)."""
    site: str


class RequireAddress:
    """Drops items without a capture."""

    def process_item(self, item: object) -> PageItem:
        """Pass on a page item that has a position. Raises DropItem."""
        if not isinstance(item, PageItem) or not item.segment:
            raise DropItem(f"not the address of a capture: {item!r}")
        return item


class EnqueueExtraction:
    """Passes a page to the extraction queue, and waits while it is full, which slows down fetching."""

    def __init__(self, signals: SignalManager) -> None:
        self._signals = signals

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Called by Scrapy."""
        return cls(crawler.signals)

    async def process_item(self, item: PageItem) -> PageItem:
        """Announce the page and wait until it has a place in the queue."""
        await self._signals.send_catch_log_async(signal=page_captured, page=item)
        return item


STAGES: tuple[type, ...] = (RequireAddress, EnqueueExtraction)
"""The item pipeline, in order."""


def item_pipelines() -> dict[type, int]:
    """`STAGES` as Scrapy's ``ITEM_PIPELINES``."""
    return {stage: place for place, stage in enumerate(STAGES)}
