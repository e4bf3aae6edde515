"""The Merkle tree over a segment's records: one root in the manifest covers every byte of every record, in their
order.

**What a leaf is.** Leaf number n (from 0 on) is the n-th record of the segment's WARC file, warcinfo first, as it
stands in the file when its gzip member is unpacked: the header from ``WARC/1.1`` on, the empty line, the block, and
the two line ends behind it. Every byte that the member holds counts, and nothing else: how it is compressed does not.
The tree over the leaves is that of RFC 6962, section 2.1 (`archive.merkle_tree`).

**What a redaction leaves.** A tombstone is no leaf. In its place stand the hashes of the leaves that were removed,
kept in the manifest (`archive.manifests.RemovedRecords`): so the root stays what it was, and with it every proof of
another record. Of a segment that was redacted before segments had roots, tombstones are leaves like other records.
"""

from __future__ import annotations

from collections.abc import Iterable

from archive.captures import WarcRecord
from archive.manifests import RemovedRecords
from archive.merkle_tree import GrowingTree
from archive.tombstone import TOMBSTONE_URI


def is_tombstone(record: WarcRecord) -> bool:
    """Whether a record stands for others that were removed."""
    return record.kind == "metadata" and record.target == TOMBSTONE_URI


class RecordsTree:
    """Takes in the records of a segment in their order."""

    def __init__(self, removed: Iterable[RemovedRecords] = ()) -> None:
        """`removed` is what the segment's manifest says of records that were removed."""
        self.tree = GrowingTree()
        self.redacted: list[RemovedRecords] = []
        """Of what was said to be removed all that was met."""
        self._removed = {gap.offset: gap for gap in removed}

    def add(self, offset: int, leaf: bytes, *, tombstone: bool) -> None:
        """Take in the member at an offset by the hash of its leaf, and whether its record is a tombstone."""
        gap = self._removed.get(offset)
        if tombstone and gap is not None and gap.position == self.records:
            self.redacted.append(gap)
            for removed in gap.leaves:
                self.tree.add(bytes.fromhex(removed))
        else:
            self.tree.add(leaf)

    @property
    def records(self) -> int:
        """Number of leaves."""
        return self.tree.size

    @property
    def root(self) -> str:
        """The root (hexadecimal)."""
        return self.tree.root().hex()
