"""A process by more than its number, which another one has when it has ended.

What is told beside the number (Linux, proc(5)): the boot, the namespace in which the number counts, and when the
process began. So a number that was written on another machine, in another container or before a restart names nobody
here.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_BEGAN = 22 - 3
"""Place of ``starttime`` behind the name of the program, which is in parentheses (proc_pid_stat(5))."""


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A process."""

    number: int
    """0: not known."""
    mark: str
    """What no other process with this number has; empty where the system does not tell."""

    @classmethod
    def own(cls) -> RunningProcess:
        """This one."""
        return cls(os.getpid(), _mark(os.getpid()))

    @property
    def is_here(self) -> bool:
        """Whether it runs, as far as can be told from this process."""
        return bool(self.number and self.mark) and _mark(self.number) == self.mark

    def end(self, is_meant: Callable[[], bool]) -> bool:
        """Ask it to end in order (SIGTERM); whether it was asked. `is_meant` is asked when nothing else can get its
        number any more.
        """
        if sys.platform != "linux" or not self.is_here:
            return False
        try:
            held = os.pidfd_open(self.number)
        except OSError:  # it has just ended
            return False
        try:
            if not self.is_here or not is_meant():
                return False
            signal.pidfd_send_signal(held, signal.SIGTERM)
        except (ProcessLookupError, PermissionError):
            return False
        finally:
            os.close(held)
        return True


def _mark(number: int) -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = (_PROC / "self/ns/pid").readlink()
        facts = (
            (_PROC / str(number) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
        # One that has ended and was not waited for has still its number
        return f"{boot} {namespace} {facts[_BEGAN]}" if facts[0] not in ("Z", "X") else ""
    except (OSError, IndexError):
        return ""
