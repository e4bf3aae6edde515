"""The part of a text that shows best why it was found."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from archive.search.analysis import LONGEST, is_plain, placed
from archive.search.query import Words

_LENGTH = 220
"""Characters of a snippet."""
_BEFORE = 40
"""Characters before the first word that is marked."""
_FARTHEST_BLANK = 20
_LOOKED_AT = 100_000
"""Characters of a text that are looked at."""
_REMEMBERED = 1_024
_MOST = 300
"""Places that are looked at."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a text."""

    text: str
    marks: tuple[tuple[int, int], ...]
    """What was looked for in it: first character and the one behind the last."""
    is_beginning: bool
    is_end: bool

    def marked(self, before: str, after: str) -> str:
        """The text with something before and after each mark."""
        parts, at = [], 0
        for start, end in self.marks:
            parts += [self.text[at:start], before, self.text[start:end], after]
            at = end
        return "".join([*parts, self.text[at:]])


def snippet(text: str, wanted: Iterable[Words]) -> Snippet:
    """The stretch of a text with most of the different words that are wanted; without any, its beginning."""
    found = _found(text, list(wanted))
    best = _best(found)
    start = max(0, found[best][1] - _BEFORE) if found else 0
    end = min(len(text), start + _LENGTH)
    start = _blank_near(text, start, 1) if start else 0
    end = max(_blank_near(text, end, -1), start) if end < len(text) else end
    marks = tuple(
        (begin - start, close - start)
        for begin, close in _merged((begin, close) for _, begin, close in found if start <= begin and close <= end)
    )
    return Snippet(text[start:end].replace("\n", " "), marks, is_beginning=start == 0, is_end=end == len(text))


def _found(text: str, wanted: list[Words]) -> list[tuple[int, int, int]]:
    """Where words are: number of the words, first character, character behind the last."""
    if not wanted:
        return []
    text = text[:_LOOKED_AT]
    patterns = [_pattern(tuple(words.terms), words.is_prefix) if not words.slop else None for words in wanted]
    if is_plain(text) and None not in patterns:
        found = _found_plainly(text.lower(), [pattern for pattern in patterns if pattern is not None])
    else:
        found = _found_by_terms(text, wanted)
    return sorted(found, key=lambda one: one[1])[:_MOST]


@lru_cache(_REMEMBERED)
def _pattern(terms: tuple[tuple[int, str], ...], is_prefix: bool) -> re.Pattern[str] | None:
    """What words are in a plain text; None when there is a gap between them, or one is none of a plain text."""
    texts = [term for _, term in terms]
    if [place for place, _ in terms] != list(range(len(terms))) or not all(
        one.isascii() and one.isalnum() for one in texts
    ):
        return None
    last = len(texts) - 1
    cut = [len(one) == LONGEST or (is_prefix and number == last) for number, one in enumerate(texts)]
    words = "[^a-z0-9]+".join(f"{one}[a-z0-9]*" if more else one for one, more in zip(texts, cut, strict=True))
    # Looked ahead for: of words that come again at once, one may begin within another
    return re.compile(f"(?<![a-z0-9])(?=({words})(?![a-z0-9]))")


def _found_plainly(text: str, patterns: list[re.Pattern[str]]) -> list[tuple[int, int, int]]:
    return [(number, *match.span(1)) for number, pattern in enumerate(patterns) for match in pattern.finditer(text)]


def _found_by_terms(text: str, wanted: list[Words]) -> list[tuple[int, int, int]]:
    there = placed(text)
    found = []
    for number, words in enumerate(wanted):
        first = {term for _, term in words.terms} if words.slop else {words.terms[0][1]}
        beginning = words.terms[0][1] if words.is_prefix and len(words.terms) == 1 else None
        may_be = (
            [place for place, term in enumerate(there.words) if term in first]
            if beginning is None
            else [place for place, term in enumerate(there.words) if term.startswith(beginning)]
        )
        for place in may_be:
            if _is_at(there.words, place, words):
                last = min(place + words.terms[-1][0], len(there.words) - 1)
                if words.slop:
                    last = place
                found.append((number, there.starts[place], there.ends[last]))
    return found


def _is_at(there: list[str], place: int, words: Words) -> bool:
    if words.slop:
        return any(there[place] == term for _, term in words.terms)
    last = words.terms[-1][0]
    for offset, term in words.terms:
        if place + offset >= len(there):
            return False
        text = there[place + offset]
        if text != term and not (words.is_prefix and offset == last and text.startswith(term)):
            return False
    return True


def _best(found: list[tuple[int, int, int]]) -> int:
    """Number of the place from which on most different words stand within a snippet."""
    best, most = 0, (0, 0)
    for number, (_, start, _) in enumerate(found):
        within = [one for one in found[number:] if one[2] <= start - _BEFORE + _LENGTH]
        score = len({one[0] for one in within}), len(within)
        if score > most:
            best, most = number, score
    return best


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _blank_near(text: str, at: int, step: int) -> int:
    """The next place without a word cut, if one is near."""
    for distance in range(_FARTHEST_BLANK):
        place = at + distance * step
        if 0 < place < len(text) and text[place - (step > 0)].isspace():
            return place
    return at
