"""How many requests a client may send: a token bucket for each."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Network, ip_address

_MOST_CLIENTS = 10_000
_OF_ONE_CLIENT = 64
"""Bits of an IPv6 address that say whose it is; a client chooses the others as it likes (RFC 4291, section 2.5.4)."""


class RateLimit:
    """So many requests a second, and four times as many at once."""

    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        """`per_second` 0: no limit."""
        self._rate = per_second
        self._most = max(1.0, per_second * 4)  # less than one would never let anybody in
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> int:
        """Seconds after which a client may come again; 0: its request is taken, and counted."""
        if not self._rate:
            return 0
        now = self._now()
        client = whose(client)
        left, since = self._buckets.pop(client, (self._most, now))
        left = min(self._most, left + (now - since) * self._rate)
        taken = left >= 1
        self._buckets[client] = (left - 1 if taken else left, now)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0 if taken else math.ceil((1 - left) / self._rate)


def whose(client: str) -> str:
    """What the addresses of one client have in common; anything else as it is."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    return client if address.version == 4 else str(IPv6Network((int(address), _OF_ONE_CLIENT), strict=False))
