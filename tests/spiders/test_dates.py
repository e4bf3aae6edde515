"""Dates in the forms that feeds, sitemaps and headers write; and texts that are none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.period import moment_of
from crawler.frontier.holds import retry_after_seconds
from spiders.dates import announced_date, http_moment, possible_dates


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-03-04T05:06:07Z", "2026-03-04T05:06:07+00:00"),
        ("2026-03-04Z", "2026-03-04"),
        ("2026-03-04-11:00", "2026-03-04"),
        ("2026-03-04 05:06:07.25 +0100 CET", "2026-03-04T05:06:07+01:00"),
        ("2026-03-04 05:06:07 +0000 UTC m=+0.002", "2026-03-04T05:06:07+00:00"),
        ("2026-03-04T5:06:07+01:00", "2026-03-04T05:06:07+01:00"),
        ("2026-03-04 05:06:07 PM", "2026-03-04T17:06:07"),
        ("2026-03-04 12:06 a.m. UTC", "2026-03-04T00:06:00+00:00"),
        ("2026/03/04", "2026-03-04"),
        ("2026/3/4 17:06", "2026-03-04T17:06:00"),
        ("4.3.2026", "2026-03-04"),
        ("Wed, 04 Mar 2026 05:06:07 GMT", "2026-03-04T05:06:07+00:00"),
        ("4 Mar 2026 05:06:07 +0100", "2026-03-04T05:06:07+01:00"),
        ("1772600767", "2026-03-04T05:06:07+00:00"),
        ("1772600767000", "2026-03-04T05:06:07+00:00"),
        ("20260304", "2026-03-04"),
        ("2026-03", "2026-03"),
        ("  2026-03-04\n", "2026-03-04"),
        ("Wednesday, 04-Mar-26 05:06:07 GMT", "2026-03-04T05:06:07+00:00"),
        ("Tuesday, 04-Mar-97 05:06:07 GMT", "1997-03-04T05:06:07+00:00"),
        ("Wed, 4 Mar 2026 05:06:07 UT", "2026-03-04T05:06:07+00:00"),
        ("Wed, 4 Mar 26 05:06 EST", "2026-03-04T05:06:00-05:00"),
        ("Wed, 4 Mar 2026 05:06:07 Q", "2026-03-04T05:06:07"),
        ("Wed,4 Mar 2026 05.06.07 +0100", "2026-03-04T05:06:07+01:00"),
        ("Wed, 4 Mar 2026 05:06:07 Asia/Tokyo", "2026-03-04T05:06:07+09:00"),
        ("\u6c34, 04 3\u6708 2026 05:06:07 +0900", "2026-03-04T05:06:07+09:00"),
    ],
)
def test_a_date_is_read(text: str, date: str) -> None:
    assert announced_date(text) == date


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "yesterday",
        "Wed, 04 Mar 33333333333333333333 05:06:07 GMT",
        "Wed, 04 Mar 2026 05:06:07 +777777777777777777777",
        "2026-13-40",
        "2026/99/99 25:61",
        "0000-00-00",
        "x" * 5000,
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert announced_date(text) == ""
    assert http_moment(text) is None
    assert retry_after_seconds(text, datetime(2026, 3, 4, tzinfo=UTC)) == 0.0


_DIGITS = st.from_regex(r"\d{1,25}", fullmatch=True)


@given(
    st.one_of(
        st.text(),
        st.binary().map(lambda data: data.decode("latin-1")),
        st.builds("Mon, {} Jan {} {}:00:00 {}".format, _DIGITS, _DIGITS, _DIGITS, st.text(max_size=30)),
        st.builds("{}-{}-{}T{}:{}{}".format, *[_DIGITS] * 5, st.sampled_from(["Z", "+99:99", " PM", ""])),
        st.builds("{}/{}/{} {}:00 am".format, *[_DIGITS] * 4),
        _DIGITS,
    )
)
def test_no_text_raises(text: str) -> None:
    date = announced_date(text)
    assert not date or moment_of(date) is not None or date[:4] in ("0000", "9999")
    http_moment(text)
    assert retry_after_seconds(text, datetime(2026, 3, 4, tzinfo=UTC)) >= 0.0


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("04/03/2026", ("2026-03-04", "2026-04-03")),
        (" 4-3-2026 17:06", ("2026-03-04T17:06:00", "2026-04-03T17:06:00")),
        ("03/03/2026", ("2026-03-03",)),
        ("25/03/2026", ("2026-03-25",)),
        ("31/02/2026 soon", ()),
        ("04/03/20266", ()),
        ("2026-03-04", ()),
    ],
)
def test_a_date_that_does_not_tell_day_from_month(text: str, dates: tuple[str, ...]) -> None:
    assert possible_dates(text) == dates


@given(st.text(max_size=30))
def test_no_text_breaks_reading_what_a_date_may_mean(text: str) -> None:
    assert len(possible_dates(text)) <= 2
