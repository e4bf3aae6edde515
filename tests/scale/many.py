"""What a fleet of workers does with many newspapers: calm, with things going wrong, and how it grows with workers.

Run by ``make scale``; ``--report`` writes what came of it.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.scale.scenario import Found, Plan, run

FAULTS = (
    "kill",
    "kill crawl",
    "restart",
    "kill all",
    "cut",
    "kill",
    "kill crawl",
    "kill all",
    "restart",
    "cut",
    "kill all",
)
_WORKERS = (1, 2, 4)


def main(arguments: list[str]) -> int:
    """Run; 1 when something was lost, doubled or pressed."""
    parser = argparse.ArgumentParser(prog="tests.scale.many")
    parser.add_argument("--papers", type=int, default=200)
    parser.add_argument("--articles", type=int, default=100)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--only-faults", action="store_true", help="that run alone, without a report")
    options = parser.parse_args(arguments)
    whole = Plan(options.papers, options.articles, places=6, delay=0.25)
    faults = Plan(options.papers, options.articles, places=6, delay=0.25, faults=FAULTS, between=20)
    rough = _run("with faults", faults)
    if options.only_faults:
        return 0 if _is_well(rough) else 1
    calm = _run("calm", whole)
    growth = []
    for workers in _WORKERS:
        plan = Plan(40, 40, workers=workers, places=4, delay=0.0)
        growth.append((workers, _run(f"{workers} workers", plan)))
    if options.report:
        options.report.write_text(_report(whole, calm, rough, growth), encoding="utf-8")
    return 0 if _is_well(calm) and not calm.doubled and _is_well(rough) else 1


def _run(name: str, plan: Plan) -> Found:
    with tempfile.TemporaryDirectory(prefix="newswarc-scale-") as directory:
        found = run(plan, Path(directory))
    print(f"{name}: {_line(found)}", flush=True)
    return found


def _is_well(found: Found) -> bool:
    return not found.missing and not found.at_once and not found.too_soon and found.sound


def _line(found: Found) -> str:
    total = sum(found.records.values())
    return (
        f"{total} records in {found.seconds:.0f} s, {len(found.missing)} lost, {len(found.doubled)} asked for twice, "
        f"{total - len(found.records)} recorded twice, {found.at_once} at once, {found.too_soon} too soon "
        f"(least {found.shortest:.3f} s sent, {found.shortest_arrived:.3f} s arrived), "
        f"{'sound' if found.sound else 'NOT SOUND'}"
    )


def _table(rows: list[tuple[str, Found]]) -> str:
    lines = [
        "| run | records | seconds | lost | asked for twice | recorded twice | host asked by two at once | too soon "
        "| least between two requests, sent | arrived | `verify --deep` |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, found in rows:
        total = sum(found.records.values())
        lines.append(
            f"| {name} | {total} | {found.seconds:.0f} | {len(found.missing)} | {len(found.doubled)} "
            f"| {total - len(found.records)} | {found.at_once} | {found.too_soon} | {found.shortest:.3f} s "
            f"| {found.shortest_arrived:.3f} s | {'sound' if found.sound else 'not sound'} |"
        )
    return "\n".join(lines)


def _growth(rows: list[tuple[int, Found]]) -> str:
    lines = [
        "| workers | pages a second | processor time of a page: crawls | extraction | workers | PostgreSQL "
        "| transactions a page | processors busy |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for workers, found in rows:
        total = sum(found.records.values())
        parts = {kind: 1000 * seconds / total for kind, seconds in found.processor.items()}
        busy = sum(found.processor.values()) / found.seconds
        lines.append(
            f"| {workers} | {total / found.seconds:.1f} | {parts.get('crawls', 0):.1f} ms "
            f"| {parts.get('extraction', 0):.1f} ms | {parts.get('worker', 0):.1f} ms "
            f"| {parts.get('database', 0):.1f} ms | {found.transactions / total:.1f} | {busy:.2f} of {os.cpu_count()} |"
        )
    return "\n".join(lines)


def _report(plan: Plan, calm: Found, rough: Found, growth: list[tuple[int, Found]]) -> str:
    counts = ", ".join(f"{FAULTS.count(fault)} times {fault}" for fault in dict.fromkeys(FAULTS))
    return f"""# Many workers

Measured {datetime.now(UTC):%Y-%m-%d} by `make scale` on {os.cpu_count()} processors, Python {platform.python_version()},
PostgreSQL and {plan.papers} newspapers (each on a loopback address of its own) on the same machine.

## Nothing lost, nobody pressed

{plan.workers} workers on two machines (state directories and database lines of their own), {plan.places} sites at once
each, {plan.papers} newspapers of {plan.articles} articles, {plan.delay} s between two requests to a host. Leases of
{plan.lease:.0f} s. Faults, one every 20 s: {counts}. *kill* ends a worker alone, *kill crawl* one of its crawls, *kill all*
a worker with all of them, each by signal 9, and it is started again after up to three seconds; *restart* crashes
PostgreSQL for up to three seconds; *cut* lets nothing through between the second machine and PostgreSQL, for half a
lease up to one and a half.

{_table([("calm", calm), ("with faults", rough)])}

*Sent* is the WARC's date of each exchange, *arrived* what the server saw: on a machine where all this runs on
{os.cpu_count()} processors it learns of a request late at times, and of the next one in time.

## How it grows

40 newspapers of 40 articles, no delay, four sites at once for each worker.

{_growth(growth)}
"""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
