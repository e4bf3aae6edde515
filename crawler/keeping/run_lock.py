"""Only one ``crawl --due`` at a time: a lock that the system releases when its holder ends, and who that is."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crawler.keeping.running_process import RunningProcess

_NAME = "due.lock"
_GLANCE = 0.1
"""Seconds after which nobody who only asks has the lock any more."""
_LONGEST = 1_000
"""Bytes of what a holder writes, at most."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the lock."""

    process: RunningProcess
    """Its number is 0 when the holder has not written who it is."""
    since: float
    """Seconds since 1970; 0: not known."""


@contextmanager
def turn(state: Path) -> Iterator[bool]:
    """Whether no other run of this machine's state is in progress; nobody else's turn comes while the context lasts.

    Raises OSError when the directory cannot be made.
    """
    state.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(state / _NAME, os.O_RDWR | os.O_CREAT, 0o644)
    is_ours = False
    try:
        is_ours = _locked(descriptor)
        if is_ours:
            _sign(descriptor)
        yield is_ours
    finally:
        if is_ours:
            os.ftruncate(descriptor, 0)
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    for pause in (_GLANCE, 0.0):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause)
        else:
            return True
    return False


def _sign(descriptor: int) -> None:
    own = RunningProcess.own()
    facts = {"process": own.number, "mark": own.mark, "since": time.time()}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(facts).encode("ascii"), 0)


def is_taken(state: Path) -> bool:
    """Whether a run is in progress. Asking takes the lock for a glance."""
    return holder(state) is not None


def holder(state: Path) -> Holder | None:
    """Who has the lock; None: nobody. Asking takes the lock for a glance."""
    path = state / _NAME
    if not path.exists():
        return None
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _signed(file.read(_LONGEST))
    return None


def _signed(data: bytes) -> Holder:
    try:
        facts = json.loads(data)
        return Holder(RunningProcess(int(facts["process"]), str(facts["mark"])), float(facts["since"]))
    except (ValueError, KeyError, TypeError):  # it has only just taken the lock, or is of an earlier version
        return Holder(RunningProcess(0, ""), 0.0)


def end_holder(state: Path) -> Holder | None:
    """Ask the run that has the lock to end in order; who was asked. None: nobody has it, or who has it cannot be told
    apart from other processes here, such as one in another container.
    """
    found = holder(state)
    if found is None or not found.process.end(lambda: holder(state) == found):
        return None
    return found
