"""Converting dates of the Persian, Hijri and Nepali calendars to the Gregorian calendar."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate

from hijridate import Hijri
from nepali_datetime import date as nepali_date

_PERSIAN_LEAPS = frozenset({1, 5, 9, 13, 17, 22, 26, 30})
"""Leap years within a cycle of 33: agrees with the astronomical calendar for the years 1178 to 1633."""
_CYCLE = 33
_PERSIAN_START = date(1990, 3, 21)
_PERSIAN_FIRST_YEAR = 1369
_PERSIAN_MONTHS = tuple(accumulate([31] * 6 + [30] * 5, initial=0))
_SHORT_MONTHS = 6
_MONTHS = 12


def of_persian(year: int, month: int, day: int) -> date | None:
    """The day of the Solar Hijri calendar of Iran and Afghanistan; None when there is no such day."""
    if year < _PERSIAN_FIRST_YEAR or not 1 <= month <= _MONTHS:
        return None
    longest = 31 if month <= _SHORT_MONTHS else 30 if month < _MONTHS or _is_leap(year) else 29
    if not 1 <= day <= longest:
        return None
    before = sum(366 if _is_leap(one) else 365 for one in range(_PERSIAN_FIRST_YEAR, year))
    return _PERSIAN_START + timedelta(days=before + _PERSIAN_MONTHS[month - 1] + day - 1)


@lru_cache(maxsize=256)
def _is_leap(year: int) -> bool:
    return year % _CYCLE in _PERSIAN_LEAPS


def of_hijri(year: int, month: int, day: int) -> date | None:
    """The day of the Hijri calendar as Umm al-Qura has it; None when there is no such day."""
    try:
        return date(*Hijri(year, month, day).to_gregorian().datetuple())
    except (ValueError, OverflowError):
        return None


def of_nepali(year: int, month: int, day: int) -> date | None:
    """The day of Nepal's Bikram Sambat; None when there is no such day."""
    try:
        return nepali_date(year, month, day).to_datetime_date()  # type: ignore[no-any-return]
    except (ValueError, KeyError, OverflowError):
        return None
