"""A language range takes the tags that RFC 4647 says it takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.languages import matches

subtags = st.from_regex(r"[A-Za-z0-9]{1,8}", fullmatch=True)
tags = st.lists(subtags, min_size=1, max_size=4).map("-".join)


@pytest.mark.parametrize(
    ("wanted", "tag", "is_meant"),
    [
        ("de", "de-CH-1996", True),
        ("DE", "de-ch", True),
        ("de-CH", "de", False),
        ("de-CH", "de-CH-1996", True),
        ("de", "deu", False),
        ("*", "zh-Hant-TW", True),
        ("*", None, True),
        ("de", None, False),
        ("de", "", False),
    ],
)
def test_which_tags_a_range_takes(wanted: str, tag: str | None, is_meant: bool) -> None:
    assert matches(wanted, tag) is is_meant


@given(tags, tags)
def test_a_range_takes_itself_and_what_is_below_it(above: str, below: str) -> None:
    assert matches(above, above.swapcase())
    assert matches(above, f"{above}-{below}")
    assert not matches(f"{above}-{below}", above)
    assert not matches(above, f"{above}{below}")
