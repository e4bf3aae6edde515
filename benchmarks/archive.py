"""Writing, reading and verifying WARC files: ours beside warcio and FastWARC, on the same saved pages.

    python -m benchmarks.archive PAGES [--rounds 5] [--report FILE]

PAGES is a directory with a ``gold.jsonl`` that names gzipped pages; each becomes a response of content coding gzip
with its request. Processor time of this process, the ways in turn.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.captures import SegmentReading
from archive.clock_and_ids import SystemClockAndIds
from archive.exchange import CaptureOutcome, Discovery, Exchange, Role, Transport
from archive.http1 import parse_head
from archive.layout import SegmentName
from archive.manifests import Manifest
from archive.merkle_tree import GrowingTree, leaf_hash
from archive.recovery import members_with_leaves
from archive.segment import SegmentWriter
from archive.storage.local import LocalStorage
from archive.verifying import verify_segment
from benchmarks import archive_storage
from benchmarks.support.measuring import Costs, say
from benchmarks.support.nginx import saved_pages
from benchmarks.support.reporting import deliver, page_arguments

TREE = "of it the root over all records"
_REQUEST = (
    b"GET / HTTP/1.1\r\nHost: news.example\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nUser-Agent: newswarc\r\n\r\n"
)
_HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 24 Nov 2026 04:21:43 GMT\r\nContent-Type: text/html\r\n"
    b'ETag: "65f2-1"\r\nConnection: keep-alive\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n'
)


def exchanges(pages: Sequence[bytes]) -> list[Exchange]:
    """The pages as they would have been fetched."""
    now = datetime.now(UTC)
    made = []
    for number, page in enumerate(pages):
        response = _HEAD % len(page) + page
        made.append(
            Exchange(
                url=f"http://news.example/{number}",
                method="GET",
                request=_REQUEST,
                response=response,
                started=now,
                finished=now,
                outcome=CaptureOutcome.OK,
                status=200,
                transport=Transport("192.0.2.1", 80),
                discovery=Discovery(role=Role.ARTICLE, site="xx/news", via="feed"),
                head=parse_head(response),
            )
        )
    return made


def write_ours(made: Sequence[Exchange], root: Path) -> tuple[Path, Manifest]:
    """Request, response, metadata and index line of each, fsync, manifest."""
    clock_and_ids = SystemClockAndIds()
    name = SegmentName.new("b", 1, clock_and_ids)
    writer = SegmentWriter(root / name.warc_key.rpartition("/")[0], name, clock_and_ids=clock_and_ids, software="b")
    for exchange in made:
        writer.append(exchange)
    closed = writer.close()
    cdxj = root / name.cdxj_key
    cdxj.parent.mkdir(parents=True)
    closed.cdxj.rename(cdxj)
    return closed.warc, closed.manifest


def write_warcio(made: Sequence[Exchange], root: Path) -> Path:
    """Request and response of each, as warcio's own programs write them."""
    path = root / "warcio.warc.gz"
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for exchange in made:
            head = exchange.response_head()
            pairs = [(name.decode(), value.decode()) for name, value in head.headers]
            headers = StatusAndHeaders("200 OK", pairs, protocol="HTTP/1.1")
            body = io.BytesIO(exchange.response_start[head.length :])
            response = writer.create_warc_record(exchange.url, "response", payload=body, http_headers=headers)
            first, *lines = exchange.request.decode().strip().split("\r\n")
            asked = StatusAndHeaders(first, [tuple(line.split(": ", 1)) for line in lines], is_http_request=True)
            request = writer.create_warc_record(exchange.url, "request", http_headers=asked)
            writer.write_request_response_pair(request, response)
    return path


def read_ours(warc: Path) -> int:
    """Every capture with its response's bytes."""
    with warc.open("rb") as stream:
        return sum(len(capture.response) for capture in SegmentReading(stream).captures())


def read_warcio(warc: Path) -> int:
    """Every record's bytes."""
    with warc.open("rb") as stream:
        return sum(len(record.raw_stream.read()) for record in ArchiveIterator(stream, no_record_parse=True))


def read_fastwarc(warc: Path) -> int:
    """Every record's bytes."""
    with warc.open("rb") as stream:
        return sum(len(record.reader.read()) for record in FastIterator(stream, parse_http=False))


def verify_fastwarc(warc: Path) -> int:
    """Every record with both digests."""
    with warc.open("rb") as stream:
        return sum(1 for _ in FastIterator(stream, parse_http=True, verify_digests=True))


def _timed(step: Callable[[], object]) -> float:
    started = time.process_time()
    step()
    return time.process_time() - started


def tree_of(records: Sequence[bytes]) -> bytes:
    """What writing does for the root over a segment's records: a hash of each, and the nodes above."""
    return GrowingTree(map(leaf_hash, records)).root()


def records_of(warc: Path) -> list[bytes]:
    """A segment's records, uncompressed."""
    return [zlib.decompress(member, zlib.MAX_WBITS | 16) for _, member, _ in members_with_leaves(warc)]


def one_round(made: Sequence[Exchange], root: Path, costs: Costs) -> None:
    """Each way once."""
    started = time.process_time()
    warc, manifest = write_ours(made, root)
    costs.add("write, ours", time.process_time() - started)
    storage = LocalStorage(root)
    records = records_of(warc)
    ways: dict[str, Callable[[], object]] = {
        TREE: lambda: tree_of(records),
        "write, warcio": lambda: write_warcio(made, root),
        "read, ours": lambda: read_ours(warc),
        "read, warcio": lambda: read_warcio(warc),
        "read, FastWARC": lambda: read_fastwarc(warc),
        "verify, ours": lambda: verify_segment(storage, manifest, None, root, deep=True),
        "verify, FastWARC's digests alone": lambda: verify_fastwarc(warc),
    }
    for way, step in ways.items():
        costs.add(way, _timed(step))


def measure(pages: Sequence[bytes], rounds: int) -> Costs:
    """Processor seconds of each way in each round."""
    made = exchanges(pages)
    costs = Costs()
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            one_round(made, Path(name), costs)
        say(f"round {number + 1} of {rounds}")
    return costs


def report(pages: Sequence[bytes], rounds: int) -> str:
    """Measure, and write the report."""
    costs = measure(pages, rounds)
    size = sum(map(len, pages)) / 1e6
    rows = [
        f"| {way} | {costs.median(way) / len(pages) * 1000:.3f} | {size / costs.median(way):.0f} |"
        f" {(2 if way == 'write, warcio' else 3) * len(pages) / costs.median(way):,.0f} |"
        for way in costs.rounds
    ]
    ratio = costs.ratio("write, ours", "write, warcio")
    return "\n".join(
        [
            "# Writing, reading and verifying",
            "",
            f"`make archive PAGES=DIR`: {len(pages):,} saved pages, gzip, {size:.0f} MB as sent; processor time,",
            f"medians of {rounds} rounds in which the ways take turns. Ours writes request, response, metadata and",
            "index line, with SHA-256 of block, payload and file; warcio writes request and response with SHA-1.",
            "What is read and verified is ours, three records a page.",
            "",
            "| | ms a page | MB/s | records/s |",
            "|---|---|---|---|",
            *rows,
            "",
            f"Writing, ours as a ratio of warcio's: {ratio:.2f} (wanted ≤ 0.15). The root over all records takes",
            f"{costs.ratio(TREE, 'write, ours'):.1%} of writing (wanted ≤ 2%): nearly all of it is one more",
            "SHA-256 over each record, since a proof of a single record needs a hash of exactly that record.",
            "",
            *archive_storage.report(exchanges(pages), rounds),
        ]
    )


def main() -> int:
    """Run the benchmark."""
    parser = page_arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    text = report(saved_pages(options.pages), options.rounds)
    deliver(text, options.report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
