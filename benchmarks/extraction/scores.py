"""How near an extracted text, title or list of authors comes to what is known.

Texts of news are compared by their 4-grams of words, as scrapinghub/article-extraction-benchmark does; in scripts
without spaces each character is a word. Other articles are compared by their words, snippets by their presence.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.extraction.data import NEWS, Page

_WORD = re.compile(r"\w+")
_WORD_OR_SIGN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
_GRAM = 4
_IN_ANY_SCRIPT = ("fundus258", "fundushist", "np4k")
"""Sets whose pages are in many languages."""
_LEAD = re.compile(r"^(?:by|von|par|de|por|di)\s+", re.I)
_BETWEEN = re.compile(r"\s*(?:;|,| and | und | & | y | et )\s*")


def text_f1(page: Page, text: str) -> float:
    """F1 of a text, against whichever known text it fits best; 0 to 1. Of a page that is to have none, 1 for none."""
    if not page.texts:
        return float(not text.strip())
    if page.set in NEWS:
        word = _WORD_OR_SIGN if page.set in _IN_ANY_SCRIPT else _WORD
        return max(_f1(_grams(known, word), _grams(text, word)) for known in page.texts)
    return max(
        _f1(Counter(_WORD.findall(known.lower())), Counter(_WORD.findall(text.lower()))) for known in page.texts
    )


@dataclass(frozen=True)
class KnownText:
    """A text, ready to say whether it has a block."""

    grams: frozenset[tuple[str, ...]]
    lines: frozenset[str]

    @classmethod
    def of(cls, text: str) -> KnownText:
        """Read a text whose paragraphs stand on lines of their own."""
        lines = (" ".join(_WORD_OR_SIGN.findall(line.lower())) for line in text.split("\n"))
        return cls(frozenset(_grams_of(_WORD_OR_SIGN.findall(text.lower()))), frozenset(lines))

    def share_of(self, block: str) -> float:
        """The share of a block's 4-grams that the text has; 1 when it is a line of it."""
        words = _WORD_OR_SIGN.findall(block.lower())
        own = _grams_of(words)
        if words and " ".join(words) in self.lines:
            return 1.0
        return sum(gram in self.grams for gram in own) / len(own) if own else 0.0


def _grams_of(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + _GRAM]) for at in range(len(words) - _GRAM + 1)]


def _grams(text: str, word: re.Pattern[str]) -> Counter[tuple[str, ...]]:
    words = word.findall(text)
    return Counter(tuple(words[at : at + _GRAM]) for at in range(max(1, len(words) - _GRAM + 1)) if words)


def _f1(known: Counter[tuple[str, ...]] | Counter[str], found: Counter[tuple[str, ...]] | Counter[str]) -> float:
    if not known or not found:
        return float(not known and not found)
    common = sum((known & found).values())  # type: ignore[operator]
    return 2 * common / (sum(known.values()) + sum(found.values()))


def snippet_counts(page: Page, text: str) -> tuple[int, int, int]:
    """Passages rightly found, wrongly found, and missed."""
    folded = " ".join(text.split())
    right = sum(" ".join(passage.split()) in folded for passage in page.inside)
    wrong = sum(" ".join(passage.split()) in folded for passage in page.outside)
    return right, wrong, len(page.inside) - right


def same_title(known: str, found: str | None) -> bool:
    """Whether two titles differ in case and punctuation at most."""
    return _flat(known) == _flat(found or "")


def same_people(known: Iterable[str], found: Iterable[str]) -> bool:
    """Whether two lists name the same people, in any order."""
    return _people(known) == _people(found)


def _flat(text: str) -> str:
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _people(names: Iterable[str]) -> set[str]:
    parts = (part for name in names for part in _BETWEEN.split(name))
    return {flat for part in parts if (flat := _flat(_LEAD.sub("", part.strip())))}
