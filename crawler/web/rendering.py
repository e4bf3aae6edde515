"""Pages from templates: every value is escaped, numbers and dates are written as the reader's language does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_timedelta
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from archive.period import span_of
from archive.search.snippets import Snippet
from crawler.web.plot import Plot
from crawler.web.timeline import Point, Timeline, Unit
from crawler.web.translations import direction, languages, translations

_REMEMBERED = 20_000
_DIRECTORY = Path(__file__).with_name("templates")


class Formats:
    """How a language writes numbers and dates."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(language)

    def number(self, value: float) -> str:
        """A whole number, or one with decimals."""
        return str(format_decimal(value, locale=self._locale))

    def percent(self, share: float) -> str:
        """A share (0 to 1) as a percentage, small ones with decimals."""
        pattern = "0%" if share >= 0.1 or not share else "0.0%" if share >= 0.01 else "0.00%"
        return str(format_percent(share, pattern, locale=self._locale))

    def day(self, value: date | datetime) -> str:
        """A day."""
        return str(format_date(value, "medium", locale=self._locale))

    def month(self, value: date) -> str:
        """A month with its year."""
        return str(format_skeleton("yMMMM", value, locale=self._locale))

    def weekday(self, number: int) -> str:
        """A weekday in short; 0 is Monday."""
        return str(self._locale.days["stand-alone"]["abbreviated"][number])

    def moment(self, value: datetime | float | None) -> str:
        """A moment (UTC); seconds since 1970 are taken too, where 0 and None are never."""
        if not value:
            return "–"
        moment = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
        return f"{format_datetime(moment.astimezone(UTC), 'yyyy-MM-dd HH:mm:ss', locale=self._locale)} UTC"

    def dated(self, text: str | None) -> str:
        """A date as a record has it: as exact as it is known."""
        span = span_of(text or "")
        if span is None or text is None:
            return text or ""
        if len(text.strip()) <= 10:
            return self.day(span.first) if len(text) == 10 else text
        return text[:16].replace("T", " ")

    def period(self, point: Point, unit: Unit) -> str:
        """A stretch of time in a plot."""
        match unit:
            case Unit.DAY | Unit.WEEK:
                return self.day(point.first)
            case Unit.MONTH:
                return str(format_skeleton("yMMM", point.first, locale=self._locale))
            case Unit.YEAR:
                return f"{point.first:%Y}"

    def duration(self, seconds: float) -> str:
        """A length of time in its largest unit."""
        return str(format_timedelta(timedelta(seconds=seconds), threshold=1.5, locale=self._locale))

    def size(self, count: int) -> str:
        """A number of bytes, in binary units."""
        value, unit = float(count), "B"
        for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
            if value < 1024 or unit == "TiB":
                break
            value /= 1024
        return f"{format_decimal(round(value, 1), locale=self._locale)} {unit}"


@dataclass(frozen=True, slots=True)
class _TimelineTexts:
    """What a page tells of a timeline, as texts: templates take ten times as long to make them, one by one."""

    number: Callable[[float], str]
    percent: Callable[[float], str]
    day: Callable[[date | datetime], str]
    period: Callable[[Point, Unit], str]

    def bars(self, plot: Plot, timeline: Timeline) -> Iterator[tuple[float, float, float, float, str]]:
        """Where each bar stands, its size, and what it tells."""
        for bar in plot.bars:
            point = bar.point
            told = f"{self.period(point, timeline.unit)}: {self.number(point.found)}"
            if timeline.is_share:
                told += f" / {self.number(point.all)} ({self.percent(point.share)})"
            yield bar.x, bar.y, bar.width, bar.height, told

    def points(self, timeline: Timeline) -> Iterator[tuple[str, str, str, str, str, str, str]]:
        """Of each stretch of time the first and the last day, for an address and for a person, and the numbers."""
        for one in timeline.points:
            since, until = one.first.isoformat(), one.last.isoformat()
            numbers = self.number(one.found), self.number(one.all), self.percent(one.share)
            yield since, until, self.day(one.first), self.day(one.last), *numbers


class Renderer:
    """Templates for each language."""

    def __init__(self) -> None:
        self._environments: dict[str, Environment] = {}

    def page(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        """A page in one of the languages of `crawler.web.translations`."""
        return self._environment(language).get_template(template).render(values)

    def _environment(self, language: str) -> Environment:
        known = self._environments.get(language)
        if known is None:
            known = self._environments[language] = _environment(language)
        return known


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_DIRECTORY),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    formats = Formats(language)
    # A page has hundreds of them, and the next page the same ones
    number, percent = lru_cache(_REMEMBERED)(formats.number), lru_cache(_REMEMBERED)(formats.percent)
    day, period = lru_cache(_REMEMBERED)(formats.day), lru_cache(_REMEMBERED)(formats.period)
    texts = _TimelineTexts(number, percent, day, period)
    environment.filters |= {
        "number": number,
        "percent": percent,
        "moment": formats.moment,
        "dated": formats.dated,
        "day": day,
        "month": formats.month,
        "weekday": formats.weekday,
        "size": formats.size,
        "duration": formats.duration,
        "direction": lambda tag: direction(tag or ""),
        "web_address": web_address,
        "readable": readable,
        "host": host,
        "parts": parts,
        "pathpart": lambda text: quote(str(text), safe=""),
    }
    environment.globals |= {
        "language": language,
        "page_direction": direction(language),
        "languages": {tag: _own_name(tag) for tag in languages()},
        "period": period,
        "bars": texts.bars,
        "points": texts.points,
        "address": address,
    }
    return environment


def address(path: str, **parameters: object) -> str:
    """A path of this server with parameters; those without a value are left out."""
    given = {name.rstrip("_"): value for name, value in parameters.items() if value not in ("", None)}
    return f"{path}?{urlencode(given)}" if given else path


def web_address(text: str | None) -> str:
    """An address that a link may lead to: of the web, and of nothing else (``javascript:``). Empty for others."""
    try:
        scheme = urlsplit(text or "").scheme.lower()
    except ValueError:
        return ""
    return text or "" if scheme in ("http", "https") else ""


def readable(url: str) -> str:
    """An address as a person writes it: letters of all scripts instead of percent signs (RFC 3987, section 3.2)."""
    try:
        text = unquote(url, errors="strict")
    except UnicodeDecodeError:
        return url
    return text if text.isprintable() else url


def host(url: str) -> str:
    """The host of an address, for a person."""
    try:
        return (urlsplit(url).netloc or url).removeprefix("www.")
    except ValueError:
        return url


def parts(snippet: Snippet) -> Iterator[tuple[str, bool]]:
    """The stretches of a snippet, and whether each is what was looked for."""
    at = 0
    for start, end in snippet.marks:
        yield snippet.text[at:start], False
        yield snippet.text[start:end], True
        at = end
    yield snippet.text[at:], False


@cache
def _own_name(tag: str) -> str:
    locale = Locale.parse(tag)
    return str(locale.get_display_name(locale) or tag)
