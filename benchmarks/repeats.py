"""Repeats: whether every response is told again from the archive alone, and what that costs.

    python -m benchmarks.repeats [--rounds 3] [--report FILE]

The site on loopback has requisites that repeat each other at other URLs and in other chunks, with extensions and
trailers (`tests.support.repeats`).
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from archive.captures import Capture
from archive.cdxj import IndexEntry
from archive.lookup import Lookup
from archive.members import HTTP_RESPONSE, Block, gzip_member, member_level, record_head
from benchmarks.support.reporting import deliver
from tests.support.repeats import crawl_repeats, looked_up

_LEVEL = 2


@dataclass(slots=True)
class Repeats:
    """What an archive keeps of repeats."""

    captures: int = 0
    right: int = 0
    revisits: int = 0
    kept: int = 0
    """Bytes of all WARC files."""
    whole: int = 0
    """Bytes that they would have if every response were kept whole."""


def main() -> int:
    """Run the benchmark; 1 when a response is not told again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        repeats = of_wire_server(Path(place), options.rounds)
    lines = [
        "# Repeats", "",
        "`make repeats`: pages with requisites of every kind of exchange that the tests know, each at two URLs,",
        f"crawled {options.rounds} times. Chunks have other sizes each time, extensions and trailers.", "",
        "| | |", "|---|---|",
        f"| responses that the archive alone gives back byte for byte | {repeats.right} of {repeats.captures} |",
        f"| of these kept as revisits | {repeats.revisits} |",
        f"| bytes of the WARC files | {repeats.kept:,} |",
        f"| bytes if every response were kept whole | {repeats.whole:,} |", "",
        f"That is {repeats.kept / repeats.whole:.0%} of the bytes. pywb and ReplayWeb.page show the body of a repeat",
        "correctly if they show the first capture correctly (`tests/replay/test_repeats.py`).", "",
    ]  # fmt: skip
    deliver("\n".join(lines), options.report)
    return 0 if repeats.right == repeats.captures else 1


def of_wire_server(place: Path, rounds: int) -> Repeats:
    """Crawl the site, and hold its archive against what was sent."""
    base, sent = crawl_repeats(place, rounds)
    return measured(place, {f"{base}{path}": responses for path, responses in sent.items()})


def measured(place: Path, waiting: dict[str, list[bytes]]) -> Repeats:
    """Hold an archive against what was sent, by address."""
    repeats = Repeats(kept=sum(file.stat().st_size for file in (place / "newswarc-data").rglob("*.warc.gz")))
    repeats.whole = repeats.kept
    with looked_up(place) as lookup:
        for line in lookup.index.lines(b""):
            if b'"url": "http' in line:
                _measure(lookup, line, waiting, repeats)
    return repeats


def _measure(lookup: Lookup, line: bytes, waiting: dict[str, list[bytes]], repeats: Repeats) -> None:
    capture = lookup.read(IndexEntry.parse(line))
    response = lookup.wire(capture)
    repeats.captures += 1
    repeats.right += response in waiting.get(capture.url, ())
    if capture.revisit and capture.head().status != 304:
        repeats.revisits += 1
        framing = len(capture.fact("framing")) * 3 // 4
        repeats.whole += _whole_length(capture, response) - capture.length - framing


def _whole_length(capture: Capture, response: bytes) -> int:
    block = Block.of(response, "sha256")
    headers = [("WARC-Target-URI", capture.url), ("WARC-Payload-Digest", capture.payload_digest)]
    head = record_head("response", UUID(int=1), capture.date, HTTP_RESPONSE, block, headers)
    found = capture.head()
    mime = found.first("content-type").partition(";")[0]
    return len(gzip_member(head, block, member_level(found.first("content-encoding"), mime, _LEVEL)))


if __name__ == "__main__":
    raise SystemExit(main())
