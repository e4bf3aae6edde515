"""One root for all records of a segment: made while writing, found again by whoever reads, kept by redactions."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.cdxj import index_text
from archive.clock_and_ids import FixedClockAndIds
from archive.errors import DamagedArchive
from archive.faults import FaultKind
from archive.foreign_warcs import import_file, segment_of
from archive.layout import SegmentName
from archive.library import newest_manifest
from archive.lookup import Lookup
from archive.manifests import Manifest, RemovedRecords, parse_manifest, stored_file
from archive.members import Encoding
from archive.merkle_tree import inclusion_path, is_included, leaf_hash, root_of
from archive.publishing import publish_segment
from archive.records_tree import RecordsTree
from archive.recovery import read_contents, recover, resume
from archive.redaction import Redaction, find_targets
from archive.segment import ClosedSegment, SegmentWriter
from archive.storage.local import LocalStorage
from archive.verifying import verify_segment
from tests.archive.test_segment import NOW, exchange, writer


def plain_records(warc: bytes) -> list[bytes]:
    """The records of a WARC file, taken apart without the code under test."""
    records = []
    while warc:
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        records.append(inflater.decompress(warc) + inflater.flush())
        warc = inflater.unused_data
    return records


def leaves(warc: Path) -> list[bytes]:
    return [leaf_hash(record) for record in plain_records(warc.read_bytes())]


def response(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def filled(segment: SegmentWriter, numbers: range) -> None:
    for number in numbers:
        body = b"%d " % number * 90 * number
        segment.append(exchange(response(body), url=f"http://harbour.example/{number}"))


@given(st.lists(st.integers(0, 5000), max_size=6), st.sampled_from([1, 2, 6, 9]))
def test_a_writer_makes_the_root_of_what_it_wrote(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], level: int
) -> None:
    segment = writer(tmp_path_factory.mktemp("segment"), encoding=Encoding(level))
    segment.add_resource("urn:newswarc:site:x", "application/json", b"{}")
    for size in sizes:
        coded = b"Content-Encoding: gzip\r\n" if size % 2 else b""
        body = b"x" * size
        segment.append(exchange(b"HTTP/1.1 200 OK\r\n%b\r\n%b" % (coded, body)))
    segment.append(exchange(b"", detail="no such host"))
    closed = segment.close()
    assert closed.manifest.records_root == root_of(leaves(closed.warc)).hex()
    assert closed.manifest.records == len(leaves(closed.warc)) == 3 + 3 * len(sizes)


def test_a_large_response_that_was_spooled_is_a_leaf_too(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    segment.append(exchange(response(b"0123456789abcdef" * (1 << 17))))
    closed = segment.close()
    assert closed.manifest.records_root == root_of(leaves(closed.warc)).hex()


def test_the_same_root_after_a_kill_and_after_a_rest(tmp_path: Path) -> None:
    clock_and_ids = FixedClockAndIds()
    segment = writer(tmp_path)
    filled(segment, range(3))
    segment.leave()
    resumed = resume(segment.path, clock_and_ids=clock_and_ids, software="newswarc/test", encoding=Encoding())
    assert resumed is not None
    filled(resumed, range(3, 5))
    resumed.leave()
    with segment.path.open("ab") as file:
        file.write(b"\x1f\x8b\x08torn")
    recovered = recover(segment.path, NOW).closed
    assert recovered is not None
    assert recovered.manifest.records_root == root_of(leaves(recovered.warc)).hex()
    assert recovered.manifest.records == 1 + 5 * 3


@pytest.mark.parametrize("packed", [True, False])
def test_an_imported_file_has_a_root(tmp_path: Path, packed: bool) -> None:
    segment = writer(tmp_path)
    filled(segment, range(3))
    source = tmp_path / "other.warc"
    data = segment.close().warc.read_bytes()
    source.write_bytes(data if packed else gzip.decompress(data))
    name = segment_of(source, "test")
    closed = import_file(source, name, tmp_path).closed
    assert closed.manifest.records_root == root_of(leaves(closed.warc)).hex()


class Stored:
    """An archive of one segment."""

    def __init__(self, place: Path, pages: int = 5) -> None:
        segment = writer(place / "spool")
        filled(segment, range(pages))
        self.closed: ClosedSegment = segment.close()
        self.place = place / "archive"
        self.storage = LocalStorage(self.place)
        publish_segment(self.storage, self.closed)

    @property
    def name(self) -> SegmentName:
        return self.closed.name

    @property
    def manifest(self) -> Manifest:
        found = newest_manifest(self.storage, self.name)
        assert found is not None
        return found[0]

    @property
    def warc(self) -> Path:
        return self.place / self.manifest.warc.key

    def redact(self, *urls: str) -> None:
        for url in urls:
            lookup = Lookup(self.storage, self.place / "state")
            lookup.refresh()
            targets = find_targets(lookup, url)
            assert list(Redaction(self.storage, targets, "order 7/2026", FixedClockAndIds(seed=uuid4().hex)).run())
            lookup.close()

    def faults(self, manifest: Manifest | None = None) -> list[FaultKind]:
        scratch = self.place.parent / "scratch"
        scratch.mkdir(exist_ok=True)
        found = verify_segment(self.storage, manifest or self.manifest, None, scratch, deep=True)
        return [fault.kind for fault in found.faults]


def rewritten(stored: Stored, records: list[bytes]) -> Manifest:
    """The segment with other records, and a manifest that knows these bytes but has the former root."""
    warc = stored.warc
    warc.chmod(0o644)
    warc.write_bytes(b"".join(gzip.compress(record, mtime=0) for record in records))
    manifest = stored.manifest
    return manifest.model_copy(update={"warc": stored_file(manifest.warc.key, warc)})


def test_records_in_another_order_are_named(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    records = plain_records(stored.warc.read_bytes())
    assert stored.faults(rewritten(stored, records)) == [FaultKind.INDEX_DIFFERS], "how it is packed does not count"
    records[4:7], records[7:10] = records[7:10], records[4:7]
    assert FaultKind.RECORDS_ROOT in stored.faults(rewritten(stored, records))


def test_a_record_that_is_missing_or_twice_there_is_named(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    records = plain_records(stored.warc.read_bytes())
    assert FaultKind.RECORDS_ROOT in stored.faults(rewritten(stored, records[:-3]))
    assert FaultKind.RECORDS_ROOT in stored.faults(rewritten(stored, [*records, records[-1]]))


def test_a_redaction_keeps_the_root_and_nothing_of_what_went(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    before, former = leaves(stored.warc), stored.manifest
    stored.redact("http://harbour.example/2")
    stored.redact("http://harbour.example/4", "http://harbour.example/3")
    manifest = stored.manifest
    assert (manifest.records_root, manifest.records) == (former.records_root, former.records)
    assert stored.faults() == []
    assert [gap.position for gap in manifest.removed_records] == [7, 10, 13]
    for gap in manifest.removed_records:
        assert list(gap.leaves) == [leaf.hex() for leaf in before[gap.position : gap.position + 3]]
        assert gap.model_dump().keys() == {"offset", "position", "leaves"}
    left = leaf_hash(plain_records(stored.warc.read_bytes())[5])
    root = bytes.fromhex(manifest.records_root)
    assert is_included(left, 5, manifest.records, inclusion_path(5, before), root), "proofs of what stays hold"
    assert not list((stored.place / "redactions").rglob("*.json"))


@pytest.mark.parametrize(("following", "positions"), [("1", [4]), ("3", [4, 10])])
def test_a_redaction_that_died_behind_the_warc_is_ended_by_the_next(
    tmp_path: Path, following: str, positions: list[int]
) -> None:
    stored = Stored(tmp_path)
    former = stored.manifest

    class Dies(LocalStorage):
        def put(self, key: str, file: Path, sha256: str) -> None:
            if key.startswith("cdxj/"):
                raise OSError("the power is gone")
            super().put(key, file, sha256)

    lookup = Lookup(stored.storage, stored.place / "state")
    lookup.refresh()
    targets = find_targets(lookup, "http://harbour.example/1")
    with pytest.raises(OSError, match="power"):
        list(Redaction(Dies(stored.place), targets, "order 7/2026", FixedClockAndIds(seed="died")).run())
    lookup.close()
    assert stored.manifest == former
    stored.redact(f"http://harbour.example/{following}")
    assert stored.manifest.records_root == former.records_root
    assert [gap.position for gap in stored.manifest.removed_records] == positions
    assert stored.faults() == []


def test_a_segment_without_a_root_gets_one_when_it_is_redacted(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    manifest_path = stored.place / stored.name.manifest_key
    root = stored.manifest.records_root
    older = stored.manifest.model_copy(update={"records": 0, "records_root": ""})
    manifest_path.chmod(0o644)
    manifest_path.write_bytes(older.to_bytes())
    assert stored.faults() == []
    stored.redact("http://harbour.example/2")
    assert stored.manifest.records_root == root
    assert stored.faults() == []


def test_what_was_altered_before_a_redaction_is_still_named_behind_it(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    records = plain_records(stored.warc.read_bytes())
    records[1] = records[1].replace(b"Host: example.org", b"Host: example.net")
    manifest = rewritten(stored, records)
    path = stored.place / stored.name.manifest_key
    path.chmod(0o644)
    path.write_bytes(manifest.to_bytes())
    assert stored.faults().count(FaultKind.RECORDS_ROOT) == 1
    index = stored.place / manifest.cdxj.key
    index.chmod(0o644)
    index.write_bytes(index_text(read_contents(stored.warc, stored.name).entries))
    stored.redact("http://harbour.example/2")
    assert stored.manifest.records_root == manifest.records_root
    assert FaultKind.RECORDS_ROOT in stored.faults()


def test_a_record_is_not_removed_because_a_manifest_says_so(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    manifest, before = stored.manifest, leaves(stored.warc)
    records = plain_records(stored.warc.read_bytes())
    sizes = [len(gzip.compress(record, mtime=0)) for record in records]
    altered = records[2].replace(b"WARC-Type: response", b"WARC-Type: conversion")
    claimed = RemovedRecords(offset=sum(sizes[:2]), position=2, leaves=(before[2].hex(),))
    lie = rewritten(stored, [*records[:2], altered, *records[3:]])
    lie = lie.model_copy(update={"removed_records": (claimed,)})
    assert FaultKind.RECORDS_ROOT in stored.faults(lie)
    assert manifest.records_root == lie.records_root


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4)), max_size=12))
def test_leaves_that_went_stand_in_for_their_tombstone(parts: list[tuple[bool, int]]) -> None:
    whole: list[bytes] = []
    removed: list[RemovedRecords] = []
    members: list[tuple[int, bytes, bool]] = []

    def made() -> Iterator[bytes]:
        number = 0
        while True:
            yield hashlib.sha256(b"%d" % number).digest()
            number += 1

    hashes = made()
    for offset, (gone, count) in enumerate(parts):
        group = [next(hashes) for _ in range(count if gone else 1)]
        members.append((offset, bytes(32) if gone else group[0], gone))
        if gone:
            leaves = tuple(leaf.hex() for leaf in group)
            removed.append(RemovedRecords(offset=offset, position=len(whole), leaves=leaves))
        whole += group
    tree = RecordsTree(removed)
    for offset, leaf, gone in members:
        tree.add(offset, leaf, tombstone=gone)
    assert (tree.root, tree.records, tree.redacted) == (root_of(whole).hex(), len(whole), removed)


@pytest.mark.parametrize("leaf", ["", "00" * 31, "zz" * 32, "AA" * 32])
def test_a_manifest_with_a_leaf_that_is_no_hash_is_damaged(leaf: str) -> None:
    text = f'{{"offset": 1, "position": 2, "leaves": ["{leaf}"]}}'
    file = '{"key": "k", "size": 1, "sha256": "00"}'
    data = (
        f'{{"segment": "s", "warc": {file}, "cdxj": {file}, "opened": "", "closed": "", "exchanges": 0, "outcomes": {{}},'
        f' "sites": {{}}, "software": "", "removedRecords": [{text}]}}'
    )
    with pytest.raises(DamagedArchive):
        parse_manifest(data.encode(), "m")
