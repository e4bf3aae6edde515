"""Another program's WARC file becomes a segment of this archive.

- Every record is kept byte for byte, WARC header included; only how it is packed may change: one gzip member each.
- Behind each response or revisit stands a metadata record of ours, as behind one that was captured here: how the
  attempt ended, and whether it is a page to be read as an article (an HTML document with status 200).
- The last record (a resource) says which file it was, by name and SHA-256.
- The segment's name is made of the first record's date and the file's SHA-256: the same file gives the same segment.
- Digests are kept as they are. Programs differ: some write SHA-1 in base 32, some digest a chunked payload with its
  chunks, some leave digests out.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from archive.captures import WarcRecord, iterate_records
from archive.cdxj import index_text
from archive.durable import write_durably
from archive.errors import DamagedArchive
from archive.exchange import CaptureOutcome, Role, outcome_of_status
from archive.http1 import BadMessage, parse_head
from archive.layout import IMPORTED, WARC_SUFFIX, SegmentName
from archive.manifests import file_sha256
from archive.members import WARC_FIELDS, Block, gzip_member, record_head, warc_fields
from archive.recovery import read_contents, whole_members
from archive.segment import ClosedSegment

IMPORT_URI = "urn:newswarc:import:"
"""Resource records on imported files have this address, with the file's SHA-256 behind it."""

_HEAD = 1 << 17
_LEVEL = 2
_TRUNCATIONS = {
    "length": CaptureOutcome.TRUNCATED_LENGTH,
    "time": CaptureOutcome.TRUNCATED_TIME,
    "disconnect": CaptureOutcome.TRUNCATED_DISCONNECT,
    "unspecified": CaptureOutcome.TRUNCATED_DISCONNECT,
}


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A WARC file as a segment, on this machine."""

    closed: ClosedSegment
    records: int
    """Records of the file."""
    pages: int
    """Captures that are read as articles."""


def segment_of(source: Path, prefix: str) -> SegmentName:
    """The name that a file's segment has. Raises DamagedArchive when it is no WARC, or OSError."""
    with opened_plainly(source) as file, file.open("rb") as stream:
        first = next(iterate_records(stream, _HEAD), None)
    if first is None:
        raise DamagedArchive(f"{source}: no WARC record in it")
    stamp = first.date.astimezone(UTC).replace(microsecond=0)
    return SegmentName.parse(f"{prefix}-{stamp:%Y%m%d%H%M%S}000-00001-{IMPORTED}-{file_sha256(source)[:16]}")


def import_file(source: Path, name: SegmentName, directory: Path) -> ImportedFile:
    """Make a segment of a WARC file in a directory. Raises DamagedArchive or OSError."""
    digest = file_sha256(source)
    warc = directory / f"{name.text}{WARC_SUFFIX}"
    records = pages = 0
    last = name.opened
    with warc.open("wb") as target:
        for record, member in members(source):
            records += 1
            last = record.date
            target.write(member)
            if record.kind in ("response", "revisit"):
                role = _role(record)
                pages += role is Role.ARTICLE
                target.write(_metadata(record, role))
        target.write(_about_the_file(source, digest, records, last))
    contents = read_contents(warc, name)
    if contents.end != warc.stat().st_size:
        raise DamagedArchive(f"{source}: a record after the first {contents.end} bytes cannot be read")
    cdxj = directory / f"{name.text}.cdxj"
    write_durably(cdxj, index_text(contents.entries))
    closed = ClosedSegment(name, warc, cdxj, contents.manifest(name, warc, cdxj, contents.last))
    return ImportedFile(closed, records, pages)


def members(source: Path) -> Iterator[tuple[WarcRecord, bytes]]:
    """The records of a WARC file, each as one gzip member; of their blocks only the beginning is in the record.

    Raises DamagedArchive where the file cannot be read on, or OSError.
    """
    with opened_plainly(source) as file:
        if _is_gzip(file):
            yield from _packed(file)
        else:
            yield from _unpacked(file)


@contextmanager
def opened_plainly(source: Path) -> Iterator[Path]:
    """The file, or, when all its records are in one gzip member, a copy that is not compressed."""
    if not _is_gzip(source) or not _is_one_member(source):
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="newswarc-import-") as scratch:
        plain = Path(scratch) / "plain.warc"
        try:
            with gzip.open(source, "rb") as packed, plain.open("wb") as target:
                shutil.copyfileobj(packed, target)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DamagedArchive(f"{source}: cut short or damaged: {error}") from error
        yield plain


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _is_one_member(path: Path) -> bool:
    with path.open("rb") as stream:
        records = iterate_records(stream, _HEAD)
        try:
            next(records, None)
            next(records, None)
        except DamagedArchive as error:
            return "non-chunked" in str(error)
    return False


def _packed(file: Path) -> Iterator[tuple[WarcRecord, bytes]]:
    end = 0
    for offset, member in whole_members(file):
        found = list(iterate_records(io.BytesIO(member), _HEAD))
        if len(found) == 1:
            yield found[0], member
        elif found:
            text = gzip.decompress(member)
            for record in iterate_records(io.BytesIO(text), _HEAD):
                yield record, gzip.compress(text[record.offset : record.offset + record.length], _LEVEL, mtime=0)
        end = offset + len(member)
    if end != file.stat().st_size:
        raise DamagedArchive(f"{file}: cut short or damaged behind {end}")


def _unpacked(file: Path) -> Iterator[tuple[WarcRecord, bytes]]:
    with file.open("rb") as reading, file.open("rb") as copying:
        for record in iterate_records(reading, _HEAD):
            yield record, _compressed(copying, record.offset, record.length)


def _compressed(file: IO[bytes], offset: int, length: int) -> bytes:
    file.seek(offset)
    return gzip.compress(file.read(length), _LEVEL, mtime=0)


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


def _metadata(record: WarcRecord, role: Role) -> bytes:
    fields = [
        ("outcome", _outcome(record).value),
        ("role", role.value),
        ("site", urlsplit(record.target).netloc.rpartition("@")[2].lower()),
        ("via", "import"),
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
