"""Who has the turn is told, and nobody else is ever asked to end."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crawler.keeping.run_lock import Holder, end_holder, holder, is_taken, turn
from crawler.keeping.running_process import RunningProcess

_HOLDING = """
import sys, time
from pathlib import Path
from crawler.keeping.run_lock import turn
with turn(Path(sys.argv[1])) as is_ours:
    print(is_ours, flush=True)
    time.sleep(60)
"""


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def locked(state: Path, said: bytes) -> Iterator[None]:
    """Somebody has the lock, and the file says this of them."""
    (state / "due.lock").write_bytes(said)
    with (state / "due.lock").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_who_has_the_turn_is_told_while_they_have_it(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with turn(tmp_path) as is_ours:
        assert is_ours
        found = holder(tmp_path)
        assert found is not None
        assert found.process == RunningProcess.own()
        assert found.process.is_here
        assert found.since > 0
        with turn(tmp_path) as again:
            assert not again
        assert holder(tmp_path) == found, "who did not get the turn changed nothing"
    assert not is_taken(tmp_path)
    assert (tmp_path / "due.lock").read_bytes() == b""


def test_the_one_that_has_the_turn_is_asked_to_end(tmp_path: Path) -> None:
    with running(_HOLDING, str(tmp_path)) as process:
        asked = end_holder(tmp_path)
        assert asked is not None
        assert asked.process.number == process.pid
        assert process.wait(20) == -signal.SIGTERM
    assert end_holder(tmp_path) is None


def _named(number: int, mark: str) -> bytes:
    return json.dumps({"process": number, "mark": mark, "since": 1.0}).encode()


@pytest.mark.parametrize("changed", ["mark", "nothing", "damage", "self"])
def test_nobody_is_asked_whom_the_lock_does_not_name_beyond_doubt(tmp_path: Path, changed: str) -> None:
    """A number that another process has by now, as after a kill; an earlier version's file; a file cut short."""
    with running("import time; print(1, flush=True); time.sleep(60)") as bystander:
        boot, namespace, began = RunningProcess.own().mark.split()
        said = {
            "mark": _named(bystander.pid, f"{boot} {namespace} {int(began) - 1}"),
            "nothing": b"",
            "damage": _named(bystander.pid, "x")[:-4],
            "self": _named(bystander.pid, f"{boot} other {began}"),
        }[changed]
        with locked(tmp_path, said):
            assert end_holder(tmp_path) is None
            found = holder(tmp_path)
            assert isinstance(found, Holder)
        assert bystander.poll() is None


def test_a_process_that_has_ended_is_not_here() -> None:
    with running("print(1, flush=True)") as process:
        process.wait(20)
        assert not RunningProcess(process.pid, RunningProcess.own().mark).is_here
    assert not RunningProcess(os.getpid(), "").is_here
    assert not RunningProcess(0, "").is_here


def test_who_is_not_meant_any_more_is_left_alone() -> None:
    asked = threading.Event()

    def is_meant() -> bool:
        asked.set()
        return False

    assert not RunningProcess.own().end(is_meant)
    assert asked.is_set()
