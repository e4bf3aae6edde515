"""Runs of ``crawl --due`` take turns: a lock that the system lets go when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = "due.lock"


@contextmanager
def turn(state: Path) -> Iterator[bool]:
    """Whether no other run of this machine's state is under way; nobody else's turn comes while the context lasts.

    Raises OSError when the directory cannot be made.
    """
    state.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(state / _NAME, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)
