"""Pages with known texts, titles, dates and authors."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

NEWS = ("zyte181", "fundeval80", "fundus258", "fundushist", "np4k")
"""Sets of news pages with full texts."""
OTHER = ("wcxb_dev", "wcxb_more")
"""Sets of other articles with full texts."""
SNIPPETS = "traf990"
"""The set with passages that are, and that are not, of the text."""
AUTHORED = ("fundus258", "fundushist", "traf990", "wcxb_dev", "wcxb_more")
"""Sets in which a page that names no author has none."""
FOLDS = 5


@dataclass(frozen=True)
class Page:
    """One page."""

    set: str
    id: str
    url: str
    domain: str
    file: Path
    texts: tuple[str, ...]
    """The text, without and with what is optional; any of them is right."""
    title: str | None
    date: str | None
    """A day."""
    authors: tuple[str, ...] | None
    """Empty when it is known that there is none."""
    inside: tuple[str, ...]
    outside: tuple[str, ...]

    @property
    def html(self) -> bytes:
        """The page as it was served."""
        return gzip.decompress(self.file.read_bytes())

    @property
    def fold(self) -> int:
        """Its part in cross-validation; pages of one domain share it."""
        return int(hashlib.md5(self.domain.encode(), usedforsecurity=False).hexdigest(), 16) % FOLDS


def load(directory: Path, sets: tuple[str, ...] = ()) -> list[Page]:
    """The pages that ``gold.jsonl`` names, of all sets or of some."""
    lines = (directory / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    pages = [_page(directory, json.loads(line)) for line in lines]
    return [page for page in pages if not sets or page.set in sets]


def _page(directory: Path, entry: dict[str, object]) -> Page:
    authors = entry.get("authors")
    return Page(
        set=str(entry["set"]),
        id=str(entry["id"]),
        url=str(entry.get("url") or f"https://{entry['domain']}/page"),
        domain=str(entry["domain"]),
        file=directory / str(entry["path"]),
        texts=tuple(str(entry[key]) for key in ("text", "text_without_optional") if entry.get(key)),
        title=str(entry["title"]) if entry.get("title") else None,
        date=_day(entry.get("date")),
        authors=_strings(authors) if isinstance(authors, list) or entry["set"] in AUTHORED else None,
        inside=_strings(entry.get("with")),
        outside=_strings(entry.get("without")),
    )


def _day(value: object) -> str | None:
    """A known day; None where the set has something else in its place, as ``nan`` or a month."""
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        return None


def _strings(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
