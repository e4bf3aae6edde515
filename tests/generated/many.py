"""Many generated sites: ``python -m tests.generated.many [--sites 2000] [--seed 1] [--report FILE]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.generated.check import drawn, faults_of
from tests.generated.site import Site

_AT_ONCE = 200
"""Sites of a crawl."""


def main() -> int:
    """Crawl them, some at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    began = time.monotonic()
    planned: list[Site] = []
    faults: list[str] = []
    batch = 0
    while len(planned) < options.sites:
        sites = drawn(min(_AT_ONCE, options.sites - len(planned)), options.seed * 1000 + batch)
        with tempfile.TemporaryDirectory(prefix="newswarc-generated-") as directory:
            found = faults_of(sites, Path(directory) / "sites")
        planned += sites
        faults += found
        batch += 1
        sys.stderr.write(f"{len(planned)} sites: {'; '.join(found) or 'sound'}\n")
    text = report(planned, faults, (time.monotonic() - began) / 60, options.seed)
    sys.stdout.write(text)
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    return 1 if faults else 0


def report(planned: list[Site], faults: list[str], minutes: float, seed: int) -> str:
    """What came of it all."""
    answers = Counter(article.answer for site in planned for article in site.announced)
    flaws = Counter(source.flaw for site in planned for source in site.sources)
    return "\n".join(
        [
            "# Generated sites",
            "",
            f"`make faults`: Hypothesis generated {len(planned):,} sites (seed {seed}), which were served on loopback and",
            f"crawled {_AT_ONCE} at a time. What must happen to each announced article, and whether the run must exit with",
            "code 1, follows from the faults that were planted and from the tables in",
            "[What happens to an announced article](../reference/announced-articles.md). Sites that need their operator are",
            f"crawled separately from the others, to see both exit codes. It took {minutes:.0f} minutes.",
            "",
            f"- sites that need their operator: {sum(site.needs_operator for site in planned):,}",
            f"- announced articles: {answers.total():,}",
            f"- entries left out with a reason: {sum(sum(site.left_out.values()) for site in planned):,}",
            f"- sites with a wrong result: {len(faults)}",
            "",
            "| response to an article | articles |",
            "|---|---|",
            *(f"| `{answer}` | {count:,} |" for answer, count in sorted(answers.items())),
            "",
            "| response to a source | sources |",
            "|---|---|",
            *(f"| `{flaw}` | {count:,} |" for flaw, count in sorted(flaws.items())),
            "",
            *(f"    {fault}" for fault in faults),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
