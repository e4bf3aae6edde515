"""Dates are compared as what they may mean, whatever zone they are written in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import BadAddress
from archive.period import Period, moment_of, span_of

moments = st.integers(700_000_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
zones = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


@given(st.text() | st.from_regex(r"\d{4}(-\d\d){0,2}(T\d\d:\d\d(:\d\d)?)?([+-]\d\d:?\d\d|Z)?", fullmatch=True))
def test_no_text_breaks_it(text: str) -> None:
    span = span_of(text)
    assert span is None or span.first < span.end
    assert isinstance(Period(datetime(2026, 1, 1, tzinfo=UTC)).wants(text), bool)


@given(moments, zones, moments, moments)
def test_a_moment_is_the_same_in_every_zone(
    moment: datetime, zone: timezone, since: datetime, until: datetime
) -> None:
    period = Period(since, until)
    written = moment.astimezone(zone).isoformat()
    assert moment_of(written) == moment
    assert period.wants(written) == period.holds(moment) == (since <= moment < until)
    assert period.holds_stamp(f"{moment:%Y%m%d%H%M%S}") == period.holds(moment)


@given(moments, moments)
def test_a_day_is_wanted_for_any_of_its_moments(moment: datetime, since: datetime) -> None:
    day = f"{moment:%Y-%m-%d}"
    last = moment.replace(hour=23, minute=59, second=59)
    assert Period(since).wants(day) == (last >= since)
    assert Period(since).is_past(day) != Period(since).wants(day)
    assert Period(None, since).wants(day) == (moment.replace(hour=0, minute=0, second=0) < since)


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("2026", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
        ("2026-12", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("202602", "2026-02-01T00:00:00", "2026-03-01T00:00:00"),
        ("2026-11-24T10", "2026-11-24T10:00:00", "2026-11-24T11:00:00"),
        ("20261124103001", "2026-11-24T10:30:01", "2026-11-24T10:30:02"),
        ("2026-11-24 10:30:60.25+0200", "2026-11-24T08:30:59.250000", "2026-11-24T08:30:59.250001"),
        ("2026-11-24T23:30-05", "2026-11-25T04:30:00", "2026-11-25T04:31:00"),
    ],
)
def test_what_a_date_may_mean(text: str, first: str, end: str) -> None:
    span = span_of(text)
    assert span is not None
    assert (span.first, span.end) == (
        datetime.fromisoformat(first).replace(tzinfo=UTC),
        datetime.fromisoformat(end).replace(tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-13-01", "2026-1", "26-11-24", "2026-11-24Z", "0000", "0001-01-01T00:00+14:00", "٢٠٢٦"],
)
def test_what_is_no_date(text: str) -> None:
    assert span_of(text) is None
    assert not Period(datetime(2000, 1, 1, tzinfo=UTC)).wants(text)
    assert Period().wants(text)


def test_the_last_day_there_is_has_an_end() -> None:
    assert Period(datetime(2026, 1, 1, tzinfo=UTC)).wants("9999-12-31")


def test_a_bad_bound_is_named() -> None:
    with pytest.raises(BadAddress, match="'soon' is not a date"):
        Period.of("2026", "soon")
