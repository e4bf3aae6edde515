"""Extracting from one large WARC file of another program: speed beside the extractor alone, kills, selections.

    python -m benchmarks.foreign [--megabytes 1024] [--kills 10] [--workers N] [--report FILE]

The file is made: pages with the words of the demonstration newspaper, from a thousand hosts, each a gzip member of
its own. Run it on a machine that does nothing else: seconds are compared, not ratios of ways that take turns.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.captures import SegmentReading
from benchmarks.support.reporting import deliver
from crawler.demo.stories import Story, load_stories
from pipelines.derivation import derive

_PROGRAM = Path(sys.executable).with_name("newswarc")
_HOSTS = 1000
_SAMPLE = 300
"""Pages that the extractor alone is timed on."""


def main() -> int:
    """Run the benchmark; 1 when a run that was killed ends with other lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        warc = place / "news.warc.gz"
        pages = write(warc, options.megabytes << 20)
        alone = speed_alone(warc)
        seconds = extract(warc, place / "whole", options.workers)
        one_host = extract(warc, place / "one", options.workers, "--site", "paper-7.example")
        killed = extract_killed(warc, place / "killed", options.workers, options.kills, seconds)
        same = lines(place / "killed") == lines(place / "whole")
    speed = pages / seconds
    text = "\n".join([
        "# One large file of another program", "",
        f"`make foreign`: {pages:,} made pages of {_HOSTS:,} hosts in one WARC file of {options.megabytes:,} MiB, "
        f"{options.workers} workers.", "",
        "| | |", "|---|---|",
        f"| pages a second, the extractor alone in one process | {alone:.0f} |",
        f"| pages a second, `newswarc extract` | {speed:.0f} |",
        f"| share of the extractor alone × workers (wanted ≥ 0.85) | {speed / alone / options.workers:.2f} |",
        f"| seconds for one host of {_HOSTS:,}, as a share of all (wanted < 0.1) | {one_host / seconds:.3f} |",
        f"| killed {killed} times, ended with the same lines | {'yes' if same else 'NO'} |", "",
    ])  # fmt: skip
    deliver(text, options.report)
    return 0 if same else 1


def pages_made() -> Iterator[tuple[str, bytes]]:
    """Addresses and bodies, without end."""
    stories = load_stories()
    chance = random.Random(5)
    number = 0
    while True:
        story = stories[number % len(stories)]
        body = page_of(story, chance)
        yield f"http://paper-{number % _HOSTS}.example/news/{number}", body
        number += 1


def page_of(story: Story, chance: random.Random) -> bytes:
    """A page of a story, its paragraphs in another order and number."""
    paragraphs = list(story.body) * 3
    chance.shuffle(paragraphs)
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    links = "".join(f"<li><a href='/section/{chance.randrange(999)}'>Section {n}</a></li>" for n in range(60))
    return (
        f"<!doctype html><html lang='{story.language}'><head><title>{story.headline}</title>"
        f"<meta property='article:published_time' content='{story.published}'></head>"
        f"<body><nav><ul>{links}</ul></nav>"
        f"<article><h1>{story.headline}</h1>{text}</article><footer><ul>{links}</ul></footer></body></html>"
    ).encode()


def write(path: Path, size: int) -> int:
    """A WARC file of this size; how many pages it has."""
    count = 0
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for url, body in pages_made():
            head = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
            writer.write_record(
                writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=head)
            )
            count += 1
            if stream.tell() >= size:
                return count
    return count


def speed_alone(warc: Path) -> float:
    """Pages a second of the extractor in this process, reading included."""
    with warc.open("rb") as stream:
        captures = SegmentReading(stream).captures()
        for _ in range(30):
            derive(next(captures), b"", "w")
        begins = time.perf_counter()
        for done, capture in enumerate(captures, 1):
            derive(capture, b"", "w")
            if done == _SAMPLE:
                break
        return done / (time.perf_counter() - begins)


def command(warc: Path, to: Path, workers: int, *more: str) -> list[str]:
    return [str(_PROGRAM), "extract", str(warc), "--to", str(to), "--jobs", str(workers), "-q", *more]


def extract(warc: Path, to: Path, workers: int, *more: str) -> float:
    """Seconds of ``newswarc extract``."""
    begins = time.perf_counter()
    subprocess.run(command(warc, to, workers, *more), check=True)
    return time.perf_counter() - begins


def extract_killed(warc: Path, to: Path, workers: int, kills: int, seconds: float) -> int:
    """Kill it so many times, at moments drawn by chance, then let it end; how many kills came before the end."""
    chance = random.Random(6)
    done = 0
    for _ in range(kills):
        process = subprocess.Popen(command(warc, to, workers), start_new_session=True)
        try:
            process.wait(2 + chance.random() * seconds / kills)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            done += 1
    extract(warc, to, workers)
    return done


def lines(directory: Path) -> dict[str, bytes]:
    """The results, unpacked."""
    return {
        path.name: gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for path in sorted(directory.iterdir())
        if path.is_file()
    }


if __name__ == "__main__":
    raise SystemExit(main())
