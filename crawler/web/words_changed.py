"""What changed from one version of an article to another, word by word. Pure.

Paragraphs are compared first, then the words of those that differ: that is what a person looks for, and it takes no
longer for long articles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from archive.article import Article

_MOST_PAIRS = 1_000_000
"""Pairs of words above which differing paragraphs are shown as removed and added."""
_MOST_PARAGRAPHS = 2_000


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
    headline = tuple(_words(before.headline.split(), after.headline.split()))
    return headline, list(paragraphs_changed(before.paragraphs, after.paragraphs))


def paragraphs_changed(before: Sequence[str], after: Sequence[str]) -> Iterator[Paragraph]:
    """The paragraphs of both, those that stayed once."""
    is_long = max(len(before), len(after)) > _MOST_PARAGRAPHS
    matcher = SequenceMatcher(None, before, after, autojunk=is_long)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            yield from ((Run(Change.KEPT, text),) for text in before[start:end])
            continue
        shared = min(end - start, new_end - new_start)
        for number in range(shared):
            yield tuple(_words(before[start + number].split(), after[new_start + number].split()))
        yield from ((Run(Change.REMOVED, text),) for text in before[start + shared : end])
        yield from ((Run(Change.ADDED, text),) for text in after[new_start + shared : new_end])


def _words(before: list[str], after: list[str]) -> Iterator[Run]:
    if len(before) * len(after) > _MOST_PAIRS:
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
