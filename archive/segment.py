"""Writing a segment: one WARC file that grows exchange by exchange.

Rules:

- The first record is warcinfo (WARC/1.1, section 6.2). While the segment is written its file ends in
  ``.warc.gz.open``.
- An exchange is one unbuffered write of all its members: a reader sees it whole or not at all.
- What was written is durable after `sync`; before, nobody may call it captured.
- A payload that the same URL had before becomes a revisit record; a truncated one never does.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from archive.cdxj import IndexEntry, index_text
from archive.errors import SegmentClosed
from archive.exchange import CaptureAddress, Exchange, Original
from archive.exchange_records import ExchangeRecords
from archive.identity import Identities
from archive.layout import OPEN_SUFFIX, WARC_SUFFIX, SegmentName
from archive.manifests import Manifest, stored_file
from archive.members import (
    WARC_FIELDS,
    Encoding,
    gzip_member,
    record_bytes,
    record_urn,
    warc_date,
    warc_fields,
)


@dataclass(frozen=True, slots=True)
class ClosedSegment:
    """A segment that is complete on this machine, ready to be stored."""

    name: SegmentName
    warc: Path
    cdxj: Path
    manifest: Manifest


class SegmentWriter:
    """Appends exchanges to one segment in a spool directory. Not for several threads at once."""

    def __init__(
        self,
        spool: Path,
        name: SegmentName,
        *,
        identities: Identities,
        software: str,
        operator: str = "",
        robots_obeyed: bool = True,
        encoding: Encoding | None = None,
    ) -> None:
        self.name = name
        self.path = spool / f"{name.text}{WARC_SUFFIX}{OPEN_SUFFIX}"
        self._identities = identities
        self._encoding = encoding or Encoding()
        self._software = software
        self._info_id = identities.record_id()
        self._records = ExchangeRecords(name, self._info_id, identities, self._encoding)
        self._entries: list[IndexEntry] = []
        self._outcomes: Counter[str] = Counter()
        self._sites: Counter[str] = Counter()
        self._resources: set[str] = set()
        self._size = 0
        spool.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o644)
        # Held until the file is closed or the process ends: it tells a living writer from a dead one
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._closed = False
        self._write(self._warcinfo(operator, robots="obey" if robots_obeyed else "ignore"))

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    @property
    def exchanges(self) -> int:
        """Exchanges appended so far."""
        return self._outcomes.total()

    def add_resource(self, uri: str, content_type: str, payload: bytes) -> None:
        """Keep a document that later derivation needs, once a segment (WARC/1.1, section 6.6).

        Raises SegmentClosed.
        """
        if uri in self._resources:
            return
        self._write(
            self._member(
                "resource",
                content_type,
                payload,
                [("WARC-Target-URI", uri), self._info_header],
                fresh_id=True,
            )
        )
        self._resources.add(uri)

    def append(self, exchange: Exchange, original: Original | None = None) -> CaptureAddress:
        """Write an exchange and say where it is.

        `original` is an earlier capture of the same URL: when the payload digests agree, or the
        server said 304 to a conditional request, a revisit record that refers to it is written.
        Raises SegmentClosed.
        """
        made = self._records.members(exchange, original, self._size)
        self._write(made.data)
        if made.entry is not None:
            self._entries.append(made.entry)
        self._outcomes[exchange.outcome.value] += 1
        self._sites[exchange.discovery.site or "-"] += 1
        return made.address

    def sync(self) -> None:
        """Make all that was appended durable (fsync). Raises OSError when the disk fails."""
        if not self._closed:
            os.fsync(self._file)

    def close(self) -> ClosedSegment:
        """Make the segment durable and complete: fsync, index, rename, fsync of the directory."""
        self.sync()
        self._closed = True
        warc = self.path.with_name(f"{self.name.text}{WARC_SUFFIX}")
        cdxj = self.path.with_name(f"{self.name.text}.cdxj")
        write_durably(cdxj, index_text(self._entries))
        self.path.rename(warc)
        sync_directory(warc.parent)
        os.close(self._file)
        return ClosedSegment(self.name, warc, cdxj, self._manifest(warc, cdxj))

    def discard(self) -> None:
        """Drop a segment to which no exchange was appended."""
        os.close(self._file)
        self._closed = True
        self.path.unlink()

    def _manifest(self, warc: Path, cdxj: Path) -> Manifest:
        return Manifest(
            segment=self.name.text,
            warc=stored_file(self.name.warc_key, warc),
            cdxj=stored_file(self.name.cdxj_key, cdxj),
            opened=warc_date(self.name.opened),
            closed=warc_date(self._identities.now()),
            exchanges=self.exchanges,
            outcomes=dict(sorted(self._outcomes.items())),
            sites=dict(sorted(self._sites.items())),
            software=self._software,
        )

    def _write(self, data: bytes) -> None:
        if self._closed:
            raise SegmentClosed(f"segment {self.name.text} is closed")
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        self._size += len(data)

    @property
    def _info_header(self) -> tuple[str, str]:
        return "WARC-Warcinfo-ID", record_urn(self._info_id)

    def _member(
        self,
        kind: str,
        content_type: str,
        block: bytes,
        headers: list[tuple[str, str]],
        *,
        fresh_id: bool = False,
    ) -> bytes:
        record_id = self._identities.record_id() if fresh_id else self._info_id
        date = self._identities.now() if fresh_id else self.name.opened
        record = record_bytes(kind, record_id, date, content_type, block, headers, encoding=self._encoding)
        return gzip_member(record, self._encoding.level)

    def _warcinfo(self, operator: str, robots: str) -> bytes:
        fields = warc_fields(
            [
                ("software", self._software),
                ("format", "WARC File Format 1.1"),
                (
                    "conformsTo",
                    "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
                ),
                ("hostname", self._identities.host()),
                ("operator", operator),
                ("robots", robots),
            ]
        )
        return self._member("warcinfo", WARC_FIELDS, fields, [("WARC-Filename", f"{self.name.text}{WARC_SUFFIX}")])


def write_durably(path: Path, data: bytes) -> None:
    """Write a file and make its bytes durable (fsync); its name is durable after `sync_directory`."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_directory(directory: Path) -> None:
    """Make renames and new names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
