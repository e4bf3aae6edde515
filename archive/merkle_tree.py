"""Merkle trees as RFC 6962, section 2.1, defines them: root, paths of inclusion and of consistency, and their checks.

SHA-256 throughout. A leaf's hash is of the byte 0 and the entry; a node's is of the byte 1 and its two children. A
tree of n leaves has on its left the largest power of two below n. Everything here works on leaf hashes, so that
entries of any size need not be in memory; `GrowingTree` keeps one hash for each 1 in the binary form of its size.

A range ``(start, end)`` names the subtree over the leaves from `start` up to `end`, without `end`. Paths are lists of
such ranges before they are hashes: whoever keeps hashes of subtrees looks them up by range.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

HASH_SIZE = 32
"""Bytes of a hash."""

EMPTY_ROOT = hashlib.sha256().digest()
"""The root of a tree without leaves."""

_LEAF = b"\x00"
_NODE = b"\x01"


def begun_leaf() -> hashlib._Hash:
    """The hash of a leaf whose entry comes piece by piece: update it with each, then take its digest."""
    return hashlib.sha256(_LEAF)


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node."""
    return hashlib.sha256(_NODE + left + right).digest()


class GrowingTree:
    """The root over leaves that come one by one; what is kept of them grows with the logarithm of their number."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """`leaves` are hashes of leaves, as in `add`."""
        self._size = 0
        self._peaks: list[bytes] = []
        """Roots of the full subtrees, largest first: one for each 1 in the binary form of the size."""
        for leaf in leaves:
            self.add(leaf)

    @classmethod
    def of_peaks(cls, size: int, peaks: Iterable[bytes]) -> GrowingTree:
        """A tree of so many leaves by the roots of its full subtrees, largest first: one for each 1 in `size`.

        Raises ValueError when it is another number of them.
        """
        tree = cls()
        tree._size, tree._peaks = size, list(peaks)
        if len(tree._peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has other subtrees than {len(tree._peaks)}")
        return tree

    def copy(self) -> GrowingTree:
        """The same tree, to be added to apart from this one."""
        return GrowingTree.of_peaks(self._size, self._peaks)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    def add(self, leaf: bytes) -> None:
        """Append a leaf by its hash."""
        carried, left = leaf, self._size
        while left & 1:
            carried = node_hash(self._peaks.pop(), carried)
            left >>= 1
        self._peaks.append(carried)
        self._size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over hashes of leaves."""
    return GrowingTree(leaves).root()


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """The subtrees whose roots prove that the leaf `index` is in a tree of `size`, from the leaf upwards (2.1.1).

    Raises IndexError when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise IndexError(f"a tree of {size} leaves has no leaf {index}")
    ranges: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(earlier: int, size: int) -> list[tuple[int, int]]:
    """The subtrees whose roots prove that a tree of `size` begins with one of `earlier` leaves (2.1.2).

    Empty when both have the same size. Raises IndexError when `earlier` is none of 1 to `size`.
    """
    if not 0 < earlier <= size:
        raise IndexError(f"a tree of {size} leaves does not begin with one of {earlier}")
    ranges: list[tuple[int, int]] = []
    start, end = 0, size
    while earlier < end:
        middle = start + _split(end - start)
        if earlier <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:
        ranges.append((start, end))  # what the earlier tree ends with; a whole one is known to who asks
    return ranges[::-1]


def inclusion_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The path that proves that a leaf is in the tree over hashes of leaves. Raises IndexError."""
    return [root_of(leaves[start:end]) for start, end in inclusion_ranges(index, len(leaves))]


def consistency_path(earlier: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The path that proves that a tree begins with the tree over its first `earlier` leaves. Raises IndexError."""
    return [root_of(leaves[start:end]) for start, end in consistency_ranges(earlier, len(leaves))]


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that a leaf's path leads to (RFC 9162, section 2.1.3.2).

    Raises ValueError when the path has another length than a leaf of this index has in a tree of this size.
    """
    if not 0 <= index < size or len(path) != len(inclusion_ranges(index, size)):
        raise ValueError(f"not a path of leaf {index} in a tree of {size}")
    root, at, last = leaf, index, size - 1
    for sibling in path:
        if at & 1 or at == last:
            root = node_hash(sibling, root)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        at, last = at >> 1, last >> 1
    return root


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether a path proves that a leaf is in the tree with this root."""
    try:
        return root_by_inclusion(leaf, index, size, path) == root
    except ValueError:
        return False


def is_consistent(earlier: int, size: int, earlier_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether a path proves that one tree begins with another (RFC 9162, section 2.1.4.2)."""
    if not 0 < earlier <= size or len(path) != len(consistency_ranges(earlier, size)):
        return False
    if earlier == size:
        return earlier_root == root
    is_full = earlier & (earlier - 1) == 0
    first, *others = [earlier_root, *path] if is_full else path
    at, last = earlier - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = first
    for sibling in others:
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    return (old, new) == (earlier_root, root)


def _split(size: int) -> int:
    """Leaves of the left subtree: the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)
