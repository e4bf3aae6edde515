"""No page costs more than it may, and none breaks the extractor."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.article import Article
from archive.captures import Capture
from archive.outcomes import PageOutcome
from pipelines import pool
from pipelines.capture_batch import CaptureBatch, DerivedPage, NotDerived
from pipelines.extract import Rejected, extract
from pipelines.pool import TakesTooLong, TookTooLong, WorkerDied, bounded
from tests.pipelines.pages import LAYOUTS, stories

FETCHED = datetime(2026, 1, 8, 12, 0, tzinfo=UTC)
PAGES = [layout(story).encode() for story in stories()[::3] for layout in LAYOUTS]
URL = "https://paper.example.org/en/2026/story-0117"


def test_what_a_page_leaves_is_freed_without_the_collector() -> None:
    extract(PAGES[0], URL)
    gc.collect()
    gc.disable()
    try:
        for page in PAGES:
            extract(page, URL, fetched_at=FETCHED)
        # Some of Python's own calls leave a cycle; a page's tree would be thousands
        assert gc.collect() < 10 * len(PAGES)
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "page",
    [
        b"<div>" * 100_000 + b"deep" + b"</div>" * 100_000,
        b"<p>" * 59_000,
        b"<p>x</p>" * 29_000,
        b"<b><i>" * 50_000 + b"x",
        b"<p>word " * 20_000,
        b"<html><body><table>" + b"<tr><td>" * 20_000,
        b"<a href='" + b"/x" * 200_000 + b"'>x</a>",
        b'<script type="application/ld+json">' + b"[" * 100_000 + b"</script><p>x</p>",
        b'<script type="application/ld+json">' + b'{"a":' * 50_000 + b"</script><p>x</p>",
        b"<title>" + b"a | " * 50_000 + b"</title><h1>" + b"a - " * 20_000 + b"</h1>",
        b"<p>" + b"a" * 2_000_000 + b"</p>",
        b"<p>" + b"By A, " * 100_000 + b"</p>",
        b"<p class='" + b"author-name " * 50_000 + b"'>x</p>",
        ("<p>" + "é" * 500_000).encode(),
        b"<pre>" + b"a\n\n" * 200_000,
        b"<nav>" * 50_000 + b"<p>x</p>" * 3,
        b"<nav><p>x</p></nav>" * 19_000,
        b"<div class=sr-only>" * 29_000 + b"<main>x",
        b"<button>x" * 29_000 + b"<main>x",
        b"<h1>" + b"<span class=kicker>a b c</span> " * 25_000 + b"</h1>",
        b"<!--" * 100_000,
        b"&lt;" * 300_000,
        b"\x00\xff\xfe" * 50_000,
    ],
    ids=lambda page: page[:12].decode("latin-1"),
)
def test_swollen_pages_end_in_time(page: bytes) -> None:
    before = time.process_time()
    made = extract(page, URL, fetched_at=FETCHED)
    assert isinstance(made, (Article, Rejected))
    assert time.process_time() - before < 10  # tracing of coverage included


def test_a_page_of_too_many_tags_is_refused_by_name() -> None:
    made = extract(b"<p>x</p>" * 200_000, URL)
    assert isinstance(made, Rejected)
    assert made.outcome is PageOutcome.TOO_COMPLEX
    assert "60,000 tags" in made.detail


def _mutated(page: bytes, seed: int) -> bytes:
    """The page with pieces cut out, doubled, moved, and bytes changed."""
    chance = random.Random(seed)
    pieces = bytearray(page)
    for _ in range(chance.randint(1, 12)):
        start = chance.randrange(len(pieces) or 1)
        end = min(len(pieces), start + chance.choice((1, 3, 20, 200, 2000)))
        piece = bytes(pieces[start:end])
        match chance.randrange(4):
            case 0:
                del pieces[start:end]
            case 1:
                pieces[start:start] = piece * chance.choice((1, 2, 20))
            case 2:
                at = chance.randrange(len(pieces) or 1)
                pieces[at:at] = piece
            case _:
                pieces[start:end] = bytes(chance.randrange(256) for _ in piece)
    return bytes(pieces)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PAGES), st.integers(0, 1 << 32))
def test_mutated_pages_never_raise_and_come_out_the_same_twice(page: bytes, seed: int) -> None:
    mutated = _mutated(page, seed)
    made = extract(mutated, URL, fetched_at=FETCHED)
    again = extract(mutated, URL, fetched_at=FETCHED)
    assert made == again
    if isinstance(made, Article):
        assert made.headline
        assert made.paragraphs
        assert made.article_body == "\n".join(made.paragraphs)
        made.to_json_line()


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=400), st.text(max_size=400)))
def test_what_is_no_page_never_raises(page: bytes | str) -> None:
    assert isinstance(extract(page, URL), (Article, Rejected))


def test_time_is_bounded() -> None:
    with pytest.raises(TookTooLong), bounded(0.1):
        while True:
            pass
    with bounded(0.5):
        pass
    time.sleep(0.01)  # the timer is off


def test_a_process_that_does_not_come_back_is_ended() -> None:
    program = "import pipelines.pool as pool\npool._PATIENCE = 5\nwith pool.bounded(0.1):\n    sum(range(10**12))\nprint('not here')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "not here" not in done.stdout


def test_a_page_that_hangs_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "slow.html"
    page.write_bytes(b"<p>One of very many paragraphs, all alike.</p>" * 28_000)
    monkeypatch.setattr(pool, "HANGING_SECONDS", 0.3)
    gc.disable()  # what is raised within a callback of the collector's, such as Hypothesis has one, is a warning here
    try:
        with pytest.raises(TakesTooLong):
            pool.derive_saved_page(page)
    finally:
        gc.enable()
    monkeypatch.setattr(pool, "HANGING_SECONDS", 60.0)
    assert pool.derive_saved_page(page).line.outcome is not PageOutcome.TOO_COMPLEX


def _spin(marker: Path, innocent: bool) -> str:
    """Hang, but for the innocent, who wait until the other hangs."""
    if innocent:
        while not marker.exists():
            time.sleep(0.01)
        return "done"
    marker.touch()
    raise TakesTooLong


def _die(marker: Path, innocent: bool) -> str:
    if innocent and not marker.exists():
        marker.touch()
        time.sleep(60)
    if not innocent:
        while not marker.exists():
            time.sleep(0.01)
        os._exit(1)
    return "done"


def test_no_page_answers_for_another_that_hangs_or_dies(tmp_path: Path) -> None:
    async def run() -> tuple[list[str | BaseException], list[str | BaseException]]:
        workers = pool.ExtractionPool(2, 2)
        try:
            hung = await asyncio.gather(
                *(workers.run(_spin, tmp_path / "a", innocent) for innocent in (True, False)), return_exceptions=True
            )
            dead = await asyncio.gather(
                *(workers.run(_die, tmp_path / "b", innocent) for innocent in (True, False)), return_exceptions=True
            )
            return hung, dead
        finally:
            workers.close()

    hung, dead = asyncio.run(run())
    assert hung[0] == "done"
    assert isinstance(hung[1], TakesTooLong)
    assert dead[0] == "done"
    assert isinstance(dead[1], WorkerDied)


def _batch(batch: CaptureBatch) -> list[DerivedPage | NotDerived]:
    """What a worker makes of a batch in which some pages hang, and some end their process."""
    if any("dies" in capture.url for capture in batch.captures):
        os._exit(1)
    return [
        NotDerived.UNFINISHED if "hangs" in capture.url else one.without(PageOutcome.NO_TEXT, "")
        for capture, one in zip(batch.captures, batch.each(), strict=True)
    ]


def test_nor_within_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "run_batch", _batch)

    def of(*names: str) -> CaptureBatch:
        captures = [
            Capture(
                url=f"https://a.example/{name}", record_id=UUID(int=number), date=FETCHED, offset=number, length=1,
                response=b"", revisit=False, payload_digest="", truncated="",
            )
            for number, name in enumerate(names)
        ]  # fmt: skip
        return CaptureBatch(tuple(captures), "a.warc.gz", b"")

    async def run() -> list[list[DerivedPage | NotDerived]]:
        workers = pool.ExtractionPool(2, 2)
        try:
            batches = [of("one", "hangs", "two"), of("three", "dies", "four", "hangs")]
            return await asyncio.gather(*map(workers.derive_batch, batches))
        finally:
            workers.close()

    first, second = asyncio.run(run())
    well, slow, dead = PageOutcome.NO_TEXT, PageOutcome.TOO_COMPLEX, PageOutcome.EXTRACTION_FAILED
    assert [page.outcome for page in first if isinstance(page, DerivedPage)] == [well, slow, well]
    assert [page.outcome for page in second if isinstance(page, DerivedPage)] == [well, dead, well, slow]


def test_attributes_are_counted_as_they_are_written() -> None:
    full = b"<p " + b" ".join(b"a%d=b" % number for number in range(6000)) + b">x</p>"
    made = extract(full, URL)
    assert isinstance(made, Rejected)
    assert made.outcome is PageOutcome.TOO_COMPLEX
    one = b"<p data-words='" + b"a=b " * 6000 + b"'>x</p>"
    made = extract(one, URL)
    assert isinstance(made, Rejected)
    assert made.outcome is not PageOutcome.TOO_COMPLEX
