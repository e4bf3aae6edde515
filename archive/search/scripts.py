"""Which characters are marks, which may be left out of a word, and which scripts put no spaces between words.

Classes of characters are texts to be put between the brackets of a regular expression.
"""

from __future__ import annotations

import unicodedata
from functools import cache

IGNORED = "\u00ad\u034f\u061c\u180e\u200c-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
"""Characters that are not seen and change no word: soft hyphens, joiners, directions, variation selectors."""

UNSPACED = (
    "\u0e01-\u0e4f\u0e5a-\u0ecf\u0eda-\u0eff"  # Thai and Lao, without their digits
    "\u1000-\u103f\u104a-\u109f"  # Myanmar, likewise
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc"  # Hangul
    "\u1780-\u17df\u17ea-\u17ff"  # Khmer, without its digits
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0003ffff"
    "\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Kana
    "\u3105-\u312f\u31a0-\u31bf"  # Bopomofo
)
"""Scripts that are written without spaces between words, and Hangul, whose words carry their particles."""

JOINED = "\u1160-\u11ff\uff9e\uff9f"
"""Letters that belong to the one before them: vowels and finals of decomposed Hangul, half-width voicing marks."""

FOLDED_MARKS = (
    "\u0300-\u036f\u0483-\u0489"  # Latin, Greek, Cyrillic
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # Hebrew points
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08ff"  # Arabic
    "\u0711\u0730-\u074a"  # Syriac
    "\u093c\u09bc\u0a3c\u0abc\u0b3c"  # Indic dots below, which are often left out
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
"""Marks that people leave out when they search, as do many newspapers when they write."""

_WITH_MARKS = (
    (0x0300, 0x2000),
    (0x20D0, 0x2100),
    (0x2CEF, 0x2E00),
    (0x302A, 0x309B),
    (0xA66F, 0xAC00),
    (0xFB1E, 0xFE30),
)
"""Where the Basic Multilingual Plane has marks."""


@cache
def marks() -> str:
    """The class of combining marks: they continue a word, and never begin one."""
    points = [
        point
        for first, end in _WITH_MARKS
        for point in range(first, end)
        if unicodedata.category(chr(point)) in ("Mn", "Mc")
    ]
    parts = []
    begin = last = points[0]
    for point in [*points[1:], 0]:
        if point != last + 1:
            parts.append(f"{chr(begin)}-{chr(last)}" if begin != last else chr(begin))
            begin = point
        last = point
    return "".join(parts) + "\U00011000-\U00011002\U000110b0-\U000110ba\U0001e000-\U0001e02f"
