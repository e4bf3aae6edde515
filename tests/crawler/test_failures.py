"""Final is rare: what a source still lists is asked for again; what is given up is counted and can be retried."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.exchange import CaptureOutcome, Discovery, Role
from crawler.frontier.capture_outcomes import FINAL, PASSING
from crawler.frontier.entries import Due, Failed
from crawler.frontier.failures import (
    FEWEST_TRIES,
    FEWEST_TRIES_PASSING,
    LONGEST_PAUSE_REFUSED,
    UNLISTED,
    Failure,
)
from crawler.frontier.frontier import Frontier
from tests.support.processes import newswarc

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ARTICLE = Due("https://paper.example/2026/03/02/the-dam", Discovery(role=Role.ARTICLE, site="paper", via="feed"))
WEEKS = 4.0


@pytest.fixture
def frontier(tmp_path: Path) -> Iterator[Frontier]:
    frontier = Frontier.in_directory(tmp_path)
    frontier.discover([ARTICLE])
    yield frontier
    frontier.close()


def fail(frontier: Frontier, outcome: CaptureOutcome, now: datetime) -> None:
    frontier.failed([Failed(ARTICLE.url, outcome.value, outcome in PASSING)], now)


def state(frontier: Frontier) -> Failure:
    (found,) = frontier.failures.all()
    return found


def is_tried(frontier: Frontier, now: datetime) -> bool:
    """Whether a run at this moment asks for the article."""
    frontier.failures.give_up(["paper"], now, WEEKS)
    due = [item.url for item in frontier.due(["paper"], now)]
    again = [item.url for item, _ in frontier.failures.retries("paper", now, most=10)]
    assert not set(due) & set(again)
    return ARTICLE.url in due + again


@pytest.mark.parametrize("outcome", sorted(PASSING | FINAL))
def test_while_a_source_lists_it_it_is_tried_with_growing_pauses(frontier: Frontier, outcome: CaptureOutcome) -> None:
    now, pauses = NOON, []
    for _ in range(6):
        fail(frontier, outcome, now)
        assert not is_tried(frontier, now + timedelta(minutes=10)), "never at once"
        following = datetime.fromtimestamp(state(frontier).following, UTC)
        pauses.append((following - now).total_seconds())
        frontier.failures.listed([ARTICLE], following - timedelta(minutes=1))
        assert is_tried(frontier, following)
        now = following
    assert pauses == sorted(pauses)
    assert pauses[-1] <= LONGEST_PAUSE_REFUSED


@pytest.mark.parametrize("outcome", [CaptureOutcome.NOT_FOUND, CaptureOutcome.TIMEOUT])
def test_what_no_source_lists_any_more_is_given_up(frontier: Frontier, outcome: CaptureOutcome) -> None:
    now, tries = NOON, 0
    while True:
        fail(frontier, outcome, now)
        tries += 1
        now = datetime.fromtimestamp(state(frontier).following, UTC)
        if not is_tried(frontier, now):
            break
    assert tries >= (FEWEST_TRIES_PASSING if outcome in PASSING else FEWEST_TRIES)
    assert NOON + timedelta(seconds=UNLISTED) < now < NOON + timedelta(weeks=WEEKS)
    assert state(frontier).given_up
    assert state(frontier).outcome == outcome.value
    frontier.failures.listed([ARTICLE], now)
    assert not is_tried(frontier, now + timedelta(days=60)), "given up is given up"
    assert frontier.failures.retry([ARTICLE.url]) == 1
    assert is_tried(frontier, now), "but a person may try it again"


def test_weeks_of_refusals_are_enough(frontier: Frontier) -> None:
    now = NOON
    while now < NOON + timedelta(weeks=WEEKS):
        fail(frontier, CaptureOutcome.FORBIDDEN, now)
        now = datetime.fromtimestamp(state(frontier).following, UTC)
        frontier.failures.listed([ARTICLE], now)
    assert not is_tried(frontier, now + timedelta(seconds=1))
    assert state(frontier).given_up


def test_what_is_forgotten_stays_so(frontier: Frontier) -> None:
    fail(frontier, CaptureOutcome.NOT_FOUND, NOON)
    assert frontier.failures.forget([ARTICLE.url]) == 1
    assert frontier.failures.all() == []
    assert frontier.discover([ARTICLE]) == []
    assert not is_tried(frontier, NOON + timedelta(days=365))


@given(st.integers(0, 30), st.integers(0, 30))
def test_retries_take_their_share_of_a_day(tmp_path_factory: pytest.TempPathFactory, waiting: int, most: int) -> None:
    frontier = Frontier.in_directory(tmp_path_factory.mktemp("frontier"))
    dues = [Due(f"{ARTICLE.url}-{number}", ARTICLE.discovery) for number in range(waiting)]
    frontier.discover(dues)
    for moment in (NOON, NOON + timedelta(days=2)):
        frontier.failed([Failed(due.url, "forbidden", passing=False) for due in dues], moment)
    now = NOON + timedelta(days=30)
    asked = frontier.failures.retries("paper", now, most)
    assert len(asked) == min(waiting, most)
    frontier.failed([Failed(due.url, "forbidden", passing=False) for due, _ in asked], now)
    assert len(frontier.failures.retries("paper", now + timedelta(hours=23), most)) == 0 or waiting > most == 0
    frontier.close()


def test_what_an_interrupted_run_had_claimed_is_still_refused(frontier: Frontier) -> None:
    fail(frontier, CaptureOutcome.FORBIDDEN, NOON)
    frontier.claim([ARTICLE.url])
    now = NOON + timedelta(days=1)
    assert frontier.due(["paper"], now) == []
    assert [due for due, _ in frontier.failures.retries("paper", now, most=10)] == [ARTICLE]
    frontier.failures.listed([ARTICLE], now)
    assert is_tried(frontier, now)


def test_what_was_redacted_is_never_asked_for_again(frontier: Frontier) -> None:
    frontier.forget([ARTICLE.url])
    frontier.failures.listed([ARTICLE], NOON)
    assert frontier.failures.all() == []
    assert frontier.discover([ARTICLE]) == []
    assert not is_tried(frontier, NOON + timedelta(days=60))


def test_the_command_lists_retries_and_forgets(tmp_path: Path) -> None:
    state_directory = tmp_path / "state"
    frontier = Frontier.in_directory(state_directory)
    frontier.discover([ARTICLE])
    frontier.failed([Failed(ARTICLE.url, "forbidden", passing=False, status=403)], NOON)
    frontier.settle()
    frontier.close()
    variables = {"NEWSWARC_STATE": str(state_directory)}
    listed = newswarc("failures", "--site", "paper", cwd=tmp_path, **variables)
    assert listed.code == 0, listed.err
    assert listed.out.split("  ")[:3] == ["paper", "forbidden (403)", "1 try, last 2026-03-02 12:00"]
    assert newswarc("failures", "--json", "--outcome", "not_found", cwd=tmp_path, **variables).out == ""
    unsaid = newswarc("failures", "retry", cwd=tmp_path, **variables)
    assert unsaid.code == 2
    assert "give URLs" in unsaid.err
    assert newswarc("failures", "forget", ARTICLE.url, cwd=tmp_path, **variables).out.startswith("1 article")
    assert newswarc("failures", "--json", cwd=tmp_path, **variables).out == ""
