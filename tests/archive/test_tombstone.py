"""A tombstone has the length it is asked for, whatever that is, and everybody reads it."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.captures import iterate_captures, iterate_records
from archive.tombstone import TOMBSTONE_URI, TooSmall, tombstone

ID = UUID(int=7)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
EDGES = [65535 + around for around in range(-420, 60, 7)] + [2 * 65535 + around for around in range(-30, 30, 3)]


@given(st.one_of(st.integers(420, 3000), st.integers(3000, 300_000), st.sampled_from(EDGES)))
def test_every_length_is_met(length: int) -> None:
    member = tombstone(length, ID, NOW, "a court's order")
    assert len(member) == length
    assert b"reason: a court's order" in gzip.decompress(member)
    (record,) = iterate_records(io.BytesIO(member))
    assert (record.kind, record.target, record.length) == ("metadata", TOMBSTONE_URI, length)
    assert list(iterate_captures(iterate_records(io.BytesIO(member)))) == []


def test_what_is_too_small_is_refused() -> None:
    smallest = next(length for length in range(1, 1000) if _fits(length))
    assert 200 < smallest < 420
    assert all(_fits(length) for length in range(smallest, 1200))


def _fits(length: int) -> bool:
    try:
        return len(tombstone(length, ID, NOW, "x")) == length
    except TooSmall:
        return False


def test_it_is_the_same_made_again() -> None:
    assert tombstone(5000, ID, NOW, "x") == tombstone(5000, ID, NOW, "x")
    with pytest.raises(TooSmall):
        tombstone(20, ID, NOW, "x")
