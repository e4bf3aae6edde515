"""Processor time of workers and of what they start, by what it is, sampled while they run.

A worker starts a server of processes, that one crawls, and each of these a server of its own, which starts the
processes that extract: what a process is for follows from how deep it is.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

_TICK = os.sysconf("SC_CLK_TCK")
_EVERY = 0.25
_KINDS = ("worker", "worker", "crawls", "extraction")
_DATABASE = "database"


def descendants(pid: int) -> list[int]:
    """All that a process has started, and what these have."""
    return [child for child, _ in _tree(pid, 1)]


def _tree(pid: int, depth: int) -> Iterator[tuple[int, int]]:
    for child in _children(pid):
        yield child, depth
        yield from _tree(child, depth + 1)


def _children(pid: int) -> list[int]:
    """None of a process that has ended meanwhile."""
    try:
        texts = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []
    return [int(child) for text in texts for child in text.split()]


def _seconds(pid: int) -> tuple[str, float] | None:
    """A process, told apart from others of its number, and its own processor time."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return f"{pid} {fields[19]}", (int(fields[11]) + int(fields[12])) / _TICK


class Meter:
    """A context manager: counts what is spent within. What ends between two samples keeps what the last one saw."""

    def __init__(self, workers: Mapping[int, subprocess.Popen[bytes]], database: int) -> None:
        """`database` is the number of PostgreSQL's first process; 0: there is none."""
        self._workers = workers
        self._database = database
        self._seen: dict[str, tuple[str, float]] = {}
        self._before: dict[str, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._before = {process: seconds for process, (_, seconds) in self._seen.items()}
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._thread.join()

    def totals(self) -> dict[str, float]:
        """Seconds by kind."""
        sums: dict[str, float] = defaultdict(float)
        for process, (kind, seconds) in self._seen.items():
            sums[kind] += seconds - self._before.get(process, 0.0)
        return dict(sums)

    def _sample(self) -> None:
        while not self._ended.wait(_EVERY):
            self._look()

    def _look(self) -> None:
        for process in list(self._workers.values()):
            self._note(process.pid, _KINDS[0])
            for pid, depth in _tree(process.pid, 1):
                self._note(pid, _KINDS[min(depth, len(_KINDS) - 1)])
        for pid in (self._database, *descendants(self._database)) if self._database else ():
            self._note(pid, _DATABASE)

    def _note(self, pid: int, kind: str) -> None:
        found = _seconds(pid)
        if found is not None:
            self._seen[found[0]] = (kind, found[1])
