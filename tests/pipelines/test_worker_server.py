"""Worker processes: what they share with their owner, what they answer, and how they end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.pool import ExtractionPool, WorkerDied
from tests.pipelines.test_orphans import alive

LARGE = 30 << 20
_LONGEST = 30


class _Untold(Exception):
    """What can't be passed on as it is."""

    def __reduce__(self) -> str:
        raise TypeError("not this one")


def _length(data: bytes) -> int:
    return len(data)


def _bytes(length: int) -> bytes:
    return b"x" * length


def _fail() -> None:
    raise _Untold("out of paper")


def _open_files() -> set[str]:
    return {str(entry.readlink()) for entry in Path("/dev/fd").iterdir() if entry.exists()}


def calling(*calls: Callable[[ExtractionPool], object]) -> list[object]:
    async def run() -> list[object]:
        pool = ExtractionPool(2, 4)
        try:
            return list(await asyncio.gather(*(call(pool) for call in calls), return_exceptions=True))  # type: ignore[call-overload]
        finally:
            pool.close()

    return asyncio.run(run())


def test_what_is_large_goes_both_ways_at_once() -> None:
    there, back, *small = calling(
        lambda pool: pool.run(_length, bytes(LARGE)),
        lambda pool: pool.run(_bytes, LARGE),
        *[lambda pool: pool.run(os.getpid)] * 20,
    )
    assert there == LARGE
    assert back == b"x" * LARGE
    assert 1 <= len(set(small)) <= 2


def test_an_error_that_cannot_be_passed_on_is_told_in_words() -> None:
    (error,) = calling(lambda pool: pool.run(_fail))
    assert isinstance(error, RuntimeError)
    assert "out of paper" in str(error)


def test_a_call_behind_one_that_kills_its_worker_is_made_again() -> None:
    results = calling(
        *[lambda pool: pool.run(os._exit, 3)] * 2,
        *[lambda pool: pool.run(_length, b"abc")] * 6,
    )
    assert [type(result) for result in results[:2]] == [WorkerDied] * 2
    assert results[2:] == [3] * 6


def test_workers_have_none_of_the_owners_files(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as file:
        (found,) = calling(lambda pool: pool.run(_open_files))
    assert isinstance(found, set)
    assert file.name not in found


OWNER = """
import asyncio, os, signal, time
from pathlib import Path
from pipelines.pool import ExtractionPool

FILE = os.environ["FILE"]

def busy():
    Path(FILE).write_text(f"{os.getpid()} {os.getppid()}")
    time.sleep(600)

async def main():
    pool = ExtractionPool(1, 1)
    asyncio.create_task(pool.run(busy))
    while not Path(FILE).exists():
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("threads", [False, True], ids=["forked", "started"])
def test_busy_workers_of_a_killed_owner_end(tmp_path: Path, threads: bool) -> None:
    file = tmp_path / "processes"
    (tmp_path / "owner.py").write_text(OWNER)
    begin = "import threading, time; threading.Thread(target=time.sleep, args=(99,), daemon=True).start(); "
    program = f"{begin if threads else ''}import asyncio, owner; asyncio.run(owner.main())"
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{root}:{tmp_path}", "FILE": str(file)},
        timeout=_LONGEST * 2,
        check=False,
    )
    processes = [int(number) for number in file.read_text().split()]
    deadline = time.monotonic() + _LONGEST
    while any(map(alive, processes)):
        assert time.monotonic() < deadline, "they work on for nobody"
        time.sleep(0.1)
