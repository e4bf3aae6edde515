"""Sending each concern once when it starts, and once when it is resolved; failed deliveries are repeated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from archive.durable import write_durably
from crawler.watching.concerns import Concern


class DeliveryFailed(Exception):
    """A notice could not be delivered. Delivery is tried again at the next check."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message about a concern. Times are seconds since 1970."""

    name: str
    """Name of the concern, the same when it is resolved."""
    kind: str
    site: str
    detail: str
    remedy: str
    begun: float
    passed: float = 0.0
    """0 while it lasts."""

    @property
    def line(self) -> str:
        """The notice in one line."""
        about = f"{self.site}: " if self.site else ""
        return f"passed: {about}{self.detail}" if self.passed else f"{about}{self.detail}; {self.remedy}"


class Notifier(Protocol):
    """Delivers notices."""

    def notify(self, notice: Notice) -> None:
        """Raises DeliveryFailed."""
        ...


@dataclass(slots=True)
class Alarms:
    """What is still wrong, and what is still to be delivered."""

    lasting: dict[str, Notice] = field(default_factory=dict)
    undelivered: list[tuple[str, Notice]] = field(default_factory=list)
    """Name of the notifier, and the notice it has to deliver."""

    @classmethod
    def read(cls, path: Path) -> Alarms:
        """The alarms as last written; none if they can't be read."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            lasting = {name: Notice(**notice) for name, notice in found["lasting"].items()}
            return cls(lasting, [(notifier, Notice(**notice)) for notifier, notice in found["untold"]])
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def write(self, path: Path) -> None:
        """Write the alarms to a file. Raises OSError."""
        found: dict[str, Any] = {
            "lasting": {name: asdict(notice) for name, notice in self.lasting.items()},
            "untold": [(notifier, asdict(notice)) for notifier, notice in self.undelivered],
        }
        unfinished = path.with_suffix(".part")
        write_durably(unfinished, json.dumps(found, ensure_ascii=False).encode())
        unfinished.replace(path)

    def update(self, found: Sequence[Concern], now: float) -> list[Notice]:
        """What has started or been resolved since the last update."""
        current = {concern.name: concern for concern in found}
        news: list[Notice] = []
        for name, concern in current.items():
            if name not in self.lasting:
                notice = Notice(name, str(concern.kind), concern.site, concern.detail, concern.remedy, now)
                self.lasting[name] = notice
                news.append(notice)
        for name in self.lasting.keys() - current.keys():
            began = self.lasting.pop(name)
            news.append(Notice(**{**asdict(began), "passed": now}))
        return sorted(news, key=lambda notice: notice.name)

    def notify(self, news: Sequence[Notice], notifiers: Mapping[str, Notifier]) -> list[str]:
        """Deliver new notices, and those that could not be delivered before; returns a line for each failure."""
        pending = [*self.undelivered, *((name, notice) for notice in news for name in notifiers)]
        self.undelivered, problems = [], []
        for name, notice in pending:
            if name not in notifiers:
                continue
            try:
                notifiers[name].notify(notice)
            except DeliveryFailed as error:
                self.undelivered.append((name, notice))
                problems.append(f"{name}: {error}")
        return problems
