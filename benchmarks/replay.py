"""Replay: from the command to the first page, look-ups in a large index, packing WACZ beside ``wacz create``.

    python -m benchmarks.replay PAGES --tools DIR [--lines 10000000] [--rounds 3] [--report FILE]

PAGES is a directory with a ``gold.jsonl`` that names gzipped pages; DIR an environment with pywb and wacz
(``make replay-tools``). Each figure is of processes of their own.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

from archive.clock_and_ids import SystemClockAndIds
from archive.layout import SegmentName
from archive.publishing import publish_segment
from archive.segment import SegmentWriter
from archive.storage.local import LocalStorage
from benchmarks.archive import exchanges
from benchmarks.support.measuring import Costs, say
from benchmarks.support.nginx import saved_pages
from benchmarks.support.reporting import deliver, page_arguments

_PROGRAM = Path(sys.executable).with_name("newswarc")
_LOOK_UPS = 20_000
_SEGMENT = 100 << 20
_SITES = 2000


def main() -> int:
    """Run the benchmark."""
    if len(sys.argv) > 1 and sys.argv[1] == "--look-up":
        _look_up(Path(sys.argv[2]), int(sys.argv[3]))
        return 0
    parser = page_arguments(__doc__)
    parser.add_argument("--tools", type=Path, required=True)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    pages, tools = saved_pages(options.pages), options.tools.absolute() / "bin"
    lines = ["# Replay", "", f"`make replay PAGES=DIR`, on {os.cpu_count()} processors.", ""]
    lines += first_page(tools / "wayback", options.rounds)
    lines += look_ups(options.lines)
    lines += packing(pages, tools / "wacz", options.rounds)
    deliver("\n".join(lines) + "\n", options.report)
    return 0


def first_page(wayback: Path, rounds: int) -> list[str]:
    """Seconds from ``newswarc replay`` to its start page, and to the first archived page."""
    starts, pages = [], []
    with tempfile.TemporaryDirectory(prefix="newswarc-bench-") as place:
        subprocess.run([_PROGRAM, "demo", "--quiet"], cwd=place, check=True, capture_output=True)
        found = subprocess.run(
            [_PROGRAM, "records"], cwd=place, check=True, capture_output=True, text=True
        ).stdout.splitlines()
        url = json.loads(found[0])["url"]
        for _ in range(rounds):
            begun = time.monotonic()
            process = subprocess.Popen(
                ["env", f"NEWSWARC_PYWB={wayback}", _PROGRAM, "replay", "--port", "0", "--quiet"],
                cwd=place,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            start = process.stdout.readline().strip()
            with urlopen(start) as answer:
                answer.read()
            starts.append(time.monotonic() - begun)
            with urlopen(f"{start}search?url={url}") as answer:
                collection = answer.url.partition("*")[0]
            with urlopen(f"{collection}2026mp_/{url}") as answer:
                assert answer.status == 200
            pages.append(time.monotonic() - begun)
            process.terminate()
            process.wait()
            say(f"start page after {starts[-1]:.1f} s, first page after {pages[-1]:.1f} s")
    return [
        "## From the command to the first page",
        "",
        f"`newswarc replay` of a small archive, {rounds} times: the start page after {_middle(starts):.1f} s, the",
        f"first archived page after {_middle(pages):.1f} s (medians). Nearly all of it is pywb's own start.",
        "",
    ]


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _line(number: int) -> bytes:
    """Line `number` of a made index, as our indexes have them; lines of rising numbers are in order."""
    site, page = divmod(number, 5000)
    key = f"com,paper{site:05d})/2026/{page:04d}/a-story-of-some-length-about-the-harbour"
    url = f"https://www.paper{site:05d}.com/2026/{page:04d}/a-story-of-some-length-about-the-harbour"
    fields = {
        "url": url,
        "mime": "text/html",
        "status": "200",
        "digest": f"sha256:{number:064x}",
        "length": "21834",
        "offset": str(number * 21834 % (1 << 30)),
        "filename": f"warc/2026/11/24/newswarc-20261124181253466-{site:05d}-host-92143dee.warc.gz",
    }
    return f"{key} 20261124181253 {json.dumps(fields)}\n".encode()


def look_ups(lines: int) -> list[str]:
    """Look-ups in an index of so many lines in two runs, one four times as large as the other."""
    with tempfile.TemporaryDirectory(prefix="newswarc-bench-") as place:
        index = Path(place)
        runs = []
        for name, is_small in (("000001.cdxj", False), ("000002.cdxj", True)):
            wanted = (number for number in range(lines) if (number % 5 == 4) == is_small)
            with (index / name).open("wb") as file:
                file.writelines(map(_line, wanted))
            runs.append({"file": name, "segments": {name: ""}})
            say(f"{name} made")
        (index / "contents.json").write_text(json.dumps({"made": 2, "runs": runs}))
        size = sum(file.stat().st_size for file in index.glob("*.cdxj"))
        command = [sys.executable, "-m", "benchmarks.replay", "--look-up", place, str(lines)]
        facts = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [
        f"## Look-ups in {lines:,} lines",
        "",
        f"An index of {size / 1e9:.1f} GB in two runs; {_LOOK_UPS:,} addresses at random, one in twenty not there:",
        f"{facts['per_second']:,.0f} look-ups a second (wanted ≥ 2,000), {facts['processor_ms']:.2f} ms of processor",
        f"time each; the process takes {facts['mib']:.0f} MiB at its peak (wanted < 200).",
        "",
    ]


def _look_up(directory: Path, lines: int) -> None:
    """In a process of its own: look addresses up, say how fast and in how much memory."""
    from archive.lookup import Lookup

    chooser = random.Random(7)
    lookup = Lookup(LocalStorage(directory), directory)
    found = 0
    wanted = [chooser.randrange(lines + lines // 19) for _ in range(_LOOK_UPS)]
    urls = [json.loads(_line(number).split(b" ", 2)[2])["url"] for number in wanted]
    begun, processor = time.monotonic(), time.process_time()
    for url in urls:
        found += sum(1 for _ in lookup.find(url))
    seconds, used = time.monotonic() - begun, time.process_time() - processor
    assert found == sum(number < lines for number in wanted), found
    peak = _high_water(os.getpid())
    facts = {"per_second": len(urls) / seconds, "processor_ms": used / len(urls) * 1000, "mib": peak}
    sys.stdout.write(json.dumps(facts))


def _archive(pages: Sequence[bytes], root: Path, segments: int) -> list[Path]:
    """An archive of so many segments, made of the saved pages at ever other addresses; its WARC files."""
    storage = LocalStorage(root)
    clock_and_ids = SystemClockAndIds()
    warcs = []
    for number in range(segments):
        name = SegmentName.new("b", number + 1, clock_and_ids)
        writer = SegmentWriter(root / "spool", name, clock_and_ids=clock_and_ids, software="b")
        made = exchanges(pages)
        count = 0
        while writer.size < _SEGMENT:
            exchange = made[count % len(made)]
            writer.append(replace(exchange, url=f"http://news{number % _SITES}.example/{count}"))
            count += 1
        publish_segment(storage, writer.close())
        warcs.append(root / name.warc_key)
    return warcs


def packing(pages: Sequence[bytes], wacz: Path, rounds: int) -> list[str]:
    """Packing the same WARC files with ours and with the usual tool; ours also of four times as much."""
    costs = Costs()
    peaks: dict[str, float] = {}
    sizes: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="newswarc-bench-") as place:
        few, many = Path(place) / "few", Path(place) / "many"
        warcs = _archive(pages, few, 2)
        sizes["few"] = sum(warc.stat().st_size for warc in warcs) / 1e6
        sizes["many"] = sum(warc.stat().st_size for warc in _archive(pages, many, 8)) / 1e6
        ours = [str(_PROGRAM), "wacz", "-o", f"{place}/ours.wacz", "--quiet"]
        theirs = [str(wacz), "create", "-o", f"{place}/theirs.wacz", "-f", *map(str, warcs)]
        for number in range(rounds):
            for way, command in (("newswarc wacz", [*ours, str(few)]), ("wacz create", theirs)):
                seconds, peak = _run(command)
                costs.add(way, seconds)
                peaks[way] = max(peaks.get(way, 0), peak)
            say(f"round {number + 1} of {rounds}")
        seconds, peaks["many"] = _run([*ours, str(many)])
    rows = [
        f"| {way} | {sizes['few'] / costs.median(way):.0f} | {peaks[way]:.0f} |"
        for way in ("newswarc wacz", "wacz create")
    ]
    ratio = costs.ratio("wacz create", "newswarc wacz")
    return [
        "## Packing WACZ",
        "",
        f"Two WARC files, {sizes['few']:.0f} MB together, of saved pages; processor time of whole processes, medians",
        f"of {rounds} rounds in which the two take turns.",
        "",
        "| | MB/s | MiB at the peak |",
        "|---|---|---|",
        *rows,
        "",
        f"Ours is {ratio:.1f} times as fast (wanted ≥ 3). Of {sizes['many']:.0f} MB it takes {peaks['many']:.0f} MiB",
        f"at its peak, and packs {sizes['many'] / seconds:.0f} MB/s.",
    ]


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Processor seconds and peak memory (MiB) of a command. Raises RuntimeError when it fails."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        peak = 0.0
        while True:
            # What the system counts for a finished process begins with the memory of the one that started it
            peak = max(peak, _high_water(process.pid))
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command[:3])} failed: {said.read()[-1500:].decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime, peak


def _high_water(process: int) -> float:
    """The most memory (MiB) that a process has had so far."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    sys.exit(main())
