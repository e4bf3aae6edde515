"""Processor time a page: our fetching beside Scrapy's and wget's, on saved real pages that nginx serves.

    python -m benchmarks.fetch PAGES [--rounds 5] [--report FILE]

PAGES is a directory with a ``gold.jsonl`` that names gzipped pages. nginx runs on one processor, what is measured on
the other. Each way is run for few and for many pages; the difference, divided by the number of pages between, is the
cost of a page without what it costs to start and to stop. The ways take turns in every round.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.support.measuring import Costs, processor_seconds, say
from benchmarks.support.nginx import Nginx, distinct, saved_pages, serving
from benchmarks.support.reporting import deliver, page_arguments

FEW = 200
MANY = 2200
WAYS = {
    "shipped": "Scrapy 2.19 as shipped (log at DEBUG)",
    "quiet": "Scrapy as shipped, but for its log (WARNING)",
    "equal": "Scrapy with our settings (uvloop, no spare middlewares)",
    "aiohttp": "Scrapy's aiohttp handler with our settings",
    "bare": "ours, nothing kept",
    "ours": "ours, with WARC, index, frontier, fsync",
    "article": "the same as articles are fetched: the page is decoded by who extracts",
    "wget": "wget --warc-file",
}
TARGETS = (("shipped", 0.60), ("equal", 0.95), ("aiohttp", 1.0), ("wget", 0.8))


def command(way: str, addresses: Path, directory: Path, server: Nginx) -> list[str]:
    """The program that fetches addresses in a way."""
    if way == "wget":
        kept = [f"--warc-file={directory / 'wget'}", "--no-warc-keep-log", "-O", "/dev/null"]
        trust = f"--ca-certificate={server.authority}"
        return ["wget", "-q", "--header=Accept-Encoding: gzip", trust, *kept, "-i", str(addresses)]
    return [sys.executable, "-m", "benchmarks.fetch_run", way, str(addresses), str(directory)]


def cost(way: str, count: int, server: Nginx, *, secure: bool) -> float:
    """Processor seconds of a way for so many pages."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        addresses = directory / "addresses"
        addresses.write_text("\n".join(server.urls(count, secure=secure)), encoding="utf-8")
        trust = {"SSL_CERT_FILE": str(server.authority)}
        return processor_seconds(command(way, addresses, directory, server), environment=trust)


def measure(server: Nginx, rounds: int, *, secure: bool) -> Costs:
    """Milliseconds a page of each way in each round."""
    costs = Costs()
    for number in range(rounds):
        for way in WAYS:
            few = cost(way, FEW, server, secure=secure)
            many = cost(way, MANY, server, secure=secure)
            costs.add(way, (many - few) / (MANY - FEW) * 1000)
            say(f"round {number + 1}, {'https' if secure else 'http'}, {way}: {costs.rounds[way][-1]:.2f} ms a page")
    return costs


def table(costs: Costs) -> list[str]:
    """The figures as Markdown."""
    lines = ["| | ms a page (median) | lowest | highest | ours with WARC as a ratio |", "|---|---|---|---|---|"]
    for way, title in WAYS.items():
        values = costs.rounds[way]
        shown = f"{costs.ratio('ours', way):.2f}"
        lines.append(f"| {title} | {costs.median(way):.2f} | {min(values):.2f} | {max(values):.2f} | {shown} |")
    lines.append("")
    for way, target in TARGETS:
        ratio = costs.ratio("ours", way)
        verdict = "met" if ratio <= target else "missed"
        lines.append(f"- {WAYS[way]}: ratio {ratio:.2f}, wanted ≤ {target:.2f}: {verdict}")
    return lines


def report(pages: Sequence[bytes], rounds: int) -> str:
    """Measure, and write the report."""
    with tempfile.TemporaryDirectory() as name, serving(distinct(pages, MANY), Path(name)) as server:
        plain = measure(server, rounds, secure=False)
        secure = measure(server, rounds, secure=True)
    mean = sum(map(len, pages)) // len(pages)
    return "\n".join(
        [
            "# What a page costs to fetch",
            "",
            f"`make fetch PAGES=DIR`: {len(pages):,} saved pages ({mean:,} bytes each as sent, gzip), served by",
            "nginx on one processor and fetched on the other; processor time (user and system) of processes, for",
            f"{MANY - FEW:,} pages without start and stop; {rounds} rounds in which the ways take turns. Scrapy",
            "and ours run 16 requests at once, wget one after the other. No way extracts anything. No payload",
            "comes twice, so that none is kept as a revisit.",
            "",
            "## http",
            "",
            *table(plain),
            "",
            "## https",
            "",
            *table(secure),
            "",
        ]
    )


def main() -> int:
    """Run the benchmark."""
    parser = page_arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    text = report(saved_pages(options.pages), options.rounds)
    deliver(text, options.report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
