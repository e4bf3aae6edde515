"""How far this machine's clock is from the servers': captures, schedules and signatures are as right as it is."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from archive.exchange import Exchange
from archive.http1 import BadMessage
from spiders.dates import http_moment

FEWEST = 3
"""Origins from which a difference is taken: one server may have no better clock."""
_MOST = 500


class ClockWatch:
    """Compares ``Date`` (RFC 9110, section 6.6.1) of one answer of each origin with the moment it came."""

    def __init__(self) -> None:
        self._ahead: dict[str, float] = {}

    def note(self, exchange: Exchange) -> None:
        """An exchange has ended."""
        origin = urlsplit(exchange.url).netloc
        if not exchange.response or origin in self._ahead or len(self._ahead) >= _MOST:
            return
        try:
            head = exchange.response_head()
        except BadMessage:
            return
        sent = http_moment(head.first("date"))
        if sent is not None and not head.first("age"):  # a cache tells when it was told
            self._ahead[origin] = (exchange.finished - sent).total_seconds()

    @property
    def ahead(self) -> float | None:
        """Seconds that this clock is ahead, by the middle of all origins; None when there are too few."""
        return median(self._ahead.values()) if len(self._ahead) >= FEWEST else None

    def write(self, path: Path, now: datetime) -> None:
        """Keep what was found, if anything was and the disk takes it: the next run finds it again."""
        if self.ahead is None:
            return
        with suppress(OSError):
            path.write_text(json.dumps({"at": now.timestamp(), "ahead": self.ahead}), encoding="utf-8")


def clock_ahead(path: Path, since: float) -> float:
    """What was kept after a moment (seconds since 1970); 0 when nothing was."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return float(found["ahead"]) if found["at"] >= since else 0.0
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
