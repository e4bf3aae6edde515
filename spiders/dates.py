"""Dates as written by sources and servers, in any form. Pure; never raises."""

from __future__ import annotations

import re
from calendar import month_abbr
from datetime import datetime

from archive.period import moment_of
from pipelines.extract.date_texts import parse_date

_LONGEST = 100
"""Letters of a date past which it is none."""
_FIRST_YEAR = 70
"""Of two figures: RFC 9110, section 5.6.7, leaves years that are far ahead to the century before."""
_OBSOLETE_DAY = re.compile(r"\b(\d{1,2})-([a-z]{3})-(\d{2})(?= \d)", re.I | re.A)
"""RFC 850, which RFC 9110, section 5.6.7, still has: ``Friday, 20-Nov-26 08:00:00 GMT``."""
_DOTTED_TIME = re.compile(r"(?<=\d )(\d{2})\.(\d{2})\.(\d{2})(?!\d)", re.A)
_EAST_ASIAN_MONTH = re.compile(r"^(?:\w,? )?(\d{1,2}) (\d{1,2})[月월] (\d{4})(?= )")
_UNIVERSAL = re.compile(r" UT$", re.I)
"""RFC 822, section 5.1."""
_MILITARY = re.compile(r"(?<=\d) [A-IK-Y]$")
"""Zones of RFC 822 that say nothing, since they were used with either sign (RFC 5322, section 4.3)."""
_PLACE = re.compile(r"(?<=\d) ([A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_+-]+)+)$")
_ZONED_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2})", re.A)
"""A day with a zone (XML Schema, part 2, section 3.3.9), as the schema of sitemaps allows: the day is meant."""
_OFFSET_AND_NAME = re.compile(r"([+-]\d{2}:?\d{2}) [A-Z]{1,5}(?: m=[+-][\d.]+)?$", re.A)
"""A zone that is told twice, as programs in Go write it."""
_FIGURES = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?!\d)", re.A)
_MONTHS = 12
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.A)


def announced_date(text: str) -> str:
    """A date of a feed or sitemap in ISO 8601: a month, a day, or with time and zone; empty when it is no date.

    Sitemaps name W3C's profile of ISO 8601, RSS names RFC 822, Atom RFC 3339; papers also write whatever a page may
    (`pipelines.extract.date_texts`). A month alone is a date of the first of these, and of no page.
    """
    text = " ".join(text[: _LONGEST + 1].split())
    if not text or len(text) > _LONGEST:
        return ""
    if _MONTH.fullmatch(text):
        return text
    if day := _ZONED_DAY.fullmatch(text):
        text = day[1]
    return parse_date(text) or parse_date(_as_usual(text)) or ""


def possible_dates(text: str) -> tuple[str, ...]:
    """The dates that a text may mean which does not say whether its day or its month stands first."""
    text = text.strip()
    found = _FIGURES.match(text)
    if found is None:
        return ()
    rest = text[found.end() :]
    orders = ((found[1], found[3]), (found[3], found[1]))
    days = (f"{found[4]}-{int(month):02}-{int(day):02}" for day, month in orders if int(month) <= _MONTHS)
    return tuple(dict.fromkeys(date for day in days if (date := announced_date(day + rest))))


def _as_usual(text: str) -> str:
    """A date of mail or HTTP, as old or careless programs write it, as others do."""
    text = _OBSOLETE_DAY.sub(_with_century, text)
    text = _DOTTED_TIME.sub(r"\1:\2:\3", _EAST_ASIAN_MONTH.sub(_named_month, text))
    text = re.sub(r"^([^\W\d_]+\.?),(?=\d)", r"\1, ", text)
    text = _UNIVERSAL.sub(" UTC", _OFFSET_AND_NAME.sub(r"\1", text))
    text = _MILITARY.sub("", text)
    return _PLACE.sub(r"[\1]", text)


def _with_century(day: re.Match[str]) -> str:
    century = "19" if int(day[3]) >= _FIRST_YEAR else "20"
    return f"{day[1]} {day[2]} {century}{day[3]}"


def _named_month(month: re.Match[str]) -> str:
    number = int(month[2])
    return f"{month[1]} {month_abbr[number]} {month[3]}" if number in range(1, 13) else month[0]


def http_moment(text: str) -> datetime | None:
    """The moment (UTC) of a header such as ``Date`` (RFC 9110, section 5.6.7); None when it can't be read."""
    return moment_of(announced_date(text))
