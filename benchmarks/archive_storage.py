"""What storing and verifying a large segment takes: S3 uploads beside boto3's own, and memory of a verification."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from archive.clock_and_ids import SystemClockAndIds
from archive.exchange import Exchange
from archive.layout import SegmentName
from archive.publishing import publish_segment
from archive.segment import ClosedSegment, SegmentWriter
from archive.storage.local import LocalStorage
from archive.storage.s3 import S3Storage
from archive.storage.s3_options import S3Options
from benchmarks.memory import pss, tree
from benchmarks.support.measuring import Costs, say
from tests.support.seaweed import S3Server, Seaweed

_GIB = 1 << 30
_UPLOADED = 256 << 20


def large_segment(made: Sequence[Exchange], spool: Path, size: int) -> ClosedSegment:
    """A segment of so many bytes, of the same pages again and again under other addresses."""
    clock_and_ids = SystemClockAndIds()
    writer = SegmentWriter(
        spool, SegmentName.new("large", 1, clock_and_ids), clock_and_ids=clock_and_ids, software="benchmark"
    )
    number = 0
    while writer.size < size:
        writer.append(replace(made[number % len(made)], url=f"http://news.example/{number}"))
        number += 1
    return writer.close()


def verification_memory(made: Sequence[Exchange], directory: Path) -> tuple[float, float]:
    """Peak MiB (PSS of all processes) and seconds of ``newswarc verify --deep`` on a segment of 1 GiB."""
    publish_segment(LocalStorage(directory / "archive"), large_segment(made, directory / "spool", _GIB))
    program = Path(sys.executable).parent / "newswarc"
    started = time.monotonic()
    process = subprocess.Popen([program, "verify", directory / "archive", "--deep", "--quiet"])
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, pss(tree(process.pid)))
        time.sleep(0.25)
    if process.returncode:
        raise RuntimeError("the segment is not sound")
    return peak, time.monotonic() - started


def uploads(made: Sequence[Exchange], directory: Path, rounds: int) -> dict[str, Costs]:
    """Processor and wall-clock seconds of storing a segment, ours and boto3's in turn."""
    closed = large_segment(made, directory / "spool", _UPLOADED)
    costs = {"processor": Costs(), "wall clock": Costs()}
    with Seaweed(directory) as server, server.in_environment():
        storage = S3Storage(server.s3.bucket, "ours", S3Options(server.s3.endpoint))
        storage.put("first", closed.cdxj, closed.manifest.cdxj.sha256)  # the server makes its volumes
        for number in range(rounds):
            for way, step in _ways(storage, closed, server.s3, number).items():
                started, clock = time.process_time(), time.monotonic()
                step()
                costs["processor"].add(way, time.process_time() - started)
                costs["wall clock"].add(way, time.monotonic() - clock)
            say(f"upload {number + 1} of {rounds}")
    return costs


def _ways(
    storage: S3Storage, closed: ClosedSegment, server: S3Server, number: int
) -> dict[str, Callable[[], object]]:
    client = storage._client
    return {
        "ours: verified, resumable": lambda: storage.put(f"{number}", closed.warc, closed.manifest.warc.sha256),
        "boto3 upload_file": lambda: client.upload_file(str(closed.warc), server.bucket, f"plain/{number}"),
        "boto3 upload_file with SHA-256": lambda: client.upload_file(
            str(closed.warc), server.bucket, f"checked/{number}", ExtraArgs={"ChecksumAlgorithm": "SHA256"}
        ),
    }


def report(made: Sequence[Exchange], rounds: int) -> list[str]:
    """Measure, and write a part of the report."""
    with tempfile.TemporaryDirectory() as name:
        peak, seconds = verification_memory(made, Path(name))
    with tempfile.TemporaryDirectory() as name:
        costs = uploads(made, Path(name), rounds)
    processor, clock = costs["processor"], costs["wall clock"]
    megabytes = _UPLOADED / 1e6
    rows = [f"| {way} | {processor.median(way):.2f} | {megabytes / clock.median(way):.0f} |" for way in clock.rounds]
    return [
        "## Storing in S3",
        "",
        f"A segment of {megabytes:.0f} MB into a SeaweedFS server on the same machine; medians of {rounds} rounds in",
        "which the ways take turns.",
        "",
        "| | processor s | MB/s |",
        "|---|---|---|",
        *rows,
        "",
        "## Verifying 1 GiB",
        "",
        f"`newswarc verify --deep` on one segment of 1 GiB: {seconds:.0f} s, at its peak {peak:.0f} MiB in all its",
        "processes (wanted < 200 MB).",
        "",
    ]
