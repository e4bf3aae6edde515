"""A run does not start under a limit of open files that it would get stuck at."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import resource, sys
from crawler.config import ConfigurationError
from crawler.run.open_files import require_open_files
soft, hard, concurrency = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
try:
    require_open_files(concurrency)
except ConfigurationError as error:
    print(error)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "concurrency", "then"),
    [
        (100, 100, 16, 100),
        (50, 512, 16, 64),
        (50, 512, 400, 448),
        (300, 512, 16, 300),
    ],
)
def test_the_limit_is_raised_as_far_as_the_run_needs_it(soft: int, hard: int, concurrency: int, then: int) -> None:
    assert _limits(soft, hard, concurrency) == [str(then)]


@pytest.mark.parametrize(
    ("soft", "hard", "concurrency", "needed"), [(24, 24, 16, 64), (24, 60, 16, 64), (64, 64, 17, 65)]
)
def test_too_low_a_limit_is_refused_with_a_remedy(soft: int, hard: int, concurrency: int, needed: int) -> None:
    line, _ = _limits(soft, hard, concurrency)
    assert f"only {hard} files may be open at once, but a run with concurrency = {concurrency} needs {needed}" in line
    assert "ulimit -n" in line


def test_a_crawl_under_such_a_limit_starts_nothing(tmp_path: Path) -> None:
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (28, 28))  # noqa: E731
    done = subprocess.run(
        [sys.executable, "-m", "crawler", "crawl", "http://127.0.0.1:9/", "--to", str(tmp_path / "archive")],
        capture_output=True,
        text=True,
        preexec_fn=few,
        timeout=120,
    )
    assert done.returncode == 2
    assert "only 28 files may be open" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "archive").exists()


def _limits(soft: int, hard: int, concurrency: int) -> list[str]:
    asked = [sys.executable, "-c", _PROGRAM, str(soft), str(hard), str(concurrency)]
    return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
