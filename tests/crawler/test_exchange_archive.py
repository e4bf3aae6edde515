"""All exchanges in one WARC: what other people's validators say of it, and what wget keeps of the same servers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.captures import iterate_records
from archive.clock_and_ids import FixedClockAndIds
from archive.exchange import CaptureOutcome, Discovery, Exchange
from archive.layout import SegmentName
from archive.segment import SegmentWriter
from crawler.wire.fetcher import WireRequest, unsent
from tests.crawler.test_exchanges import fetch
from tests.support import validators
from tests.support.exchanges import CASES
from tests.support.processes import run
from tests.support.wire import ByteServer


@dataclass(frozen=True)
class Everything:
    exchanges: dict[str, Exchange]
    warc: Path
    ids: dict[str, str]


def write(exchanges: dict[str, Exchange], directory: Path) -> Everything:
    clock_and_ids = FixedClockAndIds()
    writer = SegmentWriter(
        directory, SegmentName.new("t", 1, clock_and_ids), clock_and_ids=clock_and_ids, software="t"
    )
    ids = {name: str(writer.append(exchange).record_id) for name, exchange in exchanges.items()}
    return Everything(exchanges, writer.close().warc, ids)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    exchanges: dict[str, Exchange] = {}
    for name, case in CASES.items():
        with ByteServer(case.play) as server:
            (exchanges[name],) = fetch(WireRequest(server.url("/"), **case.options), server.host)
    (exchanges["refused"],) = fetch(WireRequest("http://127.0.0.1:1/"), "127.0.0.1:1")
    (exchanges["no address"],) = fetch(WireRequest("http://no.invalid/"), "x")
    exchanges["denied"] = unsent(
        "http://example.org/x", CaptureOutcome.ROBOTS_DENIED, datetime.now(UTC), Discovery(), "robots.txt says no"
    )
    return write(exchanges, tmp_path_factory.mktemp("everything"))


def responses(warc: Path) -> dict[str, bytes]:
    with warc.open("rb") as stream:
        return {
            str(record.record_id): record.block for record in iterate_records(stream) if record.kind == "response"
        }


def test_every_attempt_is_there(everything: Everything) -> None:
    blocks = responses(everything.warc)
    assert {name: blocks.get(everything.ids[name]) for name in CASES} == {name: c.sent for name, c in CASES.items()}
    with everything.warc.open("rb") as stream:
        kinds = [record.kind for record in iterate_records(stream)]
    assert kinds.count("metadata") == len(CASES) + 3
    assert kinds.count("request") == kinds.count("response") == len(CASES), "nothing was sent where nobody listened"


@pytest.mark.parametrize(
    "validate", [validators.gzip_test, validators.warcvalid, validators.cdxj_indexer], ids=lambda v: v.__name__
)
def test_it_is_a_valid_warc(everything: Everything, validate: validators.Validator) -> None:
    done = validate(everything.warc)
    assert done.code == 0, done.err


def test_warcio_complains_only_of_the_payload_of_chunked_responses(everything: Everything) -> None:
    """It takes the digest over the chunks, the specification over what they carry."""
    assert validators.warcio_failures(everything.warc) == validators.chunked_responses(everything.warc)


def test_fastwarc_agrees_with_every_block_digest(everything: Everything) -> None:
    assert validators.fastwarc_failures(everything.warc, payloads=False) == set()


NOT_FOR_FASTWARC = frozenset({"a very long header", "a thousand headers", "bare line feeds", "mixed line ends"})
"""Heads that it does not parse, so that it does not know where the payload begins."""


def test_fastwarc_complains_only_of_the_payload_of_chunked_responses(everything: Everything, tmp_path: Path) -> None:
    kept = {name: made for name, made in everything.exchanges.items() if name not in NOT_FOR_FASTWARC}
    parsed = write(kept, tmp_path)
    assert validators.fastwarc_failures(parsed.warc, payloads=True) == validators.chunked_responses(parsed.warc)


NOT_FOR_WGET = frozenset({"HEAD", "POST", "stalled in the body", "stalled in the head", "spooled, stalled"})
"""wget is not asked so, or waits for what never comes."""

WGET_ALTERS = {
    "folded header": "it joins the lines",
    "chunked with trailers": "it loses the last line end",
    "spooled, one chunk": "it loses the last line end, behind a trailer",
    "a length that is no number": "it reads no body",
    "too long by its length": "it has no such limit",
    "too long by its chunks": "it has no such limit",
    "too long until close": "it has no such limit",
}


@pytest.mark.parametrize("name", sorted(CASES.keys() - NOT_FOR_WGET - WGET_ALTERS.keys()))
def test_wget_keeps_the_same_bytes_wherever_it_finishes(name: str, tmp_path: Path) -> None:
    assert shutil.which("wget"), "wget is missing: apt-get install wget"
    case = CASES[name]
    kept = ["--warc-file=w", "--no-warc-compression", "--no-warc-digests", "--no-warc-keep-log"]
    with ByteServer(case.play) as server:
        done = run(
            "wget", "-q", "-O", "page", "-t", "1", "-T", "2", "--max-redirect=0", *kept, server.url(), cwd=tmp_path
        )
    blocks = list(responses(tmp_path / "w.warc").values())
    if done.code in (0, 8) and blocks:
        assert blocks == [case.sent]
