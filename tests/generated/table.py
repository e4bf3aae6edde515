"""What happens to an announced article and of a source: the tables of docs/reference/announced-articles.md."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tests.support.processes import ROOT

PAGE = ROOT / "docs" / "reference" / "announced-articles.md"


@dataclass(frozen=True)
class Fate:
    """How an article ends."""

    kind: str
    """``record``, ``page outcome`` or ``waiting``."""
    name: str
    """Page outcome, or capture outcome of the last try."""


@dataclass(frozen=True)
class SourceFate:
    """What is made of a source."""

    articles: str
    """``read``, ``left out`` or ``not read``."""
    operator: str
    """``no``, ``if named`` or ``if nothing else``."""


@cache
def _rows(heading: str) -> dict[str, list[str]]:
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:3] == "| `"]
    return {row[0].strip("`"): row[2:] for row in cells}


@cache
def article_fates() -> dict[str, Fate]:
    """By answer."""
    return {answer: Fate(kind, name.strip("`")) for answer, (kind, name) in _rows("Articles").items()}


@cache
def source_fates() -> dict[str, SourceFate]:
    """By what the server does."""
    return {name: SourceFate(articles, operator) for name, (articles, operator) in _rows("Sources").items()}
