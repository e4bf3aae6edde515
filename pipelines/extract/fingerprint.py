"""Word count, digest and similarity hash of a text."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import cast

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\W\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]+(?:['’][^\W\d_]+)*"
)
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
_WORD_OF_LETTERS = re.compile(r"\w+(?:['’][^\W\d_]+)*")
"""`_WORD` for texts without letters that are words by themselves."""
_BITS = 64
_SHINGLE = 3
_LONGEST_KEPT = 40
"""Letters of a word whose hash is kept for the texts that follow: what is longer no other text has."""


def words_of(text: str) -> list[str]:
    """The words of a text; in scripts without spaces (Han, Kana, Thai), the characters."""
    return (_WORD if _WIDE.search(text) is not None else _WORD_OF_LETTERS).findall(text)


def content_sha256(text: str) -> str:
    """SHA-256 (hexadecimal) of a text after NFC and folding of white space."""
    folded = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(folded.encode("utf-8", "replace")).hexdigest()


def simhash64(words: list[str]) -> str:
    """Charikar's similarity hash over word triples: few differing bits mean similar texts. 16 hexadecimal digits.

    A triple's hash mixes those of its words (BLAKE2b of the case-folded word, 64 bits) by position.
    """
    hashes = np.array(_hashes_of(words) or [0], dtype=np.uint64)
    size = max(1, len(hashes) - _SHINGLE + 1)
    mixed = np.zeros(size, dtype=np.uint64)
    for position in range(min(_SHINGLE, len(hashes))):
        mixed = _mixed(mixed ^ hashes[position : position + size])
    mixed.sort()
    shingles = mixed[np.concatenate(([True], mixed[1:] != mixed[:-1]))].astype(">u8")
    bits = np.unpackbits(shingles.view(np.uint8).reshape(len(shingles), _BITS // 8), axis=1)
    return np.packbits(bits.sum(axis=0, dtype=np.uint32) * 2 > len(shingles)).tobytes().hex()


def _hash_of(word: str) -> int:
    digest = hashlib.blake2b(word.casefold().encode("utf-8", "replace"), digest_size=_BITS // 8).digest()
    return int.from_bytes(digest, "big")


def _hashes_of(words: list[str]) -> list[int]:
    found = list(map(_kept.get, words))
    if None not in found:
        return cast("list[int]", found)
    new = {word: _hash_of(word) for word in {word for word, known in zip(words, found, strict=True) if known is None}}
    if len(_kept) + len(new) > _MOST_KEPT:
        _kept.clear()
    _kept.update((word, known) for word, known in new.items() if len(word) <= _LONGEST_KEPT)
    return [new[word] if known is None else known for word, known in zip(words, found, strict=True)]


_kept: dict[str, int] = {}
_MOST_KEPT = 1 << 15


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
