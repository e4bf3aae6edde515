"""Where words are is found in plain texts by a shorter way, and is the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.search.analysis import LONGEST, is_plain, placed, terms
from archive.search.query import Words, parse, words_of
from archive.search.snippets import _found, _found_by_terms, _pattern, snippet

TEXTS = st.lists(
    st.sampled_from(
        ["quay", "Quay", "quays", "a", "b", "A", "harbour2", "x" * (LONGEST - 1), "x" * LONGEST, "x" * (LONGEST + 3), " ", "  ",
         "-", "_", ", ", ". ", "\n", "'", "U.S.", "1,234", "3.5", "é", "ʼ", "東京", "ةال"]
    ),
    max_size=40,
).map("".join)  # fmt: skip
QUERIES = ["quay", "quay a", '"a a"', '"quay a"', "qua*", '"a qua*"', "x" * LONGEST, "x" * (LONGEST + 5), "harbour2 b",
           "é", "東京", '"a b"~3']  # fmt: skip


def wanted(query: str) -> list[Words]:
    return list(words_of(parse(query)))


@given(TEXTS, st.sampled_from(QUERIES))
def test_both_ways_find_the_same(text: str, query: str) -> None:
    words = wanted(query)
    assert _found(text, words) == sorted(_found_by_terms(text, words), key=lambda one: one[1])


@given(TEXTS)
def test_a_plain_text_is_its_runs_of_letters_and_digits(text: str) -> None:
    there = placed(text)
    assert list(zip(there.words, there.starts, there.ends, strict=True)) == [
        (term.text, term.start, term.end) for term in terms(text)
    ]
    if is_plain(text):
        for word, start, end in zip(there.words, there.starts, there.ends, strict=True):
            assert word == text[start:end].lower()[:LONGEST]


@pytest.mark.parametrize("query", ["quay", '"quay a"', "qua*"])
def test_usual_queries_take_the_shorter_way(query: str) -> None:
    assert all(_pattern(tuple(words.terms), words.is_prefix) is not None for words in wanted(query))


def test_without_words_the_beginning_is_shown() -> None:
    text = "The quay is closed. " * 40
    made = snippet(text, [])
    assert made.is_beginning
    assert made.marks == ()
    assert text.startswith(made.text)
