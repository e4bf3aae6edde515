"""How often a source asks to be read: its ``ttl``, its syndication module, its server's cache headers. Pure."""

from __future__ import annotations

import re

_BEGINNING = 1 << 14
_TTL = re.compile(rb"<ttl>\s*(\d{1,6})\s*</ttl>")
_PERIOD = re.compile(rb"<sy:updatePeriod>\s*(hourly|daily|weekly|monthly|yearly)\s*</sy:updatePeriod>")
_FREQUENCY = re.compile(rb"<sy:updateFrequency>\s*(\d{1,4})\s*</sy:updateFrequency>")
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.I)
_SECONDS = {b"hourly": 3600.0, b"daily": 86400.0, b"weekly": 604800.0, b"monthly": 2592000.0, b"yearly": 31536000.0}
_MINUTE = 60.0


def wanted_interval(beginning: bytes, cache_control: str) -> float:
    """Seconds that a source wants between two looks; 0 when it does not say. Of several wishes the longest counts.

    RSS 2.0 (``ttl``, minutes), RSS 1.0 syndication module (``updatePeriod`` divided by ``updateFrequency``),
    RFC 9111, section 5.2.2.1 (``max-age``).
    """
    head = beginning[:_BEGINNING]
    wishes = [0.0]
    if (ttl := _TTL.search(head)) is not None:
        wishes.append(int(ttl[1]) * _MINUTE)
    if (period := _PERIOD.search(head)) is not None:
        frequency = _FREQUENCY.search(head)
        wishes.append(_SECONDS[period[1]] / max(1, int(frequency[1]) if frequency is not None else 1))
    if (age := _MAX_AGE.search(cache_control)) is not None:
        wishes.append(float(age[1]))
    return max(wishes)
