"""Finishing a segment whose writer died: it is truncated to the last complete exchange, indexed and closed.

A writer holds a lock (flock) on its open file, which the system lets go when the process ends, however it ends.
What is cut off is kept beside the segment as ``.torn``. Recovering twice does nothing the second time, since the
open file is then gone; dying in the middle leaves the open file, shorter or not, to be recovered again.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from archive.captures import Capture, WarcRecord, iterate_captures, iterate_records
from archive.cdxj import IndexEntry, index_text
from archive.clock_and_ids import ClockAndIds
from archive.durable import sync_directory, write_durably
from archive.errors import DamagedArchive
from archive.indexing import WarcIndexing
from archive.layout import OPEN_SUFFIX, WARC_SUFFIX, SegmentName
from archive.manifests import Manifest, RemovedRecords, stored_file
from archive.members import Encoding, parse_warc_fields, warc_date
from archive.merkle_tree import begun_leaf
from archive.records_tree import RecordsTree, is_tombstone
from archive.segment import ClosedSegment, SegmentWriter, Written, finish

TORN_SUFFIX = ".torn"
_GZIP_WINDOW = zlib.MAX_WBITS | 16
_READ_SIZE = 1 << 18
_NO_ID = UUID(int=0)
_ENDS = frozenset({"warcinfo", "resource", "metadata"})
"""Kinds of records behind which no exchange is incomplete, but for resources that are one's (its screenshot)."""


@dataclass(slots=True)
class Recovered:
    """The result of recovering an open segment."""

    name: SegmentName
    closed: ClosedSegment | None = None
    """None if it contained no complete exchange; then only the torn tail is left."""
    torn: int = 0
    """Number of bytes that were cut off."""


@dataclass(slots=True)
class SegmentContents:
    """The complete part of a segment's WARC."""

    end: int = 0
    """Bytes up to the end of the last whole exchange."""
    last: str = ""
    """Date of its last exchange."""
    software: str = ""
    info_id: UUID = _NO_ID
    resources: set[str] = field(default_factory=set)
    entries: list[IndexEntry] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    sites: Counter[str] = field(default_factory=Counter)
    tree: RecordsTree = field(default_factory=RecordsTree)

    def manifest(self, name: SegmentName, warc: Path, cdxj: Path, closed: str) -> Manifest:
        """The segment's manifest; `closed` is the date that it says. Raises OSError."""
        return Manifest(
            segment=name.text,
            warc=stored_file(name.warc_key, warc),
            cdxj=stored_file(name.cdxj_key, cdxj),
            opened=warc_date(name.opened),
            closed=closed,
            exchanges=self.outcomes.total(),
            outcomes=dict(sorted(self.outcomes.items())),
            sites=dict(sorted(self.sites.items())),
            software=self.software,
            records=self.tree.records,
            records_root=self.tree.root,
            removed_records=tuple(self.tree.redacted),
        )


@contextmanager
def abandoned(path: Path) -> Iterator[bool]:
    """Whether the writer of an open segment is dead; while the context lasts, nobody else finds it so."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        yield False
        return
    try:
        yield True
    finally:
        os.close(descriptor)


def open_segments(spool: Path) -> list[Path]:
    """The files of segments that are, or were when their writer died, being written."""
    return sorted(spool.glob(f"*{WARC_SUFFIX}{OPEN_SUFFIX}"))


def recover(path: Path, now: datetime) -> Recovered:
    """Finish an open segment whose writer is dead. Raises OSError if the disk refuses writes."""
    name = SegmentName.parse(path.name.removesuffix(WARC_SUFFIX + OPEN_SUFFIX))
    contents = read_contents(path, name)
    torn = _cut(path, contents.end)
    if not contents.outcomes:
        path.unlink()
        sync_directory(path.parent)
        return Recovered(name, None, torn)
    warc = path.with_name(f"{name.text}{WARC_SUFFIX}")
    cdxj = path.with_name(f"{name.text}.cdxj")
    write_durably(cdxj, index_text(contents.entries))
    closed = ClosedSegment(name, warc, cdxj, contents.manifest(name, path, cdxj, warc_date(now)))
    finish(closed, path)
    return Recovered(name, closed, torn)


def resume(path: Path, *, clock_and_ids: ClockAndIds, software: str, encoding: Encoding) -> SegmentWriter | None:
    """Continue writing a segment that a run left open; None if its writer is alive or left it torn.

    Raises OSError.
    """
    name = SegmentName.parse(path.name.removesuffix(WARC_SUFFIX + OPEN_SUFFIX))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        contents = read_contents(path, name)
        whole = contents.end == path.stat().st_size and contents.outcomes
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    if not whole:
        os.close(descriptor)
        return None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    written = Written(
        file=descriptor,
        info_id=contents.info_id,
        size=contents.end,
        digest=digest,
        tree=contents.tree.tree,
        outcomes=contents.outcomes,
        sites=contents.sites,
        resources=frozenset(contents.resources),
        entries=tuple(contents.entries),
    )
    return SegmentWriter(
        path.parent, name, clock_and_ids=clock_and_ids, software=software, encoding=encoding, written=written
    )


def captures_of(warc: Path) -> Iterator[Capture]:
    """The captures of a closed segment, to be told to the frontier. Raises DamagedArchive."""
    with warc.open("rb") as stream:
        yield from iterate_captures(iterate_records(stream))


def _cut(path: Path, end: int) -> int:
    """Cut a file, keeping beside it what is cut off; how much that was."""
    size = path.stat().st_size
    if size == end:
        return 0
    with path.open("r+b") as file:
        file.seek(end)
        write_durably(path.with_name(f"{path.name.removesuffix(OPEN_SUFFIX)}{TORN_SUFFIX}"), file.read())
        file.truncate(end)
        os.fsync(file.fileno())
    return size - end


def read_contents(path: Path, name: SegmentName, removed: Iterable[RemovedRecords] = ()) -> SegmentContents:
    """Read a segment's WARC up to the end of its last whole exchange. Raises OSError.

    `removed` is what its manifest says of records that were removed.
    """
    contents = SegmentContents(tree=RecordsTree(removed))
    index = WarcIndexing(name.warc_key)
    waiting: list[tuple[int, bytes, bool]] = []
    for offset, member, leaf in members_with_leaves(path):
        try:
            (record,) = iterate_records(io.BytesIO(member))
        except (DamagedArchive, ValueError):
            break
        index.add(record, offset, len(member))
        if record.kind == "warcinfo":
            contents.info_id = record.record_id
            contents.software = parse_warc_fields(record.block).get("software", [""])[0]
        elif _is_of_exchange(record):
            pass
        elif record.kind == "resource":
            contents.resources.add(record.target)
        elif record.kind == "metadata" and b"outcome: " in record.block:
            _count(record, contents)
        waiting.append((offset, leaf, is_tombstone(record)))
        if record.kind in _ENDS and not _is_of_exchange(record):
            contents.end = offset + len(member)
            for start, hashed, tombstone in waiting:
                contents.tree.add(start, hashed, tombstone=tombstone)
            waiting.clear()
    contents.entries += index.entries(contents.end)
    return contents


def _is_of_exchange(record: WarcRecord) -> bool:
    """Whether a resource belongs to an exchange, which it names."""
    return record.kind == "resource" and "WARC-Concurrent-To" in record.headers


def _count(record: WarcRecord, contents: SegmentContents) -> None:
    contents.last = record.headers["WARC-Date"]
    facts = parse_warc_fields(record.block)
    contents.outcomes[facts.get("outcome", ["ok"])[0]] += 1
    contents.sites[facts.get("site", ["-"])[0]] += 1


def whole_members(path: Path) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of each gzip member that is whole and sound, up to the first that is not."""
    return ((offset, member) for offset, member, _ in members_with_leaves(path))


def members_with_leaves(path: Path) -> Iterator[tuple[int, bytes, bytes]]:
    """The same, and the hash of the leaf that each is in the tree over the records (`archive.records_tree`)."""
    offset = 0
    rest = b""
    with path.open("rb") as file:
        while True:
            inflater = zlib.decompressobj(_GZIP_WINDOW)
            member: list[bytes] = []
            leaf = begun_leaf()
            while not inflater.eof:
                chunk = rest or file.read(_READ_SIZE)
                rest = b""
                if not chunk:
                    return
                try:
                    leaf.update(inflater.decompress(chunk))
                except zlib.error:
                    return
                member.append(chunk)
            rest = inflater.unused_data
            data = b"".join(member)
            data = data[: len(data) - len(rest)]
            yield offset, data, leaf.digest()
            offset += len(data)
