"""What follows from many records: versions of an address, copies of a text, clusters of texts nearly the same.

Texts are nearly the same when the similarity hashes of their word triples (`simhash64`, after Charikar 2002) differ
in at most `NEAR` of 64 bits. Pairs are found as Manku, Jain and Das Sarma (WWW 2007) do: of `NEAR` + 1 bands of bits
at least one is equal. The earliest of a group, by capture and then by id, stands for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

import numpy as np
import numpy.typing as npt

from archive.datasets.options import Copies, Dropped, Versions
from archive.datasets.rows import Row

NEAR = 5
_MOST_COMPARED = 4000
"""Neighbours within a band that are compared at most: more are the same few hashes over and over."""

Numbers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Fact:
    """What of a row counts here."""

    id: bytes
    """The 16 bytes of its UUID."""
    address: int
    """64 bits of a digest of its address."""
    text: int
    """64 bits of its text's digest."""
    similarity: int
    """Its similarity hash; 0 when it has none."""
    captured: int
    """Microseconds since 1970."""

    @classmethod
    def of(cls, row: Row) -> Fact:
        """The fact of a row."""
        address = hashlib.blake2b(row["url"].encode(), digest_size=8).digest()
        return cls(
            UUID(row["id"]).bytes,
            int.from_bytes(address, "big"),
            int(row["contentSha256"][:16] or "0", 16),
            int(row["simhash64"] or "0", 16),
            int(row["captured"].timestamp() * 1_000_000),
        )


class Relations:
    """The relations of rows, by their number. Copies are looked for among those whose version is wanted."""

    def __init__(self, facts: Iterable[Fact], wanted: Versions = Versions.ALL) -> None:
        held = list(facts)
        everything = _Ranked(held)
        self._version, self._versions = everything.numbered(_hashes([fact.address for fact in held]))
        self._place = self._kept(wanted)
        kept = [fact for fact, place in zip(held, self._place, strict=True) if place >= 0]
        self._ids = [fact.id for fact in kept]
        ranked = _Ranked(kept)
        self._first = ranked.first_of(_hashes([fact.text for fact in kept]))
        self._cluster = ranked.clusters(_hashes([fact.similarity for fact in kept]), self._first)

    def _kept(self, wanted: Versions) -> Numbers:
        """For each row its number among those whose version is wanted; -1 when it is not."""
        is_wanted = {
            Versions.ALL: np.ones(len(self._version), bool),
            Versions.FIRST: self._version == 1,
            Versions.LATEST: self._version == self._versions,
        }[wanted]
        return np.where(is_wanted, np.cumsum(is_wanted) - 1, -1)

    def columns(self, number: int) -> Row:
        """The columns of a row whose version is wanted."""
        place = int(self._place[number])
        first, cluster = int(self._first[place]), int(self._cluster[place])
        return {
            "version": int(self._version[number]),
            "versions": int(self._versions[number]),
            "duplicateOf": str(UUID(bytes=self._ids[first])) if first != place else None,
            "clusterId": str(UUID(bytes=self._ids[cluster])),
        }

    def reason_against(self, number: int, copies: Copies) -> Dropped | None:
        """Why a row is left out for another one's sake."""
        place = self._place[number]
        if place < 0:
            return Dropped.VERSION
        if copies is not Copies.KEEP and self._first[place] != place:
            return Dropped.DUPLICATE
        if copies is Copies.NEAR and self._cluster[place] != place:
            return Dropped.NEAR_DUPLICATE
        return None


def _hashes(values: list[int]) -> Hashes:
    return np.array(values, dtype=np.uint64)


class _Ranked:
    """Groups of rows, in which the earliest, by capture and then by id, is the first."""

    def __init__(self, facts: list[Fact]) -> None:
        captured = np.array([fact.captured for fact in facts], dtype=np.int64)
        order = np.lexsort((_hashes([int.from_bytes(fact.id[:8], "big") for fact in facts]), captured))
        self._rank = np.empty(len(facts), np.int64)
        self._rank[order] = np.arange(len(facts))

    def numbered(self, groups: Hashes) -> tuple[Numbers, Numbers]:
        """For each row its number within its group, by rank, and the size of the group."""
        order = np.lexsort((self._rank, groups))
        starts, sizes = _runs(groups[order])
        number, size = np.empty(len(groups), np.int64), np.empty(len(groups), np.int64)
        number[order] = np.arange(len(groups)) - np.repeat(starts, sizes) + 1
        size[order] = np.repeat(sizes, sizes)
        return number, size

    def first_of(self, groups: Hashes) -> Numbers:
        """For each row the first, by rank, of those of its group."""
        order = np.lexsort((self._rank, groups))
        starts, sizes = _runs(groups[order])
        first = np.empty(len(groups), np.int64)
        first[order] = np.repeat(order[starts], sizes)
        return first

    def clusters(self, hashes: Hashes, equal: Numbers) -> Numbers:
        """For each row the first, by rank, of its cluster. Rows without a hash keep to the equal texts."""
        different, place = np.unique(hashes, return_inverse=True)
        roots = _joined(different)
        groups = roots[place].astype(np.uint64)
        groups[hashes == 0] = (equal[hashes == 0] + len(different)).astype(np.uint64)
        return self.first_of(groups)


def _runs(ordered: Hashes) -> tuple[Numbers, Numbers]:
    """Where runs of equal values begin in an ordered array, and how long they are."""
    if not len(ordered):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    return starts, np.diff(np.append(starts, len(ordered)))


def _joined(hashes: Hashes) -> Numbers:
    """For each of different hashes the number of the one that stands for those near it."""
    parents = list(range(len(hashes)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    for one, other in near_pairs(hashes):
        parents[root(one)] = root(other)
    return np.fromiter((root(number) for number in range(len(hashes))), np.int64, len(hashes))


def near_pairs(hashes: Hashes, near: int = NEAR) -> Iterable[tuple[int, int]]:
    """Pairs of hashes (by number) that differ in at most `near` bits; some more than once; 0 is near nothing."""
    edges = np.linspace(0, 64, near + 2).astype(int)
    for low, high in pairwise(edges):
        band = (hashes >> np.uint64(low)) & np.uint64((1 << int(high - low)) - 1)
        order = np.argsort(band, kind="stable")
        bands, values = band[order], hashes[order]
        for step in range(1, min(_MOST_COMPARED, len(order))):
            same = bands[step:] == bands[:-step]
            if not same.any():
                break
            at = np.flatnonzero(same)
            close = np.bitwise_count(values[at] ^ values[at + step]) <= near
            for left in at[close]:
                if values[left] and values[left + step]:
                    yield int(order[left]), int(order[left + step])
