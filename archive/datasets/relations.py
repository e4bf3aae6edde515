"""What follows from many records: versions of an address, copies of a text, clusters of texts nearly the same.

Texts are nearly the same when they have at least `NEAR` of their word triples in common, as their signatures
(`likeness`) tell. Pairs are looked for among those that agree in one of 32 bands of four values (locality-sensitive
hashing; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4). Whoever is near a member of a
cluster belongs to it. The earliest of a group, by capture and then by id, stands for it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from archive.datasets.likeness import EMPTY, VALUES, Signature, shares, signature_of
from archive.datasets.options import Copies, Dropped, Versions
from archive.datasets.rows import Row
from archive.datasets.sampling import SampleSize, drawn

NEAR = 0.7
"""Share of word triples that two texts nearly the same have in common at least."""
_BAND = 4
_BANDS = VALUES // _BAND
_MOST_COMPARED = 50
"""Neighbours within a band that are compared at most; those of one cluster are joined through nearer ones."""
_AT_ONCE = 100_000
"""Pairs of signatures compared at once, 128 bytes each."""

FACT = np.dtype(
    [
        ("id", "u8", 2),  # the halves of its UUID
        ("address", "u8"),  # 64 bits of a digest of its address
        ("text", "u8"),  # 64 bits of its text's digest
        ("captured", "i8"),  # microseconds since 1970
        ("stratum", "u8"),  # of a sample
        ("signature", "u1", VALUES),
    ]
)
"""What of a row counts here."""

RELATED = np.dtype(
    [
        ("kept", "?"),
        ("version", "i4"),
        ("versions", "i4"),
        ("isCopy", "?"),
        ("original", "u8", 2),  # id of the earliest row of the same text
        ("cluster", "u8", 2),  # id of the earliest row of the cluster
    ]
)
"""What followed for a row; nothing but `kept` counts when it is not kept."""

Facts = npt.NDArray[np.void]
Numbers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]


def fact_of(row: Mapping[str, Any], stratum: int = 0) -> tuple[object, ...]:
    """The fact of a row, of which it needs the id, address, text and its digest, and the moment of capture."""
    captured: datetime = row["captured"]
    return (
        _halves(row["id"]),
        int.from_bytes(hashlib.blake2b(row["url"].encode("utf-8", "replace"), digest_size=8).digest(), "big"),
        int(row["contentSha256"][:16] or "0", 16),
        int(captured.timestamp() * 1_000_000),
        stratum,
        signature_of(row["text"]),
    )


def facts_of(rows: Iterable[Mapping[str, Any]]) -> Facts:
    """The facts of rows."""
    return np.array([fact_of(row) for row in rows], dtype=FACT)


def _halves(record_id: str) -> tuple[int, int]:
    whole = UUID(record_id).int
    return whole >> 64, whole & 0xFFFFFFFFFFFFFFFF


def columns_of(related: np.void) -> Row:
    """The columns of a row that is kept."""
    return {
        "version": int(related["version"]),
        "versions": int(related["versions"]),
        "duplicateOf": _id(related["original"]) if related["isCopy"] else None,
        "clusterId": _id(related["cluster"]),
    }


def _id(halves: Hashes) -> str:
    return str(UUID(int=(int(halves[0]) << 64) | int(halves[1])))


def relations(
    facts: Facts, wanted: Versions, copies: Copies, sample: SampleSize | None = None, seed: int = 0
) -> tuple[npt.NDArray[np.void], Counter[Dropped]]:
    """What follows for each of the rows, and how many are left out for another one's sake or by a sample.

    Copies are looked for among those whose version is wanted; a sample is drawn from what is left then.
    """
    related = np.zeros(len(facts), RELATED)
    version, versions = _Ranked(facts).numbered(facts["address"])
    is_wanted = {
        Versions.ALL: np.ones(len(facts), bool),
        Versions.FIRST: version == 1,
        Versions.LATEST: version == versions,
    }[wanted]
    chosen = facts[is_wanted]
    ranked = _Ranked(chosen)
    own = np.arange(len(chosen))
    first = ranked.first_of(chosen["text"])
    cluster = ranked.first_of(_clusters(chosen, first))
    stays, dropped = _stay(copies, first == own, cluster == own)
    dropped[Dropped.VERSION] = int(len(facts) - len(chosen))
    related["version"], related["versions"] = version, versions
    related["kept"][is_wanted] = stays
    related["isCopy"][is_wanted] = first != own
    related["original"][is_wanted] = chosen["id"][first]
    related["cluster"][is_wanted] = chosen["id"][cluster]
    if sample is not None:
        kept = np.flatnonzero(related["kept"])
        taken = drawn(facts["id"][kept], facts["stratum"][kept], sample, seed)
        related["kept"][kept] = taken
        dropped[Dropped.NOT_DRAWN] = int((~taken).sum())
    return related, +dropped


def _stay(copies: Copies, is_first: Flags, leads: Flags) -> tuple[Flags, Counter[Dropped]]:
    stays = np.ones(len(is_first), bool)
    dropped: Counter[Dropped] = Counter()
    if copies is not Copies.KEEP:
        dropped[Dropped.DUPLICATE] = int((~is_first).sum())
        stays = is_first
    if copies is Copies.NEAR:
        dropped[Dropped.NEAR_DUPLICATE] = int((is_first & ~leads).sum())
        stays = is_first & leads
    return stays, dropped


def _clusters(facts: Facts, first: Numbers) -> Numbers:
    """For each row the number of its cluster. Rows of equal texts are in one; those without words keep to them."""
    originals = np.flatnonzero(first == np.arange(len(facts)))
    with_words = originals[facts["signature"][originals, 0] != EMPTY]
    roots = np.arange(len(facts))
    roots[with_words] = with_words[_joined(np.ascontiguousarray(facts["signature"][with_words]))]
    return roots[first]


class _Ranked:
    """Groups of rows, in which the earliest, by capture and then by id, is the first."""

    def __init__(self, facts: Facts) -> None:
        order = np.lexsort((facts["id"][:, 1], facts["id"][:, 0], facts["captured"]))
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

    def first_of(self, groups: Hashes | Numbers) -> Numbers:
        """For each row the first, by rank, of those of its group."""
        order = np.lexsort((self._rank, groups))
        starts, sizes = _runs(groups[order])
        first = np.empty(len(groups), np.int64)
        first[order] = np.repeat(order[starts], sizes)
        return first


def _runs(ordered: Hashes | Numbers) -> tuple[Numbers, Numbers]:
    """Where runs of equal values begin in an ordered array, and how long they are."""
    if not len(ordered):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    return starts, np.diff(np.append(starts, len(ordered)))


def _joined(signatures: Signature) -> Numbers:
    """For each signature the number of the one that stands for its cluster."""
    parents = list(range(len(signatures)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    for pairs in near_pairs(signatures):
        for one, other in pairs.tolist():
            parents[root(one)] = root(other)
    return np.fromiter((root(number) for number in range(len(signatures))), np.int64, len(signatures))


def near_pairs(signatures: Signature) -> Iterator[Numbers]:
    """Pairs of signatures, by number, of texts nearly the same: arrays of two columns, some twice."""
    bands = signatures.view(np.uint32)
    for band in range(_BANDS):
        values = np.ascontiguousarray(bands[:, band])
        order = np.argsort(values, kind="stable")
        values = values[order]
        at = np.arange(len(order))
        for step in range(1, _MOST_COMPARED):
            at = at[at + step < len(order)]
            at = at[values[at] == values[at + step]]
            if not len(at):
                break
            for begin in range(0, len(at), _AT_ONCE):
                some = at[begin : begin + _AT_ONCE]
                pairs = np.column_stack((order[some], order[some + step]))
                yield pairs[shares(signatures[pairs[:, 0]], signatures[pairs[:, 1]]) >= NEAR]
