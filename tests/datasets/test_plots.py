"""Pictures: the same for the same rows, of many rows, of one, of rows without dates."""

from __future__ import annotations

import io
from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.image import imread

from archive.datasets import plots as plotting
from archive.datasets.plots import CAPTIONS, plots
from archive.datasets.shards import ShardFacts


def facts(days: dict[str, int], site: str = "paper.example", language: str = "ar") -> ShardFacts:
    rows = sum(days.values())
    return ShardFacts(
        rows=rows,
        languages=Counter({language: rows}),
        sites=Counter({site: rows}),
        days=Counter(days),
        language_days=Counter({f"{language} {day}": count for day, count in days.items() if day}),
        site_weeks=Counter({f"{site} 2026-01-05": days["2026-01-07"]} if days.get("2026-01-07") else {}),
        lengths=Counter({"113": rows}),
    )


def pixels(data: bytes) -> npt.NDArray[np.float32]:
    return np.asarray(imread(io.BytesIO(data), format="png"))[:, :, :3]


@pytest.mark.parametrize(
    "given",
    [
        facts({"2026-01-07": 1}),
        facts({"": 5}),
        facts({"2026-01-07": 4, "2026-01-09": 2, "": 1}, site="مثال.example" * 9, language=""),
    ],
)
def test_they_are_drawn_and_the_same_again(given: ShardFacts) -> None:
    drawn = plots(given)
    assert list(drawn) == list(CAPTIONS)
    assert drawn == plots(given)
    assert all(pixels(data).min() < 0.4 for data in drawn.values())


def test_more_rows_look_different() -> None:
    some, more = plots(facts({"2026-01-07": 1})), plots(facts({"2026-01-07": 1, "2026-01-20": 9}))
    different = {path for path in some if some[path] != more[path]}
    assert {"plots/articles-a-day.png", "plots/text-length.png", "plots/coverage-gaps.png"} <= different


def test_articles_of_long_ago_leave_the_axis_alone() -> None:
    recent = {f"2026-01-{day:02d}": 50 for day in range(1, 29)}
    drawn = plots(facts(recent))["plots/articles-a-day.png"]
    older = plots(facts({"1923-05-01": 3, **recent}))["plots/articles-a-day.png"]
    assert (pixels(older)[40:] == pixels(drawn)[40:]).all()
    assert (pixels(older)[:40] != pixels(drawn)[:40]).any(), "the title says that three are not shown"


def test_what_is_not_shown_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[str] = []
    told = plotting._title

    def remembered(text: str, *left_out: tuple[int, str]) -> str:
        titles.append(told(text, *left_out))
        return titles[-1]

    monkeypatch.setattr(plotting, "_title", remembered)
    given = facts({"1923-05-01": 1, "": 2, **{f"2026-01-{day:02d}": 50 for day in range(1, 29)}})
    given.sites = Counter({f"paper{number}.org": 40 - number for number in range(60)})
    plots(given)
    assert titles[0] == "Articles by day of publication (not shown: 2 without a date, 1 before 2026-01-01)"
    hidden = sum(sorted(given.sites.values(), reverse=True)[plotting._BARS :])
    assert titles[1] == f"Articles by site (not shown: {hidden:,} of {60 - plotting._BARS} others)"
    assert titles[2] == "Articles by language"
    assert titles[3].startswith("Articles by week of publication (not shown: 1,")


def test_no_rows_no_pictures() -> None:
    assert plots(ShardFacts()) == {}
