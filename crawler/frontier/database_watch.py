"""Cuts a database's connection whose answer does not come, so that nobody waits forever for a line that is dead.

The system notices a line that is cut, in time. It does not notice a proxy between that takes everything and answers
nothing, or a server that hangs.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

LONGEST_ANSWER = 30.0
"""Seconds for one transaction; the longest that is made takes some."""
_EVERY = 1.0


class NoWatch:
    """For a database in a file."""

    @contextmanager
    def over(self, connection: Connection) -> Iterator[None]:  # noqa: ARG002 - as `Watch` has it
        """Nothing is watched."""
        yield

    def end(self) -> None:
        """Nothing is to be ended."""


class Watch:
    """A thread that looks at what is in progress. End it."""

    def __init__(self, longest: float = LONGEST_ANSWER) -> None:
        self._longest = longest
        self._running: dict[int, tuple[float, int]] = {}
        """By thread: when it began, and the connection's descriptor."""
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, connection: Connection) -> Iterator[None]:
        """What is done with a connection meanwhile fails when it takes too long."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="database watch", daemon=True)
            self._thread.start()
        descriptor = connection.connection.dbapi_connection.fileno()  # type: ignore[union-attr]
        own = threading.get_ident()
        with self._lock:
            self._running[own] = (time.monotonic(), descriptor)
        try:
            yield
        finally:
            with self._lock:
                self._running.pop(own, None)

    def end(self) -> None:
        """Watch no more."""
        self._ended.set()

    def _look(self) -> None:
        while not self._ended.wait(_EVERY):
            with self._lock:
                for begun, descriptor in self._running.values():
                    if time.monotonic() - begun > self._longest:
                        _cut(descriptor)


def _cut(descriptor: int) -> None:
    """End a connection from this side; whoever waits for it sees it closed."""
    with socket.socket(fileno=os.dup(descriptor)) as line:
        try:
            line.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already
