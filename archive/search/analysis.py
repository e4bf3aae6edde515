"""Text as the terms that an index has and a query asks for: one analysis for all scripts, pure and versioned.

Rules, the same for a record and for a query:

- A word is a run of letters, digits and their marks. Invisible characters in it are left out; whatever else stands
  between words, apostrophes and hyphens too, only parts them.
- Letters are folded: compatibility forms (NFKD), case, marks that people leave out (`archive.search.scripts`), the
  Turkish dotless i, letters with a stroke. Cyrillic й stays what it is: it is a letter of its own.
- Arabic: alef, ya, ta marbuta and hamza each in one form; tatweel and vowel signs go; the article goes, with a
  conjunction or preposition that is written together with it, where three letters stay.
- Devanagari: a nasal before a consonant is written as anusvara (हिन्दी is हिंदी).
- Digits of all scripts are those of ASCII. Thousands are put together (1,234,567 and 1.234.567 are 1234567), and so
  are the letters of an abbreviation (U.S. is us), but not the characters that are taken in pairs.
- Scripts without spaces, and Hangul, are taken in pairs of characters that overlap; the last character of a run is a
  term of its own. So each character begins a term, and one character alone is found as the beginning of terms.

Whatever changes a term is another `ANALYSIS`: indexes of the old one are not searched with the new one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from archive.search.scripts import FOLDED_MARKS, IGNORED, JOINED, UNSPACED, marks

ANALYSIS = "a2"
"""Version of the analysis and of what an index holds."""

LONGEST = 64
"""Characters of a term; what comes behind is cut off, in records and queries alike."""

NOTHING = "\ufffd"
"""Stands for a word of which nothing is left, so that it keeps its place."""

_REMEMBERED = 1 << 17
"""Words whose terms are kept: a newspaper's words come again."""

_REMEMBERED_LENGTH = 24
"""Characters of a word that is kept; of longer ones few come again."""

_LETTERS = str.maketrans(
    {
        "İ": "i", "ı": "i", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "ł": "l", "Ł": "l",
        "ħ": "h", "Ħ": "h", "ŧ": "t", "Ŧ": "t", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th",
        "ى": "ي", "ی": "ي", "ې": "ي", "ے": "ي", "ة": "ه", "ۃ": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ٱ": "ا", "ک": "ك",
        "ँ": "ं",
    }
)  # fmt: skip
_ARABIC_PREFIX = re.compile("(?:[وف])?(?:[بك]?ال|لل)(?=.{3})")
_NASAL = re.compile("[ङञणनम]्(?=[क-ह])")


class Term(NamedTuple):
    """A term of a text."""

    text: str
    start: int
    """Where it begins in the text, in characters."""
    end: int
    is_tail: bool = False
    """Whether it is the last character of a run that is taken in pairs."""
    is_paired: bool = False
    """Whether it is of such a run."""


def terms(text: str) -> Iterator[Term]:
    """The terms of a text in their order."""
    known = _known_terms
    for match in _pieces().finditer(text):
        piece, at = match.group(), match.start()
        for word, start, end, is_tail, is_paired in known.get(piece) or _remembered_terms(piece):
            yield Term(word, at + start, at + end, is_tail, is_paired)


@dataclass(frozen=True, slots=True)
class PlacedTerms:
    """The terms of a text in their order, and where each begins and ends (characters)."""

    words: list[str]
    starts: list[int]
    ends: list[int]


def placed(text: str) -> PlacedTerms:
    """What `terms` gives, at a third of its cost: for those who look at long texts for a few words."""
    known, words, starts, ends = _known_terms, list[str](), list[int](), list[int]()
    for match in _pieces().finditer(text):
        piece, at = match.group(), match.start()
        for word, start, end, _, _ in known.get(piece) or _remembered_terms(piece):
            words.append(word)
            starts.append(at + start)
            ends.append(at + end)
    return PlacedTerms(words, starts, ends)


def is_plain(text: str) -> bool:
    """Whether the terms of a text are its runs of ASCII letters and digits in lower case, cut at `LONGEST`: nothing
    in it is written with marks, or put together.
    """
    return text.isascii() and _joint().search(text) is None


def analysed(text: str) -> str:
    """The terms of a text, parted by spaces: what an index is given."""
    known = _known
    found = []
    for line in text.split("\n"):
        is_special = _joint().search(line) or (not line.isascii() and _marked().search(line))
        pieces = _pieces() if is_special else _plain()
        for piece in pieces.findall(line):
            found.append(known.get(piece) or _written(piece))
    return " ".join(found)


_known: dict[str, str] = {}


_known_terms: dict[str, tuple[Term, ...]] = {}


def _remembered_terms(piece: str) -> tuple[Term, ...]:
    found = tuple(_terms_of(piece))
    if len(piece) <= _REMEMBERED_LENGTH:
        if len(_known_terms) >= _REMEMBERED:
            _known_terms.clear()
        _known_terms[piece] = found
    return found


def _written(piece: str) -> str:
    written = _written_pairs(piece) if _is_simple(piece) else " ".join(term.text for term in _terms_of(piece))
    if len(piece) <= _REMEMBERED_LENGTH:
        if len(_known) >= _REMEMBERED:
            _known.clear()
        _known[piece] = written
    return written


def _is_simple(piece: str) -> bool:
    """Whether each character of a piece is one to be paired, and as it is to be written."""
    return bool(_simple().fullmatch(piece))


def _written_pairs(run: str) -> str:
    return " ".join([*map("".join, pairwise(run)), run[-1]])


def folded(word: str) -> str:
    """A word with its letters folded; empty when nothing of it is left."""
    if word.isascii():
        return word.lower()
    text = unicodedata.normalize("NFKD", word.translate(_LETTERS)).casefold()
    text = text.translate(_LETTERS).replace("и\u0306", "й")
    text = _folding().sub("", _NASAL.sub("ं", text))
    text = unicodedata.normalize("NFC", text)
    if not text.isascii():
        text = "".join(_digit(character) for character in text)
    return "".join(text.split())


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def _terms_of(piece: str) -> Iterator[Term]:
    """The terms of a piece: a word, a number or an abbreviation."""
    if piece.isascii():
        text = piece if piece.isalnum() else "".join(filter(str.isalnum, piece))
        yield Term(text.lower()[:LONGEST], 0, len(piece))
        return
    at = 0
    for run in _unspaced().finditer(piece):
        yield from _word(piece, at, run.start())
        yield from _pairs(run.group(), run.start())
        at = run.end()
    yield from _word(piece, at, len(piece))


def _word(piece: str, start: int, end: int) -> Iterator[Term]:
    text = folded(_separators().sub("", piece[start:end]))
    if text and "\u0621" <= text[0] <= "\u064a":
        text = _ARABIC_PREFIX.sub("", text, count=1)
    if end > start:
        yield Term(text[:LONGEST] or NOTHING, start, end)


def _pairs(run: str, at: int) -> Iterator[Term]:
    places = [match.span() for match in _clusters().finditer(run)]
    clusters = [unicodedata.normalize("NFKC", _ignored().sub("", run[start:end])) for start, end in places]
    for number, (start, end) in enumerate(places[:-1]):
        text = "".join((clusters[number] + clusters[number + 1]).split()) or NOTHING
        yield Term(text[:LONGEST], at + start, at + max(end, places[number + 1][1]), is_paired=True)
    start, end = places[-1]
    text = "".join(clusters[-1].split()) or NOTHING
    yield Term(text[:LONGEST], at + start, at + end, is_tail=True, is_paired=True)


@cache
def _pieces() -> re.Pattern[str]:
    """What the terms of a text are made of."""
    joining = f"[{marks()}{IGNORED}]"
    spaced, unspaced = rf"(?![{UNSPACED}])[^\W_ʼ]", rf"(?=\w)[{UNSPACED}]"
    word = f"(?:{spaced})+(?:{joining}+(?:{spaced})+)*{joining}*"
    initial = rf"(?!\d){spaced}"
    # What stands before is not looked at: a part of a text has the terms that it has in the whole
    abbreviation = rf"{initial}(?:\.{initial})+(?!{spaced}|[{marks()}])"
    thousands = rf"\d{{1,3}}(?:[.,'’\u00a0\u202f\u066c]\d{{3}})+(?!{spaced})"
    return re.compile(f"{abbreviation}|{thousands}|{unspaced}(?:{unspaced}|{joining})*|{word}")


@cache
def _joint() -> re.Pattern[str]:
    """What a line with abbreviations or thousands has in it; other lines may have it too."""
    return re.compile(r"[.,'’\u00a0\u202f\u066c](?:(?<=\.)\w|\d)")


@cache
def _marked() -> re.Pattern[str]:
    return re.compile(f"[{marks()}{IGNORED}]")


@cache
def _plain() -> re.Pattern[str]:
    return re.compile(r"[^\W_ʼ]+")


@cache
def _unspaced() -> re.Pattern[str]:
    return re.compile(f"[{UNSPACED}][{UNSPACED}{IGNORED}{marks()}]*")


@cache
def _simple() -> re.Pattern[str]:
    return re.compile("[\u3005\u3041-\u3096\u30a1-\u30fa\u30fc-\u30fe\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]+")


@cache
def _clusters() -> re.Pattern[str]:
    """A character with what belongs to it."""
    return re.compile(f".[{marks()}{IGNORED}{JOINED}]*", re.DOTALL)


@cache
def _folding() -> re.Pattern[str]:
    return re.compile(f"[{FOLDED_MARKS}{IGNORED}]+")


@cache
def _ignored() -> re.Pattern[str]:
    return re.compile(f"[{IGNORED}]+")


@cache
def _separators() -> re.Pattern[str]:
    """What stands between the parts of a number or an abbreviation."""
    return re.compile(r"[.,'’\u00a0\u202f\u066c]")
