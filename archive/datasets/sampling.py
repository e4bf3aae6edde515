"""A sample of rows that anybody can draw again.

Each record has a score, the digest of the seed and its id. Of each stratum the records with the least scores are
taken, as many as are its part of the whole (largest remainders), one at least while the sample is large enough. The
same seed and records give the same sample, whatever machine draws it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.errors import BadAddress

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<percent>%)?")


class Strata(StrEnum):
    """What a stratum of a sample has in common."""

    NONE = ""
    SITE = "site"
    MONTH = "month"
    """Month of publication; records without a date are a stratum of their own."""


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How much is drawn."""

    share: Fraction | None
    rows: int = 0
    """Number of rows, when it is not a share."""

    def of(self, count: int) -> int:
        """How many of so many; of a share one at least."""
        if self.share is None:
            return min(self.rows, count)
        return min(count, max(1, round(self.share * count))) if count else 0


def sample_size(text: str) -> SampleSize:
    """Read ``1%``, ``0.5%`` or a number of rows. Raises BadAddress."""
    found = _SIZE.fullmatch(text.strip())
    if found is not None:
        number = Fraction(found["number"])
        if found["percent"] and 0 < number <= 100:
            return SampleSize(number / 100)
        if not found["percent"] and number.denominator == 1 and number > 0:
            return SampleSize(None, int(number))
    raise BadAddress(f"--sample {text}: write a percentage such as 1% or a number of rows such as 5000")


def stratum_of(row: dict[str, Any], strata: Strata) -> int:
    """64 bits that all rows of a stratum share."""
    if strata is Strata.NONE:
        return 0
    published = row["datePublished"]
    name = row["site"] if strata is Strata.SITE else f"{published:%Y-%m}" if published is not None else ""
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def drawn(
    ids: npt.NDArray[np.uint64], strata: npt.NDArray[np.uint64], size: SampleSize, seed: int
) -> npt.NDArray[np.bool_]:
    """For each record, by the halves of its id and its stratum, whether it is in the sample."""
    taken = np.zeros(len(ids), bool)
    names, numbers, counts = np.unique(strata, return_inverse=True, return_counts=True)
    if not len(names):
        return taken
    quotas = np.array(_quotas([int(count) for count in counts], size.of(len(ids))))
    order = np.lexsort((ids[:, 1], ids[:, 0], _scores(ids, seed), numbers))
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    place = np.arange(len(ids)) - np.repeat(starts, counts)
    taken[order] = place < np.repeat(quotas, counts)
    return taken


def _scores(ids: npt.NDArray[np.uint64], seed: int) -> npt.NDArray[np.uint64]:
    key = str(seed).encode()
    digests = (hashlib.blake2b(one.tobytes(), digest_size=8, key=key).digest() for one in ids.astype(">u8"))
    return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)


def _quotas(counts: list[int], wanted: int) -> list[int]:
    """How many of each stratum, `wanted` in all: as near to its part as whole numbers are, and one at least while
    there are enough.
    """
    whole = sum(counts)
    exact = [Fraction(count * wanted, whole) for count in counts]
    by_size = sorted(range(len(counts)), key=lambda number: (-counts[number], number))
    quotas = [0] * len(counts)
    for number in by_size[:wanted]:
        quotas[number] = max(1, int(exact[number]))
    by_need = sorted(range(len(counts)), key=lambda number: (quotas[number] - exact[number], number))
    for number in by_need[: max(0, wanted - sum(quotas))]:
        quotas[number] += 1
    while (excess := sum(quotas) - wanted) > 0:
        able = [number for number in by_need if quotas[number] > 1]
        for number in sorted(able, key=lambda number: (exact[number] - quotas[number], -number))[:excess]:
            quotas[number] -= 1
    return quotas
