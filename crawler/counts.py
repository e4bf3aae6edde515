"""What a run has done so far, and what holds it up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """Only what is durable on this machine is counted."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """Attempts by capture outcome."""
    pages: Counter[str] = field(default_factory=Counter)
    """Pages by page outcome."""
    articles: Counter[str] = field(default_factory=Counter)
    """Article records by site."""
    received: int = 0
    """Bytes of responses."""
    files: list[str] = field(default_factory=list)
    """Keys of the objects that were stored."""
    problems: list[str] = field(default_factory=list)
    """Storage troubles, one line each."""
