"""Builds and merges that are killed at random moments: nothing is lost, doubled or torn."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archive.search.building import IndexPlanner, complete_index
from tests.search.making import archive, numbers, searcher, story
from tests.support.processes import ROOT

SEGMENTS, EACH = 24, 4
BUILDER = """
import sys
from pathlib import Path
from archive.search.building import IndexPlanner, SplitPlan, build_split
from archive.storage.local import LocalStorage

storage = LocalStorage(Path(sys.argv[1]))
planner = IndexPlanner(storage)
print("begins", flush=True)
while True:
    for plan in planner.missing():
        for one in plan.segments:
            build_split(storage, SplitPlan(plan.month, (one,)), "killed")
    for plan in planner.merges():
        build_split(storage, plan, "killed")
    planner.remove_superseded()
    for item in list(storage.list("search/"))[:: 1 + len(planner.look()[1].splits)]:
        storage.delete(item.key)
"""
"""Builds a split for each segment, merges them, removes some files, and begins again."""


def kill_some(tmp_path: Path, count: int) -> None:
    draw = random.Random(count)
    storage = archive(
        tmp_path, *([story(at * EACH + n, f"One word{at}.") for n in range(EACH)] for at in range(SEGMENTS))
    )
    everything = {str(number) for number in range(SEGMENTS * EACH)}
    for _ in range(count):
        command = [sys.executable, "-c", BUILDER, str(tmp_path / "archive")]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as builder:
            assert builder.stdout is not None
            assert builder.stdout.readline() == "begins\n"
            time.sleep(draw.uniform(0, 0.6))
            builder.send_signal(signal.SIGKILL)
        with searcher(storage, tmp_path) as found:
            there = numbers(found, "word*")
            missing = {name.split("-")[2] for name in found.missing}
            for at in range(SEGMENTS):
                own = {str(at * EACH + n) for n in range(EACH)}
                assert there & own == (set() if f"{at:05d}" in missing else own), "whole segments, or none of one"
    complete_index(storage, "in the end")
    with searcher(storage, tmp_path) as found:
        assert numbers(found, "word*") == everything
        assert found.count("word7") == EACH
    planner = IndexPlanner(storage)
    planner.remove_loose()
    assert planner.look()[1].broken == planner.look()[1].loose == []


def test_builds_that_are_killed(tmp_path: Path) -> None:
    kill_some(tmp_path, 6)


@pytest.mark.long
def test_a_hundred_builds_that_are_killed(tmp_path: Path) -> None:
    kill_some(tmp_path, 100)
