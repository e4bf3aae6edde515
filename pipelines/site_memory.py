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
from collections.abc import Iterable
from itertools import chain, islice

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
_WORDS = re.compile(r"\w+")
_NO_WORDS = bytes(byte for byte in range(128) if re.match(rb"\W", bytes([byte])))
"""ASCII's characters that are part of no word."""


def digest_of(paragraph: str) -> str:
    """What stands for a paragraph: its words without case and punctuation. Empty of a short one."""
    folded = paragraph.casefold()
    if folded.isascii():
        letters = folded.encode("ascii").translate(None, _NO_WORDS)
        return _hash_of(letters) if len(letters) >= _FEWEST_LETTERS else ""
    word_characters = "".join(_WORDS.findall(folded))
    return _hash_of(word_characters.encode("utf-8", "replace")) if len(word_characters) >= _FEWEST_LETTERS else ""


def _hash_of(letters: bytes) -> str:
    return hashlib.sha256(letters).hexdigest()[:_DIGITS]


class SiteMemory:
    """Paragraphs of a site's articles, by digest, with the articles (at most `RECURS`) that had them."""

    def __init__(self, lines: str = "") -> None:
        """`lines` is what `to_lines` gave."""
        # The least recent first; apart, so that one is forgotten without a look at all
        self._recurring: dict[str, tuple[str, ...]] = {}
        self._others: dict[str, tuple[str, ...]] = {}
        for line in lines.splitlines():
            digest, *pages = line.split()
            self._put(digest, tuple(pages[:RECURS]))

    def learn(self, page: str, paragraphs: Iterable[str]) -> bool:
        """An article at this address has these paragraphs. Whether that was news."""
        mark = hashlib.sha256(page.encode("utf-8", "replace")).hexdigest()[:_DIGITS_OF_PAGE]
        digests = dict.fromkeys(digest for text in paragraphs if (digest := digest_of(text)))
        shared = [digest for digest in digests if any(page != mark for page in self._pages_of(digest))]
        if not digests or len(shared) >= max(2, _TWIN * len(digests)):
            return False
        for digest in digests:
            pages = self._pages_of(digest)
            self._put(digest, pages if mark in pages or len(pages) >= RECURS else (*pages, mark))
        for known, most in ((self._recurring, _MOST_RECURRING), (self._others, _MOST_ONCE)):
            for digest in list(islice(known, max(0, len(known) - most))):
                del known[digest]
        return True

    def recurring(self) -> tuple[str, ...]:
        """Digests of what recurs, sorted."""
        return tuple(sorted(self._recurring))

    def to_lines(self) -> str:
        """All of it as text, the least recent first."""
        known = chain(self._others.items(), self._recurring.items())
        return "".join(f"{digest} {' '.join(pages)}\n" for digest, pages in known)

    def _pages_of(self, digest: str) -> tuple[str, ...]:
        return self._recurring.get(digest) or self._others.get(digest, ())

    def _put(self, digest: str, pages: tuple[str, ...]) -> None:
        """As the most recent."""
        self._others.pop(digest, None)
        self._recurring.pop(digest, None)
        (self._recurring if len(pages) >= RECURS else self._others)[digest] = pages
