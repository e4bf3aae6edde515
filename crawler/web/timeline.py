"""How many articles there were over time, and which share of all: points for a plot and its table. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

MOST_POINTS = 120
"""Points that a plot has room for."""


class Unit(StrEnum):
    """What one point stands for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Point:
    """A stretch of time."""

    first: date
    last: date
    """Its last day."""
    found: int
    """Articles that are meant."""
    all: int
    """Articles in all, as narrowed down."""

    @property
    def share(self) -> float:
        """From 0 to 1; 0 without any articles."""
        return self.found / self.all if self.all else 0.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """Stretches of time that follow each other without a gap."""

    unit: Unit
    points: tuple[Point, ...]
    is_share: bool
    """Whether a share is told; otherwise all articles are meant, and how many there were is told."""

    def value(self, point: Point) -> float:
        """What is told of a point."""
        return point.share if self.is_share else float(point.found)

    @property
    def highest(self) -> float:
        """The largest value."""
        return max((self.value(point) for point in self.points), default=0.0)


def timeline(found: Mapping[str, int], every: Mapping[str, int] | None = None) -> Timeline:
    """From counts by day (``2026-01-31``): those that are meant, and all, unless these are the same.

    The unit is the finest with which the time from the first to the last article fits the plot.
    """
    days = [date.fromisoformat(day) for day in found if found[day]]
    if not days:
        return Timeline(Unit.DAY, (), every is not None)
    first, last = min(days), max(days)
    unit = next((unit for unit in Unit if _count(unit, first, last) <= MOST_POINTS), Unit.YEAR)
    starts: Counter[date] = Counter()
    totals: Counter[date] = Counter()
    for counts, target in ((found, starts), (found if every is None else every, totals)):
        for day, count in counts.items():
            target[_start(unit, date.fromisoformat(day))] += count
    points = []
    start = _start(unit, first)
    while start <= last:
        following = _following(unit, start)
        count = starts[start]
        points.append(Point(start, following - timedelta(days=1), count, max(totals[start], count)))
        start = following
    return Timeline(unit, tuple(points[-_MOST_YEARS:]), every is not None)


_MOST_YEARS = 500


def _count(unit: Unit, first: date, last: date) -> int:
    days = (last - first).days + 1
    lengths = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 30, Unit.YEAR: 365}
    return days // lengths[unit]


def _start(unit: Unit, day: date) -> date:
    match unit:
        case Unit.DAY:
            return day
        case Unit.WEEK:
            return day - timedelta(days=day.weekday())  # ISO 8601: weeks begin on Monday
        case Unit.MONTH:
            return day.replace(day=1)
        case Unit.YEAR:
            return day.replace(month=1, day=1)


def _following(unit: Unit, start: date) -> date:
    match unit:
        case Unit.DAY:
            return start + timedelta(days=1)
        case Unit.WEEK:
            return start + timedelta(days=7)
        case Unit.MONTH:
            return (start + timedelta(days=32)).replace(day=1)
        case Unit.YEAR:
            return start.replace(year=start.year + 1)
