"""Whose turn it is at a host, among the runs of one machine: locks on parts of one file.

Each host has a place in the file by its digest; hosts that share a place by chance wait for each other. A place holds
when a request to its host ended, and which process made it, so that the pause between two requests holds between runs
too. The system lets go of the locks of a process that ends, however it ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import struct
import time
from pathlib import Path

logger = logging.getLogger(__name__)

_PLACES = 1 << 14
_PLACE = struct.Struct("<qd")
"""Number of the process, and seconds on the system's monotonic clock, which all processes share."""


class HostTurns:
    """The turns of this process. A process has one of these for a file: to close another one would end its locks."""

    def __init__(self, path: Path) -> None:
        """`path` is made when it is needed first."""
        self._path = path
        self._descriptor: int | None = None
        self._is_usable = True

    def begin(self, host: str, pause: float) -> float | None:
        """Take a turn; seconds to wait before the request, or None when another run has its turn."""
        place = _place_of(host)
        try:
            descriptor = self._file()
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _PLACE.size, place)
            return _left(os.pread(descriptor, _PLACE.size, place), pause)
        except (BlockingIOError, PermissionError):  # POSIX leaves it to the system which of them a held lock is
            return None
        except OSError as error:
            return self._give_up(error)

    def end(self, host: str) -> None:
        """The request has ended."""
        if self._descriptor is None:
            return
        place = _place_of(host)
        try:
            os.pwrite(self._descriptor, _PLACE.pack(os.getpid(), time.monotonic()), place)
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, _PLACE.size, place)
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """End all turns."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _file(self) -> int:
        if self._descriptor is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        return self._descriptor

    def _give_up(self, error: OSError) -> float:
        """A file system without locks keeps nobody apart, and nobody from crawling."""
        if self._is_usable:
            logger.warning("%s: can't prevent two runs from crawling the same host", error)
        self._is_usable = False
        return 0.0


def _place_of(host: str) -> int:
    number = int.from_bytes(hashlib.sha256(host.encode()).digest()[:8], "big") % _PLACES
    return number * _PLACE.size


def _left(noted: bytes, pause: float) -> float:
    """What is left of the pause after another process's request."""
    if len(noted) < _PLACE.size:
        return 0.0
    process: int
    ended: float
    process, ended = _PLACE.unpack(noted)
    if process == os.getpid():
        return 0.0  # this run keeps its own pauses
    return min(pause, max(0.0, ended + pause - time.monotonic()))
