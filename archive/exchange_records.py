"""The WARC records of one exchange, as gzip members with their places. No input or output here.

The order is request, response or revisit, metadata. Without a response only request (if anything
was sent) and metadata are made, so that every attempt leaves a record.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from uuid import UUID

from archive.cdxj import REVISIT_MIME, IndexEntry, plain_mime
from archive.exchange import CaptureAddress, CaptureOutcome, Exchange, Original
from archive.http1 import BadMessage, ResponseHead, entity_body, parse_head
from archive.identity import Identities
from archive.layout import SegmentName
from archive.members import (
    HTTP_REQUEST,
    HTTP_RESPONSE,
    IDENTICAL_PAYLOAD,
    SERVER_NOT_MODIFIED,
    WARC_FIELDS,
    Encoding,
    gzip_member,
    labelled_digest,
    member_level,
    record_bytes,
    record_urn,
    warc_date,
    warc_fields,
)

_NO_HEAD = ResponseHead("", 0, "", (), 0)


@dataclass(frozen=True, slots=True)
class ExchangeMembers:
    """What is to be written for an exchange, and where it will be found."""

    data: bytes
    address: CaptureAddress
    entry: IndexEntry | None
    """The line for the index; None when there is nothing to replay."""


@dataclass(frozen=True, slots=True)
class _Response:
    """A response record before it is a member."""

    kind: str
    block: bytes
    headers: list[tuple[str, str]]
    digest: str
    head: ResponseHead


class ExchangeRecords:
    """Makes the records of exchanges for one segment."""

    def __init__(self, name: SegmentName, info_id: UUID, identities: Identities, encoding: Encoding) -> None:
        self._name = name
        self._info_header = ("WARC-Warcinfo-ID", record_urn(info_id))
        self._identities = identities
        self._encoding = encoding

    def members(self, exchange: Exchange, original: Original | None, offset: int) -> ExchangeMembers:
        """The members of an exchange that will be written at `offset`."""
        main_id = self._identities.record_id()
        request = self._request(exchange, main_id) if exchange.request else b""
        offset += len(request)
        if not exchange.response:
            metadata = self._metadata(exchange, main_id, None)
            address = CaptureAddress(self._name.text, offset, len(metadata), main_id)
            return ExchangeMembers(request + metadata, address, None)
        response = self._response(exchange, original)
        member = self._response_member(exchange, response, main_id)
        metadata = self._metadata(exchange, self._identities.record_id(), main_id)
        address = CaptureAddress(
            self._name.text, offset, len(member), main_id, response.digest, response.kind == "revisit"
        )
        entry = self._index_entry(exchange, response, address) if exchange.status else None
        return ExchangeMembers(request + member + metadata, address, entry)

    def _request(self, exchange: Exchange, main_id: UUID) -> bytes:
        headers = [*self._common(exchange), ("WARC-Concurrent-To", record_urn(main_id))]
        record_id = self._identities.record_id()
        record = record_bytes(
            "request",
            record_id,
            exchange.started,
            HTTP_REQUEST,
            exchange.request,
            headers,
            encoding=self._encoding,
        )
        return gzip_member(record, self._encoding.level)

    def _response(self, exchange: Exchange, original: Original | None) -> _Response:
        head = _head_of(exchange.response)
        payload = entity_body(exchange.response) if head.length else exchange.response
        digest = labelled_digest(payload, self._encoding.digest)
        headers = self._common(exchange)
        if exchange.truncated:
            headers.append(("WARC-Truncated", exchange.truncated.value))
        profile = _revisit_profile(exchange, original, digest)
        if original is None or not profile:
            headers.append(("WARC-Payload-Digest", digest))
            return _Response("response", exchange.response, headers, digest, head)
        headers.append(("WARC-Payload-Digest", original.payload_digest))
        headers += _refers_to(profile, original)
        return _Response("revisit", exchange.response[: head.length], headers, original.payload_digest, head)

    def _response_member(self, exchange: Exchange, response: _Response, record_id: UUID) -> bytes:
        record = record_bytes(
            response.kind,
            record_id,
            exchange.started,
            HTTP_RESPONSE,
            response.block,
            response.headers,
            encoding=self._encoding,
        )
        mime = plain_mime(response.head.first("content-type"))
        level = member_level(response.head.first("content-encoding"), mime, self._encoding.level)
        return gzip_member(record, level)

    def _metadata(self, exchange: Exchange, record_id: UUID, refers_to: UUID | None) -> bytes:
        headers = [("WARC-Target-URI", exchange.url), self._info_header]
        if refers_to is not None:
            headers.append(("WARC-Refers-To", record_urn(refers_to)))
        block = warc_fields(_metadata_fields(exchange))
        record = record_bytes(
            "metadata", record_id, exchange.started, WARC_FIELDS, block, headers, encoding=self._encoding
        )
        return gzip_member(record, self._encoding.level)

    def _index_entry(self, exchange: Exchange, response: _Response, address: CaptureAddress) -> IndexEntry:
        return IndexEntry(
            url=exchange.url,
            date=warc_date(exchange.started),
            mime=REVISIT_MIME if address.revisit else plain_mime(response.head.first("content-type")),
            status=exchange.status,
            digest=address.payload_digest,
            length=address.length,
            offset=address.offset,
            filename=self._name.warc_key,
        )

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
        ("extractionConfiguration", exchange.extraction_configuration),
        ("redactedHeaders", ", ".join(exchange.redacted)),
        ("proxy", exchange.transport.proxy),
        ("certificateVerified", "" if exchange.transport.verified else "no"),
        ("certificate", base64.b64encode(exchange.transport.certificate).decode("ascii")),
        *(("interimResponse", base64.b64encode(interim).decode("ascii")) for interim in exchange.interim),
    ]


def _head_of(response: bytes) -> ResponseHead:
    try:
        return parse_head(response)
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
