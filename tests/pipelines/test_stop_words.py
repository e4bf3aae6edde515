"""Stop words in one place for all workers: the same answers as from the sets that trafilatura makes."""

from __future__ import annotations

from collections.abc import Iterator

import justext.core
import pytest
import trafilatura.external
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from trafilatura.meta import reset_caches

from pipelines.stop_words import StopWords, share_stop_words

WORDS = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=4)
PAGE = (
    "<html><body>"
    + "".join(
        f"<p>{sentence} {sentence} {sentence}</p>"
        for sentence in (
            "The ferry was late again and nobody at the harbour knew when the next one would come.",
            "Die Fähre war wieder zu spät, und niemand im Hafen wusste, wann die nächste kommen würde.",
            "Qwx zrtpl mnbvd ghjkp wrtzs plmnk vbnmq hjklp.",
        )
    )
    + "</body></html>"
)


@pytest.fixture
def _own_words() -> Iterator[None]:
    """What a test shares goes with it."""
    before = trafilatura.external.JT_STOPLIST, justext.core.define_stoplist
    yield
    trafilatura.external.JT_STOPLIST, justext.core.define_stoplist = before


@given(st.sets(WORDS, max_size=20), st.lists(WORDS, max_size=20))
def test_they_are_those_that_were_given(words: set[str], others: list[str]) -> None:
    kept = StopWords(words)
    assert [word in kept for word in [*words, *others]] == [word in words for word in [*words, *others]]


@pytest.mark.usefixtures("_own_words")
def test_the_last_resort_finds_the_same_and_goes_on_after_caches_are_emptied() -> None:
    expected = _found()
    assert 0 < expected.count("<p>") < PAGE.count("<p>")
    share_stop_words()
    assert _found() == expected
    reset_caches()
    assert _found() == expected
    assert isinstance(trafilatura.external.JT_STOPLIST, StopWords)


def _found() -> str:
    body = trafilatura.external.try_justext(html.fromstring(PAGE), None, None)
    return str(html.tostring(body, encoding="unicode"))
