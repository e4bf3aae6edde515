"""This package's own commands, started by the server for those who may: crawls, data sets.

A command is started without a shell, with arguments that the server itself has put together. It has a session of its
own and goes on when the server ends. What it says goes to a log beside the state.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

_LOGGED = 1 << 20
"""Bytes of a log after which the next command begins another one; the one before is kept."""
_SHOWN = 1 << 14


class StillRunning(Exception):
    """The command that was started before has not ended yet."""


class Program:
    """One command at a time, and its log."""

    def __init__(self, log: Path) -> None:
        """`log` need not exist yet."""
        self.log = log
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the command that this server started last still runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def code(self) -> int | None:
        """Exit code of the command that this server started last; None: it runs, or there was none."""
        return self._process.poll() if self._process is not None else None

    def start(self, arguments: Sequence[str], told: str) -> int:
        """Start ``newswarc`` with these arguments; its process. `told` is the first line in the log.

        Raises StillRunning or OSError.
        """
        with self._lock:
            if self.is_running:
                raise StillRunning
            self.log.parent.mkdir(parents=True, exist_ok=True)
            if self.log.exists() and self.log.stat().st_size > _LOGGED:
                self.log.replace(self.log.with_name(f"{self.log.name}.1"))
            with self.log.open("ab") as log:
                log.write(f"{told}\n".encode())
                log.flush()
                self._process = subprocess.Popen(  # noqa: S603 - ourselves, with arguments of our own
                    [sys.executable, "-P", "-m", "crawler", *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            return self._process.pid

    def last_lines(self, count: int) -> list[str]:
        """The end of the log. Raises OSError."""
        try:
            with self.log.open("rb") as log:
                size = log.seek(0, 2)
                log.seek(max(0, size - _SHOWN))
                text = log.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return []
        return text.splitlines()[-count:]
