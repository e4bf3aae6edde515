"""What changed from one version of an article to another, word by word. Pure.

Paragraphs are compared first, then the words of those that differ: that is what a person looks for, and it takes no
longer for long articles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from archive.article import Article

_MOST_STEPS = 50_000_000
"""Steps of a comparison, at most: a few seconds. What differs beyond that is shown as removed and added.

A page can be written so that its comparison takes the cube of its length.
"""


class Change(StrEnum):
    """What became of words."""

    KEPT = "kept"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Run:
    """Words that follow each other."""

    change: Change
    text: str


Paragraph = tuple[Run, ...]


def compared(before: Article, after: Article) -> tuple[Paragraph, list[Paragraph]]:
    """The headline, and the paragraphs, each in runs of words."""
    patience = _Patience()
    headline = tuple(_words(before.headline.split(), after.headline.split(), patience))
    return headline, list(paragraphs_changed(before.paragraphs, after.paragraphs, patience))


class _Patience:
    """What steps are left for a comparison of two articles."""

    def __init__(self) -> None:
        self._left = _MOST_STEPS

    def lasts(self, before: Sequence[str], after: Sequence[str]) -> bool:
        """Whether two sequences can be compared; the steps are spent then.

        `SequenceMatcher` goes through one of them, and through all pairs of equal parts, once for each match at most.
        """
        counts = Counter(after)
        pairs = sum(count * counts[part] for part, count in Counter(before).items())
        steps = (len(before) + pairs) * min(len(before), len(after))
        if steps > self._left:
            return False
        self._left -= steps
        return True


def paragraphs_changed(
    before: Sequence[str], after: Sequence[str], patience: _Patience | None = None
) -> Iterator[Paragraph]:
    """The paragraphs of both, those that stayed once."""
    patience = patience or _Patience()
    if not patience.lasts(before, after):
        yield from ((Run(Change.REMOVED, text),) for text in before)
        yield from ((Run(Change.ADDED, text),) for text in after)
        return
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            yield from ((Run(Change.KEPT, text),) for text in before[start:end])
            continue
        shared = min(end - start, new_end - new_start)
        for number in range(shared):
            yield tuple(_words(before[start + number].split(), after[new_start + number].split(), patience))
        yield from ((Run(Change.REMOVED, text),) for text in before[start + shared : end])
        yield from ((Run(Change.ADDED, text),) for text in after[new_start + shared : new_end])


def _words(before: list[str], after: list[str], patience: _Patience) -> Iterator[Run]:
    if not patience.lasts(before, after):
        yield Run(Change.REMOVED, " ".join(before))
        yield Run(Change.ADDED, " ".join(after))
        return
    for tag, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Run(Change.KEPT, " ".join(before[start:end]))
            continue
        if end > start:
            yield Run(Change.REMOVED, " ".join(before[start:end]))
        if new_end > new_start:
            yield Run(Change.ADDED, " ".join(after[new_start:new_end]))
