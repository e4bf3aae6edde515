"""A few of the kills that ``make faults`` does by the hundred."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.scenario import ARTICLES_A_SITE, Outcome, Scenario, undisturbed
from tests.support.seaweed import S3Server


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    found = undisturbed(tmp_path_factory.mktemp("undisturbed"))
    assert len(found.articles) == 2 * ARTICLES_A_SITE
    assert found.faults == []
    return found


@pytest.mark.parametrize("seed", [11, pytest.param(12, marks=pytest.mark.long)])
def test_killed_twice_it_loses_and_doubles_nothing(seed: int, tmp_path: Path, expected: Outcome) -> None:
    outcome = Scenario(seed, tmp_path).run(kills=2)
    assert outcome.faults == [], outcome.kills
    assert outcome.kills, "the seed kills"
    assert outcome.articles == expected.articles
    assert outcome.sources == expected.sources


def test_killed_on_its_way_to_s3(tmp_path: Path, s3_environment: S3Server, expected: Outcome) -> None:
    outcome = Scenario(21, tmp_path, s3_environment).run(kills=2)
    assert outcome.faults == [], outcome.kills
    assert outcome.articles == expected.articles
    assert outcome.sources == expected.sources


@pytest.mark.long
def test_killed_between_a_timers_runs_that_fetch_again(tmp_path: Path) -> None:
    expected = undisturbed(tmp_path / "undisturbed", due=True)
    assert expected.faults == []
    assert len(expected.articles) == 2 * ARTICLES_A_SITE
    outcome = Scenario(13, tmp_path / "killed", due=True).run(kills=2)
    assert outcome.faults == [], outcome.kills
    assert outcome.kills, "the seed kills"
    assert outcome.articles == expected.articles
    assert outcome.sources == expected.sources
