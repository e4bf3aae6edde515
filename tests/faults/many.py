"""Many kills: ``python -m tests.faults.many [--kills 200] [--seed 1] [--report FILE]``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from tests.faults.scenario import ARTICLES_A_SITE, Outcome, Scenario, undisturbed
from tests.support.seaweed import S3Server, Seaweed

S3_EVERY = 4
"""Every which scenario stores in S3."""
DUE_EVERY = 3
"""Every which scenario runs as a timer starts it, and fetches articles again."""
KILLS_A_SCENARIO = 2


def play(seed: int, s3: S3Server) -> Outcome:
    """One scenario in a directory of its own."""
    os.environ.update(s3.variables())
    with tempfile.TemporaryDirectory(prefix=f"newswarc-faults-{seed}-") as directory:
        scenario = Scenario(seed, Path(directory), s3 if seed % S3_EVERY == 0 else None, due=is_due(seed))
        return scenario.run(kills=KILLS_A_SCENARIO)


def is_due(seed: int) -> bool:
    """Whether a scenario has the runs of a timer."""
    return seed % DUE_EVERY == 0


def scenarios(kills: int, seed: int, workers: int) -> Iterator[Outcome]:
    """Play scenarios until there were so many kills."""
    done = 0
    with (
        tempfile.TemporaryDirectory() as directory,
        Seaweed(Path(directory)) as server,
        ProcessPoolExecutor(workers) as pool,
    ):
        running: set[Future[Outcome]] = set()
        while done < kills:
            while len(running) < workers:
                running.add(pool.submit(play, seed, server.s3))
                seed += 1
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for outcome in ended:
                done += len(outcome.result().kills)
                yield outcome.result()


def is_other(outcome: Outcome, expected: dict[bool, Outcome]) -> bool:
    """Whether its articles or sources differ from those of an undisturbed run."""
    same = expected[is_due(outcome.seed)]
    return outcome.articles != same.articles or outcome.sources != same.sources


def report(outcomes: list[Outcome], expected: dict[bool, Outcome], minutes: float) -> str:
    """What came of it all."""
    moments = Counter(moment for outcome in outcomes for moment in outcome.kills)
    faults = [
        f"seed {outcome.seed} ({', '.join(outcome.kills)}): {fault}"
        for outcome in outcomes
        for fault in outcome.faults
    ]
    other = [outcome.seed for outcome in outcomes if is_other(outcome, expected)]
    return "\n".join(
        [
            "# Killed at random moments",
            "",
            f"`make faults`: {moments.total()} kills (SIGKILL to the whole process group) in {len(outcomes)} crawls of two",
            f"newspapers, seeds {min(o.seed for o in outcomes)} to {max(o.seed for o in outcomes)}, every fourth into a real S3",
            "server; each crawl is killed up to twice, then run to its end. Every third is one of a timer's (`--due`),",
            "with a correction and re-captures between the runs, where a text counts once, and the same bytes once.",
            f"{minutes:.0f} minutes.",
            "",
            "| killed at | kills |",
            "|---|---|",
            *(f"| {moment} | {count} |" for moment, count in sorted(moments.items())),
            "",
            f"- captures acknowledged when a kill came: {sum(outcome.acknowledged for outcome in outcomes):,}; lost: "
            f"{sum('acknowledged and lost' in fault for fault in faults)}",
            f"- doubled records, captures or outcomes: {sum(' times' in fault for fault in faults)}",
            f"- faults that `newswarc verify --deep` found: {sum('verify:' in fault for fault in faults)}",
            f"- crawls whose articles, newest texts or sources differ from those of an undisturbed run: {len(other)}",
            f"- other faults: {sum(not any(word in f for word in ('lost:', ' times', 'verify:')) for f in faults)}",
            "",
            *(f"    {fault}" for fault in faults),
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        expected = {due: undisturbed(Path(directory) / str(due), due=due) for due in (False, True)}
    assert all(len(outcome.articles) == 2 * ARTICLES_A_SITE for outcome in expected.values())
    outcomes: list[Outcome] = []
    for outcome in scenarios(options.kills, options.seed, options.workers):
        outcomes.append(outcome)
        killed = sum(len(each.kills) for each in outcomes)
        wrong = "; ".join(outcome.faults) or "sound"
        same = "; OTHER ARTICLES" if is_other(outcome, expected) else ""
        sys.stderr.write(f"{killed} kills: seed {outcome.seed}, {', '.join(outcome.kills)}: {wrong}{same}\n")
    text = report(outcomes, expected, (time.monotonic() - started) / 60)
    sys.stdout.write(text)
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    return 1 if any(outcome.faults or is_other(outcome, expected) for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
