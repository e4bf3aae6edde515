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
import time
from dataclasses import dataclass
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.captures import SegmentReading
from benchmarks.foreign import lines, pages_made
from benchmarks.support.reporting import deliver
from pipelines.derivation import derive

_PROGRAM = Path(sys.executable).with_name("newswarc")
_SAMPLE = 300
"""Pages that the extractor alone is timed on."""
_CORES = 16
_LOOK = 0.2
"""Seconds between two looks at the processes of a run."""
_MONTH = 10_000_000
"""Pages of a month that the cost is told for; it is in proportion."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took."""

    seconds: float
    processor: float
    """Seconds of processor time, of all its processes."""


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
        alone = cost_alone(place)
        runs = {
            f"{jobs} process{'es' * (jobs > 1)}": extract(place, f"jobs-{jobs}", "--jobs", str(jobs))
            for jobs in (1, 2)
        }
        made = {"jobs-1", "jobs-2"}
        if options.dask:
            runs["a Dask cluster"] = extract(place, "dask", "--engine", "dask", "--scheduler", options.dask)
            made.add("dask")
        kills = extract_killed(place, options.kills, runs["2 processes"].seconds)
        made.add("killed")
        whole = lines(place / "jobs-1")
        same = all(lines(place / name) == whole for name in made)
        archives = len({archive_lines(place / f"{name}-archive") for name in made}) == 1
    deliver(report(options, alone, runs, kills, same=same, archives=archives), options.report)
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


def cost_alone(place: Path) -> float:
    """Processor seconds a page of the extractor in this process, reading included."""
    with next(iter(sorted(place.glob("*.warc.gz")))).open("rb") as stream:
        captures = list(SegmentReading(stream).captures())
    for capture in captures[:30]:
        derive(capture, b"", "w")
    begins, done = time.process_time(), 0
    while done < _SAMPLE:
        for capture in captures:
            derive(capture, b"", "w")
            done += 1
    return (time.process_time() - begins) / done


def command(name: str, *more: str) -> list[str]:
    """The command, for a run whose results are called so."""
    to = ["--to", name, "--archive", f"{name}-archive"]
    return [str(_PROGRAM), "extract", "--paths", "warc.paths", *to, "--quiet", *more]


def extract(place: Path, name: str, *more: str) -> Cost:
    """One run."""
    begins = time.perf_counter()
    process = subprocess.Popen(command(name, *more), cwd=place, start_new_session=True)
    seen: dict[int, float] = {}
    while process.poll() is None:
        seen |= processor_times(process.pid)
        time.sleep(_LOOK)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Cost(time.perf_counter() - begins, sum(seen.values()))


def processor_times(session: int) -> dict[int, float]:
    """Seconds of processor time of each process of a session (proc(5)). Extraction processes are nobody's children
    that are waited for, so that a parent's own account lacks them.
    """
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, rest = path.read_text(encoding="ascii", errors="replace").rpartition(") ")
        except OSError:
            continue  # it has ended
        facts = rest.split()
        if int(facts[3]) == session:
            found[int(path.parent.name)] = (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK")
    return found


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
    options: argparse.Namespace, alone: float, runs: dict[str, Cost], kills: int, *, same: bool, archives: bool
) -> str:
    """As Markdown."""
    pages = options.files * options.pages
    cost = min(run.processor for run in runs.values() if run.processor > alone * pages / 2) / pages
    month = cost * _MONTH / _CORES / 3600
    rows = [
        f"| {name} | {run.seconds:,.0f} | {pages / run.seconds:,.0f} | {run.processor / pages * 1000:.2f} | "
        f"{alone * pages / run.processor:.2f} |"
        for name, run in runs.items()
    ]
    table = "| on | seconds | pages a second | processor ms a page | share of the extractor alone (wanted ≥ 0.85) |"
    return "\n".join([
        "# Many files of another program", "",
        f"`make cc-news`: {options.files:,} made files with {options.pages:,} pages each ({pages:,} pages), on "
        f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}. The extractor "
        f"alone takes {alone * 1000:.2f} ms of processor time a page.", "",
        table, "|---|---|---|---|---|", *rows, "",
        "The rest is the start of the program, reading the files, sending pages to processes and records back, and "
        "writing them twice. The extractor alone is timed on the pages of one file again and again, which is in its "
        "favour. Processor time of a cluster's workers is not seen here; its share says nothing.", "",
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
