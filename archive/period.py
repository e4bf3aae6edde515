"""Periods of time, and whether a date is in one: the same rule for every ``--since`` and ``--until``.

A date is compared as what it may mean: ``2026-11`` is any moment of that month, ``2026-11-20T08:30`` any of that
minute. A time without a zone is taken to be UTC. A period wants a date when one of the moments that it may mean lies
in it, so that an article that is dated to the day is never left out for lack of an hour.

Dates are those of ISO 8601 (extended or basic form, RFC 3339 among them), also cut short.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Self

from archive.errors import BadAddress

_ISO = re.compile(
    r"(?P<year>\d{4})(?:-?(?P<month>\d\d)(?:-?(?P<day>\d\d)(?:[T ]?(?P<hour>\d\d)"
    r"(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?)?\s*(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?)?)?\s*",
    re.I | re.A,
)
_UNITS = ("year", "month", "day", "hour", "minute", "second")
_STAMP = "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True)
class Span:
    """The moments that a date may mean (UTC)."""

    first: datetime
    end: datetime
    """The moment behind the last; the last moment there is (year 9999) counts as behind itself."""


def span_of(date: str) -> Span | None:
    """The moments that a date may mean; None for what is no date. Never raises."""
    found = _ISO.fullmatch(date.strip())
    if found is None:
        return None
    parts = {name: int(found[name]) for name in _UNITS if found[name]}
    try:
        first = datetime(
            parts["year"],
            parts.get("month", 1),
            parts.get("day", 1),
            parts.get("hour", 0),
            parts.get("minute", 0),
            min(parts.get("second", 0), 59),  # a leap second
            int((found["fraction"] or "").ljust(6, "0")[:6]),
            tzinfo=_zone(found["zone"]),
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Span(first, _end(first, "fraction" if found["fraction"] else tuple(parts)[-1]))


def moment_of(date: str) -> datetime | None:
    """The first moment that a date may mean (UTC); None for what is no date."""
    span = span_of(date)
    return span.first if span is not None else None


def _zone(text: str | None) -> timezone:
    if not text or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if text[0] == "-" else offset)


_LENGTHS = {
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
    "fraction": timedelta(microseconds=1),
}


def _end(first: datetime, precision: str) -> datetime:
    try:
        if precision == "year":
            return first.replace(year=first.year + 1)
        if precision == "month":
            return (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        return first + _LENGTHS[precision]
    except (ValueError, OverflowError):
        return datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """A period of time: at or after `since`, before `until` (UTC). None: no limit."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, since: str, until: str) -> Self:
        """From dates as a person writes them, where empty is None. Raises BadAddress when one of them is no date."""
        return cls(_bound(since), _bound(until))

    @property
    def is_endless(self) -> bool:
        """Whether everything lies in it."""
        return self.since is None and self.until is None

    def holds(self, moment: datetime) -> bool:
        """Whether an aware datetime is in the period."""
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)

    def holds_stamp(self, stamp: str) -> bool:
        """Whether a 14-digit timestamp (UTC), as used in indexes, is in the period."""
        return (self.since is None or stamp >= f"{self.since:{_STAMP}}") and (
            self.until is None or stamp < f"{self.until:{_STAMP}}"
        )

    def is_past(self, date: str) -> bool:
        """Whether every possible meaning of a date is before the period. False for text that is not a date."""
        span = span_of(date)
        return span is not None and self.since is not None and span.end <= self.since

    def wants(self, date: str) -> bool:
        """Whether a possible meaning of a date is in the period. Text that is not a date matches only a period
        without limits.
        """
        span = span_of(date)
        if span is None:
            return self.is_endless
        return (self.since is None or span.end > self.since) and (self.until is None or span.first < self.until)


def _bound(text: str) -> datetime | None:
    if not text:
        return None
    moment = moment_of(text)
    if moment is None:
        raise BadAddress(f"{text!r} is not a date; write 2026-11-24 or 2026-11-24T10:30:00")
    return moment


ALWAYS = Period()
"""All of time."""
