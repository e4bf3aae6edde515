"""Word count, digest and similarity hash of a text."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\W\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]+(?:['’][^\W\d_]+)*"
)
_BITS = 64
_SHINGLE = 3


def words_of(text: str) -> list[str]:
    """The words of a text; in scripts without spaces (Han, Kana, Thai) each character."""
    return _WORD.findall(text)


def content_sha256(text: str) -> str:
    """SHA-256 (hexadecimal) of a text after NFC and folding of white space."""
    folded = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(folded.encode("utf-8", "replace")).hexdigest()


def simhash64(words: list[str]) -> str:
    """Charikar's similarity hash over word triples: few differing bits mean similar texts. 16 hexadecimal digits."""
    folded = [word.casefold() for word in words]
    shingles = {" ".join(folded[at : at + _SHINGLE]) for at in range(max(1, len(folded) - _SHINGLE + 1))}
    balance = [0] * _BITS
    for shingle in shingles:
        value = int.from_bytes(hashlib.blake2b(shingle.encode("utf-8", "replace"), digest_size=8).digest(), "big")
        for bit in range(_BITS):
            balance[bit] += 1 if value >> bit & 1 else -1
    return f"{sum(1 << bit for bit in range(_BITS) if balance[bit] > 0):016x}"
