"""Versions, copies and near copies, found as by comparing all with all."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.datasets.options import Copies, Dropped, Versions
from archive.datasets.relations import NEAR, Fact, Relations, near_pairs
from archive.datasets.rows import row_of
from tests.datasets.making import body, record


def relations(*records: dict[str, object], versions: Versions = Versions.ALL) -> Relations:
    return Relations((Fact.of(row_of(one, {})) for one in records), versions)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1 << 32), st.integers(0, 40))
def test_pairs_are_those_of_comparing_all(seed: int, count: int) -> None:
    chooser = random.Random(seed)
    made: set[int] = set()
    while len(made) < count:
        base = chooser.getrandbits(64)
        made.add(base)
        for _ in range(chooser.randrange(3)):
            for bit in chooser.sample(range(64), chooser.randrange(1, 9)):
                base ^= 1 << bit
            made.add(base)
    hashes = np.array(sorted(made), dtype=np.uint64)
    expected = {
        (one, other)
        for one, other in combinations(range(len(hashes)), 2)
        if int(hashes[one] ^ hashes[other]).bit_count() <= NEAR and hashes[one] and hashes[other]
    }
    assert {(min(pair), max(pair)) for pair in near_pairs(hashes)} == expected


def test_versions_copies_and_near_copies() -> None:
    long = body(1, 600)
    nearly = long.replace("harbour", "quay", 1)
    made = [
        record(0, articleBody=long, url="https://x.com/a"),
        record(1, articleBody=nearly, url="https://x.com/a"),
        record(2, articleBody=long, url="https://y.com/b"),
        record(3, articleBody=body(3, 600), url="https://x.com/c"),
        record(4, articleBody="", url="https://x.com/d"),
    ]
    found = relations(*made)
    columns = [found.columns(number) for number in range(5)]
    ids = [str(record(number)["id"]) for number in range(5)]
    assert [(one["version"], one["versions"]) for one in columns] == [(1, 2), (2, 2), (1, 1), (1, 1), (1, 1)]
    assert [one["duplicateOf"] for one in columns] == [None, None, ids[0], None, None]
    assert [one["clusterId"] for one in columns] == [ids[0], ids[0], ids[0], ids[3], ids[4]]

    def kept(versions: Versions = Versions.ALL, copies: Copies = Copies.KEEP) -> list[Dropped | None]:
        chosen = relations(*made, versions=versions)
        return [chosen.reason_against(number, copies) for number in range(5)]

    assert kept() == [None] * 5
    assert kept(Versions.LATEST) == [Dropped.VERSION, None, None, None, None]
    assert kept(Versions.FIRST) == [None, Dropped.VERSION, None, None, None]
    assert kept(copies=Copies.EXACT) == [None, None, Dropped.DUPLICATE, None, None]
    assert kept(copies=Copies.NEAR) == [None, Dropped.NEAR_DUPLICATE, Dropped.DUPLICATE, None, None]
    assert kept(Versions.LATEST, Copies.NEAR) == [Dropped.VERSION, None, Dropped.NEAR_DUPLICATE, None, None]


def test_the_order_of_segments_does_not_matter() -> None:
    made = [record(number, articleBody=body(number % 5, 300)) for number in range(20)]
    shuffled = made[:]
    random.Random(3).shuffle(shuffled)
    straight, other = relations(*made), relations(*shuffled)
    for number, one in enumerate(shuffled):
        assert other.columns(number) == straight.columns(made.index(one))
