"""Whether the tests notice when a line is changed for the worse: ``make mutations``.

Twelve lines that matter, one from each area. In a copy of the sources, the tests named beside a line have to pass as it
stands, and to fail (or to hang) when it is changed. Exit code 1 when any of them does not.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
_LONGEST = 300


@dataclass(frozen=True)
class Mutation:
    """A line made worse."""

    area: str
    file: str
    line: str
    worse: str
    tests: str


MUTATIONS = (
    Mutation(
        "the delay between two requests",
        "crawler/polite/hosts.py",
        "self._asked.get(host, -pause) + pause - time.monotonic()",
        "self._asked.get(host, -pause) - time.monotonic()",
        "tests/crawler/test_hosts.py",
    ),
    Mutation(
        "robots.txt that cannot be reached",
        "crawler/polite/robots_rules.py",
        "return Standing.UNREACHABLE",
        "return Standing.ABSENT",
        "tests/crawler/test_politeness.py",
    ),
    Mutation(
        "durable before it is acknowledged",
        "archive/segment.py",
        "os.fsync(self._file)",
        "pass",
        "tests/archive/test_power_loss.py",
    ),
    Mutation(
        "what a revisit may stand for",
        "crawler/frontier/entries.py",
        "return self.stored or self.segment == segment",
        "return True",
        "tests/crawler/test_revisits.py",
    ),
    Mutation(
        "a tombstone's length",
        "archive/tombstone.py",
        "left = length - _AROUND - len(deflated)",
        "left = length - _AROUND - len(deflated) + 1",
        "tests/archive/test_tombstone.py",
    ),
    Mutation("SURT keys", "archive/surt.py", "reversed(host.split", "list(host.split", "tests/archive/test_surt.py"),
    Mutation(
        "the end of a period",
        "archive/period.py",
        "moment < self.until",
        "moment <= self.until",
        "tests/archive/test_period.py",
    ),
    Mutation(
        "addresses that are claimed",
        "crawler/frontier/frontier.py",
        'rows = [{"address": url, "new_state": State.CLAIMED.value}',
        'rows = [{"address": url, "new_state": State.GIVEN_UP.value}',
        "tests/crawler/test_frontier.py",
    ),
    Mutation(
        "a page with too little text",
        "pipelines/extract/article.py",
        "return Rejected(PageOutcome.TOO_SHORT",
        "return Rejected(PageOutcome.NO_TEXT",
        "tests/pipelines/test_extract.py",
    ),
    Mutation(
        "a date later than the fetch",
        "pipelines/extract/dates.py",
        "return moment > fetched_at",
        "return False",
        "tests/pipelines/test_dates.py",
    ),
    Mutation(
        "the end of a lease",
        "crawler/frontier/leases.py",
        "asked + self.length * (1 - MARGIN), wait",
        "asked + self.length * 2, wait",
        "tests/scale/test_leases.py",
    ),
    Mutation(
        "exit codes",
        "crawler/cli/errors.py",
        "USAGE = 2",
        "USAGE = 0",
        "tests/crawler/test_command_line.py -k mistake",
    ),
)


def main() -> int:
    """Try all; 1 when a change for the worse goes unnoticed."""
    unnoticed = 0
    for mutation in MUTATIONS:
        with tempfile.TemporaryDirectory(prefix="newswarc-mutation-") as directory:
            noticed = _is_noticed(mutation, Path(directory))
        unnoticed += not noticed
        sys.stdout.write(f"{'noticed' if noticed else 'UNNOTICED'}: {mutation.area} ({mutation.file})\n")
        sys.stdout.flush()
    return 1 if unnoticed else 0


def _is_noticed(mutation: Mutation, place: Path) -> bool:
    for name in ("archive", "pipelines", "spiders", "crawler", "tests", "docs"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "scrapy.cfg"):
        shutil.copy(ROOT / name, place / name)
    path = place / mutation.file
    text = path.read_text(encoding="utf-8")
    assert mutation.line in text, f"{mutation.file} has no line {mutation.line!r} any more"
    assert _tests_pass(mutation, place), f"{mutation.tests} fails before anything is changed"
    path.write_text(text.replace(mutation.line, mutation.worse), encoding="utf-8")
    return not _tests_pass(mutation, place)


def _tests_pass(mutation: Mutation, place: Path) -> bool:
    try:
        # The copy comes first on the path, before the installed sources
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", *mutation.tests.split()],
            cwd=place,
            env={"PYTHONPATH": str(place), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
            capture_output=True,
            timeout=_LONGEST,
        )
    except subprocess.TimeoutExpired:
        return False
    assert done.returncode in (0, 1), done.stdout.decode() + done.stderr.decode()
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
