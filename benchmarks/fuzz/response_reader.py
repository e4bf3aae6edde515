"""Fuzz the response reader and what reads its captures back.

    python -m benchmarks.fuzz.response_reader [--inputs N] [--seed S] [--report FILE]

Each input is a response made from pieces of good and bad ones, mutated, and fed twice, cut into pieces in two ways.
Checked for each: only BadMessage and LengthLimit are raised; both ways give the same result; the buffer stays within
its bounds; the entity body and its decoding do not fail; nothing takes long. The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import gzip
import io
import random
import sys
import time
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import brotli

from archive.content_coding import BodyTooLarge, decode_body
from archive.http1 import BadMessage, entity_body
from crawler.wire.reader import MAX_HEAD, LengthLimit, ResponseReader

LIMIT = 2000
SLOW_SECONDS = 0.5
_PIECES = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 404 Not Found\r\n",
    b"HTTP/1.1 304\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
    b"http/1.1 200\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 99999999999\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Encoding: br, deflate\r\n",
    b"Content-Encoding: zstd\n",
    b"X: \xff\x00\r\n",
    b" folded\r\n",
    b"no colon\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"5\r\nhello\r\n",
    b"5;a=b\nhello\n",
    b"0\r\n\r\n",
    b"0\r\nX: y\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"hello",
    gzip.compress(b"hello" * 20, mtime=0),
    zlib.compress(b"hello" * 20),
    brotli.compress(b"hello" * 20),
    b"x" * 300,
)


@dataclass(frozen=True)
class Result:
    """What reading an input came to."""

    ending: str
    complete: bool
    response: bytes
    interim: tuple[bytes, ...]


def make_input(source: random.Random) -> bytes:
    """One input."""
    start = [source.choice(_PIECES[:5])] if source.random() < 0.9 else []
    data = bytearray(b"".join([*start, *source.choices(_PIECES, k=source.randint(0, 12))]))
    for _ in range(source.choice((0, 0, 1, 1, 2, 5))):
        if not data:
            break
        position = source.randrange(len(data))
        action = source.randrange(4)
        if action == 0:
            data[position] = source.randrange(256)
        elif action == 1:
            del data[position : position + source.randint(1, 20)]
        elif action == 2:
            data[position:position] = source.randbytes(source.randint(1, 10))
        else:
            data += data[position : position + 50]
    return bytes(data)


class Memory:
    """An overflow in memory, which SpooledBytes cannot be read from."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def write(self, data: bytes) -> None:
        """Take bytes."""
        self.taken += data

    def file(self) -> IO[bytes]:
        """All that was taken."""
        return io.BytesIO(self.taken)


def read(data: bytes, sizes: list[int], method: str, *, spooled: bool = False) -> Result:
    """Feed an input in pieces of these sizes, again and again, then end the connection.

    With `spooled` what was read does not stay in the reader.
    """
    overflow = Memory() if spooled else None
    reader = ResponseReader(method, LIMIT, overflow, in_memory=100)
    position = turn = 0
    ending = "end"
    try:
        while position < len(data) and not reader.complete:
            size = sizes[turn % len(sizes)]
            reader.feed(data[position : position + size])
            position += size
            turn += 1
        reader.end()
    except BadMessage:
        ending = "malformed"
    except LengthLimit:
        ending = "too long"
    assert len(reader.buffer) <= 2 * LIMIT + 3 * MAX_HEAD, "the buffer outgrew its bounds"
    response = reader.response()
    whole = response if isinstance(response, bytes) else response.file.read()
    return Result(ending, reader.complete, whole, tuple(reader.interim))


def check(data: bytes, source: random.Random) -> str:
    """Check one input; how it ended. Raises AssertionError, or whatever should not have been raised."""
    method = source.choice(("GET", "GET", "HEAD"))
    whole = read(data, [max(1, len(data))], method)
    sizes = [source.randint(1, 7) for _ in range(3)]
    pieces = read(data, sizes, method)
    assert pieces == read(data, sizes, method, spooled=True), "spooling makes a difference"
    if whole.complete or pieces.complete:
        assert whole == pieces, "pieces make a difference"
    else:
        assert whole.ending == pieces.ending, "pieces make a difference to the ending"
    if whole.complete:
        head_reader = ResponseReader(method, 0)
        head_reader.feed(whole.response)
        assert head_reader.head is not None
        body = b"" if method == "HEAD" else entity_body(whole.response)
        try:
            decode_body(head_reader.head.content_codings, body, LIMIT)
        except BodyTooLarge:
            return "bomb"
    return whole.ending if not whole.complete else "complete"


def run(inputs: int, seed: int) -> tuple[Counter[str], float, float]:
    """Check that many inputs; endings, the slowest one's seconds, all seconds (processor time)."""
    source = random.Random(seed)
    endings: Counter[str] = Counter()
    slowest = 0.0
    began = time.process_time()
    for number in range(inputs):
        data = make_input(source)
        started = time.process_time()
        try:
            endings[check(data, source)] += 1
        except Exception:
            sys.stderr.write(f"input {number} of seed {seed}: {data!r}\n")
            raise
        slowest = max(slowest, time.process_time() - started)
        if sys.stderr.isatty() and number % 5000 == 0:
            sys.stderr.write(f"\r{number:,} inputs")
    return endings, slowest, time.process_time() - began


def main() -> int:
    """Run the fuzzer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    endings, slowest, seconds = run(options.inputs, options.seed)
    lines = [
        "# Fuzzing the response reader",
        "",
        f"{options.inputs:,} inputs (seed {options.seed}), each read three times, in pieces and spooled, by",
        "`python -m benchmarks.fuzz.response_reader`: no exception but the named ones, no difference between",
        "the readings, no buffer beyond its bounds.",
        f"{seconds:.0f} s of processor time, the slowest input {slowest * 1000:.1f} ms.",
        "",
        "| ending | inputs |",
        "|---|---|",
        *(f"| {ending} | {count:,} |" for ending, count in endings.most_common()),
        "",
    ]
    text = "\n".join(lines)
    sys.stdout.write(text)
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    return 1 if slowest > SLOW_SECONDS else 0


if __name__ == "__main__":
    sys.exit(main())
