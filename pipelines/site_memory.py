"""Paragraphs that recur on a site's pages and belong to none of its articles, learned from its articles. Pure.

A paragraph that three articles of a site have word for word is furniture: a request to subscribe, a note on the
author, a disclaimer. What is known when a run begins goes into the site's extraction rules
(`pipelines.rules.ExtractionRules.recurring`), which the segment keeps, so that its records can be rebuilt.

Guards: short lines do not count, since subheadings recur by right; an article that has half of its paragraphs from
others tells one of their stories again, and teaches nothing; and `pipelines.extract` takes nothing out of a text that
would lose more than a third.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

RECURS = 3
"""Articles that have a paragraph, at least, for it to be furniture."""

_FEWEST_LETTERS = 25
_TWIN = 0.5
"""Part of an article's paragraphs, at least, that others have when it tells one of their stories again."""
_MOST_ONCE = 1000
"""Paragraphs not yet known to recur that are remembered of a site: those of its last fifty articles or so."""
_MOST_RECURRING = 300
_DIGITS = 16
_DIGITS_OF_PAGE = 8


def digest_of(paragraph: str) -> str:
    """What stands for a paragraph: its words without case and punctuation. Empty of a short one."""
    letters = "".join(re.findall(r"\w+", paragraph.casefold()))
    if len(letters) < _FEWEST_LETTERS:
        return ""
    return hashlib.sha256(letters.encode("utf-8", "replace")).hexdigest()[:_DIGITS]


class SiteMemory:
    """Paragraphs of a site's articles, by digest, with the articles (at most `RECURS`) that had them."""

    def __init__(self, lines: str = "") -> None:
        """`lines` is what `to_lines` gave."""
        self._pages: dict[str, tuple[str, ...]] = {}
        for line in lines.splitlines():
            digest, *pages = line.split()
            self._pages[digest] = tuple(pages[:RECURS])

    def learn(self, page: str, paragraphs: Iterable[str]) -> bool:
        """An article at this address has these paragraphs. Whether that was news."""
        mark = hashlib.sha256(page.encode("utf-8", "replace")).hexdigest()[:_DIGITS_OF_PAGE]
        digests = dict.fromkeys(digest for text in paragraphs if (digest := digest_of(text)))
        shared = [digest for digest in digests if set(self._pages.get(digest, ())) - {mark}]
        if not digests or len(shared) >= max(2, _TWIN * len(digests)):
            return False
        for digest in digests:
            pages = self._pages.pop(digest, ())
            self._pages[digest] = pages if mark in pages or len(pages) >= RECURS else (*pages, mark)
        self._forget()
        return True

    def recurring(self) -> tuple[str, ...]:
        """Digests of what recurs, sorted."""
        return tuple(sorted(self._recurring()))

    def to_lines(self) -> str:
        """All of it as text, the least recent first."""
        return "".join(f"{digest} {' '.join(pages)}\n" for digest, pages in self._pages.items())

    def _recurring(self) -> Iterator[str]:
        return (digest for digest, pages in self._pages.items() if len(pages) >= RECURS)

    def _forget(self) -> None:
        often = list(self._recurring())
        once = [digest for digest, pages in self._pages.items() if len(pages) < RECURS]
        for known, most in ((often, _MOST_RECURRING), (once, _MOST_ONCE)):
            for digest in known[: max(0, len(known) - most)]:
                del self._pages[digest]
