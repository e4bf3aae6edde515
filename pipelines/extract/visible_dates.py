"""The date that a page shows beside its heading, for pages that declare none.

Only lines near the heading are read, and only whole dates in figures or with the name of a month in the page's
language or English. What is labelled as a change is no publication. Figures whose order cannot be told are no date:
``05/04/2022`` on an English page is either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from dateparser.languages.loader import default_loader

from pipelines.extract.blocks import Block
from pipelines.extract.headline import squeeze

_BEFORE = 3
_BEHIND = 8
"""Blocks around the heading."""
_LONGEST = 160
"""Characters of a line that may be a date line."""
_LEVELS = {"h1": 0, "h2": 1, "h3": 2}
_YEARS = range(1990, 2100)
_LATEST_MONTH = 12
_MONTHS = "january february march april may june july august september october november december".split()
_NEAR = 24
"""Characters before a date in which a label is looked for."""
_CHANGED = re.compile(
    r"(?i)updated?\b|modified|revised|reviewed|aktualisiert|geändert|stand\b|mise? à jour|màj\b|modifié|actualizad|"
    r"aggiornat|atualizad|bijgewerkt|gewijzigd|uppdatera|oppdatert|opdateret|päivitetty|güncelle|обновлен|"
    r"zaktualizowan|ενημέρωση|تحديث|更新|registriert|registered|joined|member since|mitglied seit|gültig seit|valid"
)
_PUBLISHED = re.compile(
    r"(?i)\W*(?:first )?(?:published|posted|veröffentlicht|erschienen|publié|publicado|pubblicato|gepubliceerd"
    r"|publicerad|publisert|udgivet|julkaistu|opublikowan|опубликован|yayınlan|δημοσιεύ|نشر|公開|发布|發布)"
)
_DATELINE = re.compile(r"(.{6,24}?)(?:\s+[–—-]\s|[.:]\s)")
"""What a paragraph may begin with: at most 24 characters, and a mark behind them."""
_RANGE = re.compile(r"[-–~～]\d{1,2}(?![\d:])")
_ISO = re.compile(r"(?<!\d)(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)")
_WIDE = re.compile(r"(?P<y>\d{4})\s*[年년]\s*(?P<m>\d{1,2})\s*[月월]\s*(?P<d>\d{1,2})\s*[日일]")
_FIGURES = re.compile(r"(?<![\d.])(?P<a>\d{1,2})(?P<mark>[./-])\s?(?P<b>\d{1,2})(?P=mark)\s?(?P<y>\d{4}|\d{2})(?!\d)")
_AMERICAN = "MDY"


@dataclass(frozen=True, slots=True)
class Shown:
    """A day that stands beside a heading."""

    day: str
    """In ISO 8601."""
    is_labelled: bool
    """Whether it is called the day of publication."""


def date_beside_heading(blocks: Sequence[Block], headline: str, language: str | None) -> Shown | None:
    """The day shown nearest to the heading."""
    place = _heading(blocks, headline)
    if place is None:
        return None
    around = sorted(range(-_BEFORE, _BEHIND + 1), key=lambda step: (abs(step), -step))
    for step in around:
        number = place + step
        line = _line(blocks[number].text) if step and 0 <= number < len(blocks) else ""
        for day in _days(line, (language or "").split("-")[0]):
            return Shown(day.isoformat(), _PUBLISHED.match(line) is not None)
    return None


def _line(text: str) -> str:
    """What of a block may be a date line: all of a short one, the dateline that a paragraph begins with."""
    if len(text) <= _LONGEST:
        return text
    dateline = _DATELINE.match(text)
    return dateline[1] if dateline is not None else ""


def _heading(blocks: Sequence[Block], headline: str) -> int | None:
    """Where the heading stands: of the lines that say the same the one of the highest level."""
    wanted = squeeze(headline)
    same = [number for number, block in enumerate(blocks) if squeeze(block.text) == wanted]
    return min(same, key=lambda number: _LEVELS.get(blocks[number].place.tag, len(_LEVELS)), default=None)


def _days(text: str, language: str) -> Iterator[date]:
    """The days in a line that are not labelled as days of a change, in the order of their forms."""
    found = [
        *((match, match["y"], match["m"], match["d"]) for form in (_ISO, _WIDE) for match in form.finditer(text)),
        *_named(text, language),
        *_figured(text, language),
    ]
    for match, year, month, day in found:
        is_range = _RANGE.match(text, match.end()) is not None
        if not is_range and not _CHANGED.search(text[max(0, match.start() - _NEAR) : match.start()]):
            whole = int(year) if len(year) > 2 else 2000 + int(year)
            try:
                moment = date(whole, int(month), int(day))
            except ValueError:
                continue
            if moment.year in _YEARS:
                yield moment


def _figured(text: str, language: str) -> Iterator[tuple[re.Match[str], str, str, str]]:
    for match in _FIGURES.finditer(text):
        first, second = int(match["a"]), int(match["b"])
        if match["mark"] == "." or first > _LATEST_MONTH:
            yield match, match["y"], match["b"], match["a"]
        elif second > _LATEST_MONTH or first == second:
            yield match, match["y"], match["a"], match["b"]
        elif _order(language) != _AMERICAN:
            yield match, match["y"], match["b"], match["a"]


def _named(text: str, language: str) -> Iterator[tuple[re.Match[str], str, str, str]]:
    for known in dict.fromkeys((language, "en")):
        forms, months = _forms(known)
        for form in forms:
            for match in form.finditer(text):
                yield match, match["y"], str(months[match["m"].casefold()]), match["d"]


@lru_cache(maxsize=64)
def _forms(language: str) -> tuple[tuple[re.Pattern[str], ...], dict[str, int]]:
    """Patterns of dates with the names of a language's months, and the numbers of these."""
    known = _known(language)
    names = {
        name.casefold(): number
        for number, month in enumerate(_MONTHS, 1)
        for name in known.get(month, ())
        if not name[:1].isdigit()
    }
    if not names:
        return (), {}
    month = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return (
        re.compile(rf"(?i)(?<!\d)(?P<d>\d{{1,2}})(?:\.|st|nd|rd|th|º|er)?[\s-]*(?:de\s+)?(?P<m>{month})[.,]?[\s-]*(?:de\s+|del\s+)?(?P<y>\d{{4}})(?!\d)"),
        re.compile(rf"(?i)\b(?P<m>{month})[.]?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})(?!\d)"),
    ), names  # fmt: skip


def _order(language: str) -> str:
    """In which order day, month and year stand; a language that is not known may write as Americans do."""
    return str(_known(language).get("date_order", _AMERICAN))


@lru_cache(maxsize=64)
def _known(language: str) -> dict[str, list[str]]:
    try:
        return dict(default_loader.get_locale(language).info) if language else {}
    except ValueError:
        return {}
