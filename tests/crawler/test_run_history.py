"""What runs came to is told, the newest first, and runs that did nothing are not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.demo.server import DemoServer
from crawler.frontier.database import Database
from crawler.frontier.run_history import KEPT_DAYS, Run, RunHistory
from tests.crawler.test_due import crawl

DAY = 86400.0
RUN = Run("0" * 32, 1_800_000_000.0, "pier:/state", 7, "boot ns 1", ("a", "b"), is_due=True)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[RunHistory]:
    with closing(Database.in_directory(tmp_path)) as database:
        yield RunHistory(database)


def test_an_entry_is_completed_when_its_run_ends(history: RunHistory) -> None:
    history.put(RUN)
    assert history.newest(5) == [RUN]
    ended = replace(
        RUN, ended=RUN.begun + 60, code=1, outcomes={"ok": 3}, pages={"record": 2}, articles={"a": 2}, received=9,
        failed_sites=("b",), problems=("b: “shut”",),
    )  # fmt: skip
    history.put(ended)
    assert history.newest(5) == [ended]
    history.forget(RUN.id)
    assert history.newest(5) == []


def test_what_is_old_goes(history: RunHistory) -> None:
    history.put(RUN)
    history.put(replace(RUN, id="1" * 32, begun=RUN.begun + (KEPT_DAYS - 1) * DAY))
    assert len(history.newest(5)) == 2
    history.put(replace(RUN, id="2" * 32, begun=RUN.begun + (KEPT_DAYS + 1) * DAY))
    assert [run.id[0] for run in history.newest(5)] == ["2", "1"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(st.lists(st.floats(1.7e9, 1.7e9 + 2), max_size=12), st.integers(1, 5))
def test_parts_are_the_whole_backwards(
    tmp_path_factory: pytest.TempPathFactory, begun: list[float], count: int
) -> None:
    with closing(Database.in_directory(tmp_path_factory.mktemp("history"))) as database:
        history = RunHistory(database)
        for number, moment in enumerate(begun):
            history.put(replace(RUN, id=f"{number:032x}", begun=moment))
        whole, found = history.newest(100), []
        part = history.newest(count)
        while part:
            found += part
            part = history.newest(count, (part[-1].begun, part[-1].id))
        assert found == whole
        assert [run.begun for run in whole] == sorted(begun, reverse=True)


def test_crawls_leave_their_entries(tmp_path: Path) -> None:
    with DemoServer() as server:
        report = crawl(server, tmp_path, "--due")
        crawl(server, tmp_path, "--due")
    with closing(Database.in_directory(tmp_path / "newswarc-data" / "state")) as database:
        (run,) = RunHistory(database).newest(5)
    assert (run.articles, run.outcomes, run.pages) == (report["articles"], report["outcomes"], report["pages"])
    assert run.ended >= run.begun > 0
    assert (run.code, run.is_due, len(run.sites)) == (0, True, 1)
