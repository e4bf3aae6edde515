"""Only one ``crawl --due`` at a time: a lock that the system releases when its holder ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = "due.lock"
_GLANCE = 0.1
"""Seconds after which nobody who only asks has the lock any more."""


@contextmanager
def turn(state: Path) -> Iterator[bool]:
    """Whether no other run of this machine's state is in progress; nobody else's turn comes while the context lasts.

    Raises OSError when the directory cannot be made.
    """
    state.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(state / _NAME, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield _locked(descriptor)
    finally:
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


def is_taken(state: Path) -> bool:
    """Whether a run is in progress. Asking takes the lock for a glance."""
    path = state / _NAME
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
