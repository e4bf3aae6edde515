"""How often sources want to be looked at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.sources.hints import wanted_interval


@pytest.mark.parametrize(
    ("beginning", "cache", "seconds"),
    [
        (b"<rss><channel><ttl>30</ttl>", "", 1800),
        (b"<rss><channel><ttl> x </ttl>", "", 0),
        (b"<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", "", 1800),
        (b"<sy:updatePeriod>\n daily\n</sy:updatePeriod>", "", 86400),
        (b"<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", "", 3600),
        (b"", "public, max-age=600", 600),
        (b"", "s-maxage=900", 0),
        (b"", "no-cache", 0),
        (b"<ttl>5</ttl>", "max-age=900", 900),
        (b" " * 20_000 + b"<ttl>5</ttl>", "", 0),
    ],
)
def test_wishes(beginning: bytes, cache: str, seconds: float) -> None:
    assert wanted_interval(beginning, cache) == seconds


@given(st.binary(), st.text())
def test_nothing_raises(beginning: bytes, cache: str) -> None:
    assert wanted_interval(beginning, cache) >= 0
