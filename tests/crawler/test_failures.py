"""Final is rare: what a source still lists is asked for again; what is given up is counted and can be retried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from archive.exchange import CaptureAddress, CaptureOutcome, Discovery, Role
from crawler.frontier.capture_outcomes import FINAL, PASSING
from crawler.frontier.entries import Captured, Due, Failed, State
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
    again = [item.url for item in frontier.failures.retries("paper", now, most=10)]
    assert not set(due) & set(again)
    return ARTICLE.url in due + again


@pytest.mark.parametrize("outcome", sorted((PASSING | FINAL) - {CaptureOutcome.BLOCKED}))
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


def test_what_the_block_list_named_waits_for_the_list_alone(frontier: Frontier) -> None:
    fail(frontier, CaptureOutcome.BLOCKED, NOON)
    assert frontier.due(["paper"], NOON + timedelta(days=1)) == [], "whoever asks for what is due asks the host"
    assert frontier.failures.retries("paper", NOON + timedelta(seconds=1), most=0) == [ARTICLE]


def logins(frontier: Frontier, count: int) -> list[str]:
    """Articles of two hosts that ask for a login."""
    addresses = [f"https://{'north' if n % 2 else 'south'}.paper.example/{n}" for n in range(count)]
    frontier.discover([Due(address, ARTICLE.discovery) for address in addresses])
    frontier.failed([Failed(address, "forbidden", passing=False, status=401) for address in addresses], NOON)
    return addresses


def test_a_list_of_logins_keeps_no_other_retry_waiting(frontier: Frontier) -> None:
    logins(frontier, 40)
    frontier.failed([Failed(ARTICLE.url, "not_found", passing=False, status=404)], NOON)
    asked = frontier.failures.retries("paper", NOON + timedelta(days=1), most=10)
    assert len(asked) == 3, "one of each host, and the one that asks for none"
    assert ARTICLE in asked


def test_once_a_login_is_answered_the_others_follow(frontier: Frontier) -> None:
    logins(frontier, 40)
    now = NOON + timedelta(days=1)
    probes = frontier.failures.retries("paper", now, most=10)
    for probe in probes:
        frontier.captured([captured(probe, now)])
    assert len(frontier.failures.retries("paper", now, most=12)) == 10, "within the share of the day"
    assert len(frontier.failures.retries("paper", now + timedelta(days=2), most=30)) == 30


def captured(due: Due, now: datetime) -> Captured:
    address = CaptureAddress("segment", 0, 1, uuid4(), "sha256:00")
    return Captured(due.url, address, now, due.discovery, full=True, shows_page=True)


def test_retries_that_succeed_count_as_well(frontier: Frontier) -> None:
    dues = [Due(f"{ARTICLE.url}-{number}", ARTICLE.discovery) for number in range(30)]
    frontier.discover(dues)
    frontier.failed([Failed(due.url, "not_found", passing=False) for due in dues], NOON)
    now = NOON + timedelta(days=1)
    frontier.captured([captured(due, now) for due in frontier.failures.retries("paper", now, most=7)])
    assert len(frontier.failures.retries("paper", now + timedelta(hours=1), most=10)) == 3


def test_what_an_article_redirects_to_decides_for_it(frontier: Frontier) -> None:
    elsewhere = ARTICLE.url.replace("the-dam", "moved")
    led = replace(ARTICLE.discovery, requested_url=ARTICLE.url)
    frontier.failed([Failed(ARTICLE.url, "not_found", passing=False, status=404, is_led_to=True)], NOON)
    assert state(frontier).status == 404
    frontier.captured([replace(captured(Due(elsewhere, led), NOON), discovery=led)])
    assert frontier.failures.all() == []
    known = frontier.known_address(ARTICLE.url)
    assert known is not None
    assert known.state is State.CAPTURED


def test_a_page_that_refreshes_to_one_that_fails_is_not_had(frontier: Frontier) -> None:
    frontier.captured([captured(ARTICLE, NOON)])
    failed = Failed(ARTICLE.url, "not_found", passing=False, status=404)
    frontier.failed([failed], NOON)
    assert frontier.failures.all() == [], "an article that was captured stays so when it is gone later"
    frontier.failed([replace(failed, is_led_to=True)], NOON)
    assert state(frontier).outcome == "not_found"


def test_what_is_listed_is_noted_once_an_hour(frontier: Frontier) -> None:
    fail(frontier, CaptureOutcome.NOT_FOUND, NOON)
    written: list[str] = []
    event.listen(frontier.database.engine, "before_cursor_execute", lambda *what: written.append(what[2]))
    for minutes in range(0, 180, 10):
        frontier.failures.listed([ARTICLE], NOON + timedelta(minutes=minutes))
    assert 3 <= sum(statement.startswith("UPDATE") for statement in written) <= 4


def test_what_was_set_aside_comes_back_when_it_is_wanted(frontier: Frontier) -> None:
    old = Due(f"{ARTICLE.url}-of-old", replace(ARTICLE.discovery, source_date="2026-01-05"))
    assert frontier.discover([old], lambda found: found.source_date > "2026-02") == []
    assert [due.url for due in frontier.set_aside_before(["paper"])] == [old.url]
    assert old.url not in [due.url for due in frontier.due(["paper"])]
    undated = Due(old.url, ARTICLE.discovery)
    assert frontier.discover([undated], lambda found: found.source_date > "2026-02") == [], "by the date it had"
    assert [due.url for due in frontier.discover([old], lambda _: True)] == [old.url]
    assert old.url in [due.url for due in frontier.due(["paper"])]
    assert frontier.set_aside_before(["paper"]) == []


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
    frontier.failed([Failed(due.url, "forbidden", passing=False) for due in asked], now)
    assert len(frontier.failures.retries("paper", now + timedelta(hours=23), most)) == 0 or waiting > most == 0
    frontier.close()


def test_what_an_interrupted_run_had_claimed_is_still_refused(frontier: Frontier) -> None:
    fail(frontier, CaptureOutcome.FORBIDDEN, NOON)
    frontier.claim([ARTICLE.url])
    now = NOON + timedelta(days=1)
    assert frontier.due(["paper"], now) == []
    assert frontier.failures.retries("paper", now, most=10) == [ARTICLE]
    frontier.failures.listed([ARTICLE], now)
    assert is_tried(frontier, now)


def test_what_was_redacted_is_never_asked_for_again(frontier: Frontier) -> None:
    frontier.redacted([ARTICLE.url])
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
    elsewhere = newswarc("failures", "--site", "other", "retry", cwd=tmp_path, **variables)
    assert elsewhere.out.startswith("0 articles"), "options before the command count as well"
    retried = newswarc("failures", "--site", "paper", "retry", "--outcome", "forbidden", cwd=tmp_path, **variables)
    assert retried.out.startswith("1 article"), retried.err
    frontier = Frontier.in_directory(state_directory)
    frontier.failed([Failed(ARTICLE.url, "forbidden", passing=False, status=403)], NOON)
    frontier.close()
    assert newswarc("failures", "forget", ARTICLE.url, cwd=tmp_path, **variables).out.startswith("1 article")
    assert newswarc("failures", "--json", cwd=tmp_path, **variables).out == ""
