"""Workers on two machines crawl a fleet of newspapers, while they are killed and cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scale.scenario import Found, Plan, run


def check(found: Found) -> None:
    assert found.missing == []
    assert found.at_once == 0, "a host was asked by two at once"
    assert found.too_soon == 0, f"a delay was cut to {found.shortest:.3f} s"
    assert found.sound
    assert max(found.records.values()) == 1


@pytest.mark.long
def test_every_article_once(tmp_path: Path) -> None:
    found = run(Plan(papers=8, articles=12, places=2, delay=0.1), tmp_path)
    check(found)
    assert found.doubled == {}


@pytest.mark.parametrize(
    ("papers", "articles", "faults"),
    [
        (5, 15, ("kill all", "restart", "cut")),
        pytest.param(8, 20, ("kill", "kill crawl", "restart", "cut", "kill all"), marks=pytest.mark.long),
    ],
)
def test_whatever_happens_nothing_is_lost_and_no_host_is_pressed(
    tmp_path: Path, papers: int, articles: int, faults: tuple[str, ...]
) -> None:
    plan = Plan(papers=papers, articles=articles, workers=2, places=2, delay=0.2, lease=6, between=3, faults=faults)
    check(run(plan, tmp_path))
