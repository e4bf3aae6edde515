"""Plots of what is in a version, for its card. The same rows give the same bytes.

articles-a-day.png       by day of publication and language
sites-and-languages.png  the largest of both
text-length.png          words of a text
coverage-gaps.png        articles of each of the largest sites, week by week; white is a week without any
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from archive.datasets.shards import LENGTHS, ShardFacts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CAPTIONS = {
    "plots/articles-a-day.png": "Articles per day of publication, by language.",
    "plots/sites-and-languages.png": "The largest sites and languages.",
    "plots/text-length.png": "Articles by number of words.",
    "plots/coverage-gaps.png": "Articles per week of the largest sites; white is a week without any.",
}
"""Paths below the version's, and what is seen there."""

_LANGUAGES, _BARS, _GAP_SITES = 6, 20, 30
_OLDEST_SHARE = 0.01
"""Share of the dated rows, the oldest, that the axis of time leaves out: single articles of long ago."""
_DOTS = 120
_LABEL = 32


def plots(facts: ShardFacts) -> dict[str, bytes]:
    """Path and bytes of each picture; none of no rows."""
    if not facts.rows:
        return {}
    drawn = (_articles_a_day(facts), _sites_and_languages(facts), _text_length(facts), _coverage_gaps(facts))
    return dict(zip(CAPTIONS, drawn, strict=True))


def _articles_a_day(facts: ShardFacts) -> bytes:
    figure, (axes,) = _figure(9, 3.6, 1)
    days = _days(facts)
    if days:
        place = {day.isoformat(): number for number, day in enumerate(days)}
        largest = [name for name, _ in _largest(facts.languages, _LANGUAGES)]
        counts = np.zeros((len(largest) + 1, len(days)))
        for pair, count in facts.language_days.items():
            language, _, day = pair.rpartition(" ")
            if day in place:
                row = largest.index(language) if language in largest else len(largest)
                counts[row, place[day]] += count
        labels = [*(name or "unknown" for name in largest), "others"]
        shown = [number for number, row in enumerate(counts) if row.any()]
        axes.stackplot(days, counts[shown], labels=[labels[number] for number in shown], step="mid")  # type: ignore[arg-type]
        axes.legend(loc="upper left", fontsize=8, ncols=2)
    axes.set_ylabel("articles")
    told = [(facts.days.get("", 0), "without a date"), (_older(facts, days), f"before {days[0] if days else ''}")]
    axes.set_title(_title("Articles by day of publication", *told))
    figure.autofmt_xdate()
    return _png(figure)


def _sites_and_languages(facts: ShardFacts) -> bytes:
    sites, languages = _largest(facts.sites, _BARS), _largest(facts.languages, _BARS)
    figure, (left, right) = _figure(9, 1.2 + 0.24 * max(len(sites), len(languages)), 2)
    for axes, counts, whole, title in (
        (left, sites, facts.sites, "site"),
        (right, languages, facts.languages, "language"),
    ):
        names = [_short(name or "unknown") for name, _ in reversed(counts)]
        axes.barh(range(len(counts)), [count for _, count in reversed(counts)], color="tab:blue")
        axes.set_yticks(range(len(counts)), names, fontsize=8)
        rest = sum(whole.values()) - sum(count for _, count in counts)
        axes.set_title(_title(f"Articles by {title}", (rest, f"of {len(whole) - len(counts):,} others")))
    return _png(figure)


def _text_length(facts: ShardFacts) -> bytes:
    figure, (axes,) = _figure(9, 3.2, 1)
    edges = np.array([*LENGTHS, LENGTHS[-1] * 2])
    counts = [facts.lengths.get(str(length), 0) for length in LENGTHS]
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color="tab:blue", edgecolor="white", linewidth=0.5)
    axes.set_xscale("symlog", linthresh=LENGTHS[1])
    last = max(number for number, count in enumerate(counts) if count)
    axes.set_xlim(0, edges[last + 1])
    axes.set_xlabel("words")
    axes.set_ylabel("articles")
    axes.set_title("Length of texts")
    return _png(figure)


def _coverage_gaps(facts: ShardFacts) -> bytes:
    days = _days(facts)
    sites = [name for name, _ in _largest(facts.sites, _GAP_SITES)]
    figure, (axes,) = _figure(9, 1.4 + 0.22 * len(sites), 1)
    drawn = 0
    if days:
        first = days[0] - timedelta(days=days[0].weekday())
        weeks = (days[-1] - first).days // 7 + 1
        counts = np.zeros((len(sites), weeks))
        place = {site: number for number, site in enumerate(sites)}
        for pair, count in facts.site_weeks.items():
            site, _, week = pair.rpartition(" ")
            number = (date.fromisoformat(week) - first).days // 7
            if site in place and 0 <= number < weeks:
                counts[place[site], number] += count
        drawn = int(counts.sum())
        edges = [first + timedelta(days=7 * number) for number in range(weeks + 1)]
        if drawn:
            shown = np.ma.masked_equal(counts, 0)
            mesh = axes.pcolormesh(edges, range(len(sites) + 1), shown, norm="log", cmap="viridis_r")  # type: ignore[arg-type]
            figure.colorbar(mesh, ax=axes, label="articles per week")
        axes.invert_yaxis()
    axes.set_yticks([number + 0.5 for number in range(len(sites))], [_short(site) for site in sites], fontsize=7)
    axes.set_title(
        _title("Articles by week of publication", (facts.rows - drawn, "of other sites, older or undated"))
    )
    figure.autofmt_xdate()
    return _png(figure)


def _figure(width: float, height: float, parts: int) -> tuple[Figure, Sequence[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DOTS, layout="constrained")
    axes = figure.subplots(1, parts, squeeze=False)[0]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)


def _png(figure: Figure) -> bytes:
    written = io.BytesIO()
    # The name of the library and its version would change the bytes with every release
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()


def _days(facts: ShardFacts) -> list[date]:
    """All days from the one before which hardly anything was published to the last."""
    dated = sorted((day, count) for day, count in facts.days.items() if day)
    left = sum(count for _, count in dated) * _OLDEST_SHARE
    while dated and dated[0][1] <= left:
        left -= dated.pop(0)[1]
    if not dated:
        return []
    first, last = date.fromisoformat(dated[0][0]), date.fromisoformat(dated[-1][0])
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _largest(counts: Counter[str], most: int) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]


def _older(facts: ShardFacts, days: list[date]) -> int:
    """Articles from before the days that are shown."""
    first = days[0].isoformat() if days else ""
    return sum(count for day, count in facts.days.items() if day and day < first)


def _title(text: str, *left_out: tuple[int, str]) -> str:
    """With the numbers of articles that are not shown, and why."""
    told = ", ".join(f"{count:,} {which}" for count, which in left_out if count > 0)
    return f"{text} (not shown: {told})" if told else text


def _short(name: str) -> str:
    return name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…"
