"""Whether a URL is the next page of the same article, judging by its form. Pure.

The two addresses have the same host, and differ only in a page's number of one or two digits, which goes up by one.
It stands

- in a parameter (``?page=2``, ``?seite=2``), which the first page may go without;
- at the end of the path (``/story/2``, ``/story/page/2``, ``/story-2.html``, ``/story,2.html``), where the first page
  has none.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

_NUMBER_AT_END = re.compile(r"(?i)^(?P<stem>.+?)(?P<mark>/(?:page|seite|pagina)[/-]?|[/,_-])(?P<number>\d{1,2})$")
_ENDING = re.compile(r"(?i)(?:\.[a-z]{3,5})?/?$")
_PARAMETER = re.compile(r"(?i)^(?:page|p|pg|paged|seite|pagina|pag|sayfa)$")

_Numbered = tuple[object, int]


def goes_on(url: str, following: str) -> bool:
    """Whether `following` is the page after `url` of one article."""
    here, there = urlsplit(url), urlsplit(following)
    if here.hostname != there.hostname:
        return False
    if here.path.rstrip("/") == there.path.rstrip("/"):
        return _counts_on(_by_parameter(here.query), _by_parameter(there.query))
    if here.query != there.query:
        return False
    first, second = _ENDING.sub("", here.path), _by_path(there.path)
    return _counts_on((first, 1), second) or (_by_path(here.path)[1] > 1 and _counts_on(_by_path(here.path), second))


def _counts_on(here: _Numbered, there: _Numbered) -> bool:
    return here[0] == there[0] and there[1] == here[1] + 1


def _by_parameter(query: str) -> _Numbered:
    """The parameters but the page's number, and the number."""
    pairs = parse_qsl(query, keep_blank_values=True)
    numbers = [value for name, value in pairs if _PARAMETER.match(name)]
    others = [pair for pair in pairs if not _PARAMETER.match(pair[0])]
    return others, int(numbers[0]) if len(numbers) == 1 and re.fullmatch(r"[0-9]{1,2}", numbers[0]) else 1


def _by_path(path: str) -> _Numbered:
    """The path but the page's number and its ending, and the number."""
    stem = _ENDING.sub("", path)
    found = _NUMBER_AT_END.match(stem)
    return (found["stem"], int(found["number"])) if found else (stem, 1)
