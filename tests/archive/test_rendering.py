"""What a browser made of a page: written beside its response, read back with it, cut off and taken out with it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from archive.captures import SegmentReading, iterate_records, read_capture
from archive.exchange import Exchange
from archive.members import parse_warc_fields
from archive.recovery import recover
from archive.rendering import Rendering
from archive.selection import groups
from pipelines.derivation import derive
from tests.archive.test_recovery import reopened
from tests.archive.test_segment import NOW, exchange, writer

ID = UUID("019b0000-0000-7000-8000-00000000beef")
SHELL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<div id=app></div><script src=/app.js></script>"
PARAGRAPHS = [
    "The harbour board has closed the northern quay until the spring, its chairman said on Monday.",
    "Divers found that four of the oak piles had rotted through below the water line since the last survey.",
    "Ferries will leave from the fish market, and the night boat to the islands is cancelled until April.",
]
DOCUMENT = (
    "<!DOCTYPE html><html><head><title>Quay closed</title></head><body><article><h1>Quay closed</h1>{}</article>"
)
RENDERING = Rendering(
    document=DOCUMENT.format("".join(f"<p>{text}</p>" for text in PARAGRAPHS)).encode(),
    text="\n".join(PARAGRAPHS).encode(),
    screenshot=b"\xff\xd8picture",
    browser="Chromium/156.0",
    viewport="1280x720",
    finished=NOW.replace(second=3),
    steps=("scroll: 2", "consent: reject all"),
    location="http://example.org/news/1?b=2#top",
)


def rendered() -> Exchange:
    return exchange(SHELL, record_id=ID, rendering=RENDERING)


def test_it_stands_behind_the_response_and_names_it(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    address = segment.append(rendered())
    assert address.record_id == ID
    with segment.close().warc.open("rb") as stream:
        records = list(iterate_records(stream))[1:]
    assert [record.kind for record in records] == [
        "request", "response", "conversion", "resource", "resource", "metadata"
    ]  # fmt: skip
    response, conversion, picture, text, metadata = records[1:]
    url = response.target
    assert response.record_id == ID
    assert (conversion.target, conversion.block) == (f"urn:newswarc:rendered:{url}", RENDERING.document)
    assert conversion.headers["WARC-Refers-To"] == f"<urn:uuid:{ID}>"
    assert (picture.target, picture.headers["Content-Type"]) == (f"urn:view:{url}", "image/jpeg")
    assert (text.target, text.block) == (f"urn:text:{url}", RENDERING.text)
    facts = parse_warc_fields(metadata.block)
    assert facts["renderedBy"] == ["Chromium/156.0"]
    assert facts["renderingStep"] == ["scroll: 2", "consent: reject all"]
    assert facts["renderingLocation"] == ["http://example.org/news/1?b=2#top"]


def test_a_failed_rendering_leaves_its_reason(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    address = segment.append(exchange(SHELL, rendering_failure="the page crashed"))
    with segment.close().warc.open("rb") as stream:
        capture = read_capture(stream, address.offset)
    assert capture.rendered is None
    assert capture.fact("renderingFailed") == "the page crashed"


def test_the_record_says_what_the_browser_showed_and_where_that_is(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    plain = segment.append(exchange(SHELL))
    address = segment.append(rendered())
    after = segment.append(exchange(SHELL))
    with segment.close().warc.open("rb") as stream:
        captures = list(SegmentReading(stream).captures())
        assert [capture.offset for capture in captures] == [plain.offset, address.offset, after.offset]
        assert [capture.rendered is not None for capture in captures] == [False, True, False]
        capture = read_capture(stream, address.offset)
    assert capture == captures[1]
    assert derive(captures[0], b"", "warc/x.warc.gz").article is None
    article = derive(capture, b"", "warc/x.warc.gz").article
    assert article is not None
    assert [paragraph for paragraph in PARAGRAPHS if paragraph in (article.article_body or "")] == PARAGRAPHS
    assert (article.id, article.warc and article.warc.record_id) == (ID, ID)
    assert article.rendered_by == "Chromium/156.0"
    assert article.rendered_from is not None
    assert capture.rendered is not None
    assert article.rendered_from.record_id == capture.rendered.record_id
    assert article.rendered_from.date == RENDERING.finished


def test_a_document_that_is_too_large_is_no_article(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    address = segment.append(exchange(SHELL, rendering=replace(RENDERING, document=b"<p>word " * (3 << 20))))
    with segment.close().warc.open("rb") as stream:
        derivation = derive(read_capture(stream, address.offset, 16 << 20), b"", "x")
    assert derivation.line.outcome.value == "too_complex"


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.75, 0.85, 0.95, 1.0])
def test_a_rendering_that_is_cut_off_goes_with_its_page(tmp_path: Path, share: float) -> None:
    segment = writer(tmp_path / "before")
    segment.append(exchange())
    first = segment.size
    segment.append(rendered())
    last = segment.size
    data = segment.close().warc.read_bytes()
    end = first + int((last - first) * share)
    recovered = recover(reopened(tmp_path / "after", data[:end]), NOW)
    assert recovered.closed is not None
    assert recovered.closed.warc.stat().st_size == (last if end == last else first)
    assert recovered.closed.manifest.outcomes == {"ok": 2 if end == last else 1}


def test_it_belongs_to_what_is_taken_out_with_its_page(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    segment.append(exchange())
    segment.append(rendered())
    segment.append(exchange())
    found = [group for group in groups(io.BytesIO(segment.close().warc.read_bytes())) if group.main is not None]
    assert [group.main and group.main.record_id == ID for group in found] == [False, True, False]
    assert found[1].offset == found[0].offset + found[0].length
    assert found[2].offset == found[1].offset + found[1].length
