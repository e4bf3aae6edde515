"""Dates as sources and servers write them, in whatever form. Pure; no text and no bytes raise."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from archive.period import moment_of
from pipelines.extract.date_texts import parse_date

_LONGEST = 100
"""Letters of a date past which it is none."""
_EPOCH = re.compile(r"(\d{9,10})(?:\.\d+)?|(\d{12,13})", re.A)
_DAY_FIRST = re.compile(r"\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{4}\b.*", re.A)
_SLASHES = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(.*)", re.A)
_DOTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(.*)", re.A)
_HALF_DAY = re.compile(
    r"(?P<before>.*?[T ])(?P<hour>\d{1,2})(?P<minutes>:\d\d(?::\d\d)?)\s*(?P<half>[AP])\.?M\.?(?P<zone>.*)",
    re.I | re.A,
)
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.A)


def announced_date(text: str) -> str:
    """A date of a feed or sitemap in ISO 8601: a month, a day, or with time and zone; empty when it is no date.

    Sitemaps name W3C's profile of ISO 8601, RSS names RFC 822, Atom RFC 3339; papers also write seconds since 1970,
    slashes, and hours of half a day.
    """
    text = " ".join(text[: _LONGEST + 1].split())
    if not text or len(text) > _LONGEST:
        return ""
    if _MONTH.fullmatch(text):
        return text
    return next((date for form in _FORMS if (date := form(text))), "")


def http_moment(text: str) -> datetime | None:
    """The moment (UTC) of a header such as ``Date`` (RFC 9110, section 5.6.7); None when it can't be read."""
    return moment_of(announced_date(text))


def _plain(text: str) -> str:
    return parse_date(text) or ""


def _seconds(text: str) -> str:
    found = _EPOCH.fullmatch(text)
    if found is None:
        return ""
    seconds = int(found[1]) if found[1] else int(found[2]) // 1000
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat()


def _ordered(text: str) -> str:
    """Year, month and day with slashes or dots; or day, month and year with dots, as the continent has them."""
    if (found := _SLASHES.fullmatch(text)) is not None:
        year, month, day, rest = found.groups()
    elif (found := _DOTS.fullmatch(text)) is not None:
        day, month, year, rest = found.groups()
    else:
        return ""
    return _of_half_day(f"{year}-{month:>02}-{day:>02}{rest}") or _plain(f"{year}-{month:>02}-{day:>02}{rest}")


def _of_half_day(text: str) -> str:
    found = _HALF_DAY.fullmatch(text)
    if found is None or not 1 <= int(found["hour"]) <= 12:
        return ""
    hour = int(found["hour"]) % 12 + (12 if found["half"] in "Pp" else 0)
    return _plain(f"{found['before']}{hour:02}{found['minutes']}{found['zone']}")


def _without_weekday(text: str) -> str:
    return _plain(f"Mon, {text.replace('-', ' ', 2)}") if _DAY_FIRST.fullmatch(text) else ""


_FORMS: tuple[Callable[[str], str], ...] = (_of_half_day, _seconds, _ordered, _plain, _without_weekday)
