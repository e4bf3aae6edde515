"""The frequent words of a hundred languages, for justext, which trafilatura asks about one page in twenty.

As the sets of words that they make of them, they take 30 MiB, and again as much in each process that empties
trafilatura's caches. Here words with the same two first letters are one text, in which a word is looked for: 5 MiB, a
microsecond a word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

import justext.core
import trafilatura.external
from justext.utils import get_stoplist, get_stoplists

_BEGINNING = 2


class StopWords:
    """Words, without white space, that can be asked for but not listed."""

    def __init__(self, words: Iterable[str]) -> None:
        groups: defaultdict[str, set[str]] = defaultdict(set)
        for word in words:
            groups[word[:_BEGINNING]].add(word)
        self._texts = {beginning: "\n".join(["", *sorted(group), ""]) for beginning, group in groups.items()}

    def __contains__(self, word: str) -> bool:
        return f"\n{word}\n" in self._texts.get(word[:_BEGINNING], "")


def share_stop_words() -> None:
    """Have trafilatura and justext use one such collection in this process, and in those forked from it."""
    words = StopWords(word for language in get_stoplists() for word in get_stoplist(language))
    trafilatura.external.JT_STOPLIST = words  # type: ignore[assignment]
    justext.core.define_stoplist = _as_it_is(justext.core.define_stoplist)


def _as_it_is(
    define: Callable[[tuple[str, ...]], Collection[str]],
) -> Callable[[StopWords | tuple[str, ...]], StopWords | Collection[str]]:
    """What makes a set of a list of words for justext, but leaves ours alone."""

    def defined(words: StopWords | tuple[str, ...]) -> StopWords | Collection[str]:
        return words if isinstance(words, StopWords) else define(words)

    return defined
