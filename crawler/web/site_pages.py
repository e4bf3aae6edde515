"""Pages on sites: which there are, a calendar of each, the pages of a day."""

from __future__ import annotations

import calendar
from collections import Counter
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from archive.errors import ObjectMissing
from crawler.replay.start_page import replay_address
from crawler.web.answering import Asked

_MOST_PAGES = 1_000
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a calendar."""

    first: date
    weeks: tuple[tuple[tuple[date | None, int], ...], ...]
    """Of each week seven days with their counts; None: a day of another month."""


def sites_page(asked: Asked) -> Response:
    """All sites."""
    rows = [
        {"site": site, "count": days.total(), "days": len(days), "first": min(days), "last": max(days)}
        for site, days in sorted(asked.reader.contents.days.items())
        if days
    ]
    return asked.page("sites.html", rows=rows)


def site_page(asked: Asked) -> Response:
    """A site's calendar, or its pages of a day."""
    site, day = asked.parameters.get("site", ""), asked.parameters.get("day", "")
    days = asked.reader.contents.days.get(site)
    if not days:
        raise ObjectMissing(f"{site}: no captures of this site here")
    if day:
        if day not in days:
            raise ObjectMissing(f"{site}: no captures of {day}")
        pages = asked.reader.pages(site, day, _MOST_PAGES)
        return asked.page(
            "site_day.html",
            site=site,
            day=day,
            pages=pages,
            is_cut=len(pages) == _MOST_PAGES,
            replay_link=lambda page: (
                replay_address(asked.replay, page.url, f"{page.captured:%Y%m%d%H%M%S}") if asked.replay else ""
            ),
        )
    years = sorted({one[:4] for one in days})
    year = asked.parameters.get("year", "")
    chosen = year if year in years else years[-1]
    first_weekday = week_begins(asked.language)
    return asked.page(
        "site.html",
        site=site,
        years=years,
        year=chosen,
        months=months(days, int(chosen), first_weekday),
        weekdays=[(first_weekday + number) % _WEEK for number in range(_WEEK)],
        much=max((count for one, count in days.items() if one.startswith(chosen)), default=0) / 2,
        total=days.total(),
    )


def months(days: Counter[str], year: int, first_weekday: int = 0) -> list[Month]:
    """The months of a year in which something was captured. `days` are by ISO 8601 date, 0 is Monday. Pure."""
    found = []
    made = calendar.Calendar(first_weekday)
    for number in range(1, 13):
        first = date(year, number, 1)
        if not any(day.startswith(f"{first:%Y-%m}") for day in days):
            continue
        weeks = tuple(
            tuple((day, days[day.isoformat()]) if day.month == number else (None, 0) for day in week)
            for week in made.monthdatescalendar(year, number)
        )
        found.append(Month(first, weeks))
    return found


def week_begins(language: str) -> int:
    """The weekday with which a week begins where a language is spoken; 0 is Monday."""
    from babel import Locale

    return int(Locale.parse(language).first_week_day)
