"""The forms of a site's URLs, and which of them have turned out to be articles. Pure.

A form keeps what tells kinds of pages apart and drops what tells one page from another::

    https://example.org/news/2026/01/05/a-bridge-opens-again.html   example.org/news/0/0/0/slug.html
    https://example.org/people/jane-doe                             example.org/people/word
    https://example.org/view?id=12&lang=en                          example.org/view?id&lang

What a site's pages came to teaches which forms are articles; it counts for links alone, since what a feed announces
is taken at its word. One in `SAMPLED` links of a form that has shown none is followed all the same, so that a site
that changes is learned again.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

FEWEST_ARTICLES = 5
"""Articles of a form, at least, before every link of this form is one."""
PART_OF_ARTICLES = 0.8
"""Part of a form's pages that were articles, at least, for the same."""
FEWEST_OTHERS = 10
"""Pages of a form that were none, at least, before its links are left alone."""
PART_OF_OTHERS = 0.98
"""Part of a form's pages that were none, at least, for the same."""
SAMPLED = 20

_WORDS_OF_SLUG = 3
_LONGEST_NAME = 20
_LONGEST = 200
_DIGITS = re.compile(r"\d+")
_EXTENSION = re.compile(r"\.([a-z]{2,5})$", re.I)


@dataclass(frozen=True, slots=True)
class Shapes:
    """Forms that a site's pages have shown."""

    articles: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    def judge(self, url: str) -> bool | None:
        """Whether a link leads to an article; None when nothing is known of its form."""
        shape = shape_of(url) if self.articles or self.others else ""
        if shape in self.others:
            return zlib.crc32(url.encode()) % SAMPLED == 0
        return True if shape in self.articles else None


UNKNOWN = Shapes()


def judged(articles: float, others: float) -> bool | None:
    """What so many articles and so many other pages say of a form; None: nothing yet."""
    total = articles + others
    if articles >= FEWEST_ARTICLES and articles >= PART_OF_ARTICLES * total:
        return True
    if others >= FEWEST_OTHERS and others >= PART_OF_OTHERS * total:
        return False
    return None


def shape_of(url: str) -> str:
    """The form of an address."""
    parts = urlsplit(url)
    *before, last = parts.path.split("/")
    extension = _EXTENSION.search(last)
    ending = f".{extension[1].lower()}" if extension else ""
    form = "/".join(
        [*(_directory(word) for word in before), _last(last.removesuffix(extension[0] if extension else ""))]
    )
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    query = f"?{'&'.join(names)}" if names else ""
    return f"{parts.hostname or ''}{form}{ending}{query}"[:_LONGEST]


def _directory(word: str) -> str:
    """A part of the path that is not the last: names of sections stay."""
    return word if word.isascii() and word.isalpha() and len(word) <= _LONGEST_NAME else _last(word)


def _last(word: str) -> str:
    text = unquote(word)
    if not text or text.isdigit():
        return "0" if text else ""
    words = [part for part in re.split(r"[-_\s]+", text) if part and not part.isdigit()]
    kind = "slug" if len(words) >= _WORDS_OF_SLUG else "word"
    return f"{kind}0" if _DIGITS.search(text) else kind
