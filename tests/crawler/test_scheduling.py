"""The rule by which sources are looked at again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.scheduling import PART_OF_SHOWN, PRIOR_ARTICLES, PRIOR_SECONDS, Pace, Yield

DAY = 86400.0
PACE = Pace()


def watched(rate: float, days: float, look: float = 1800.0) -> Yield:
    """A source with so many articles a day, watched for a while."""
    seen, waiting = Yield(), 0.0
    for _ in range(int(days * DAY / look)):
        waiting += rate / DAY * look
        seen = seen.after(int(waiting), look)
        waiting -= int(waiting)
    return seen


def test_an_unknown_source_is_watched_closely_at_first() -> None:
    seen, intervals = Yield(), []
    for _ in range(4):
        intervals.append(PACE.interval(seen, 20))
        seen = seen.after(0, intervals[-1])
    assert intervals[0] == PACE.shortest
    assert intervals == sorted(intervals)
    assert intervals[-1] > PACE.usual
    assert Yield().rate == PRIOR_ARTICLES / PRIOR_SECONDS


@pytest.mark.parametrize("rate", [2, 8, 50])
def test_the_rate_is_learned(rate: float) -> None:
    assert watched(rate, 30).rate * DAY == pytest.approx(rate, rel=0.5)


def test_four_times_as_many_are_looked_at_twice_as_often() -> None:
    slow, fast = PACE.interval(watched(4, 60), 0), PACE.interval(watched(16, 60), 0)
    assert slow / fast == pytest.approx(2, rel=0.2)


def test_a_short_list_is_read_before_it_has_moved_on() -> None:
    seen = watched(100, 30)
    assert PACE.interval(seen, 3) <= max(PACE.shortest, PART_OF_SHOWN * 3 / seen.rate)


def test_a_dead_source_is_forgotten_and_a_reborn_one_found_out() -> None:
    dead = watched(8, 30)
    for _ in range(400):
        dead = dead.after(0, DAY)
    assert PACE.interval(dead, 20) > 5 * PACE.usual
    reborn = dead.after(5, DAY).after(5, DAY)
    assert PACE.interval(reborn, 20) < PACE.interval(dead, 20) / 2


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.floats(0, 100 * DAY)), max_size=20),
    st.integers(0, 5000),
)
def test_an_interval_stays_within_its_bounds(looks: list[tuple[int, float]], shown: int) -> None:
    seen = Yield()
    for new, elapsed in looks:
        seen = seen.after(new, elapsed)
    assert PACE.shortest <= PACE.interval(seen, shown) <= PACE.longest


def test_a_feed_that_was_dead_is_looked_at_as_if_it_could_come_back() -> None:
    a_day, lively = 86400.0, Yield()
    for _ in range(200):
        lively = lively.after(20, a_day / 8)
    dead, waited = lively, 0.0
    while waited < 200 * a_day:
        interval = PACE.interval(dead, 20)
        dead = dead.after(0, interval)
        waited += interval
    assert interval * lively.rate < 20, "what comes at its old rate meanwhile is shown at once"
    assert PACE.interval(replace(dead, best=0.0), 20) > 5 * interval


def test_what_a_look_found_counts_at_once() -> None:
    """A source that brings an article a minute is not taken for one in three hours because it is new."""
    seen = Yield().after(15, 900.0)
    assert PACE.interval(seen, 20) * 15 / 900 <= 20 / 2
    assert PACE.interval(seen, 0) > PACE.interval(seen, 20)
