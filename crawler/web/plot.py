"""Where the bars of a plot stand, in the units of an SVG's view box. Pure: the template draws them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crawler.web.timeline import Point, Timeline

WIDTH = 720.0
HEIGHT = 150.0
LEFT = 44.0
"""Room for the numbers of the axis."""
BELOW = 20.0
"""Room for the dates."""
_LABELS = 6
_WIDEST = 40.0
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar."""

    point: Point
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Plot:
    """All that is drawn."""

    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, float], ...]
    """Value and height of the horizontal lines."""
    labels: tuple[Bar, ...]
    """Bars with a date below them."""


def plot_of(timeline: Timeline) -> Plot:
    """The plot of a timeline."""
    points = timeline.points
    if not points:
        return Plot((), (), ())
    top = _round_up(timeline.highest)
    top = min(1.0, top) if timeline.is_share else top
    room, span = HEIGHT - BELOW - 8, (WIDTH - LEFT) / len(points)
    gap = min(2.0, span * 0.2)
    width = min(span - gap, _WIDEST)
    bars = []
    for number, point in enumerate(points):
        height = room * timeline.value(point) / top if top else 0.0
        bars.append(
            Bar(
                point,
                round(LEFT + number * span, 2),
                round(HEIGHT - BELOW - height, 2),
                round(width, 2),
                round(height, 2),
            )
        )
    values = (top, top / 2, 0.0) if timeline.is_share or top % 2 == 0 else (top, 0.0)
    lines = tuple((value, round(HEIGHT - BELOW - (room * value / top if top else 0.0), 2)) for value in values)
    every = max(1, math.ceil(len(bars) / _LABELS))
    return Plot(tuple(bars), lines, tuple(bars[::every]))


def _round_up(value: float) -> float:
    """A number that is easy to read, and no less."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    rounded = next(step * power for step in _STEPS if step * power >= value * 0.9999)
    return float(math.ceil(rounded)) if value >= 1 else rounded
