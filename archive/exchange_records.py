"""The WARC records of one exchange, as gzip members with their positions.

The order is request, response or revisit, what a browser made of it (conversion, screenshot, text), metadata. Without
a response only request (if anything was sent) and metadata are made, so that every attempt leaves a record.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import IO
from uuid import UUID

from archive.cdxj import REVISIT_MIME, IndexEntry, plain_mime
from archive.clock_and_ids import ClockAndIds
from archive.exchange import CaptureAddress, CaptureOutcome, Exchange, Original
from archive.framing import FramingCheck, framing_of
from archive.http1 import BadMessage, ResponseHead, chunked_parts
from archive.layout import SegmentName
from archive.members import (
    HTTP_REQUEST,
    HTTP_RESPONSE,
    IDENTICAL_PAYLOAD,
    SERVER_NOT_MODIFIED,
    WARC_FIELDS,
    Block,
    Encoding,
    member_level,
    member_parts,
    new_digest,
    record_head,
    record_urn,
    warc_date,
    warc_fields,
)
from archive.merkle_tree import begun_leaf
from archive.rendering import DOCUMENT_TYPE, RENDERED_URI, SCREENSHOT_URI, TEXT_URI
from archive.request_method import GET, request_method

_NO_HEAD = ResponseHead("", 0, "", (), 0)


@dataclass(frozen=True, slots=True)
class PreparedExchange:
    """The members of an exchange, not in a segment yet: they can stand anywhere in it."""

    length: int
    """Bytes of all members."""
    main_offset: int
    """Where the response's (or, when none came, the metadata's) member begins among them."""
    main_length: int
    record_id: UUID
    payload_digest: str
    revisit: bool
    mime: str
    is_indexed: bool
    """Whether there is something to replay."""
    is_plain: bool
    """Whether it may stand for repeats, see `ResponseDigests`."""
    leaves: tuple[bytes, ...]
    """Hashes of the records' leaves, see `archive.records_tree`."""

    def address(self, name: SegmentName, offset: int) -> CaptureAddress:
        """Where the capture is when the members stand at `offset` of a segment."""
        main = offset + self.main_offset
        return CaptureAddress(name.text, main, self.main_length, self.record_id, self.payload_digest, self.revisit)


def index_entry(exchange: Exchange, prepared: PreparedExchange, address: CaptureAddress, key: str) -> IndexEntry:
    """The index line of a capture; `key` is its WARC's."""
    return IndexEntry(
        url=exchange.url,
        date=warc_date(exchange.started),
        mime=REVISIT_MIME if address.revisit else prepared.mime,
        status=exchange.status,
        digest=address.payload_digest,
        length=address.length,
        offset=address.offset,
        filename=key,
        method=GET if exchange.method.upper() == "GET" else request_method(exchange.request),
    )


@dataclass(frozen=True, slots=True)
class ResponseDigests:
    """The labelled digests of a response, taken in one pass over its bytes."""

    head: ResponseHead
    block: str
    payload: str
    """Of the de-chunked entity body. Empty without a whole head: then there is no payload (WARC/1.1, section 2)."""
    is_plain: bool
    """Whether other readers find the payload too, so that it can stand for repeats (`archive.framing`)."""


@dataclass(frozen=True, slots=True)
class _Response:
    """A response record before it is a member."""

    kind: str
    block: Block
    headers: list[tuple[str, str]]
    digest: str
    head: ResponseHead
    framing: str = ""
    """Of a revisit: what stands between the pieces of its payload."""

    @property
    def mime(self) -> str:
        return plain_mime(self.head.first("content-type"))


class ExchangeRecords:
    """Builds the records of exchanges for one segment. May be used by several threads at once."""

    def __init__(self, info_id: UUID, clock_and_ids: ClockAndIds, encoding: Encoding) -> None:
        self._info_header = ("WARC-Warcinfo-ID", record_urn(info_id))
        self._clock_and_ids = clock_and_ids
        self._encoding = encoding

    def digests(self, exchange: Exchange) -> ResponseDigests:
        """The digests of an exchange's response. Raises OSError when it was spooled and can't be read."""
        head = _head_of(exchange)
        block = new_digest(self._encoding.digest)
        payload = new_digest(self._encoding.digest)
        block.update(exchange.response_start[: head.length])

        def watched() -> Iterator[bytes]:
            for part in exchange.response_parts(head.length):
                block.update(part)
                yield part

        framing = FramingCheck()
        for part, is_payload in chunked_parts(watched()) if head.chunked else zip(watched(), repeat(True)):
            if is_payload:
                payload.update(part)
            else:
                framing.see(part)
        label = self._encoding.digest
        of_payload = f"{label}:{payload.hexdigest()}" if head.length else ""
        # Common readers take no empty line before a head
        is_plain = exchange.response_start[:1] not in (b"\r", b"\n") and (not head.chunked or framing.is_plain)
        return ResponseDigests(head, f"{label}:{block.hexdigest()}", of_payload, is_plain)

    def prepare(
        self, exchange: Exchange, digests: ResponseDigests, original: Original | None, sink: IO[bytes]
    ) -> PreparedExchange:
        """Write the members of an exchange to `sink`, which is empty. Raises OSError if it can't be written."""
        main_id = exchange.record_id or self._clock_and_ids.record_id()
        leaves: list[bytes] = []
        if exchange.request:
            leaves.append(self._write(sink, *self._request(exchange, main_id)))
        begins = sink.tell()
        if not exchange.response:
            leaves.append(self._write(sink, *self._metadata(exchange, main_id, None)))
            length = sink.tell()
            return PreparedExchange(
                length, begins, length - begins, main_id, "", False, "", False, False, tuple(leaves)
            )
        response = self._response(exchange, digests, original)
        leaves.append(self._write(sink, *self._response_member(exchange, response, main_id)))
        ends = sink.tell()
        for record in self._rendered(exchange, main_id):
            leaves.append(self._write(sink, *record))
        about = self._metadata(exchange, self._clock_and_ids.record_id(), main_id, response.framing)
        leaves.append(self._write(sink, *about))
        return PreparedExchange(
            length=sink.tell(),
            main_offset=begins,
            main_length=ends - begins,
            record_id=main_id,
            payload_digest=response.digest,
            revisit=response.kind == "revisit",
            mime=response.mime,
            is_indexed=bool(exchange.status),
            is_plain=digests.is_plain,
            leaves=tuple(leaves),
        )

    @staticmethod
    def _write(sink: IO[bytes], head: bytes, block: Block, level: int) -> bytes:
        """Write a record; the hash of its leaf."""
        leaf = begun_leaf()
        for part in member_parts(head, block, level, leaf):
            sink.write(part)
        return leaf.digest()

    def _request(self, exchange: Exchange, main_id: UUID) -> tuple[bytes, Block, int]:
        headers = [*self._common(exchange), ("WARC-Concurrent-To", record_urn(main_id))]
        block = Block.of(exchange.request, self._encoding.digest)
        record_id = self._clock_and_ids.record_id()
        head = record_head("request", record_id, exchange.started, HTTP_REQUEST, block, headers)
        return head, block, self._encoding.level

    def _response(self, exchange: Exchange, digests: ResponseDigests, original: Original | None) -> _Response:
        head, digest = digests.head, digests.payload
        headers = self._common(exchange)
        if exchange.truncated:
            headers.append(("WARC-Truncated", exchange.truncated.value))
        profile = _revisit_profile(exchange, original, digest)
        framing = framing_of(head, exchange.response_parts(head.length)) if profile == IDENTICAL_PAYLOAD else ""
        if original is None or not profile or framing is None:
            headers += [("WARC-Payload-Digest", digest)] if digest else []
            block = Block(exchange.response_parts, len(exchange.response), digests.block)
            return _Response("response", block, headers, digest, head)
        headers.append(("WARC-Payload-Digest", original.payload_digest))
        headers += _refers_to(profile, original)
        block = Block.of(exchange.response_start[: head.length], self._encoding.digest)
        return _Response("revisit", block, headers, original.payload_digest, head, framing)

    def _response_member(self, exchange: Exchange, response: _Response, record_id: UUID) -> tuple[bytes, Block, int]:
        head = record_head(
            response.kind, record_id, exchange.started, HTTP_RESPONSE, response.block, response.headers
        )
        coding = response.head.first("content-encoding")
        return head, response.block, member_level(coding, response.mime, self._encoding.level)

    def _rendered(self, exchange: Exchange, main_id: UUID) -> Iterator[tuple[bytes, Block, int]]:
        """The records of a rendering: the document is a conversion of the response (WARC/1.1, section 6.8)."""
        rendering = exchange.rendering
        if rendering is None:
            return
        main = record_urn(main_id)
        for kind, uri, content_type, content, relation in (
            ("conversion", RENDERED_URI, DOCUMENT_TYPE, rendering.document, "WARC-Refers-To"),
            ("resource", SCREENSHOT_URI, "image/jpeg", rendering.screenshot, "WARC-Concurrent-To"),
            ("resource", TEXT_URI, "text/plain; charset=utf-8", rendering.text, "WARC-Concurrent-To"),
        ):
            block = Block.of(content, self._encoding.digest)
            headers = [("WARC-Target-URI", f"{uri}{exchange.url}"), self._info_header, (relation, main)]
            record_id = self._clock_and_ids.record_id()
            head = record_head(kind, record_id, rendering.finished, content_type, block, headers)
            yield head, block, member_level("", plain_mime(content_type), self._encoding.level)

    def _metadata(
        self, exchange: Exchange, record_id: UUID, refers_to: UUID | None, framing: str = ""
    ) -> tuple[bytes, Block, int]:
        headers = [("WARC-Target-URI", exchange.url), self._info_header]
        if refers_to is not None:
            headers.append(("WARC-Refers-To", record_urn(refers_to)))
        block = Block.of(warc_fields([*_metadata_fields(exchange), ("framing", framing)]), self._encoding.digest)
        head = record_head("metadata", record_id, exchange.started, WARC_FIELDS, block, headers)
        return head, block, self._encoding.level

    def _common(self, exchange: Exchange) -> list[tuple[str, str]]:
        return [("WARC-Target-URI", exchange.url), *_transport_headers(exchange), self._info_header]


def _metadata_fields(exchange: Exchange) -> list[tuple[str, str]]:
    discovery = exchange.discovery
    duration = exchange.finished - exchange.started
    return [
        ("outcome", exchange.outcome.value),
        ("detail", exchange.detail),
        ("method", exchange.method),
        ("fetchTimeMs", str(round(duration.total_seconds() * 1000))),
        ("role", discovery.role.value),
        ("site", discovery.site),
        ("via", discovery.via),
        ("sourceUrl", discovery.source_url),
        ("sourceDate", discovery.source_date),
        ("sourceTitle", discovery.source_title),
        ("sourceAuthor", discovery.source_author),
        ("sourceRecordId", discovery.source_record_id),
        ("seenAt", discovery.seen_at),
        ("requestedUrl", discovery.requested_url),
        ("previousText", discovery.previous_text),
        ("extractionConfiguration", exchange.extraction_configuration),
        ("duplicateOf", str(exchange.duplicate_of or "")),
        *_rendering_fields(exchange),
        ("redactedHeaders", ", ".join(exchange.redacted)),
        ("proxy", exchange.transport.proxy),
        ("certificateVerified", "" if exchange.transport.verified else "no"),
        ("certificate", base64.b64encode(exchange.transport.certificate).decode("ascii")),
        *(("interimResponse", base64.b64encode(interim).decode("ascii")) for interim in exchange.interim),
    ]


def _rendering_fields(exchange: Exchange) -> list[tuple[str, str]]:
    rendering = exchange.rendering
    if rendering is None:
        return [("renderingFailed", exchange.rendering_failure)]
    return [
        ("renderedBy", rendering.browser),
        ("renderingViewport", rendering.viewport),
        ("renderingLocation", rendering.location),
        *(("renderingAsked", step) for step in rendering.asked),
        *(("renderingStep", step) for step in rendering.steps),
        *(("renderingRefused", way) for way in rendering.refused),
    ]


def _head_of(exchange: Exchange) -> ResponseHead:
    try:
        return exchange.response_head()
    except BadMessage:
        return _NO_HEAD


def _revisit_profile(exchange: Exchange, original: Original | None, digest: str) -> str:
    """The revisit profile that applies (WARC/1.1, section 6.7), or none."""
    if original is None or exchange.truncated or not exchange.status:
        return ""
    if exchange.outcome is CaptureOutcome.NOT_MODIFIED:
        return SERVER_NOT_MODIFIED
    if exchange.outcome is CaptureOutcome.OK and original.payload_digest == digest:
        return IDENTICAL_PAYLOAD
    return ""


def _refers_to(profile: str, original: Original) -> list[tuple[str, str]]:
    return [
        ("WARC-Profile", profile),
        ("WARC-Refers-To", record_urn(original.record_id)),
        ("WARC-Refers-To-Target-URI", original.url),
        ("WARC-Refers-To-Date", warc_date(original.date)),
    ]


def _transport_headers(exchange: Exchange) -> list[tuple[str, str]]:
    transport = exchange.transport
    headers = [("WARC-IP-Address", transport.address)] if transport.address else []
    if exchange.request:
        headers.append(("WARC-Protocol", "http/1.1"))
    if transport.tls_version:
        headers.append(("WARC-Protocol", transport.tls_version.lower().replace("tlsv", "tls/")))
        headers.append(("WARC-Cipher-Suite", transport.tls_cipher))
    return headers
