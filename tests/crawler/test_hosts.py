"""Whatever asks, and however much at once: two requests to one host lie as far apart as they should."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.frontier.frontier import Frontier
from crawler.polite.hosts import Hosts
from tests.support.virtual_time import VirtualTimeLoop, run_in_virtual_time

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    pause=st.floats(0.1, 60),
    arrivals=st.lists(st.tuples(st.sampled_from(["a.example", "b.example"]), st.floats(0, 100)), max_size=12),
)
def test_two_requests_to_one_host_lie_a_pause_apart(
    tmp_path: Path, pause: float, arrivals: list[tuple[str, float]]
) -> None:
    loop = VirtualTimeLoop()
    frontier = Frontier.in_directory(tmp_path)
    hosts = Hosts(frontier, lambda: NOON, at_once=4)
    asked: dict[str, list[float]] = {"a.example": [], "b.example": []}

    async def ask(host: str, arrival: float) -> None:
        await asyncio.sleep(arrival)
        await hosts.spaced(host, pause)
        asked[host].append(loop.time())

    async def ask_all() -> None:
        await asyncio.gather(*(ask(host, arrival) for host, arrival in arrivals))

    with patch("crawler.polite.hosts.time", SimpleNamespace(monotonic=loop.time)):
        run_in_virtual_time(loop, ask_all())
    frontier.close()
    assert sum(map(len, asked.values())) == len(arrivals)
    for moments in asked.values():
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        assert all(gap >= pause - 1e-6 for gap in gaps)


def test_a_host_that_was_not_asked_for_long_is_asked_at_once(tmp_path: Path) -> None:
    loop = VirtualTimeLoop()
    frontier = Frontier.in_directory(tmp_path)
    hosts = Hosts(frontier, lambda: NOON, at_once=1)

    async def ask_twice() -> None:
        await hosts.spaced("a.example", 5)
        await asyncio.sleep(7)
        await hosts.spaced("a.example", 5)
        assert loop.time() == 7

    with patch("crawler.polite.hosts.time", SimpleNamespace(monotonic=loop.time)):
        run_in_virtual_time(loop, ask_twice())
    frontier.close()
