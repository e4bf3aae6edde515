"""Numbers of things in sentences: "1 segment", "2,000 entries"."""

from __future__ import annotations

import re

_WITH_ES = re.compile(r"(?:s|x|z|ch|sh)$")
_WITH_IES = re.compile(r"(?<=[^aeiou])y$")


def counted(count: int, noun: str, verb: str = "", verb_of_many: str = "") -> str:
    """A number with its noun and, where both its forms are given, a verb.

    The noun is given in the singular and follows the usual rules; words may precede it.
    """
    words = (noun, verb) if count == 1 else (plural(noun), verb_of_many)
    return " ".join([f"{count:,}", *filter(None, words)])


def plural(noun: str) -> str:
    """The plural of a noun that follows the usual rules."""
    if _WITH_IES.search(noun):
        return _WITH_IES.sub("ies", noun)
    return f"{noun}es" if _WITH_ES.search(noun) else f"{noun}s"
