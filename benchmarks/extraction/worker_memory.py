"""Memory of a process that extracts page after page, as the workers of a crawl do.

    python -m benchmarks.extraction.worker_memory PAGES [--count 20000] [--report FILE]

PAGES is a directory with ``gold.jsonl``; the pages are taken in turn. Reports the process's share of memory (PSS) as
it goes; ends with 1 when the last is above 260 MB.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.extraction.data import load
from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver, page_arguments
from pipelines.allocator import KEPT_BY_WORKERS, bound_allocator, collect_seldom
from pipelines.extract import extract, warm_up
from pipelines.pool import stay_small

_MOST = 260 * 10**6
_STEP = 2_000


def proportional_memory() -> int:
    """PSS of this process (bytes)."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def main() -> int:
    """Run the benchmark."""
    parser = page_arguments(__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    options = parser.parse_args()
    pages = load(options.pages)
    bound_allocator(KEPT_BY_WORKERS)
    warm_up()
    collect_seldom()
    fetched = datetime(2026, 11, 1, tzinfo=UTC)
    found = [(0, proportional_memory())]
    for number in range(options.count):
        page = pages[number % len(pages)]
        extract(page.html, page.url, fetched_at=fetched)
        stay_small(len(page.html))
        if (number + 1) % _STEP == 0 or number == options.count - 1:
            found.append((number + 1, proportional_memory()))
            say(f"{number + 1:,} pages: {found[-1][1] / 1e6:.0f} MB")
    deliver(_report(found, len(pages)), options.report)
    return 0 if found[-1][1] < _MOST else 1


def _report(found: Sequence[tuple[int, int]], pages: int) -> str:
    rows = "\n".join(f"| {number:,} | {memory / 1e6:.0f} |" for number, memory in found)
    return f"""# Memory of an extraction worker

Written by `make extraction-memory PAGES=DIR`. One process extracts {pages:,} saved pages in turn, as the workers of a
crawl do: its share of memory (PSS), with the models and tables that such workers have in common.

| pages | MB |
|---|---|
{rows}
"""


if __name__ == "__main__":
    sys.exit(main())
