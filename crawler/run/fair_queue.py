"""A fair queue over hosts: a host that waits does not occupy the places of others.

Scrapy counts a request as in progress from the moment it leaves the queue, so that a host with a long delay, or one
that does not answer, fills all places with requests that only wait. Here a host has a few of them at most; how many
exchanges run at once is counted where they run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from scrapy.pqueues import DownloaderAwarePriorityQueue, DownloaderInterface

AT_ONCE = 2
"""Number of requests of a host that may be out of the queue: one in progress, and one ready to follow."""
PLACES = 64
"""Requests that may be out of the queue for each exchange that may run."""


class _WithRoom(DownloaderInterface):
    """What is in progress, of the hosts that have room for more."""

    def stats(self, possible_slots: Iterable[str]) -> list[tuple[int, str]]:
        """Number of requests and name of each host that may send one more."""
        under_way = Counter(map(self.get_slot_key, self.downloader.active))
        return [(under_way[slot], slot) for slot in possible_slots if under_way[slot] < AT_ONCE]


class FairQueue(DownloaderAwarePriorityQueue):
    """Scrapy's queue by hosts, in which a host waits as long as it has `AT_ONCE` requests out."""

    def __init__(self, crawler: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(crawler, *args, **kwargs)
        self._downloader_interface = _WithRoom(crawler)
