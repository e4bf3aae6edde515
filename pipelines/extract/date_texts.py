"""Parsing the text of a date. It is understood completely, or it is not a date.

ISO 8601 and what is written for it, RFC 5322, JavaScript's dates, figures alone, seconds since 1970, and days with
the name of a month; each with a time of 12 or 24 hours and a zone, or without.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from pipelines.extract.written_days import days_in, names, plain_figures

_EARLIEST_YEAR = 1990
_LONGEST = 120
"""Maximum number of characters of a date."""
_COMPACT = re.compile(
    r"((?:19|20)\d{2})(0[1-9]|1[0-2])([0-2]\d|3[01])(?:T?(\d{2})(\d{2})?(\d{2})?)?(?=$|\.\d|Z|[ +-])", re.I | re.A
)
_EPOCH = re.compile(r"@?(\d{9,10})(?:\.\d+)?|(?:/Date\()?(\d{12,13})(?:[+-]\d{4})?(?:\)/)?|(\d{16})|(\d{19})", re.A)
"""Seconds since 1970, thousandths (also as .NET writes them), millionths, thousand-millionths."""
_POWERS = ((1, 0), (2, 3), (3, 6), (4, 9))
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?=$|[T ,])", re.I | re.A)
_MAIL_DAY = re.compile(r"(\d{1,2}) ([a-z]{3,9})\.? (\d{2})(?= \d{1,2}:)", re.I | re.A)
"""RFC 5322's obsolete form with a year of two figures (section 4.3)."""
_TIME = re.compile(
    r"(?P<hour>\d{1,2})(?:\s?[:.h時时시点]\s?(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,:]\d+)?)?|\s?(?=[ap]\.?\s?m\b))"
    r"\s?(?P<half>[ap]\.?\s?m\b\.?|صباحا?\u064b?|مساءا?\u064b?|[صم](?=$|[\s)])|[πμ]\.?\s?μ\.?)?",
    re.I | re.A,
)
_HALVES = re.compile(
    r"(?:(?P<first>오전|새벽|아침|上午|早上|早晨|凌晨|清晨|午前)|(?P<second>오후|저녁|下午|晚上|傍晚|午後))\s?"
)
"""The half of the day, which stands before the hour in Korean, Chinese and Japanese."""
_SECOND_HALF = ("p", "م", "μ")
"""Beginnings of what stands behind the hour for the half that begins at noon."""
_BEFORE_TIME = re.compile(
    r"(?:\s?[T,|·•@/–—-])?\s?(?:\b(?:at|um|à|alle|a las|às|kl\.?|klo|om|(?:o )?godz\.?|ora|ore|hora|lúc|saat"
    r"|vid|kell|o|в|о"
    r"|στις|الساعة|ساعت|เวลา)\s)?",
    re.I,
)
_PLUS_LOST = re.compile(r"^(\d\d:\d\d)$", re.A)
"""An offset whose plus sign was read as the space that it stands for in addresses."""
_OFFSET_TWICE = re.compile(r"^([+-]\d\d:?\d\d) ?Z$", re.A | re.I)
_PLACE_ALONE = re.compile(
    r"(?:Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_]+(?:/[A-Za-z_]+)?$"
)
_LONG_ZONES = re.compile(
    r"(?P<name>eastern|central|mountain|pacific) (?P<season>standard |daylight )?time"
    r"|(?P<europe>(?:western|central|eastern) european (?:summer )?time)|(?P<utc>coordinated universal time)",
    re.I,
)
_MOSCOW = re.compile(r"(?:по )?(?:мск|московскому времени|москве)$", re.I)
_BEHIND_TIME = re.compile(r"\s?(?:uhr|h|hrs?|uur|min|ч|год|hod|分|분|น\.)(?=$|\s|\()", re.I)
_ZONE = re.compile(
    r"\s?(?:(?P<utc>Z|UTC|GMT)?\s?(?P<sign>[+-])\s?(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?"
    r"|(?P<name>[A-Z]{1,5}))(?=$|[\s\[(])",
    re.I | re.A,
)
_NOTE = re.compile(r"\s?(?:\((?P<words>[^()]{1,60})\)|\[(?P<place>[A-Za-z_]+(?:/[A-Za-z_+-]+)*)\])$")
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "TRT": 3, "PKT": 5, "ICT": 7, "WIB": 7, "WITA": 8, "WIT": 9, "HKT": 8, "SGT": 8, "JST": 9, "KST": 9,
    "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "SAST": 2, "WAT": 1, "EAT": 3, "EST": -5, "EDT": -4, "CDT": -5,
    "MDT": -6, "PST": -8, "PDT": -7, "MST": -7, "AKST": -9, "HST": -10, "BRT": -3, "ART": -3,
}  # fmt: skip
"""Hours from UTC of the zones whose names mean one of them (RFC 5322, section 4.3, and those in use in the news)."""
_AMBIGUOUS = frozenset({"IST", "BST", "CST", "AST", "GST", "AMT", "ET", "CT", "MT", "PT"})
"""Names of more than one zone: the time is taken as told, without a zone."""
_WIDEST_OFFSET = timedelta(hours=14)
_LATEST_HOUR = 24
_NOON = 12


@lru_cache(maxsize=1 << 10)
def parse_date(text: str, zone: str = "", language: str = "") -> str | None:
    """A date in ISO 8601: day alone, or with time, or with time and zone; None when it is no date.

    `zone` is the IANA zone that a time without one is taken to be in, `language` the primary subtag of the text's
    language. No text raises.
    """
    if len(text) > _LONGEST:
        return None
    text = plain_figures(text).strip(" .,;|")
    try:
        moment = _of_figures(text) or _of_words(text, language)
    except (ValueError, OverflowError):
        return None
    if moment is None:
        return None
    if isinstance(moment, datetime):
        if moment.tzinfo is None and zone:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        moment = moment.replace(microsecond=0)
    return moment.isoformat() if moment.year >= _EARLIEST_YEAR else None


def _of_figures(text: str) -> datetime | date | None:
    if match := _COMPACT.match(text):
        year, month, day, hour, minute, second = match.groups()
        whole = date(int(year), int(month), int(day))
        if hour is None:
            return whole if match.end() == len(text) else None
        rest = re.sub(r"^\.\d+", "", text[match.end() :])
        return _at(whole, int(hour), int(minute or 0), int(second or 0), rest)
    if match := _EPOCH.fullmatch(text):
        seconds = next(int(match[place]) // 10**power for place, power in _POWERS if match[place])
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return None


def _of_words(text: str, language: str) -> datetime | date | None:
    if match := _ISO_DAY.match(text):
        return _with_time(date(int(match[1]), int(match[2]), int(match[3])), text[match.end() :])
    text = _MAIL_DAY.sub(r"\1 \2 20\3", text)
    if (moment := _of_javascript(text)) is not None:
        return moment
    for found in days_in(text, language):
        if _is_weekday(text[: found.start]):
            return _with_time(found.day, text[found.end :])
        before = text[: found.start].strip(" ,|-–—·")
        if found.end == len(text) and (time := _TIME.match(before)) and time.end() == len(before):
            return _with_time(found.day, f" {before}")
    return None


def _of_javascript(text: str) -> datetime | date | None:
    """``Fri Nov 20 10:30:00 GMT+0100 2026``, as Java and C write it: the year last, behind time and zone."""
    match = re.fullmatch(
        r"([a-z]{3},? [a-z]{3} \d{1,2}) (\d{1,2}:\d{2}(?::\d{2})?(?: [a-z]{1,5})?(?: ?[+-]\d{2}:?\d{2})?) (\d{4})",
        text,
        re.I,
    )
    return _of_words(f"{match[1]} {match[3]} {match[2]}", "en") if match else None


def _is_weekday(words: str) -> bool:
    """Whether what stands before a day is nothing, or the day of the week."""
    said = _ARTICLE.sub("", words.strip(" .,|()-–—").casefold())
    return not said or said in names().weekdays or said.translate(_SAME) in names().weekdays


_ARTICLE = re.compile(r"(?:^|(?<= ))(?:le|el|il|am|den|der|on|o|em|op|ngày|วันที่|วัน)$")
"""What stands between the day of the week and that of the month."""
_SAME = str.maketrans("أإآىيكةۀ", "ااایی\u06a9هه")


def _with_time(day: date, rest: str) -> datetime | date | None:
    """The moment that a day and what stands behind it make; None where that is not understood."""
    rest = rest.removeprefix(".")
    rest = re.sub(r"^\s?(?:\(\s?[^\W\d_]{1,12}\.?\s?\)|(?:d\.|г(?:ода|\.)?|р(?:оку|\.)?)(?=$|[\s,]))", "", rest)
    if not rest.strip(" .,"):
        return day
    before = _BEFORE_TIME.match(rest)
    start = before.end() if before else 0
    told = _HALVES.match(rest, start)
    time = _TIME.match(rest, told.end() if told else start)
    if time is None or (time["minute"] is None and time["half"] is None):
        return None
    hour = int(time["hour"])
    if time["half"] or told:
        is_second = bool(told["second"]) if told else time["half"].lower().startswith(_SECOND_HALF)
        if (hour > _NOON and not is_second) or hour > _LATEST_HOUR:
            return None
        if hour <= _NOON:
            hour = hour % _NOON + (_NOON if is_second else 0)
    return _at(day, hour, int(time["minute"] or 0), int(time["second"] or 0), rest[time.end() :])


def _at(day: date, hour: int, minute: int, second: int, rest: str) -> datetime | None:
    rest = _BEHIND_TIME.sub("", rest.strip(" .,"), count=1).strip(" .,")
    rest = _OFFSET_TWICE.sub(r"\1", _PLUS_LOST.sub(r"+\1", rest))
    zone, understood = _zone(_MOSCOW.sub("MSK", rest))
    if not understood:
        return None
    if hour == _LATEST_HOUR and not minute and not second:
        return datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=1)
    return datetime(day.year, day.month, day.day, hour, minute, min(second, 59), tzinfo=zone)


def _zone(text: str) -> tuple[tzinfo | None, bool]:
    """The zone that a text names, and whether all of it is understood."""
    place = None
    if _PLACE_ALONE.match(text):
        return _of_place(text), True
    if long := _LONG_ZONES.fullmatch(text):
        text = _short_name(long)
    elif (bracketed := re.fullmatch(r"\(([A-Z]{3,5})\)", text)) and bracketed[1] in _ZONES:
        text = bracketed[1]
    if note := _NOTE.search(text):
        text, place = text[: note.start()], note["place"]
    if not text:
        return (_of_place(place), True) if place else (None, note is None or _zone(note["words"] or "")[1])
    match = _ZONE.match(text)
    if match is None or text[match.end() :].strip():
        return None, False
    if match["sign"]:
        offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
        return (
            (timezone(-offset if match["sign"] == "-" else offset), True)
            if offset <= _WIDEST_OFFSET
            else (None, False)
        )
    name = match["name"].upper()
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name])), True
    return None, name in _AMBIGUOUS


def _short_name(zone: re.Match[str]) -> str:
    """The usual letters for a zone that is written in words; ``ET`` and the like where the season is not told."""
    if zone["utc"]:
        return "UTC"
    if zone["europe"]:
        first, _, *rest = zone["europe"].upper().split()
        return f"{first[0]}E{'S' if 'SUMMER' in rest else ''}T"
    return f"{zone['name'][0]}{(zone['season'] or '')[:1]}T".upper()


def _of_place(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None
