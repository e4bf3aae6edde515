"""Reading captures back from WARC files: by address, or all of a segment in order.

A capture is what one exchange left: its response (or revisit) record and its metadata record, which
stand next to each other. Blocks are given byte for byte as stored; gzip and WARC headers are read by
warcio, HTTP is read by `archive.http1`.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from itertools import chain
from typing import BinaryIO
from uuid import NAMESPACE_URL, UUID, uuid5

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from archive.content_coding import GZIP_MAGIC, DecodedBody, decode_body
from archive.errors import DamagedArchive
from archive.exchange import CaptureOutcome, Discovery, Role
from archive.http1 import ResponseHead, entity_body, parse_head
from archive.members import canonical_name, parse_warc_date, parse_warc_fields
from archive.rendering import RENDERED_URI, SCREENSHOT_URI, TEXT_URI

CONFIGURATION_URI = "urn:newswarc:extraction-configuration:"
"""URL of resource records that contain extraction configurations, followed by the digest."""

SITE_URI = "urn:newswarc:site:"
"""URL of resource records that contain site definitions, followed by the site's id and digest."""

_OUTCOMES = frozenset(outcome.value for outcome in CaptureOutcome)
_ROLES = frozenset(role.value for role in Role)
_STEP = 1 << 20
_CHUNK_SIZE = re.compile(rb"[ \t]*[0-9a-fA-F]+[ \t]*(?:;[^\n]*)?\r?\n|$")


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """One record of a WARC file."""

    kind: str
    record_id: UUID
    target: str
    date: datetime
    headers: dict[str, str]
    """WARC header fields; if one is repeated, the first."""
    block: bytes
    offset: int
    length: int
    left: int = 0
    """Number of bytes of the block that were not read."""


@dataclass(frozen=True, slots=True)
class RenderedDocument:
    """What a browser made of a page: the conversion record behind its response."""

    document: bytes
    """HTML in UTF-8."""
    record_id: UUID
    date: datetime
    offset: int
    length: int
    left: int = 0
    """Number of bytes of the document that were not read."""
    text: bytes = b""
    """What a reader saw (UTF-8)."""
    screenshot: bytes = b""
    """What was in view (JPEG)."""


@dataclass(frozen=True, slots=True)
class Capture:
    """What one exchange left in a segment."""

    url: str
    record_id: UUID
    """Id of the response record, or of the metadata record if there was no response."""
    date: datetime
    offset: int
    length: int
    response: bytes
    """The response as received; for a revisit only its headers; empty if there was none."""
    left: int = field(default=0, kw_only=True)
    """Number of bytes of the response that were not read."""
    revisit: bool
    payload_digest: str
    truncated: str
    refers_to: UUID | None = None
    """For a revisit: the record it refers to; other programs may leave it out."""
    refers_to_url: str = ""
    """For a revisit: the URL of that record."""
    refers_to_date: datetime | None = None
    """For a revisit: the date of that record."""
    metadata: dict[str, list[str]] = field(default_factory=dict)
    content_type: str = ""
    """Of a resource or conversion record, whose block is no HTTP message but what the address gave: its media
    type.
    """

    rendered: RenderedDocument | None = None
    """What a browser made of it, if it was rendered."""

    def fact(self, name: str) -> str:
        """A value of the metadata record; empty if it has none."""
        return next(iter(self.metadata.get(name, ())), "")

    @property
    def outcome(self) -> CaptureOutcome:
        """How the attempt ended."""
        return CaptureOutcome(self.fact("outcome") or CaptureOutcome.OK)

    @property
    def role(self) -> Role:
        """What the URL was fetched as."""
        return Role(self.fact("role") or Role.OTHER)

    @property
    def is_page(self) -> bool:
        """Whether the page was fetched as an article, and therefore has a page outcome."""
        return self.role is Role.ARTICLE

    @property
    def discovery(self) -> Discovery:
        """How the URL was found."""
        return Discovery(
            role=self.role,
            site=self.fact("site"),
            via=self.fact("via"),
            source_url=self.fact("sourceUrl"),
            source_date=self.fact("sourceDate"),
            source_title=self.fact("sourceTitle"),
            source_author=self.fact("sourceAuthor"),
            source_record_id=self.fact("sourceRecordId"),
            seen_at=self.fact("seenAt"),
            requested_url=self.fact("requestedUrl"),
            previous_text=self.fact("previousText"),
        )

    @property
    def duplicate_of(self) -> UUID | None:
        """The first capture of the same payload, where that is of another address; None also when it is not known."""
        with suppress(ValueError):
            return UUID(self.fact("duplicateOf"))
        return None

    def head(self) -> ResponseHead:
        """The response's head. Raises BadMessage when it has none.

        Of a resource or conversion: what would stand for it.
        """
        if self.content_type:
            return ResponseHead(
                "", HTTPStatus.OK, "", ((b"Content-Type", self.content_type.encode("latin-1", "replace")),), 0
            )
        return parse_head(self.response)

    def payload(self) -> bytes:
        """The body without transfer coding. Raises BadMessage."""
        return self.response if self.content_type else entity_body(self.response)

    def body(self, limit: int) -> DecodedBody:
        """The body without transfer and content coding, at most `limit` bytes.

        Other crawlers' WARCs may have a head that speaks of chunks before a body without them, or one that lost its
        Content-Encoding before a page that is packed: HTML never begins as gzip does.
        Raises BadMessage, or BodyTooLarge past the limit.
        """
        head = self.head()
        body = self.response[head.length :]
        if head.chunked and _CHUNK_SIZE.match(body):
            body = entity_body(self.response)
        codings = head.content_codings
        if not any(codings) and body.startswith(GZIP_MAGIC) and "html" in head.first("content-type").lower():
            codings = ["gzip"]
        return decode_body(codings, body, limit)


def iterate_records(stream: BinaryIO, most: int = sys.maxsize) -> Iterator[WarcRecord]:
    """All records from the stream's position on, each with at most `most` bytes of its block.

    Raises DamagedArchive where the stream is no WARC.
    """
    iterator = ArchiveIterator(stream, no_record_parse=True)
    try:
        for record in iterator:
            headers = record.rec_headers
            block: bytes = record.raw_stream.read(most)
            left = _passed_over(record.raw_stream) if len(block) == most else 0
            offset = iterator.get_record_offset()
            fields = {canonical_name(name): value for name, value in reversed(headers.headers)}
            if len(block) + left != int(fields["Content-Length"]):
                raise DamagedArchive(f"the record at {offset} is cut short")
            yield WarcRecord(
                kind=fields["WARC-Type"].strip().lower(),
                record_id=record_uuid(fields.get("WARC-Record-ID", "")),
                target=fields.get("WARC-Target-URI", "").strip("<>"),
                date=parse_warc_date(fields["WARC-Date"]),
                headers=fields,
                block=block,
                offset=offset,
                length=iterator.get_record_length(),
                left=left,
            )
    except (ArchiveLoadFailed, KeyError, ValueError, OverflowError) as error:
        raise DamagedArchive(f"not a readable WARC record: {error}") from error


def _passed_over(stream: BinaryIO) -> int:
    """Read to the end; returns the number of bytes."""
    return sum(map(len, iter(partial(stream.read, _STEP), b"")))


def iterate_captures(records: Iterator[WarcRecord]) -> Iterator[Capture]:
    """The captures among records, in the order in which they were written.

    Raises what `records` raises, behind the capture before it.
    """
    main: WarcRecord | None = None
    rendered: RenderedDocument | None = None
    try:
        for record in records:
            if record.kind in ("response", "revisit"):
                if main is not None:
                    yield _capture(main, None)
                main = record
                rendered = None
            elif main is not None and is_rendering_of(record, main):
                rendered = _rendered(record)
            elif rendered is not None and record.kind == "resource" and main is not None:
                rendered = _with_view(rendered, record)
            elif record.kind == "metadata" and is_account(parse_warc_fields(record.block)):
                yield _capture(main, record, rendered)
                main = rendered = None
    except DamagedArchive:
        if main is not None:
            yield _capture(main, None)
        raise
    if main is not None:
        yield _capture(main, None)


def is_account(fields: dict[str, list[str]]) -> bool:
    """Whether a metadata record is this program's account of an attempt; others may use the same names of fields."""
    outcome, role = (next(iter(fields.get(name, ())), "") for name in ("outcome", "role"))
    return outcome in _OUTCOMES and (not role or role in _ROLES)


def is_rendering_of(record: WarcRecord, main: WarcRecord) -> bool:
    """Whether a record is what a browser made of the page of another one."""
    refers = record.headers.get("WARC-Refers-To", "")
    is_rendered = record.kind == "conversion" and record.target.startswith(RENDERED_URI)
    return is_rendered and bool(refers) and record_uuid(refers) == main.record_id


class SegmentReading:
    """One pass over a segment: its captures, and the extraction configurations found so far."""

    def __init__(self, stream: BinaryIO, most: int = sys.maxsize) -> None:
        """Of each record's block at most `most` bytes are read."""
        self._stream = stream
        self._most = most
        self.configurations: dict[str, bytes] = {}
        """Extraction configurations (JSON) by digest. Each one comes before its first use."""

    def captures(self) -> Iterator[Capture]:
        """The captures in the order in which they were written. Raises DamagedArchive."""
        return iterate_captures(self._watched())

    def _watched(self) -> Iterator[WarcRecord]:
        for record in iterate_records(self._stream, self._most):
            if record.kind == "resource" and record.target.startswith(CONFIGURATION_URI):
                self.configurations[record.target.removeprefix(CONFIGURATION_URI)] = record.block
            yield record


def read_capture(stream: BinaryIO, offset: int, most: int = sys.maxsize) -> Capture:
    """The capture whose response (or lone metadata) record begins at `offset` of a WARC; at most `most` bytes of it.

    Raises DamagedArchive when there is none.
    """
    stream.seek(offset)
    capture = first_capture(iterate_records(stream, most))
    if capture is None or capture.offset != offset:
        raise DamagedArchive(f"no capture at offset {offset}")
    return capture


def first_capture(records: Iterator[WarcRecord]) -> Capture | None:
    """The capture that begins with the first of the records, also one that is a resource or a conversion.

    Raises what `records` raises.
    """
    first = next(records, None)
    if first is None:
        return None
    if first.kind in ("resource", "conversion"):
        return replace(
            _capture(first, None), content_type=first.headers.get("Content-Type", "") or "application/octet-stream"
        )
    return next(iterate_captures(chain((first,), records)), None)


def read_response(member: bytes) -> bytes:
    """The response of one gzip member: what was received, byte for byte.

    Raises DamagedArchive when the member holds no response record.
    """
    return response_record(member).block


def response_record(member: bytes) -> WarcRecord:
    """The response or revisit record of one gzip member. Raises DamagedArchive when it holds none."""
    for record in iterate_records(io.BytesIO(member)):
        if record.kind in ("response", "revisit"):
            return record
    raise DamagedArchive("the member holds no response record")


def _capture(
    main: WarcRecord | None, metadata: WarcRecord | None, rendered: RenderedDocument | None = None
) -> Capture:
    record = main or metadata
    assert record is not None
    return Capture(
        url=record.target,
        record_id=record.record_id,
        date=record.date,
        offset=record.offset,
        length=record.length,
        response=main.block if main else b"",
        left=main.left if main else 0,
        revisit=record.kind == "revisit",
        payload_digest=record.headers.get("WARC-Payload-Digest", ""),
        truncated=record.headers.get("WARC-Truncated", ""),
        refers_to=record_uuid(urn) if (urn := record.headers.get("WARC-Refers-To")) else None,
        refers_to_url=record.headers.get("WARC-Refers-To-Target-URI", "").strip("<>"),
        refers_to_date=_moment(record.headers.get("WARC-Refers-To-Date", "")),
        metadata=parse_warc_fields(metadata.block) if metadata else {},
        rendered=rendered,
    )


def _rendered(record: WarcRecord) -> RenderedDocument:
    return RenderedDocument(record.block, record.record_id, record.date, record.offset, record.length, record.left)


def _with_view(rendered: RenderedDocument, record: WarcRecord) -> RenderedDocument:
    if record.target.startswith(TEXT_URI):
        return replace(rendered, text=record.block)
    return replace(rendered, screenshot=record.block) if record.target.startswith(SCREENSHOT_URI) else rendered


def _moment(date: str) -> datetime | None:
    try:
        return parse_warc_date(date)
    except (ValueError, OverflowError):
        return None


def record_uuid(urn: str) -> UUID:
    """The UUID of a record id. Other programs' ids may be any URI (WARC/1.1, section 5.2), and get one by it."""
    bare = urn.strip().strip("<>")
    if bare.lower().startswith("urn:uuid:") or ":" not in bare:
        with suppress(ValueError):
            return UUID(bare[len("urn:uuid:") :] if ":" in bare else bare)
    return uuid5(NAMESPACE_URL, bare)
