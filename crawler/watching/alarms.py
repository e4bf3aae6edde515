"""Concerns that begin are told once, and once more when they have passed; who could not be told is told later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from archive.durable import write_durably
from crawler.watching.concerns import Concern


class NotTold(Exception):
    """A notice did not reach whom it was for. It is tried again at the next look."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told. Moments are seconds since 1970."""

    name: str
    """Of the concern: the same when it passes."""
    kind: str
    site: str
    detail: str
    remedy: str
    begun: float
    passed: float = 0.0
    """0 while it lasts."""

    @property
    def line(self) -> str:
        """All of it for a person."""
        about = f"{self.site}: " if self.site else ""
        return f"passed: {about}{self.detail}" if self.passed else f"{about}{self.detail}; {self.remedy}"


class Teller(Protocol):
    """Tells somebody."""

    def tell(self, notice: Notice) -> None:
        """Raises NotTold."""
        ...


@dataclass(slots=True)
class Alarms:
    """What lasts, and what is still to be told."""

    lasting: dict[str, Notice] = field(default_factory=dict)
    untold: list[tuple[str, Notice]] = field(default_factory=list)
    """Name of the teller, and what it has to tell."""

    @classmethod
    def read(cls, path: Path) -> Alarms:
        """What was known when it was last written; nothing when that cannot be read."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            lasting = {name: Notice(**notice) for name, notice in found["lasting"].items()}
            return cls(lasting, [(teller, Notice(**notice)) for teller, notice in found["untold"]])
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def write(self, path: Path) -> None:
        """Keep it. Raises OSError."""
        found: dict[str, Any] = {
            "lasting": {name: asdict(notice) for name, notice in self.lasting.items()},
            "untold": [(teller, asdict(notice)) for teller, notice in self.untold],
        }
        unfinished = path.with_suffix(".part")
        write_durably(unfinished, json.dumps(found, ensure_ascii=False).encode())
        unfinished.replace(path)

    def update(self, found: Sequence[Concern], now: float) -> list[Notice]:
        """What has begun or passed since the last time."""
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

    def tell(self, news: Sequence[Notice], tellers: Mapping[str, Teller]) -> list[str]:
        """Tell what is new and what could not be told before; a line on each notice that was not."""
        asked = [*self.untold, *((name, notice) for notice in news for name in tellers)]
        self.untold, problems = [], []
        for name, notice in asked:
            if name not in tellers:
                continue
            try:
                tellers[name].tell(notice)
            except NotTold as error:
                self.untold.append((name, notice))
                problems.append(f"{name}: {error}")
        return problems
