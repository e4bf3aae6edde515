"""One crawl of every case: each ends as it should, none costs more than its due, and the others come through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.hostile.case import CASE, GOOD, NOTHING_SENT, Case, page
from tests.hostile.run import CASES, Watched, crawl
from tests.hostile.server import HostileServer

MOST_MEMORY = 350 << 20
"""Bytes that the crawl may hold beyond one of a single well-behaved site."""
_IDLE = Case("a-site-that-is-well", {CASE: page()})


@dataclass
class Both:
    server: HostileServer
    idle: Watched
    hostile: Watched


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    directory = tmp_path_factory.mktemp("hostile")
    with HostileServer([_IDLE, *CASES]) as server:
        idle = crawl(server, [_IDLE.name], directory / "idle")
        yield Both(server, idle, crawl(server, [case.name for case in CASES], directory / "hostile"))


def test_there_are_enough_cases_and_their_names_differ() -> None:
    assert len(CASES) >= 360
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []


def test_the_hidden_service_was_never_contacted(both: Both) -> None:
    assert both.server.hidden_contacts == 0


def test_memory_stays_near_that_of_an_idle_crawl(both: Both) -> None:
    assert both.hostile.most_memory - both.idle.most_memory < MOST_MEMORY


def test_the_crawl_ends_by_itself(both: Both) -> None:
    assert both.hostile.code in (0, 1), "another code if it had to be ended"
    assert "internal error" not in both.hostile.err
    assert "Traceback" not in both.hostile.err


def test_nothing_that_a_server_says_reaches_the_terminal_as_a_command(both: Both) -> None:
    assert not set(both.hostile.err + both.hostile.out) & set("\x1b\x07\x00\u202e")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, both: Both) -> None:
    assert faults_of(case, both.server, both.hostile) == []


def faults_of(case: Case, server: HostileServer, watched: Watched) -> list[str]:
    """What did not come as it should."""
    host = server.host(case.name)
    found: list[str] = []
    for place, wanted in case.captures.items():
        address = _address(place, host, server)
        attempts = watched.captures.get(address, [])
        ended = attempts[-1] if attempts else NOTHING_SENT
        if ended not in wanted:
            found.append(f"{address[:100]}: {ended}, not {' or '.join(wanted)}")
    if case.outcome is not None:
        outcome = watched.outcomes.get(f"http://{host}{CASE}")
        if outcome != case.outcome:
            found.append(f"page outcome {outcome}, not {case.outcome}")
    waits = watched.failures.get(f"http://{host}{CASE}", "")
    if case.failure and waits != case.failure:
        found.append(f"waits for {waits or 'nothing'}, not for {case.failure}")
    if case.good and f"http://{host}{GOOD}" not in watched.titles:
        found.append(f"its good story is no record: {watched.outcomes.get(f'http://{host}{GOOD}')}")
    if len(server.paths[case.name]) > case.requests:
        found.append(f"{len(server.paths[case.name])} requests")
    if server.seconds[case.name] > case.seconds:
        found.append(f"{server.seconds[case.name]:.1f} seconds")
    return found


def _address(place: str, host: str, server: HostileServer) -> str:
    address = place if ":" in place[:12] else f"http://{host}{place}"
    return address.replace("{host}", host).replace("{hidden}", f"127.0.0.1:{server.hidden_port}")
