"""Writing a segment: one WARC file that grows exchange by exchange.

Rules:

- The first record is warcinfo (WARC/1.1, section 6.2). While the segment is written its file ends in
  ``.warc.gz.open``, and a lock (flock) on it tells that its writer lives.
- An exchange is there whole or not at all: up to `IN_MEMORY` bytes it goes out in one unbuffered write, a larger one
  is made in a file of its own first. A write that fails midway is taken back.
- What was written is durable after `sync`; before, nobody may call it captured.
- A `sync` that fails ends the segment where the last good one was: asking again could bring a yes that is not true.
- A payload that was captured before becomes a revisit record; a truncated one never does.
- Closing: fsync, index, manifest, rename, fsync of the directory. Only the rename makes the segment a closed one.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import UUID

from archive.cdxj import IndexBuffer, IndexEntry
from archive.clock_and_ids import ClockAndIds
from archive.durable import sync_directory, write_durably, write_parts_durably
from archive.errors import SegmentClosed
from archive.exchange import CaptureAddress, Exchange, Original
from archive.exchange_records import ExchangeRecords, PreparedExchange, ResponseDigests, index_entry
from archive.layout import MANIFEST_SUFFIX, OPEN_SUFFIX, WARC_SUFFIX, SegmentName
from archive.manifests import Manifest, StoredFile, stored_file
from archive.members import (
    WARC_FIELDS,
    Block,
    Encoding,
    gzip_member,
    record_head,
    record_urn,
    warc_date,
    warc_fields,
)
from archive.merkle_tree import GrowingTree, begun_leaf

IN_MEMORY = 1 << 20
"""Bytes of a response up to which its records are made in memory."""

_READ_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class ClosedSegment:
    """A segment that is complete on this machine, ready to be stored."""

    name: SegmentName
    warc: Path
    cdxj: Path
    manifest: Manifest

    @property
    def manifest_path(self) -> Path:
        """Where this machine keeps the manifest until it is stored."""
        return self.warc.with_name(f"{self.name.text}{MANIFEST_SUFFIX}")


@dataclass(frozen=True, slots=True)
class ReadyExchange:
    """An exchange whose records are made and wait to be appended."""

    exchange: Exchange
    prepared: PreparedExchange
    members: IO[bytes]
    """In memory, or in a file without a name that goes when it is closed."""

    def parts(self) -> Iterator[bytes]:
        """The bytes of all members."""
        self.members.seek(0)
        while part := self.members.read(_READ_SIZE):
            yield part


@dataclass(frozen=True, slots=True)
class Written:
    """What a segment already holds when writing resumes."""

    file: int
    """Descriptor of the open file, locked, positioned to append."""
    info_id: UUID
    size: int
    digest: hashlib._Hash
    """SHA-256 of all its bytes so far."""
    tree: GrowingTree
    """Over the records so far, see `archive.records_tree`."""
    outcomes: Counter[str]
    sites: Counter[str]
    resources: frozenset[str]
    entries: tuple[IndexEntry, ...]


class SegmentWriter:
    """Appends exchanges to one segment in a spool directory. Only `digests` and `prepare` run in other threads."""

    def __init__(
        self,
        spool: Path,
        name: SegmentName,
        *,
        clock_and_ids: ClockAndIds,
        software: str,
        operator: str = "",
        robots: str = "obey",
        checkpoint: str = "",
        encoding: Encoding | None = None,
        written: Written | None = None,
    ) -> None:
        """`robots` says how robots.txt is treated; `checkpoint` is the newest known one of the log of custody, on one
        line, so that the segment is no older; `written` is what another writer left of this segment, see
        `archive.recovery.resume`.
        """
        self.name = name
        self.path = spool / f"{name.text}{WARC_SUFFIX}{OPEN_SUFFIX}"
        self._clock_and_ids = clock_and_ids
        self._encoding = encoding or Encoding()
        self._software = software
        self._closed = False
        spool.mkdir(parents=True, exist_ok=True)
        self._index = IndexBuffer(spool)
        start = written or self._created(clock_and_ids.record_id())
        self._file = start.file
        self._info_id = start.info_id
        self._records = ExchangeRecords(self._info_id, clock_and_ids, self._encoding)
        self._outcomes = start.outcomes
        self._sites = start.sites
        self._resources = set(start.resources)
        self._digest = start.digest
        self._tree = start.tree
        self._size = self._durable = start.size
        for entry in start.entries:
            self._index.add(entry)
        if written is None:
            self._begin(operator, robots, checkpoint)

    def _begin(self, operator: str, robots: str, checkpoint: str) -> None:
        try:
            self._add_record(*self._warcinfo(operator, robots, checkpoint))
        except OSError:
            self.discard()
            raise

    def _created(self, info_id: UUID) -> Written:
        file = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o644)
        # Held until the file is closed or the process ends: it tells a living writer from a dead one
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Written(file, info_id, 0, hashlib.sha256(), GrowingTree(), Counter(), Counter(), frozenset(), ())

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    @property
    def is_closed(self) -> bool:
        """Whether it takes no more."""
        return self._closed

    @property
    def undurable(self) -> int:
        """Bytes written since the last `sync`."""
        return self._size - self._durable

    @property
    def exchanges(self) -> int:
        """Exchanges appended so far."""
        return self._outcomes.total()

    def add_resource(self, uri: str, content_type: str, payload: bytes) -> None:
        """Keep a document that later derivation needs, once a segment (WARC/1.1, section 6.6).

        Raises SegmentClosed, or OSError when the disk refuses.
        """
        if uri in self._resources:
            return
        block = Block.of(payload, self._encoding.digest)
        headers = [("WARC-Target-URI", uri), self._info_header]
        head = record_head(
            "resource", self._clock_and_ids.record_id(), self._clock_and_ids.now(), content_type, block, headers
        )
        self._add_record(head, block)
        self._resources.add(uri)

    def _add_record(self, head: bytes, block: Block) -> None:
        leaf = begun_leaf()
        member = gzip_member(head, block, self._encoding.level, leaf)
        self._write([member], [leaf.digest()])

    def append(self, exchange: Exchange, original: Original | None = None) -> CaptureAddress:
        """Write an exchange and say where it is.

        `original` is an earlier capture: when the payload digests agree, or the server said 304 to a
        conditional request, a revisit record that refers to it is written.
        Raises SegmentClosed, or OSError when the disk refuses; then nothing of the exchange is there.
        """
        return self.append_ready(self.prepare(exchange, self.digests(exchange), original))

    def digests(self, exchange: Exchange) -> ResponseDigests:
        """The digests of an exchange's response, which take their time when it is large. Raises OSError."""
        return self._records.digests(exchange)

    def prepare(self, exchange: Exchange, digests: ResponseDigests, original: Original | None) -> ReadyExchange:
        """Make the records of an exchange, which takes its time when it is large. Raises OSError."""
        large = len(exchange.response) > IN_MEMORY
        members: IO[bytes] = tempfile.TemporaryFile(dir=self.path.parent) if large else io.BytesIO()  # noqa: SIM115 - closed when appended
        prepared = self._records.prepare(exchange, digests, original, members)
        return ReadyExchange(exchange, prepared, members)

    def append_ready(self, ready: ReadyExchange) -> CaptureAddress:
        """Write the records that `prepare` of this writer has made. Raises as `append` does."""
        exchange, prepared = ready.exchange, ready.prepared
        address = prepared.address(self.name, self._size)
        with ready.members:
            self._write(ready.parts(), prepared.leaves)
        if prepared.is_indexed:
            self._index.add(index_entry(exchange, prepared, address, self.name.warc_key))
        self._outcomes[exchange.outcome.value] += 1
        self._sites[exchange.discovery.site or "-"] += 1
        return address

    def sync(self) -> None:
        """Make all that was appended durable (fsync).

        Raises OSError when the disk fails; then the segment takes no more, and `abandon` has to be called.
        """
        if self._closed or self._size == self._durable:
            return
        size = self._size
        try:
            os.fsync(self._file)
            if not self._durable:
                sync_directory(self.path.parent)
        except OSError:
            self._closed = True
            raise
        self._durable = size

    def close(self) -> ClosedSegment:
        """Make the segment durable and complete. Raises OSError when the disk fails: call `abandon` then."""
        self.sync()
        self._closed = True
        warc = self.path.with_name(f"{self.name.text}{WARC_SUFFIX}")
        cdxj = self.path.with_name(f"{self.name.text}.cdxj")
        write_parts_durably(cdxj, self._index.sorted_lines())
        facts = StoredFile(key=self.name.warc_key, size=self._size, sha256=self._digest.hexdigest())
        closed = ClosedSegment(self.name, warc, cdxj, self._manifest(facts, cdxj))
        finish(closed, self.path)
        self._let_go()
        return closed

    def leave(self) -> None:
        """Make the segment durable and let it go as it is, to be resumed by another run.

        Raises OSError when the disk fails: call `abandon` then.
        """
        self.sync()
        self._closed = True
        self._let_go()

    def abandon(self) -> None:
        """Cut the segment to what is durable and let it go; `archive.recovery` finishes it.

        Raises OSError when not even that can be done; recovery then does it later.
        """
        self._closed = True
        try:
            os.ftruncate(self._file, self._durable)
        finally:
            self._let_go()

    def discard(self) -> None:
        """Drop a segment to which no exchange was appended."""
        self._closed = True
        self.path.unlink()
        self._let_go()

    def _let_go(self) -> None:
        os.close(self._file)
        self._index.close()

    def _manifest(self, warc: StoredFile, cdxj: Path) -> Manifest:
        return Manifest(
            segment=self.name.text,
            warc=warc,
            cdxj=stored_file(self.name.cdxj_key, cdxj),
            opened=warc_date(self.name.opened),
            closed=warc_date(self._clock_and_ids.now()),
            exchanges=self.exchanges,
            outcomes=dict(sorted(self._outcomes.items())),
            sites=dict(sorted(self._sites.items())),
            software=self._software,
            records=self._tree.size,
            records_root=self._tree.root().hex(),
        )

    def _write(self, parts: Iterable[bytes], leaves: Iterable[bytes]) -> None:
        """Write parts of one whole, and note the leaves of its records: all of it, or nothing."""
        if self._closed:
            raise SegmentClosed(f"segment {self.name.text} is closed")
        written = 0
        digest = self._digest.copy()
        try:
            for part in parts:
                _write_all(self._file, part)
                digest.update(part)
                written += len(part)
        except OSError:
            self._take_back()
            raise
        self._size += written
        self._digest = digest
        for leaf in leaves:
            self._tree.add(leaf)

    def _take_back(self) -> None:
        try:
            os.ftruncate(self._file, self._size)
        except OSError:
            self._closed = True  # what stands behind the last whole exchange is cut by recovery
            raise

    @property
    def _info_header(self) -> tuple[str, str]:
        return "WARC-Warcinfo-ID", record_urn(self._info_id)

    def _warcinfo(self, operator: str, robots: str, checkpoint: str) -> tuple[bytes, Block]:
        fields = warc_fields(
            [
                ("software", self._software),
                ("format", "WARC File Format 1.1"),
                (
                    "conformsTo",
                    "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
                ),
                ("hostname", self._clock_and_ids.host()),
                ("operator", operator),
                ("robots", robots),
                ("custody-checkpoint", checkpoint),
            ]
        )
        block = Block.of(fields, self._encoding.digest)
        headers = [("WARC-Filename", f"{self.name.text}{WARC_SUFFIX}")]
        return record_head("warcinfo", self._info_id, self.name.opened, WARC_FIELDS, block, headers), block


def finish(closed: ClosedSegment, opened: Path) -> None:
    """The last steps of closing: manifest, rename, fsync of the directory. May be repeated."""
    write_durably(closed.manifest_path, closed.manifest.to_bytes())
    sync_directory(opened.parent)
    opened.rename(closed.warc)
    sync_directory(opened.parent)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
