"""Dates in text: in figures or with the name of a month, in the calendars used by news.

The names of months and weekdays are in ``month_names.json``: CLDR's (Unicode License), with the variants that papers
use beside them. Nothing is compiled for a language: one set of patterns finds what may be a day, a table says whether
the word in it is a month. Figures whose order cannot be told are no day: ``05/04/2022`` on an English page is either.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from itertools import takewhile

from pipelines.extract.calendars import of_hijri, of_nepali, of_persian

_YEARS = range(1990, 2100)
_PERSIAN_YEARS = range(1369, 1479)
_BUDDHIST_YEARS = range(2533, 2643)
_BUDDHIST = 543
"""Years that the Buddhist era, as Thailand counts it, is ahead of the common one."""
_NEPALI_YEARS = range(2047, 2100)
_LATEST_MONTH = 12
_SHORTEST_STEM = 5
_LONGEST_ENDING = 3
_ERAS = {"令和": 2018, "平成": 1988, "民國": 1911, "民国": 1911}
"""The year before the first of a Japanese era, and of the Republic of China's count."""
_HAN_FIGURES = {figure: number for number, figure in enumerate("〇一二三四五六七八九十")} | {"零": 0, "○": 0}
_HAN_DAY = re.compile(
    r"([二][〇零○一二三四五六七八九]{3})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日"
)
_LETTER = r"[^\s\d,;:!?|()\[\]\"/\\<>–—-]"
_NAME = rf"(?P<m>[^\W\d_]{_LETTER}{{1,19}}(?:[ ]{_LETTER}{{1,12}})?)"
_ORDINAL = r"(?:st|nd|rd|th|er|º|ª|°|\.|-?го|-?е)?"
_OF = r"(?:de |del |of |d['’]|ta['’] |dia )?"
_TWIN = rf"(?:\s?[/(]\s?[^\W\d_]{_LETTER}{{2,12}}(?:[ ]{_LETTER}{{2,12}})?\)?)?"
"""The month's other name, as Arabic papers of several countries have it beside the first."""
_ERA = r"(?:(?:พ|ค)\.?\s?ศ\.?\s?)?"
_FORMS = tuple(
    re.compile(form, re.I)
    for form in (
        r"(?P<era>令和|平成|民國|民国)\s?(?P<y>\d{1,3}|元)\s?年\s?(?P<m>\d{1,2})\s?月\s?(?P<d>\d{1,2})\s?日",
        r"(?<!\d)(?P<y>\d{4})\s?年\s?(?P<m>\d{1,2})\s?月\s?(?P<d>\d{1,2})\s?日",
        r"(?<!\d)(?P<y>\d{4})\s?년\s?(?P<m>\d{1,2})\s?월\s?(?P<d>\d{1,2})\s?일",
        r"(?<![\d.,/-])(?P<y>\d{4})(?P<mark>[-/.])\s?(?P<m>\d{1,2})(?P=mark)\s?(?P<d>\d{1,2})(?!\d|[-/.]\d)",
        r"(?<!\d)(?P<d>\d{1,2}) tháng (?P<m>\d{1,2})(?:,| năm)? (?P<y>\d{4})(?!\d)",
        rf"(?<![\d.,:])(?P<d>\d{{1,2}}){_ORDINAL}[\s,-]{{0,3}}{_OF}{_NAME}{_TWIN}[.,،]?[\s,-]{{0,3}}{_OF}{_ERA}(?P<y>\d{{4}})(?!\d)",
        rf"(?<!\d)(?P<y>\d{{4}})\.?(?:\s?m\.|\s?gada|e?ko)?[\s,-]{{1,2}}{_NAME}[.,]?[\s-](?P<d>\d{{1,2}})(?!\d|:\d)",
        rf"(?<!\d)(?P<y>\d{{4}})\.?\s?(?:gada|жылғы|жылы|жылдын|yil) (?P<d>\d{{1,2}})\.? {_NAME}",
        rf"(?<![^\W\d_]){_NAME}[.,]?[\s-]{{1,2}}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s{{1,2}}(?P<y>\d{{4}})(?!\d)",
    )
)
_FIGURES = re.compile(
    r"(?<![\d.,/-])(?P<a>\d{1,2})(?P<mark>[./-])\s?(?P<b>\d{1,2})(?P=mark)\s?(?P<y>\d{4}|\d{2})(?!\d|[./-]\d)"
)
_AMERICAN = "MDY"
_DAY_FIRST = frozenset({"GB", "IE", "AU", "NZ", "IN", "ZA", "NG", "KE", "PK", "SG", "MT"})
_FOLDED = str.maketrans("أإآىيكةۀ", "ااایی\u06a9هه")
_PERSIAN = (
    "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند",
    "حمل ثور جوزا سرطان اسد سنبله میزان عقرب قوس جدی دلو حوت",
)
_HIJRI = (
    "محرم,صفر,ربيع الأول,ربيع الآخر,جمادى الأولى,جمادى الآخرة,رجب,شعبان,رمضان,شوال,ذو القعدة,ذو الحجة",
    "المحرم,,ربيع الاول,ربيع الثاني,جمادى الأول,جمادى الثانية,,,,,ذي القعدة,ذي الحجة",
)
_NEPALI = (
    "बैशाख जेठ असार साउन भदौ असोज कात्तिक मंसिर पुस माघ फागुन चैत",
    "वैशाख जेष्ठ आषाढ श्रावण भाद्र आश्विन कार्तिक मङ्सिर पौष माघ फाल्गुन चैत्र",
)


@dataclass(frozen=True, slots=True)
class WrittenDay:
    """A day in a line."""

    start: int
    end: int
    """Its place in the line."""
    day: date


@dataclass(frozen=True, slots=True)
class _Names:
    by_language: dict[str, dict[str, int]]
    orders: dict[str, str]
    agreed: dict[str, int]
    """Names that mean the same month in every language that has them."""
    weekdays: frozenset[str]
    calendars: tuple[tuple[dict[str, int], range, Callable[[int, int, int], date | None]], ...]


@lru_cache(maxsize=1)
def names() -> _Names:
    """The table of names, read once."""
    read = json.loads(files("pipelines.extract").joinpath("month_names.json").read_text("utf-8"))
    languages = read["languages"]
    by_language = {
        language: {_folded(name): number for number, month in enumerate(entry["months"], 1) for name in month}
        for language, entry in languages.items()
    }
    meanings: dict[str, set[int]] = {}
    for months in by_language.values():
        for name, number in months.items():
            meanings.setdefault(name, set()).add(number)
    return _Names(
        by_language,
        {language: entry["order"] for language, entry in languages.items()},
        {name: next(iter(numbers)) for name, numbers in meanings.items() if len(numbers) == 1},
        frozenset(map(_folded, read["weekdays"])),
        (
            (_numbered(_PERSIAN, " "), _PERSIAN_YEARS, of_persian),
            (_numbered(_HIJRI, ","), range(1410, 1500), of_hijri),
            (_numbered(_NEPALI, " "), _NEPALI_YEARS, of_nepali),
        ),
    )


def _numbered(lists: tuple[str, ...], mark: str) -> dict[str, int]:
    return {_folded(name): number for one in lists for number, name in enumerate(one.split(mark), 1) if name}


def _folded(name: str) -> str:
    name = name.casefold().translate(_FOLDED).strip(" .,")
    if name.isascii():
        return name
    bare = "".join(letter for letter in unicodedata.normalize("NFD", name) if not "\u0300" <= letter <= "\u036f")
    return unicodedata.normalize("NFC", bare).replace("ı", "i")


def plain_figures(text: str) -> str:
    """The text with figures of any script as ASCII's, compatibility forms resolved, invisible marks taken out."""
    text = unicodedata.normalize("NFKC", text).replace("\u2212", "-")
    if not text.isascii():
        text = "".join(
            str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
            for letter in text
            if unicodedata.category(letter) != "Cf"
        )
    return " ".join(text.split())


def days_in(text: str, language: str = "") -> Iterator[WrittenDay]:
    """The days in a line that `plain_figures` made, those of the surer forms first.

    `language` is the tag of the line's language; empty when it is not known. English of another region than America
    writes the day first.
    """
    language, _, region = language.partition("-")
    is_american = names().orders.get(language, _AMERICAN) == _AMERICAN and region not in _DAY_FIRST
    for form in _FORMS:
        for match in form.finditer(text):
            if (day := _day(match, match["m"], language)) is not None:
                yield WrittenDay(match.start(), match.end(), day)
            elif match.start("m") == match.start() and " " in match["m"]:  # a word stands before the month
                before, month = match["m"].rsplit(" ", 1)
                if (day := _day(match, month, language)) is not None:
                    yield WrittenDay(match.start() + len(before) + 1, match.end(), day)
    for match in _HAN_DAY.finditer(text):
        year = int("".join(str(_HAN_FIGURES[figure]) for figure in match[1]))
        if (day := _common(year, _of_han(match[2]), _of_han(match[3]))) is not None:
            yield WrittenDay(match.start(), match.end(), day)
    for match in _FIGURES.finditer(text):
        if (day := _of_figures(match, language, is_american)) is not None:
            yield WrittenDay(match.start(), match.end(), day)


def _of_han(figures: str) -> int:
    """A number of at most two places in Chinese figures: ``二十三``, ``十一``."""
    tens, ten, ones = figures.rpartition("十") if "十" in figures else ("", "", figures)
    return (_HAN_FIGURES.get(tens, 1) * 10 if ten else 0) + (_HAN_FIGURES.get(ones, 0) if ones else 0)


def _day(match: re.Match[str], month: str, language: str) -> date | None:
    found = match.groupdict()
    if era := found.get("era"):
        count = 1 if found["y"] == "元" else int(found["y"])
        return _common(_ERAS[era] + count, int(found["m"]), int(found["d"]))
    year, day = int(found["y"]), int(found["d"])
    if month.isdecimal():
        return _in_calendar(year, int(month), day, language)
    return _named(year, month, day, language)


def _named(year: int, name: str, day: int, language: str) -> date | None:
    known = names()
    whole = _folded(name)
    forms = dict.fromkeys((whole, _folded(re.sub(r" (?:de|del|of)$", "", whole)), _folded(whole[1:].strip("׳'"))))
    for months, years, convert in known.calendars:
        number = next((months[form] for form in forms if form in months), None)
        if number is not None and year in years:
            return convert(year, number, day)
    for months in (known.by_language.get(language, {}), known.by_language["en"], known.agreed):
        for form in forms:
            if form in months:
                return _common(year - _BUDDHIST if year in _BUDDHIST_YEARS else year, months[form], day)
    numbers = {known.agreed[name] for name in _same_stem(whole, known.agreed)}
    return _common(year, numbers.pop(), day) if len(numbers) == 1 else None


def _same_stem(word: str, months: dict[str, int]) -> Iterator[str]:
    """The names of months that differ from a word by its ending: ``januarja`` from ``januar``, ``septembrī``."""
    if len(word) < _SHORTEST_STEM + 1:
        return
    for name in months:
        shared = sum(1 for _ in takewhile(lambda letters: letters[0] == letters[1], zip(word, name, strict=False)))
        if shared >= max(_SHORTEST_STEM, len(name) - 2) and len(word) - shared <= _LONGEST_ENDING:
            yield name


def _in_calendar(year: int, month: int, day: int, language: str) -> date | None:
    if year in _PERSIAN_YEARS:  # the Hijri calendar's too, and Arabic papers mean that
        return of_hijri(year, month, day) if language == "ar" else of_persian(year, month, day)
    if year in _BUDDHIST_YEARS:
        return _common(year - _BUDDHIST, month, day)
    if language == "ne" and year > _NEPALI_YEARS.start + _LATEST_MONTH:
        return of_nepali(year, month, day)
    return _common(year, month, day)


def _of_figures(match: re.Match[str], language: str, is_american: bool) -> date | None:
    first, second = int(match["a"]), int(match["b"])
    year = int(match["y"]) if len(match["y"]) > 2 else 2000 + int(match["y"])
    if match["mark"] == "." or first > _LATEST_MONTH or first == second:
        return _in_calendar(year, second, first, language)
    if second > _LATEST_MONTH:
        return _in_calendar(year, first, second, language)
    if is_american:
        return None
    return _in_calendar(year, second, first, language)


def _common(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None
