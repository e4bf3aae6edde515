"""Captures become records or page outcomes, in this process and in workers."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.captures import SegmentReading
from archive.clock_and_ids import FixedClockAndIds
from archive.derived import Derivation
from archive.exchange import CaptureAddress, CaptureOutcome, Discovery, Exchange, Original, Role, Truncation
from archive.layout import SegmentName
from archive.outcomes import PageOutcome
from archive.segment import SegmentWriter
from pipelines.derivation import derive
from pipelines.generation import text_mark
from pipelines.pool import DerivationTask, ExtractionPool, run_task
from pipelines.rules import ExtractionRules
from pipelines.site_memory import digest_of
from tests.pipelines.test_extract import PARAGRAPHS, URL, page

NOW = datetime(2026, 1, 8, 12, 0, tzinfo=UTC)
CONFIGURATION = ExtractionRules(language="en").canonical_json()


def response(body: bytes, status: str = "200 OK", headers: str = "Content-Type: text/html; charset=utf-8") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def exchange(
    data: bytes, outcome: CaptureOutcome = CaptureOutcome.OK, truncated: Truncation | None = None
) -> Exchange:
    return Exchange(
        url=URL,
        method="GET",
        request=b"GET / HTTP/1.1\r\n\r\n" if data else b"",
        response=data,
        started=NOW,
        finished=NOW,
        outcome=outcome,
        status=200 if data else 0,
        truncated=truncated,
        discovery=Discovery(role=Role.ARTICLE, site="x", via="feed"),
        detail="" if data else "nobody there",
    )


class Segment:
    def __init__(self, directory: Path) -> None:
        clock_and_ids = FixedClockAndIds()
        self.name = SegmentName.new("test", 1, clock_and_ids)
        self.writer = SegmentWriter(directory, self.name, clock_and_ids=clock_and_ids, software="test")

    def add(self, made: Exchange, original: Original | None = None) -> CaptureAddress:
        return self.writer.append(made, original)

    def task(self, address: CaptureAddress) -> DerivationTask:
        self.writer.sync()
        return DerivationTask(self.writer.path, address.offset, self.name.warc_key, CONFIGURATION)


@pytest.fixture
def segment(tmp_path: Path) -> Segment:
    return Segment(tmp_path)


def test_a_page_becomes_a_record_with_its_provenance(segment: Segment) -> None:
    address = segment.add(exchange(response(page().encode())))
    made = run_task(segment.task(address))
    assert made.line.outcome is PageOutcome.RECORD
    assert made.article is not None
    assert made.article.paragraphs == PARAGRAPHS
    assert made.article.id == address.record_id == made.line.record_id
    assert made.article.warc is not None
    assert (made.article.warc.file, made.article.warc.offset, made.article.warc.length) == (
        segment.name.warc_key,
        address.offset,
        address.length,
    )
    assert made.article.warc.payload_digest == address.payload_digest
    assert made.article.http is not None
    assert made.article.http.content_type == "text/html; charset=utf-8"
    assert made.article.extraction is not None
    assert made.article.extraction.config_hash == ExtractionRules(language="en").digest()


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (exchange(b"", CaptureOutcome.DNS_FAILURE), PageOutcome.NO_RESPONSE),
        (exchange(response(b"", "404 Not Found"), CaptureOutcome.NOT_FOUND), PageOutcome.HTTP_ERROR),
        (exchange(response(b"", "301 Moved", "Location: /x"), CaptureOutcome.REDIRECT), PageOutcome.REDIRECTED),
        (exchange(response(page().encode()), CaptureOutcome.TRUNCATED_TIME, Truncation.TIME), PageOutcome.TRUNCATED),
        (exchange(response(b"%PDF", headers="Content-Type: application/pdf")), PageOutcome.NOT_HTML),
        (exchange(response(b"")), PageOutcome.UNDECODABLE),
        (exchange(b"no http at all"), PageOutcome.HTTP_ERROR),
        (
            exchange(
                response(
                    gzip.compress(b"0" * (33 << 20)), headers="Content-Encoding: gzip\r\nContent-Type: text/html"
                )
            ),
            PageOutcome.UNDECODABLE,
        ),
    ],
)
def test_every_other_page_has_its_outcome(segment: Segment, made: Exchange, outcome: PageOutcome) -> None:
    derived = run_task(segment.task(segment.add(made)))
    assert derived.line.outcome is outcome
    assert derived.article is None
    assert derived.line.detail


def test_a_revisit_is_unchanged(segment: Segment) -> None:
    first = segment.add(exchange(response(page().encode())))
    original = Original(first.record_id, URL, NOW, first.payload_digest)
    second = segment.add(exchange(response(page().encode())), original)
    assert run_task(segment.task(second)).line.outcome is PageOutcome.UNCHANGED


def test_an_extractor_that_breaks_down_stops_nothing(segment: Segment, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("out of paper")

    monkeypatch.setattr("pipelines.derivation.extract", broken)
    derived = run_task(segment.task(segment.add(exchange(response(page().encode())))))
    assert derived.line.outcome is PageOutcome.EXTRACTION_FAILED
    assert "out of paper" in derived.line.detail


def test_compressed_and_chunked_pages_are_read(segment: Segment) -> None:
    body = gzip.compress(page().encode())
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    data = head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    derived = run_task(segment.task(segment.add(exchange(data))))
    assert derived.article is not None
    assert derived.article.paragraphs == PARAGRAPHS


def test_workers_do_the_same(segment: Segment) -> None:
    tasks = [segment.task(segment.add(exchange(response(page().encode())))) for _ in range(5)]

    async def run() -> list[object]:
        pool = ExtractionPool(2, 1)
        try:
            return list(await asyncio.gather(*(pool.derive(task) for task in tasks)))
        finally:
            pool.close()

    assert asyncio.run(run()) == [run_task(task) for task in tasks]


def test_only_articles_are_pages(segment: Segment) -> None:
    segment.add(exchange(response(page().encode())))
    feed = Exchange(
        URL, "GET", b"x", response(b"<rss/>"), NOW, NOW, CaptureOutcome.OK, 200, discovery=Discovery(Role.FEED)
    )
    segment.add(feed)
    with segment.writer.close().warc.open("rb") as stream:
        assert [capture.is_page for capture in SegmentReading(stream).captures()] == [True, False]


def test_derivation_needs_no_configuration(segment: Segment) -> None:
    segment.add(exchange(response(page().encode())))
    with segment.writer.close().warc.open("rb") as stream:
        (capture,) = SegmentReading(stream).captures()
    assert derive(capture, b"", segment.name.warc_key).article is not None


def test_what_is_known_to_recur_makes_no_new_text(tmp_path: Path) -> None:
    plea = "This paper lives by its readers; whoever can, please give us five a month."
    segment = Segment(tmp_path)

    def derived(html: str, rules: ExtractionRules, previous: str = "") -> Derivation:
        made = exchange(response(html.encode()))
        made = replace(made, discovery=replace(made.discovery, previous_text=previous))
        task = segment.task(segment.add(made))
        return run_task(replace(task, configuration=rules.canonical_json()))

    before = derived(page(after=f"<p>{plea}</p>"), ExtractionRules()).article
    assert before is not None
    known = ExtractionRules(recurring=(digest_of(plea),))
    again = page(after=f"<p>{plea}</p>", head="<meta name=x>")
    assert derived(again, known, text_mark(before)).line.outcome is PageOutcome.UNCHANGED_TEXT
    changed = derived(again.replace("third flood", "fourth flood"), known, text_mark(before))
    assert changed.article is not None
    assert plea not in changed.article.paragraphs
