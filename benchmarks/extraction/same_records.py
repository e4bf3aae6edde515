"""The same pages give the same records, however busy the machine is and however many workers there are.

    python -m benchmarks.extraction.same_records PAGES [--count 600] [--runs 10] [--report FILE]

A WARC of saved pages is extracted by ``newswarc extract`` again and again: every other run with four workers instead
of one, and four runs in ten beside busy processes, four times as many as there are processors. Ends with 1 when
records or outcomes of a run differ from those of the first.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from benchmarks.extraction.data import Page, load
from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver, page_arguments
from tests.support.processes import PROGRAM, environment

_DATE = "2026-11-01T12:00:00Z"
_WORKERS = (1, 4)
_BUSY_EACH = 4


@dataclass(frozen=True)
class Run:
    """One run, and what came of it."""

    workers: int
    busy: int
    """Busy processes beside it."""
    records: int
    outcomes: int
    digest: str
    """SHA-256 of all records and outcomes."""


def main() -> int:
    """Run the benchmark."""
    parser = page_arguments(__doc__)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    pages = load(options.pages)
    chosen = pages[:: max(1, len(pages) // options.count)][: options.count]
    busy = _BUSY_EACH * (os.cpu_count() or 1)
    runs: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="newswarc-same-records-") as scratch:
        warc = Path(scratch) / "pages.warc.gz"
        _write(warc, chosen)
        for number in range(options.runs):
            is_busy = number % 5 in (2, 3)
            directory = Path(scratch) / f"run-{number}"
            with _beside(busy if is_busy else 0):
                run = _run(warc, directory, _WORKERS[number % len(_WORKERS)], busy if is_busy else 0)
            runs.append(run)
            say(f"run {number + 1}: {run.workers} workers, {run.busy} busy: {run.digest[:16]}")
    deliver(_report(runs, len(chosen)), options.report)
    return 0 if len({run.digest for run in runs}) == 1 else 1


def _write(warc: Path, pages: Sequence[Page]) -> None:
    with warc.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for page in pages:
            record_id = f"<urn:uuid:{hashlib.sha256(f'{page.set} {page.id}'.encode()).hexdigest()[:32]}>"
            headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
            record = writer.create_warc_record(
                page.url,
                "response",
                payload=io.BytesIO(page.html),
                http_headers=headers,
                warc_headers_dict={"WARC-Date": _DATE, "WARC-Record-ID": record_id},
            )
            writer.write_record(record)


@contextmanager
def _beside(count: int) -> Iterator[None]:
    """So many processes that do nothing but keep processors busy."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def _run(warc: Path, directory: Path, workers: int, busy: int) -> Run:
    directory.mkdir()
    command = [str(PROGRAM), "extract", str(warc), "--to", str(directory), "--jobs", str(workers), "--quiet"]
    subprocess.run(command, cwd=directory, env=environment(), check=True)
    (outcomes,) = directory.glob("*.outcomes.jsonl")
    (records,) = set(directory.glob("*.jsonl")) - {outcomes}
    articles, pages = records.read_bytes(), outcomes.read_bytes()
    digest = hashlib.sha256(articles + b"\0" + pages).hexdigest()
    return Run(workers, busy, articles.count(b"\n"), pages.count(b"\n"), digest)


def _report(runs: Sequence[Run], pages: int) -> str:
    rows = "\n".join(
        f"| {number} | {run.workers} | {run.busy} | {run.records} | {run.outcomes} | `{run.digest[:32]}` |"
        for number, run in enumerate(runs, 1)
    )
    different = len({run.digest for run in runs})
    verdict = "All records and outcomes are the same." if different == 1 else f"**{different} different results.**"
    return f"""# The same records on a busy machine

Written by `make same-records PAGES=DIR`. A WARC of {pages} saved pages, extracted {len(runs)} times by
`newswarc extract` on {os.cpu_count()} processors.

| run | workers | busy processes | records | outcomes | SHA-256 of all of them (beginning) |
|---|---|---|---|---|---|
{rows}

{verdict}
"""


if __name__ == "__main__":
    sys.exit(main())
