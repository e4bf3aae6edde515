"""What a date's text says, in the forms that pages, feeds and sitemaps write: ISO 8601, digits alone, RFC 5322."""

from __future__ import annotations

import re
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

_EARLIEST_YEAR = 1990
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ]+(\d{1,2}:\d{2}(?::\d{2})?)(?:[.,]\d+)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?",
    re.I,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?(Z|[+-]\d{2}:?\d{2})?$")


def parse_date(text: str, zone: str = "") -> str | None:
    """A date in ISO 8601: day alone, or with time, or with time and zone; None when it is no date.

    `zone` is the IANA zone that a time without one is taken to be in. No text raises.
    """
    text = text.strip()
    moment = _iso(text) or _compact(text) or _mail(text)
    if moment is None:
        return None
    if isinstance(moment, datetime):
        if moment.tzinfo is None and zone:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        moment = moment.replace(microsecond=0)
    return moment.isoformat() if moment.year >= _EARLIEST_YEAR else None


def _iso(text: str) -> datetime | date | None:
    match = _ISO.match(text)
    if match is None:
        return None
    day, time, zone = match.groups()
    try:
        if time is None:
            return date.fromisoformat(day)
        hour, _, rest = time.partition(":")
        return datetime.fromisoformat(f"{day}T{hour.zfill(2)}:{rest}{_offset(zone)}")
    except ValueError:
        return None


def _offset(zone: str | None) -> str:
    if zone is None:
        return ""
    return "+00:00" if zone.upper() in ("Z", "UTC", "GMT") else zone


def _compact(text: str) -> datetime | date | None:
    match = _COMPACT.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        if hour is None:
            return date(int(year), int(month), int(day))
        return datetime.fromisoformat(f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{_offset(zone)}")
    except ValueError:
        return None


def _mail(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if re.match(r"^[A-Za-z]{3},? ", text) else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
