"""Word count, digest and similarity hash of a text."""

from __future__ import annotations

import hashlib
import re
import unicodedata

import numpy as np

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
    digests = b"".join(
        hashlib.blake2b(shingle.encode("utf-8", "replace"), digest_size=_BITS // 8).digest() for shingle in shingles
    )
    bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8).reshape(len(shingles), _BITS // 8), axis=1)
    return np.packbits(bits.sum(axis=0, dtype=np.int64) * 2 > len(shingles)).tobytes().hex()
