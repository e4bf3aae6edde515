"""Segments: bytes that stay the same, records that others can read, and what happens in the odd cases."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from archive.captures import SegmentReading, iterate_records, read_capture, read_response
from archive.clock_and_ids import FixedClockAndIds
from archive.errors import DamagedArchive, SegmentClosed
from archive.exchange import (
    CaptureOutcome,
    Discovery,
    Exchange,
    Original,
    Role,
    Transport,
    Truncation,
    outcome_of_status,
)
from archive.layout import SegmentName
from archive.members import Encoding, parse_warc_fields, warc_fields
from archive.segment import SegmentWriter

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\ncontent-length: 4\r\nX: a\r\nX:  b \r\n\r\nbody"
GOLDEN = Path(__file__).parent / "data" / "golden.warc"


def exchange(response: bytes = RESPONSE, **changes: Any) -> Exchange:
    made = Exchange(
        url="http://example.org/news/1?b=2",
        method="GET",
        request=b"GET /news/1?b=2 HTTP/1.1\r\nHost: example.org\r\n\r\n" if response else b"",
        response=response,
        started=NOW,
        finished=NOW.replace(microsecond=250_000),
        outcome=CaptureOutcome.OK if response else CaptureOutcome.DNS_FAILURE,
        status=200 if response else 0,
        transport=Transport("192.0.2.1", 80) if response else Transport(),
        discovery=Discovery(role=Role.ARTICLE, site="xx/example", via="feed", source_title="عنوان  with \n lines"),
    )
    return replace(made, **changes)


def writer(directory: Path, encoding: Encoding | None = None) -> SegmentWriter:
    clock_and_ids = FixedClockAndIds()
    name = SegmentName.new("test", 1, clock_and_ids)
    return SegmentWriter(
        directory,
        name,
        clock_and_ids=clock_and_ids,
        software="newswarc/test",
        operator="tests@example.org",
        encoding=encoding,
    )


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    segment.add_resource("urn:newswarc:extraction-configuration:sha256:00", "application/json", b"{}")
    first = segment.append(exchange())
    segment.append(exchange(), Original(first.record_id, "http://example.org/news/1?b=2", NOW, first.payload_digest))
    segment.append(exchange(b"", detail="no such host"))
    closed = segment.close()
    plain = gzip.decompress(closed.warc.read_bytes())
    assert plain == GOLDEN.read_bytes(), "if the change is meant, write the new bytes into the golden file"
    assert closed.manifest.outcomes == {"dns_failure": 1, "ok": 2}
    assert closed.manifest.warc.sha256 == hashlib.sha256(closed.warc.read_bytes()).hexdigest()


def test_each_record_is_a_gzip_member_of_its_own(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    address = segment.append(exchange())
    data = segment.close().warc.read_bytes()
    member = data[address.offset : address.offset + address.length]
    assert gzip.decompress(member).startswith(b"WARC/1.1\r\nWARC-Type: response\r\n")
    assert read_response(member) == RESPONSE


@given(st.binary(max_size=3000), st.sampled_from(["sha256", "sha1"]), st.integers(min_value=1, max_value=9))
def test_whatever_was_received_is_given_back(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, digest: str, level: int
) -> None:
    segment = writer(tmp_path_factory.mktemp("segment"), encoding=Encoding(level, digest))
    response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    address = segment.append(exchange(response))
    closed = segment.close()
    with closed.warc.open("rb") as stream:
        capture = read_capture(stream, address.offset)
    assert capture.response == response
    assert capture.payload_digest == f"{digest}:{hashlib.new(digest, body).hexdigest()}"
    with closed.warc.open("rb") as stream:
        blocks = {r.rec_type: r.content_stream().read() for r in ArchiveIterator(stream, no_record_parse=True)}
    assert blocks["response"] == response


def test_captures_come_back_with_their_discovery(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    segment.append(exchange())
    segment.append(exchange(b"", detail="no such\nhost"))
    with segment.close().warc.open("rb") as stream:
        full, failed = SegmentReading(stream).captures()
    assert full.discovery == Discovery(
        role=Role.ARTICLE, site="xx/example", via="feed", source_title="عنوان with lines"
    )
    assert (full.outcome, failed.outcome) == (CaptureOutcome.OK, CaptureOutcome.DNS_FAILURE)
    assert (failed.response, failed.fact("detail")) == (b"", "no such host")
    assert full.date == NOW


@pytest.mark.parametrize(
    ("changes", "same", "revisit"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"truncated": Truncation.LENGTH, "outcome": CaptureOutcome.TRUNCATED_LENGTH}, True, False),
        ({"outcome": CaptureOutcome.NOT_FOUND, "status": 404}, True, False),
        ({"outcome": CaptureOutcome.NOT_MODIFIED, "status": 304}, False, True),
    ],
)
def test_revisits(tmp_path: Path, changes: dict[str, Any], same: bool, revisit: bool) -> None:
    segment = writer(tmp_path)
    first = segment.append(exchange())
    digest = first.payload_digest if same else "sha256:00"
    second = segment.append(exchange(**changes), Original(first.record_id, "http://example.org/", NOW, digest))
    assert second.revisit is revisit
    with segment.close().warc.open("rb") as stream:
        record = read_capture(stream, second.offset)
    assert record.revisit is revisit
    if revisit:
        assert record.response == RESPONSE[:-4], "the head alone"
        assert record.refers_to == first.record_id
        assert record.payload_digest == digest


def test_a_truncated_capture_says_so(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    address = segment.append(exchange(truncated=Truncation.TIME, outcome=CaptureOutcome.TRUNCATED_TIME))
    with segment.close().warc.open("rb") as stream:
        assert read_capture(stream, address.offset).truncated == "time"


def test_interim_responses_stay_out_of_the_response(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    segment.append(exchange(interim=(b"HTTP/1.1 103 Early Hints\r\n\r\n",)))
    with segment.close().warc.open("rb") as stream:
        (capture,) = SegmentReading(stream).captures()
    assert capture.response == RESPONSE
    assert len(capture.metadata["interimResponse"]) == 1


def test_a_malformed_response_is_kept_but_not_indexed(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    address = segment.append(exchange(b"SSH-2.0\r\n", status=0, outcome=CaptureOutcome.MALFORMED))
    closed = segment.close()
    assert closed.cdxj.read_bytes() == b""
    with closed.warc.open("rb") as stream:
        assert read_capture(stream, address.offset).response == b"SSH-2.0\r\n"


def test_a_resource_is_kept_once(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    for _ in range(3):
        segment.add_resource("urn:x", "text/plain", b"x")
    with segment.close().warc.open("rb") as stream:
        assert [record.kind for record in iterate_records(stream)] == ["warcinfo", "resource"]


def test_a_closed_segment_takes_nothing(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    segment.close()
    with pytest.raises(SegmentClosed):
        segment.append(exchange())
    assert not list(tmp_path.glob("*.open"))


def test_a_discarded_segment_leaves_nothing(tmp_path: Path) -> None:
    writer(tmp_path).discard()
    assert not list(tmp_path.iterdir())


def damaged(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield "not gzip", b"x" * 100
    yield "text before", b"hello\n" + data
    yield "one member for all", gzip.compress(gzip.decompress(data))


@pytest.mark.parametrize("kind", ["not gzip", "text before", "one member for all"])
def test_damage_is_named(tmp_path: Path, kind: str) -> None:
    segment = writer(tmp_path)
    segment.append(exchange())
    samples = dict(damaged(segment.close().warc.read_bytes()))
    with pytest.raises(DamagedArchive):
        list(iterate_records(io.BytesIO(samples[kind])))


def test_no_capture_between_records(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    address = segment.append(exchange())
    with segment.close().warc.open("rb") as stream, pytest.raises(DamagedArchive):
        read_capture(stream, address.offset + 1)


def test_names_are_read_back() -> None:
    name = SegmentName.new("news_x", 7, FixedClockAndIds())
    assert SegmentName.parse(name.text) == name
    assert name.warc_key == f"warc/2026/01/01/{name.text}.warc.gz"
    with pytest.raises(DamagedArchive):
        SegmentName.parse("something-else")


@given(st.dictionaries(st.sampled_from(["via", "sourceTitle", "detail"]), st.text(max_size=80)))
def test_fields_survive(values: dict[str, str]) -> None:
    written = warc_fields(values.items())
    expected = {name: [" ".join(value.split())] for name, value in values.items() if value.strip()}
    assert parse_warc_fields(written) == expected


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "ok"), (204, "ok"), (301, "redirect"), (304, "not_modified"), (403, "forbidden"), (404, "not_found"),
     (418, "client_error"), (429, "rate_limited"), (500, "server_error"), (503, "unavailable"), (999, "server_error")],
)  # fmt: skip
def test_every_status_has_one_outcome(status: int, outcome: str) -> None:
    assert outcome_of_status(status) == outcome
