"""Merkle trees, held against the definition of RFC 6962 written down as it stands there."""

from __future__ import annotations

import hashlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.merkle_tree import (
    EMPTY_ROOT,
    GrowingTree,
    begun_leaf,
    consistency_path,
    consistency_ranges,
    inclusion_path,
    inclusion_ranges,
    is_consistent,
    is_included,
    leaf_hash,
    root_by_inclusion,
    root_of,
)


def defined_root(entries: list[bytes]) -> bytes:
    """MTH of section 2.1."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    k = largest_power_below(len(entries))
    return hashlib.sha256(b"\1" + defined_root(entries[:k]) + defined_root(entries[k:])).digest()


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def defined_path(m: int, entries: list[bytes]) -> list[bytes]:
    """PATH of section 2.1.1."""
    if len(entries) == 1:
        return []
    k = largest_power_below(len(entries))
    if m < k:
        return [*defined_path(m, entries[:k]), defined_root(entries[k:])]
    return [*defined_path(m - k, entries[k:]), defined_root(entries[:k])]


def defined_proof(m: int, entries: list[bytes], *, is_whole: bool = True) -> list[bytes]:
    """PROOF and SUBPROOF of section 2.1.2."""
    if m == len(entries):
        return [] if is_whole else [defined_root(entries)]
    k = largest_power_below(len(entries))
    if m <= k:
        return [*defined_proof(m, entries[:k], is_whole=is_whole), defined_root(entries[k:])]
    return [*defined_proof(m - k, entries[k:], is_whole=False), defined_root(entries[:k])]


def entries_of(size: int, seed: int = 7) -> list[bytes]:
    random = Random(seed * 1000 + size)
    return [random.randbytes(random.randrange(0, 40)) for _ in range(size)]


def hashes(entries: list[bytes]) -> list[bytes]:
    return [leaf_hash(entry) for entry in entries]


@given(st.lists(st.binary(max_size=20), max_size=70))
def test_the_root_is_the_one_that_is_defined(entries: list[bytes]) -> None:
    tree = GrowingTree()
    for size, entry in enumerate(entries):
        assert tree.root() == defined_root(entries[:size])
        tree.add(leaf_hash(entry))
    assert tree.size == len(entries)
    assert tree.root() == root_of(hashes(entries)) == defined_root(entries)


def test_known_roots() -> None:
    """From the tests of Certificate Transparency."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    tree = GrowingTree(leaf_hash(bytes.fromhex(text)) for text in inputs)
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert tree.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(st.data(), st.integers(1, 130))
def test_a_path_of_inclusion_proves_its_leaf_and_no_other(data: st.DataObject, size: int) -> None:
    entries = entries_of(size)
    index = data.draw(st.integers(0, size - 1))
    path, root = inclusion_path(index, hashes(entries)), defined_root(entries)
    leaf = leaf_hash(entries[index])
    assert path == defined_path(index, entries)
    assert is_included(leaf, index, size, path, root)
    assert root_by_inclusion(leaf, index, size, path) == root
    assert not is_included(
        leaf_hash(b"another entry, of more than forty bytes, that is in no tree"), index, size, path, root
    )
    assert not is_included(leaf, index, size, [*path, root], root)
    if path:
        assert not is_included(leaf, index, size, path[:-1], root)
        at = data.draw(st.integers(0, len(path) - 1))
        altered = [bytes(32) if place == at else part for place, part in enumerate(path)]
        assert not is_included(leaf, index, size, altered, root)


@given(st.data(), st.integers(1, 130))
def test_a_path_of_consistency_proves_the_beginning_and_no_other(data: st.DataObject, size: int) -> None:
    entries = entries_of(size)
    earlier = data.draw(st.integers(1, size))
    path = consistency_path(earlier, hashes(entries))
    before, root = defined_root(entries[:earlier]), defined_root(entries)
    assert path == defined_proof(earlier, entries)
    assert is_consistent(earlier, size, before, root, path)
    assert not is_consistent(earlier, size, bytes(32), root, path)
    assert not is_consistent(earlier, size, before, bytes(32), path)
    assert not is_consistent(earlier, size, before, root, [*path, root])
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        altered = [bytes(32) if place == at else part for place, part in enumerate(path)]
        assert not is_consistent(earlier, size, before, root, altered)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 4), (4, 4)])
def test_what_is_not_in_a_tree_has_no_path(index: int, size: int) -> None:
    with pytest.raises(IndexError, match="no leaf"):
        inclusion_ranges(index, size)
    with pytest.raises(ValueError, match="not a path"):
        root_by_inclusion(bytes(32), index, size, [])


@pytest.mark.parametrize(("earlier", "size"), [(0, 3), (4, 3)])
def test_no_tree_begins_with_a_larger_one(earlier: int, size: int) -> None:
    with pytest.raises(IndexError, match="does not begin"):
        consistency_ranges(earlier, size)
    assert not is_consistent(earlier, size, bytes(32), bytes(32), [])


def test_a_leaf_in_pieces() -> None:
    leaf = begun_leaf()
    leaf.update(b"one ")
    leaf.update(b"entry")
    assert leaf.digest() == leaf_hash(b"one entry")


def test_what_is_kept_of_a_large_tree_is_little() -> None:
    tree = GrowingTree(hashlib.sha256(b"%d" % number).digest() for number in range(100_000))
    assert len(tree._peaks) == (100_000).bit_count()
