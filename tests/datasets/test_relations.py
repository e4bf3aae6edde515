"""Versions, copies and near copies, found as by comparing all with all."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.datasets.likeness import VALUES, Signature, shares
from archive.datasets.options import Copies, Dropped, Versions
from archive.datasets.relations import NEAR, columns_of, facts_of, near_pairs, relations
from archive.datasets.rows import brief_of
from tests.datasets.making import body, record

Found = tuple[npt.NDArray[np.void], Counter[Dropped]]


def related(*records: dict[str, object], versions: Versions = Versions.ALL, copies: Copies = Copies.KEEP) -> Found:
    return relations(facts_of(brief_of(one) for one in records), versions, copies)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1 << 32), st.integers(0, 40))
def test_pairs_are_those_of_comparing_all(seed: int, count: int) -> None:
    chooser = np.random.default_rng(seed)
    made: list[Signature] = []
    while len(made) < count:
        base = chooser.integers(1, 256, VALUES).astype(np.uint8)
        made.append(base)
        for _ in range(chooser.integers(3)):
            # Whole bands stay as they are, so that those near enough do share one
            base = base.copy()
            base[int(chooser.integers(4, VALUES)) :] = chooser.integers(1, 256)
            made.append(base)
    signatures = np.array(made, np.uint8).reshape(-1, VALUES)
    expected = {
        (one, other)
        for one, other in combinations(range(len(signatures)), 2)
        if shares(signatures[[one]], signatures[[other]])[0] >= NEAR
    }
    found = np.concatenate([*near_pairs(signatures), np.zeros((0, 2), np.int64)])
    assert {(min(pair), max(pair)) for pair in found.tolist()} == expected


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
    columns = [columns_of(one) for one in related(*made)[0]]
    ids = [str(record(number)["id"]) for number in range(5)]
    assert [(one["version"], one["versions"]) for one in columns] == [(1, 2), (2, 2), (1, 1), (1, 1), (1, 1)]
    assert [one["duplicateOf"] for one in columns] == [None, None, ids[0], None, None]
    assert [one["clusterId"] for one in columns] == [ids[0], ids[0], ids[0], ids[3], ids[4]]

    def kept(
        versions: Versions = Versions.ALL, copies: Copies = Copies.KEEP
    ) -> tuple[list[bool], dict[Dropped, int]]:
        found, dropped = related(*made, versions=versions, copies=copies)
        return found["kept"].tolist(), dict(dropped)

    assert kept() == ([True] * 5, {})
    assert kept(Versions.LATEST) == ([False, True, True, True, True], {Dropped.VERSION: 1})
    assert kept(Versions.FIRST) == ([True, False, True, True, True], {Dropped.VERSION: 1})
    assert kept(copies=Copies.EXACT) == ([True, True, False, True, True], {Dropped.DUPLICATE: 1})
    both = {Dropped.DUPLICATE: 1, Dropped.NEAR_DUPLICATE: 1}
    assert kept(copies=Copies.NEAR) == ([True, False, False, True, True], both)
    both = {Dropped.VERSION: 1, Dropped.NEAR_DUPLICATE: 1}
    assert kept(Versions.LATEST, Copies.NEAR) == ([False, True, False, True, True], both)


def test_the_order_of_segments_does_not_matter() -> None:
    made = [record(number, articleBody=body(number % 5, 300)) for number in range(20)]
    shuffled = made[:]
    random.Random(3).shuffle(shuffled)
    straight, other = related(*made)[0], related(*shuffled)[0]
    for one, found in zip(shuffled, other, strict=True):
        assert columns_of(found) == columns_of(straight[made.index(one)])
