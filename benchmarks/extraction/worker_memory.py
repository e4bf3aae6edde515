"""Memory of a process that extracts page after page, as the workers of a crawl do.

    python -m benchmarks.extraction.worker_memory PAGES [--count 20000]

PAGES is a directory with ``gold.jsonl``; the pages are taken in turn. Prints the process's share of memory (PSS) as
it goes; ends with 1 when the last is above 300 MB.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.extraction.data import load
from pipelines.extract import extract, warm_up
from pipelines.pool import stay_small

_MOST = 300 * 10**6
_STEP = 2_000


def proportional_memory() -> int:
    """PSS of this process (bytes)."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    options = parser.parse_args()
    pages = load(options.pages)
    warm_up()
    fetched = datetime(2026, 11, 1, tzinfo=UTC)
    for number in range(options.count):
        page = pages[number % len(pages)]
        extract(page.html, page.url, fetched_at=fetched)
        stay_small(len(page.html))
        if number % _STEP == 0 or number == options.count - 1:
            sys.stdout.write(f"{number + 1:,} pages: {proportional_memory() / 1e6:.0f} MB\n")
            sys.stdout.flush()
    return 0 if proportional_memory() < _MOST else 1


if __name__ == "__main__":
    sys.exit(main())
