"""Extracting from many WARC files of another program, as those of CC-NEWS: speed, kills, what a month costs.

    python -m benchmarks.cc_news [--files 100] [--pages 1000] [--kills 10] [--dask ADDRESS] [--report FILE]

The files are made: pages with the words of the demonstration newspaper, from a thousand hosts, each a gzip member of
its own. Processor time is compared beside seconds, since it says the same on a machine that does other things too.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.captures import Capture, SegmentReading
from benchmarks.foreign import lines, pages_made
from benchmarks.support.processor_time import Cost, extractor_alone, run
from benchmarks.support.reporting import deliver

_PROGRAM = Path(sys.executable).with_name("newswarc")
_CORES = 16
_MONTH = 10_000_000
"""Pages of a month that the cost is told for; it is in proportion."""


def main() -> int:
    """Run the benchmark; 1 when a run that was killed ends with other lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--dask", default="", metavar="ADDRESS")
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        write(place, options.files, options.pages)
        alone, runs = {}, {}
        for jobs in (1, 2):
            name = f"{jobs} process{'es' * (jobs > 1)}"
            before = cost_alone(place, jobs)
            runs[name] = extract(place, f"jobs-{jobs}", "--jobs", str(jobs))
            alone[name] = (before + cost_alone(place, jobs)) / 2
        (place / "start").mkdir()
        write(place / "start", 1, 1)
        start = extract(place / "start", "start", "--jobs", "2")
        made = {"jobs-1", "jobs-2"}
        if options.dask:
            runs["a Dask cluster"] = extract(place, "dask", "--engine", "dask", "--scheduler", options.dask)
            made.add("dask")
        kills = extract_killed(place, options.kills, runs["2 processes"].seconds)
        made.add("killed")
        whole = lines(place / "jobs-1")
        same = all(lines(place / name) == whole for name in made)
        archives = len({archive_lines(place / f"{name}-archive") for name in made}) == 1
    deliver(report(options, alone, start, runs, kills, same=same, archives=archives), options.report)
    return 0 if same and archives else 1


def write(place: Path, files: int, pages: int) -> None:
    """Files of this many pages each, and a list of them."""
    made = pages_made()
    names = []
    for number in range(files):
        names.append(f"CC-NEWS-20260101{number:06d}-{number:05d}.warc.gz")
        with (place / names[-1]).open("wb") as stream:
            writer = WARCWriter(stream, gzip=True)
            for _ in range(pages):
                url, body = next(made)
                head = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
                payload = io.BytesIO(body)
                writer.write_record(writer.create_warc_record(url, "response", payload=payload, http_headers=head))
    (place / "warc.paths").write_text("\n".join(names), encoding="utf-8")


def cost_alone(place: Path, copies: int) -> float:
    """Processor seconds a page of the extractor in so many processes at once, on the pages of one file."""

    def captures() -> list[Capture]:
        with next(iter(sorted(place.glob("*.warc.gz")))).open("rb") as stream:
            return list(SegmentReading(stream).captures())

    return extractor_alone(captures, copies)


def command(name: str, *more: str) -> list[str]:
    """The command, for a run whose results are called so."""
    to = ["--to", name, "--archive", f"{name}-archive"]
    return [str(_PROGRAM), "extract", "--paths", "warc.paths", *to, "--quiet", *more]


def extract(place: Path, name: str, *more: str) -> Cost:
    """One run."""
    return run(command(name, *more), place)


def extract_killed(place: Path, kills: int, seconds: float) -> int:
    """Kill it so many times, at moments drawn by chance, then let it end; how many kills came before the end."""
    chance = random.Random(6)
    done = 0
    for _ in range(kills):
        process = subprocess.Popen(command("killed", "--jobs", "2"), cwd=place, start_new_session=True)
        try:
            process.wait(2 + chance.random() * seconds / kills)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            done += 1
    extract(place, "killed", "--jobs", "2")
    return done


def archive_lines(archive: Path) -> bytes:
    """The records of an archive, in the order of their segments."""
    there = sorted(path for path in archive.rglob("*.jsonl.gz") if "state" not in path.parts)
    return b"".join(path.name.encode() + path.read_bytes() for path in there)


def report(
    options: argparse.Namespace,
    alone: dict[str, float],
    start: Cost,
    runs: dict[str, Cost],
    kills: int,
    *,
    same: bool,
    archives: bool,
) -> str:
    """As Markdown."""
    pages = options.files * options.pages
    cost = (min(runs[name].processor for name in alone) - start.processor) / pages
    month = cost * _MONTH / _CORES / 3600
    rows = [
        f"| {name} | {run.seconds:,.0f} | {pages / run.seconds:,.0f} | {alone[name] * 1000:.2f} | "
        f"{run.processor / pages * 1000:.2f} | {alone[name] * pages / run.processor:.2f} | "
        f"{alone[name] * pages / (run.processor - start.processor):.2f} |"
        if name in alone
        else f"| {name} | {run.seconds:,.0f} | {pages / run.seconds:,.0f} | | | | |"
        for name, run in runs.items()
    ]
    table = "| on | seconds | pages a second | alone, ms a page | ms a page | share of alone | without the start |"
    return "\n".join([
        "# Many files of another program", "",
        f"`make cc-news`: {options.files:,} made files with {options.pages:,} pages each ({pages:,} pages), on "
        f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}. Milliseconds are "
        "of processor time.", "",
        table, "|---|---|---|---|---|---|---|", *rows, "",
        "*Alone* is the extractor in as many processes at once, which do nothing else: on the pages of one file "
        "again and again, with the memory settings of the extraction processes, before and after each run. The start "
        f"of the program takes {start.processor:.1f} s of processor time however many pages there are, so that the "
        "last column (wanted ≥ 0.85) is what long runs come to. The rest is reading the files, sending pages to "
        "processes and records back, and writing them twice. Processor time of a cluster's workers is not seen here.",
        "",
        f"Killed {kills} times at moments drawn by chance and run to the end: the same lines as the calm runs: "
        f"{'yes' if same else 'NO'}; the same archive of derived data: {'yes' if archives else 'NO'}.", "",
        "## What a month costs", "",
        f"At {cost * 1000:.2f} ms of processor time a page, {_MONTH:,} pages take {month:,.1f} hours on {_CORES} "
        f"cores ({month * _CORES:,.0f} core hours). How many pages a month of CC-NEWS has is in its files; the cost "
        "is in proportion. Real pages take longer than these made ones: [extraction](extraction.md) measures them. "
        "The files are downloaded once, one at a time.", "",
    ])  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
