"""How similar two texts are, estimated from small signatures: MinHash of their word triples.

The share of equal values of two signatures estimates the share of word triples that the texts have in common
(Jaccard's index; Broder 1997). A signature is made in one go, by parting the triples' hashes into bins and keeping
the least of each (one permutation hashing, Li, Owen and Zhang, NIPS 2012); empty bins of short texts borrow from
others (optimal densification, Shrivastava, ICML 2017). 8 bits of each value are kept, and what these have
in common by chance is taken off (b-bit MinHash, Li and König, WWW 2010).

Words are runs of letters and digits, without regard to case; in scripts without spaces each character is one.
"""

from __future__ import annotations

import functools
import sys

import numpy as np
import numpy.typing as npt

VALUES = 128
"""Values of a signature."""
EMPTY = 0
"""What a signature of no words is made of."""

Signature = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]

_WORDS = 3
_BIN_BITS = 7
_BY_CHANCE = 1 / 256
_PRIME = 0x9E3779B185EBCA87
"""An odd multiplier (xxHash's first 64-bit prime): odd ones have an inverse modulo 2**64."""
_PLACE = np.uint64(0xC2B2AE3D27D4EB4F)
"""What parts the places of words in a triple (xxHash's second prime)."""
_ALONE = ((0x0E00, 0x0E80), (0x3040, 0x3100), (0x3400, 0xA000), (0x20000, 0x31350))
"""Thai, Kana and Han: code points that are words by themselves."""
_SEPARATOR, _LETTER, _CHARACTER = 0, 1, 2
_EDGES = np.arange(VALUES, dtype=np.uint64) << np.uint64(64 - _BIN_BITS)


def signature_of(text: str) -> Signature:
    """The signature of a text; all `EMPTY` when it has no word."""
    words = _word_hashes(text)
    if not len(words):
        return np.full(VALUES, EMPTY, np.uint8)
    size = max(1, len(words) - _WORDS + 1)
    triples = words[:size].copy()
    for place in range(1, min(_WORDS, len(words))):
        triples *= _PLACE
        triples += words[place : place + size]
    least, is_empty = _least_of_bins(_mixed(triples))
    if is_empty.any():
        least = _borrowed(least, is_empty)
    return np.maximum((least & np.uint64(0xFF)).astype(np.uint8), 1)


def shares(some: Signature, others: Signature) -> npt.NDArray[np.float64]:
    """The share of word triples that texts have in common, estimated row by row."""
    equal: npt.NDArray[np.float64] = (some == others).mean(axis=1)
    return (equal - _BY_CHANCE) / (1 - _BY_CHANCE)


def _word_hashes(text: str) -> Hashes:
    """A hash of each word, in order: the polynomial of its code points."""
    points = np.frombuffer(text.casefold().encode("utf-32-le", "replace"), np.uint32)
    kinds = _kinds()[points]
    is_word = kinds != _SEPARATOR
    begins = is_word & np.concatenate(([True], (kinds[1:] == _CHARACTER) | (kinds[1:] != kinds[:-1])))
    starts = np.flatnonzero(begins[: len(points)])
    if not len(starts):
        return np.zeros(0, np.uint64)
    follows = np.append(begins[1:], True) | ~np.append(is_word[1:], False)
    ends = np.flatnonzero(is_word & follows) + 1
    powers, inverses = _powers(1 << max(10, len(points).bit_length()))
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum((points + np.uint32(1)) * powers[: len(points)])))
    hashes: Hashes = (sums[ends] - sums[starts]) * inverses[starts]
    return hashes


def _least_of_bins(hashes: Hashes) -> tuple[Hashes, npt.NDArray[np.bool_]]:
    """The least hash of each bin (the upper bits say which), and which bins have none."""
    hashes = np.sort(hashes)
    edges = np.searchsorted(hashes, _EDGES)
    ends = np.append(edges[1:], len(hashes))
    return hashes[np.minimum(edges, len(hashes) - 1)], edges == ends


def _borrowed(least: Hashes, is_empty: npt.NDArray[np.bool_]) -> Hashes:
    """Each empty bin takes the value of one that is drawn for it, the same one for every text."""
    filled = least.copy()
    missing = np.flatnonzero(is_empty)
    attempt = 0
    while len(missing):
        drawn = _mixed((missing + (attempt << 32)).astype(np.uint64)) >> np.uint64(64 - _BIN_BITS)
        has_value = ~is_empty[drawn]
        filled[missing[has_value]] = least[drawn[has_value]]
        missing = missing[~has_value]
        attempt += 1
    return filled


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    """What each code point is: no part of a word, part of one, or one by itself."""
    kinds = np.fromiter((chr(point).isalnum() for point in range(sys.maxunicode + 1)), np.uint8, sys.maxunicode + 1)
    for first, end in _ALONE:
        part = kinds[first:end]
        part[part == _LETTER] = _CHARACTER
    return kinds


@functools.lru_cache(maxsize=4)
def _powers(count: int) -> tuple[Hashes, Hashes]:
    """Powers of the multiplier, and of its inverse, modulo 2**64."""
    both = []
    for base in (_PRIME, pow(_PRIME, -1, 1 << 64)):
        factors = np.full(count, base, np.uint64)
        factors[0] = 1
        both.append(np.cumprod(factors, dtype=np.uint64))
    return both[0], both[1]


def _mixed(values: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
