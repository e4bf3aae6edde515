"""When sources are looked at: our rule on simulated sites, beside fixed polling and an oracle.

    python -m benchmarks.schedule_sim [--sites 1000] [--days 365] [--seed 1] [--report FILE]

The generator: Poisson rates log-normal with sigma 1.5 (median one article in three hours), a daily curve of 8:1 from
peak to trough in six time zones, 5 % of sources dying and 2 % reborn a year, feeds that show the last 20 entries. The
oracle knows every rate, curve and death, and looks at a source when the integral of the square root of its rate since
the last look reaches a constant, which is the least mean wait for a given number of looks.
"""

from __future__ import annotations

import argparse
import math
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver
from crawler.config import Configuration
from crawler.scheduling import Pace, Yield
from spiders.site import duration

Moments = NDArray[np.float64]
"""Seconds since the beginning, in order."""

HOUR = 3600.0
DAY = 86400.0
MEDIAN_RATE = 1 / (3 * HOUR)
SIGMA = 1.5
RECAPTURE = Configuration().recapture
SHOWN = 20
DYING, REBORN = 0.05, 0.02
"""Parts of the sources a year."""
_PEAK_TO_TROUGH = 8.0
_SWING = (_PEAK_TO_TROUGH - 1) / (_PEAK_TO_TROUGH + 1)


@dataclass(frozen=True)
class Source:
    """A simulated source: when it published, and what only the oracle knows."""

    rate: float
    zone: float
    alive: tuple[tuple[float, float], ...]
    articles: Moments

    def rates(self, moments: Moments) -> Moments:
        """Articles a second at these moments."""
        lives = np.zeros(len(moments), dtype=bool)
        for begin, end in self.alive:
            lives |= (moments >= begin) & (moments < end)
        curve = 1 + _SWING * np.sin(2 * np.pi * (moments + self.zone) / DAY)
        return np.where(lives, self.rate * curve, 0.0)


def source(chance: np.random.Generator, days: float) -> Source:
    """Draw a source."""
    end, years = days * DAY, days / 365
    rate = MEDIAN_RATE * math.exp(chance.normal(0, SIGMA))
    zone = float(chance.integers(6)) * 4 * HOUR
    alive = [(0.0, end)]
    if chance.random() < DYING * years:
        death = chance.uniform(0, end)
        alive = [(0.0, death)]
        if chance.random() < REBORN / DYING:
            alive.append((chance.uniform(death, end), end))
    made = Source(rate, zone, tuple(alive), np.empty(0))
    most = rate * (1 + _SWING)
    moments = np.sort(chance.uniform(0, end, chance.poisson(most * end)))
    kept = chance.uniform(0, most, len(moments)) < made.rates(moments)
    return replace(made, articles=moments[kept])


@dataclass
class Result:
    """What a rule came to."""

    looks: int = 0
    missed: int = 0
    lags: list[Moments] = field(default_factory=list)

    def add(self, articles: Moments, looks: Moments) -> None:
        """Looks at a source at these moments, in order."""
        found_by = np.searchsorted(looks, articles)
        found = found_by < len(looks)
        by_look = np.bincount(found_by[found], minlength=len(looks))
        self.looks += len(looks)
        self.missed += int(np.maximum(by_look - SHOWN, 0).sum())
        self.lags.append(looks[found_by[found]] - articles[found])


Rule = Callable[[Source, float], Moments]
"""Gives the moments at which a source is looked at."""


def fixed(interval: float) -> Rule:
    """Every so many seconds."""
    return lambda simulated, end: np.arange((simulated.rate * 1e9) % interval, end, interval)


def news_crawl(simulated: Source, end: float) -> Moments:
    """Half as long after a look that brought something, else half as long again; 90 minutes to 90 days."""
    articles = simulated.articles.tolist()
    looks, seen, moment, interval = [], 0, 0.0, 1.5 * HOUR
    while moment < end:
        known = bisect_right(articles, moment, lo=seen)
        interval = min(max(interval / 2 if known > seen else interval * 1.5, 1.5 * HOUR), 90 * DAY)
        looks.append(moment)
        seen, moment = known, moment + interval
    return np.array(looks)


def ours(pace: Pace) -> Rule:
    """The rule of `crawler.scheduling`."""

    def run(simulated: Source, end: float) -> Moments:
        articles = simulated.articles.tolist()
        looks, seen, moment, brought, last = [], 0, 0.0, Yield(), 0.0
        while moment < end:
            known = bisect_right(articles, moment, lo=seen)
            if moment:
                brought = brought.after(known - seen, moment - last)
            looks.append(moment)
            seen, last = known, moment
            moment += pace.interval(brought, SHOWN)
        return np.array(looks)

    return run


def oracle(constant: float) -> Rule:
    """Knows everything."""

    def run(simulated: Source, end: float) -> Moments:
        grid = np.arange(0, end, 60.0)
        gathered = np.cumsum(np.sqrt(simulated.rates(grid)) * 60.0)
        wanted = np.arange(constant, gathered[-1], constant)
        return np.unique(grid[np.searchsorted(gathered, wanted)] + 60.0)

    return run


def play(rule: Rule, sources: Iterable[Source], end: float) -> Result:
    """A rule on all sources."""
    result = Result()
    for simulated in sources:
        result.add(simulated.articles, rule(simulated, end))
    return result


def matched(make: Callable[[float], Rule], sources: list[Source], end: float, looks: float) -> Rule:
    """The rule with the parameter that makes it look as often as that, within a hundredth."""
    low, high = 1e-3, 1e7
    for _ in range(40):
        middle = math.sqrt(low * high)
        count = play(make(middle), sources, end).looks
        if abs(count / looks - 1) < 0.01:
            break
        low, high = (middle, high) if count > looks else (low, middle)
    return make(middle)


def row(name: str, result: Result, articles: int) -> str:
    """A line of the table."""
    middle, late = np.quantile(np.concatenate(result.lags), [0.5, 0.95]) / 60
    counts = f"{result.looks:,} | {result.looks / articles:.2f}"
    return f"| {name} | {counts} | {middle:.1f} | {late:.1f} | {result.missed:,} |"


def table(sources: list[Source], sample: list[Source], end: float, articles: int) -> list[str]:
    """The lines of the table: fixed rules, then ours and the oracle's, made to look equally often at the sample."""
    ten_minutes = end / 600
    rows = []
    for name, rule in (
        ("every 10 minutes", fixed(600)),
        ("every hour", fixed(HOUR)),
        ("news-crawl's rule", news_crawl),
    ):
        rows.append(row(name, play(rule, sources, end), articles))
        say(rows[-1])
    for part, name in ((1 / 10, "a tenth"), (1 / 3, "a third")):
        looks = part * ten_minutes * len(sample)
        ways = {
            f"ours, {name}": matched(lambda usual: ours(replace(Pace(), usual=usual)), sample, end, looks),
            f"oracle, {name}": matched(oracle, sample, end, looks),
        }
        for way, rule in ways.items():
            rows.append(row(way, play(rule, sources, end), articles))
            say(rows[-1])
    return rows


def report(sites: int, days: float, seed: int) -> str:
    """Simulate, and write the report."""
    chance = np.random.default_rng(seed)
    sources = [source(chance, days) for _ in range(sites)]
    end = days * DAY
    articles = sum(len(simulated.articles) for simulated in sources)
    say(f"{articles:,} articles")
    again = sum(
        int(np.searchsorted(simulated.articles, end - duration(age))) for simulated in sources for age in RECAPTURE
    )
    rows = table(sources, sources[:: max(1, sites // 60)], end, articles)
    return "\n".join(
        [
            "# When sources are looked at",
            "",
            f"`make schedule`: {sites:,} simulated sources over {days:g} days, seed {seed}, {articles:,} articles;",
            "lags in minutes from an article's publication to the look that found it. What was missed fell out of a",
            "feed of 20 entries. Fetching the articles, and fetching them again, comes on top for every rule:",
            f"articles that reach the ages of {', '.join(RECAPTURE)} within the time make {again:,} re-captures.",
            "",
            "| | looks | looks an article | median | 95th percentile | missed |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def main() -> int:
    """Run the simulation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=1000)
    parser.add_argument("--days", type=float, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    deliver(report(options.sites, options.days, options.seed), options.report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
