"""Importing another program's WARC, ARC or WACZ file as a segment of this archive.

- Every good record is kept byte for byte, WARC header included; only how it is packed may change: one gzip member
  each. What `archive.record_scanning` has to repair of a head, or makes of an ARC record, is counted.
- Everything else in the file is listed by its offset with the reason; when that is not wanted, the file is refused.
- Behind each response or revisit stands a metadata record of ours, as behind one that was captured here: how the
  attempt ended, and whether it is a page to be read as an article (an HTML document with status 200). One that has
  such a record already, since this program wrote it, keeps that.
- Titles and times that a WACZ gives its pages go there too, as how the page was found.
- The last record (a resource) says which file it was, by name and SHA-256.
- The segment's name is made of the first record's date and the file's SHA-256: the same file gives the same segment.
- Digests are kept as they are. Programs differ: some write SHA-1 in base 32, some digest a chunked payload with its
  chunks, some leave digests out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from archive.captures import WarcRecord, is_account, record_uuid
from archive.cdxj import index_text
from archive.durable import write_durably
from archive.errors import DamagedArchive
from archive.exchange import CaptureOutcome, Role, outcome_of_status
from archive.foreign_files import PageNote, Part, parts_of
from archive.http1 import BadMessage, find_head_end, parse_head
from archive.layout import IMPORTED, WARC_SUFFIX, SegmentName
from archive.manifests import file_sha256
from archive.members import WARC_FIELDS, Block, gzip_member, parse_warc_fields, record_head, warc_date, warc_fields
from archive.record_scanning import FoundRecord, Refused, gzip_parts, scan
from archive.recovery import read_contents
from archive.segment import ClosedSegment

IMPORT_URI = "urn:newswarc:import:"
"""Resource records on imported files have this address, with the file's SHA-256 behind it."""

_HEAD = 1 << 17
_LONGEST_HEAD = 1 << 22
_ID_LINE = re.compile(rb"(?im)^WARC-Record-ID:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*")
_LEVEL = 2
_PIECE = 1 << 20
_TRUNCATIONS = {
    "length": CaptureOutcome.TRUNCATED_LENGTH,
    "time": CaptureOutcome.TRUNCATED_TIME,
    "disconnect": CaptureOutcome.TRUNCATED_DISCONNECT,
    "unspecified": CaptureOutcome.TRUNCATED_DISCONNECT,
}


@dataclass(slots=True)
class ImportedFile:
    """A file as a segment, on this machine."""

    closed: ClosedSegment
    records: int = 0
    """Number of records of the file that are in the segment."""
    pages: int = 0
    """Number of captures that are treated as articles."""
    mended: int = 0
    """Number of records whose header had to be rewritten."""
    refused: list[Refused] = field(default_factory=list)
    """Parts of the file that are not in the segment."""
    warnings: list[Refused] = field(default_factory=list)
    """Records that are in the segment although something is wrong with them."""


def segment_of(source: Path, prefix: str) -> SegmentName:
    """The name that a file's segment has. Raises DamagedArchive when no good record is in it, or OSError."""
    with parts_of(source) as parts:
        for part in parts:
            for found in scan(part.path):
                if isinstance(found, FoundRecord):
                    stamp = found.date.astimezone(UTC).replace(microsecond=0)
                    digest = file_sha256(source)[:16]
                    return SegmentName.parse(f"{prefix}-{stamp:%Y%m%d%H%M%S}000-00001-{IMPORTED}-{digest}")
    raise DamagedArchive(f"{source}: no WARC or ARC record in it")


def import_file(source: Path, name: SegmentName, directory: Path, *, strict: bool = False) -> ImportedFile:
    """Make a segment of a file in a directory.

    Raises DamagedArchive, also when `strict` and not all of the file are good records, or OSError.
    """
    digest = file_sha256(source)
    warc = directory / f"{name.text}{WARC_SUFFIX}"
    counts = _Counts(name.opened)
    with warc.open("wb") as target, parts_of(source) as parts:
        for part in parts:
            _Importing(part, target, counts).run(strict=strict)
        target.write(_about_the_file(source, digest, counts.records, counts.last))
    contents = read_contents(warc, name)
    if contents.end != warc.stat().st_size:
        raise DamagedArchive(f"{source}: a record after the first {contents.end} bytes cannot be read")
    cdxj = directory / f"{name.text}.cdxj"
    write_durably(cdxj, index_text(contents.entries))
    closed = ClosedSegment(name, warc, cdxj, contents.manifest(name, warc, cdxj, contents.last or counts.last_date))
    return ImportedFile(closed, counts.records, counts.pages, counts.mended, counts.refused, counts.warnings)


@dataclass(slots=True)
class _Counts:
    """What was seen of a file so far."""

    last: datetime
    records: int = 0
    pages: int = 0
    mended: int = 0
    refused: list[Refused] = field(default_factory=list)
    warnings: list[Refused] = field(default_factory=list)
    ids: set[UUID] = field(default_factory=set)

    @property
    def last_date(self) -> str:
        return warc_date(self.last)


class _Importing:
    """Copies the records of one WARC file."""

    def __init__(self, part: Part, target: BinaryIO, counts: _Counts) -> None:
        self._part = part
        self._target = target
        self._counts = counts
        self._waiting: WarcRecord | None = None
        """A capture that has no metadata record yet."""

    def run(self, *, strict: bool) -> None:
        """Raises DamagedArchive or OSError."""
        with self._part.path.open("rb") as file:
            for found in scan(self._part.path):
                if isinstance(found, FoundRecord):
                    self._take(found, file)
                elif isinstance(found, Refused):
                    refused = replace(found, part=self._part.name)
                    if strict:
                        raise DamagedArchive(refused.line)
                    self._counts.refused.append(refused)
        self._describe()

    def _take(self, found: FoundRecord, file: BinaryIO) -> None:
        counts = self._counts
        counts.records += 1
        self._tell_apart(found)
        counts.mended += bool(found.mended)
        counts.last = found.date
        if warning := found.warning:
            counts.warnings.append(Refused(found.offset, warning, found.within, self._part.name))
        if found.kind == "metadata" and self._is_described_by(found):
            self._waiting = None
        self._describe()
        for piece in _member_of(found, file):
            self._target.write(piece)
        if found.kind in ("response", "revisit"):
            self._waiting = found.record(_HEAD)
            if self._waiting.left and find_head_end(self._waiting.block) < 0:
                self._waiting = found.record(_LONGEST_HEAD)

    def _tell_apart(self, found: FoundRecord) -> None:
        """Give a record an id of its own if another one before it has the same (WARC/1.1, section 5.2, forbids that):
        what is made of the two is told apart by their ids.
        """
        known = found.headers["WARC-Record-ID"]
        number = record_uuid(known)
        if number in self._counts.ids:
            made = f"<urn:uuid:{uuid5(NAMESPACE_URL, f'{known} {self._part.name} {found.offset} {found.within}')}>"
            found.head = _ID_LINE.sub(f"WARC-Record-ID: {made}".encode(), found.head, count=1)
            found.headers["WARC-Record-ID"] = made
            found.is_alone = False
            found.mended = found.mended or "another record before it has its id"
            warning = f"another record before it has the id {known[:100]}; it is {made} here"
            self._counts.warnings.append(Refused(found.offset, warning, found.within, self._part.name))
            number = record_uuid(made)
        self._counts.ids.add(number)

    def _is_described_by(self, found: FoundRecord) -> bool:
        """Whether a metadata record is the one that this program wrote of the capture before it."""
        if self._waiting is None:
            return False
        facts = parse_warc_fields(found.block(_HEAD))
        refers = found.headers.get("WARC-Refers-To", "")
        if is_account(facts) and "role" in facts and refers == self._waiting.headers.get("WARC-Record-ID"):
            self._counts.pages += facts["role"] == [Role.ARTICLE.value]
            return True
        return False

    def _describe(self) -> None:
        record, self._waiting = self._waiting, None
        if record is not None:
            role = _role(record)
            self._counts.pages += role is Role.ARTICLE
            self._target.write(_metadata(record, role, self._part.pages.get(record.target)))


def _member_of(found: FoundRecord, file: BinaryIO) -> Iterator[bytes]:
    """The record as one gzip member: the file's own where there is one."""
    if not found.is_alone:
        yield from gzip_parts(found, _LEVEL)
        return
    file.seek(found.offset)
    left = found.length
    while left and (piece := file.read(min(_PIECE, left))):
        left -= len(piece)
        yield piece


def members(source: Path) -> Iterator[tuple[WarcRecord, bytes]]:
    """The good records of a file, each as one gzip member; of their blocks only the beginning is in the record.

    Raises DamagedArchive or OSError.
    """
    with parts_of(source) as parts:
        for part in parts:
            with part.path.open("rb") as file:
                for found in scan(part.path):
                    if isinstance(found, FoundRecord):
                        yield found.record(_HEAD), b"".join(_member_of(found, file))


def _outcome(record: WarcRecord) -> CaptureOutcome:
    truncated = record.headers.get("WARC-Truncated", "")
    if truncated:
        return _TRUNCATIONS.get(truncated, CaptureOutcome.TRUNCATED_DISCONNECT)
    try:
        return outcome_of_status(parse_head(record.block).status)
    except BadMessage:
        return CaptureOutcome.MALFORMED


def _role(record: WarcRecord) -> Role:
    try:
        head = parse_head(record.block)
    except BadMessage:
        return Role.OTHER
    is_html = "html" in head.first("content-type").lower()
    return Role.ARTICLE if is_html and head.status == HTTPStatus.OK else Role.OTHER


def _metadata(record: WarcRecord, role: Role, page: PageNote | None) -> bytes:
    fields = [
        ("outcome", _outcome(record).value),
        ("role", role.value),
        ("site", urlsplit(record.target).netloc.rpartition("@")[2].lower()),
        ("via", "import"),
        ("sourceTitle", page.title if page else ""),
        ("seenAt", page.seen_at if page else ""),
    ]
    headers = [("WARC-Target-URI", record.target), ("WARC-Refers-To", record.headers["WARC-Record-ID"])]
    return _member(
        "metadata",
        f"{record.headers['WARC-Record-ID']} metadata",
        record.date,
        WARC_FIELDS,
        warc_fields(fields),
        headers,
    )


def _about_the_file(source: Path, digest: str, records: int, last: datetime) -> bytes:
    text = json.dumps({"file": source.name, "sha256": digest, "records": records}, ensure_ascii=False).encode()
    headers = [("WARC-Target-URI", f"{IMPORT_URI}{digest}")]
    return _member("resource", f"{IMPORT_URI}{digest}", last, "application/json", text, headers)


def _member(
    kind: str, name: str, date: datetime, content_type: str, text: bytes, headers: list[tuple[str, str]]
) -> bytes:
    """A record of ours, its id made of a name, so that it is the same every time."""
    block = Block.of(text, "sha256")
    head = record_head(kind, _id_of(name), date, content_type, block, headers)
    return gzip_member(head, block, _LEVEL)


def _id_of(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, name)
