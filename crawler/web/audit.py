"""Who changed what through the web: one line of JSON for each act, durable before it is answered.

What is changed in an archive names its author there too (access rules, collections); this log also has what was
refused, and what concerns this machine alone.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from datetime import datetime
from pathlib import Path

from crawler.web.roles import Visitor

_FILE = "audit.jsonl"


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

    def newest(self, count: int) -> list[dict[str, object]]:
        """The last lines, newest first. Lines that cannot be read are left out. Raises OSError."""
        try:
            with self.path.open(encoding="utf-8", errors="replace") as lines:
                last = deque(lines, count)
        except FileNotFoundError:
            return []
        found = []
        for line in reversed(last):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return [facts for facts in found if isinstance(facts, dict)]
