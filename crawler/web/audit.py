"""Who changed what through the web: one line of JSON for each act, durable before it is answered.

What is changed in an archive names its author there too (access rules, collections); this log also has what was
refused, and what concerns this machine alone.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from crawler.web.roles import Visitor

_FILE = "audit.jsonl"
_STEP = 1 << 16


@dataclass(frozen=True, slots=True)
class Noted:
    """A part of the log."""

    lines: list[dict[str, object]]
    """Newest first."""
    start: int
    """Byte at which the oldest of them begins; 0: nothing stands before."""


class AuditLog:
    """Appends to a file, and reads its end."""

    def __init__(self, directory: Path) -> None:
        """`directory` need not exist yet."""
        self.path = directory / _FILE
        self._lock = threading.Lock()

    def note(self, visitor: Visitor, act: str, now: datetime, **details: object) -> None:
        """Add a line. Raises OSError."""
        facts = {
            "date": now.isoformat(timespec="seconds"),
            "by": visitor.name,
            "client": visitor.client,
            "act": act,
            **details,
        }
        line = f"{json.dumps(facts, ensure_ascii=True)}\n".encode()
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, line)
                os.fsync(file)
            finally:
                os.close(file)

    def newest(self, count: int, before: int | None = None) -> Noted:
        """The last lines, newest first, that end at or before a byte; no more of the file is read than they take.
        Lines that make no sense are left out. Raises OSError.
        """
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                lines, start = _last_lines(file, min(size, max(0, before)) if before is not None else size, count)
        except FileNotFoundError:
            return Noted([], 0)
        found = []
        for line in reversed(lines):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return Noted([facts for facts in found if isinstance(facts, dict)], start)


def _last_lines(file: BinaryIO, end: int, count: int) -> tuple[list[bytes], int]:
    """The last lines that end at or before a byte, in their order, and where the first of them begins."""
    start, data = end, b""
    # One line end more than lines: the one before the first of them
    while start and data.count(b"\n") <= count:
        step = min(_STEP, start)
        start -= step
        file.seek(start)
        data = file.read(step) + data
    data = data[: data.rfind(b"\n") + 1]  # behind it stands a line that is being written, or was cut by `end`
    lines = data.splitlines(keepends=True)
    left_out = lines[:-count] if start == 0 else lines[: max(1, len(lines) - count)]
    return lines[len(left_out) :], start + sum(map(len, left_out))
