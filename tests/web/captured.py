"""An archive with captures of its own: pages with records, a revisit, a failure, and hostile bytes in every place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from archive.article import Article
from archive.clock_and_ids import FixedClockAndIds
from archive.derived import completed
from archive.exchange import CaptureAddress, CaptureOutcome, Discovery, Exchange, Original, Role, Transport
from archive.layout import SegmentName
from archive.outcomes import PageOutcome, PageOutcomeLine
from archive.publishing import publish_records, publish_segment
from archive.segment import SegmentWriter
from archive.storage.local import LocalStorage
from tests.datasets.making import record
from tests.search.making import index

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
QUAY = "https://news.example/quay"
SECRET = "https://news.example/secret/letter"
HOSTILE = 'https://news.example/"><script>alert(1)</script>'
TEXTS = {
    QUAY: "The quay was raised by a hand's breadth.",
    SECRET: "The letter names a witness by the pier.",
    HOSTILE: "=HYPERLINK(1) a hostile page by the pier.",
}
_SCRIPT = b"<script>alert(1)</script>"


@dataclass(frozen=True)
class Captured:
    """The archive, and where its captures are."""

    place: Path
    segment: str
    addresses: dict[str, CaptureAddress]

    def page(self, url: str) -> str:
        """Path of the page on the first capture of an address."""
        return f"/capture/{self.segment}/{self.addresses[url].offset}"

    def record(self, url: str) -> UUID:
        """Id of its record."""
        return self.addresses[url].record_id


def response_to(url: str) -> bytes:
    body = f"<html><p>{TEXTS[url]}</p></html>".encode() + (_SCRIPT if url == HOSTILE else b"")
    extra = b"X-Odd: " + _SCRIPT + b"\r\nLink: <javascript:alert(2)>\r\n" if url == HOSTILE else b""
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n%bContent-Length: %d\r\n\r\n%b" % (
        extra,
        len(body),
        body,
    )


def exchange(url: str, minutes: int = 0) -> Exchange:
    path = "/" + url.split("/", 3)[3]
    return Exchange(
        url=url,
        method="GET",
        request=f"GET {path} HTTP/1.1\r\nHost: news.example\r\n\r\n".encode(),
        response=response_to(url),
        started=NOW + timedelta(minutes=minutes),
        finished=NOW + timedelta(minutes=minutes, milliseconds=200),
        outcome=CaptureOutcome.OK,
        status=200,
        transport=Transport("192.0.2.1", 443),
        discovery=Discovery(role=Role.ARTICLE, site="news.example", via="feed", source_title=_SCRIPT.decode()),
    )


def captured(place: Path) -> Captured:
    clock = FixedClockAndIds()
    name = SegmentName.new("test", 1, clock)
    (place / "spool").mkdir(parents=True)
    writer = SegmentWriter(place / "spool", name, clock_and_ids=clock, software="newswarc/test")
    addresses: dict[str, CaptureAddress] = {}
    for minutes, url in enumerate(TEXTS):
        if url == SECRET:
            gone = replace(exchange(QUAY, 30), url="https://news.example/gone", response=b"", request=b"", status=0)
            writer.append(replace(gone, outcome=CaptureOutcome.DNS_FAILURE))
        addresses[url] = writer.append(exchange(url, minutes))
    first = addresses[QUAY]
    writer.append(exchange(QUAY, 60), Original(first.record_id, QUAY, NOW, first.payload_digest))
    closed = writer.close()
    storage = LocalStorage(place / "archive")
    publish_segment(storage, closed)
    articles = [_article(number, url, name, addresses[url]) for number, url in enumerate(TEXTS, 1)]
    outcomes = [
        PageOutcomeLine(url=url, record_id=one.record_id, offset=one.offset, outcome=PageOutcome.RECORD)
        for url, one in addresses.items()
    ]
    lines = [one.to_json_line().encode() for one in articles]
    publish_records(storage, name, completed(name, "g0001", place / "r", place / "o", lines, outcomes))
    index(storage)
    return Captured(place / "archive", name.text, addresses)


def _article(number: int, url: str, name: SegmentName, address: CaptureAddress) -> Article:
    made = record(number, articleBody=TEXTS[url], url=url, headline=f"{TEXTS[url]}", inLanguage="en")
    made["id"] = str(address.record_id)
    made["warc"] |= {
        "file": name.warc_key,
        "offset": address.offset,
        "length": address.length,
        "recordId": str(address.record_id),
        "payloadDigest": address.payload_digest,
        "date": (NOW + timedelta(minutes=number - 1)).isoformat(),
    }
    return Article.model_validate(made)
