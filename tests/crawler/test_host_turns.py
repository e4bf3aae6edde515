"""Turns at a host, taken by processes of one machine."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from crawler.frontier.host_turns import HostTurns
from crawler.frontier.presence import Alone

HOLDER = """
import sys
from pathlib import Path
from crawler.frontier.host_turns import HostTurns
turns = HostTurns(Path(sys.argv[1]))
print(turns.begin("host paper.example", 5.0), flush=True)
sys.stdin.readline()
turns.end("host paper.example")
print("ended", flush=True)
sys.stdin.readline()
"""


def test_another_process_waits_and_keeps_the_pause(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    ours = HostTurns(path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "0.0\n"
        assert ours.begin("host paper.example", 5.0) is None, "it is the other one's turn"
        assert ours.begin("host ferry.example", 5.0) == 0.0
        print(file=other.stdin, flush=True)
        assert other.stdout.readline() == "ended\n"
        left = ours.begin("host paper.example", 500.0)
        assert left is not None
        assert 0.0 < left <= 500.0
        ours.end("host paper.example")
        assert ours.begin("host paper.example", 500.0) == 0.0, "its own pauses are kept elsewhere"
        print(file=other.stdin, flush=True)
    ours.close()


def test_a_process_that_is_killed_leaves_no_turn_behind(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        other.kill()
        other.wait()
    turns = HostTurns(path)
    assert turns.begin("host paper.example", 5.0) == 0.0
    turns.close()


def test_without_a_place_for_the_file_nobody_waits(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    turns = HostTurns(tmp_path / "file" / "hosts")
    assert turns.begin("host paper.example", 5.0) == 0.0
    turns.end("host paper.example")


def test_requests_of_one_run_share_a_turn(tmp_path: Path) -> None:
    async def run() -> None:
        alone = Alone(tmp_path)
        await alone.at("host paper.example", 0.0)
        await asyncio.wait_for(alone.at("host paper.example", 0.0), 30)
        alone.done("host paper.example")
        alone.done("host paper.example")
        assert HostTurns(tmp_path / "hosts").begin("host paper.example", 0.0) == 0.0
        alone.leave()

    asyncio.run(run())
