"""What changed between two texts, and how long it may take to find out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.web.words_changed import Change, Run, paragraphs_changed

_WORDS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=6).map(" ".join), max_size=6)


@given(_WORDS, _WORDS)
def test_both_texts_are_told(before: list[str], after: list[str]) -> None:
    for left_out, text in ((Change.ADDED, before), (Change.REMOVED, after)):
        runs = [run.text for one in paragraphs_changed(before, after) for run in one if run.change is not left_out]
        assert " ".join(runs).split() == " ".join(text).split()


@pytest.mark.parametrize("of_words", [True, False])
def test_texts_made_to_be_compared_for_hours_are_not(of_words: bool) -> None:
    before = [part for number in range(3000) for part in ("a", f"x{number}")]
    after = [part for number in range(3000) for part in ("a", f"y{number}")]
    if of_words:
        before, after = [" ".join(before)] * 50, [" ".join(after)] * 50
    found = [run for one in paragraphs_changed(before, after) for run in one]
    assert found[0] == Run(Change.REMOVED, before[0])
    assert {run.change for run in found} == {Change.REMOVED, Change.ADDED}


def test_many_small_changes_have_a_limit_together() -> None:
    before = [" ".join(f"a x{number}" for number in range(150))] * 1000
    after = [" ".join(f"a y{number}" for number in range(150))] * 1000
    changes = [{run.change for run in one} for one in paragraphs_changed(before, after)]
    assert Change.KEPT in changes[0], "a few are compared word by word"
    assert Change.KEPT not in changes[-1]
