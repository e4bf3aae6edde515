"""Extracting from one large WARC file of another program: speed beside the extractor alone, kills, selections.

    python -m benchmarks.foreign [--megabytes 1024] [--kills 10] [--workers N] [--report FILE]

The file is made: pages with the words of the demonstration newspaper, from a thousand hosts, each a gzip member of
its own. Processor time is compared beside seconds, since it says the same on a machine that does other things too.
"""

from __future__ import annotations

import argparse
import gzip
import io
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.captures import Capture, SegmentReading
from benchmarks.support.processor_time import Cost, extractor_alone, run
from benchmarks.support.reporting import deliver
from crawler.demo.stories import Story, load_stories

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
        alone = extractor_alone(lambda: sample(warc), options.workers)
        whole = extract(warc, place / "whole", options.workers)
        write(place / "start.warc.gz", 1)
        start = extract(place / "start.warc.gz", place / "start", options.workers).processor
        one_host = extract(warc, place / "one", options.workers, "--site", "paper-7.example")
        alone = (alone + extractor_alone(lambda: sample(warc), options.workers)) / 2
        killed = extract_killed(warc, place / "killed", options.workers, options.kills, whole.seconds)
        same = lines(place / "killed") == lines(place / "whole")
    text = "\n".join([
        "# One large file of another program", "",
        f"`make foreign`: {pages:,} made pages of {_HOSTS:,} hosts in one WARC file of {options.megabytes:,} MiB, "
        f"{options.workers} extraction processes on {os.cpu_count()} processors.", "",
        "| | |", "|---|---|",
        f"| processor ms a page, the extractor alone in as many processes | {alone * 1000:.2f} |",
        f"| processor ms a page, `newswarc extract`, its start included | {whole.processor / pages * 1000:.2f} |",
        f"| share of the extractor alone | {alone * pages / whole.processor:.2f} |",
        f"| the same without the start, {start:.1f} s (wanted ≥ 0.85) | "
        f"{alone * pages / (whole.processor - start):.2f} |",
        f"| pages a second | {pages / whole.seconds:,.0f} |",
        f"| processor time for one host of {_HOSTS:,}, as a share of all (wanted < 0.1) | "
        f"{one_host.processor / whole.processor:.3f} |",
        f"| the same without the start | {(one_host.processor - start) / (whole.processor - start):.3f} |",
        f"| killed {killed} times, ended with the same lines | {'yes' if same else 'NO'} |", "",
        "The extractor alone is timed on the same pages again and again, before the runs and after them, with "
        "the memory settings of the extraction processes.", "",
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


def sample(warc: Path) -> list[Capture]:
    """Some pages of the file."""
    with warc.open("rb") as stream:
        return list(itertools.islice(SegmentReading(stream).captures(), _SAMPLE))


def command(warc: Path, to: Path, workers: int, *more: str) -> list[str]:
    return [str(_PROGRAM), "extract", str(warc), "--to", str(to), "--jobs", str(workers), "-q", *more]


def extract(warc: Path, to: Path, workers: int, *more: str) -> Cost:
    """One run of ``newswarc extract``."""
    return run(command(warc, to, workers, *more), warc.parent)


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
