"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from archive.counted import counted


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (0, "segment", "0 segments"),
        (1, "segment", "1 segment"),
        (2, "entry", "2 entries"),
        (1, "entry", "1 entry"),
        (3, "day", "3 days"),
        (4, "stored copy", "4 stored copies"),
        (5, "index", "5 indexes"),
        (1_000_000, "byte", "1,000,000 bytes"),
    ],
)
def test_one_and_many(count: int, noun: str, said: str) -> None:
    assert counted(count, noun) == said


def test_the_verb_follows() -> None:
    assert counted(1, "capture", "was", "were") == "1 capture was"
    assert counted(0, "capture", "was", "were") == "0 captures were"
