"""What bulk work costs on a Dask cluster beside the processes of one machine. Run by ``make engines``."""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.scale.meter import Meter
from tests.scale.newspapers import host_of
from tests.support.processes import PROGRAM, environment, free_ports, newswarc

_PAPERS = 8
_ARTICLES = 1000
_ROUNDS = 3


def main(arguments: list[str]) -> int:
    """Measure; 1 when the two do not make the same."""
    parser = argparse.ArgumentParser(prog="benchmarks.engines")
    parser.add_argument("--report", type=Path)
    options = parser.parse_args(arguments)
    costs: dict[str, list[float]] = {"pool": [], "dask": []}
    with tempfile.TemporaryDirectory(prefix="newswarc-engines-") as name:
        directory = Path(name)
        _make_archive(directory)
        made = set()
        for number in range(_ROUNDS):
            for engine, spent in costs.items():
                to = directory / f"{engine}-{number}"
                spent.append(_pool(directory, to) if engine == "pool" else _dask(directory, to))
                made.add(_digest(to))
                print(f"{engine}: {spent[-1]:.1f} s of processor time", flush=True)
    medians = {engine: statistics.median(spent) for engine, spent in costs.items()}
    if options.report:
        options.report.write_text(_report(medians, same=len(made) == 1), encoding="utf-8")
    return 0 if len(made) == 1 else 1


def _make_archive(directory: Path) -> None:
    """An archive of eight segments, one for each newspaper."""
    (port,) = free_ports(1)
    log = directory / "server.log"
    words = [sys.executable, "-m", "tests.scale.newspapers", str(_PAPERS), str(_ARTICLES), str(port), str(log)]
    server = subprocess.Popen(words)
    try:
        while not log.exists() or not log.read_text():
            time.sleep(0.1)
        for number in range(_PAPERS):
            done = newswarc(
                "crawl", f"http://{host_of(number)}:{port}/", "--quiet", "--allow-host", f"127.0.0.0/8:{port}",
                cwd=directory, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
            )  # fmt: skip
            if done.code:
                raise RuntimeError(done.err)
    finally:
        server.terminate()
        server.wait()


def _pool(directory: Path, to: Path) -> float:
    process = _extract(directory, to)
    with Meter({0: process}, 0) as meter:
        process.wait()
    return _sum(meter)


def _dask(directory: Path, to: Path) -> float:
    with _cluster(directory) as (address, workers):
        process = _extract(directory, to, "--engine", "dask", "--scheduler", address)
        with Meter({0: process, **workers}, 0) as meter:
            process.wait()
        return _sum(meter)


def _extract(directory: Path, to: Path, *options: str) -> subprocess.Popen[bytes]:
    words = [str(PROGRAM), "extract", str(directory / "newswarc-data"), "--to", str(to), "--quiet", *options]
    return subprocess.Popen(words, cwd=directory, env=environment())


def _sum(meter: Meter) -> float:
    return sum(meter.totals().values())


@contextmanager
def _cluster(directory: Path) -> Iterator[tuple[str, dict[int, subprocess.Popen[bytes]]]]:
    """A scheduler and a worker for each processor. Its start is not counted, as that of a cluster that stands."""
    (port,) = free_ports(1)
    address = f"tcp://127.0.0.1:{port}"
    dask = str(Path(sys.executable).parent / "dask")
    variables = environment(DASK_DISTRIBUTED__WORKER__DAEMON="False")
    commands = [[dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]]
    commands += [[dask, "worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard"]] * (
        os.cpu_count() or 1
    )
    processes = {
        number: subprocess.Popen(
            command, cwd=directory, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for number, command in enumerate(commands, start=1)
    }
    time.sleep(10)
    try:
        yield address, processes
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait()


def _digest(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(directory)).encode() + path.read_bytes())
    return digest.hexdigest()


def _report(medians: dict[str, float], *, same: bool) -> str:
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}"
    return f"""# Bulk work on a cluster

Measured {datetime.now(UTC):%Y-%m-%d} by `make engines` on {machine}: `newswarc extract` of {_PAPERS} segments with
{_ARTICLES} small articles each, median of {_ROUNDS} rounds in turn, processor time of all processes (a scheduler and
a worker for each processor with Dask, which were running before).

| engine | processor time | beside processes |
|---|---|---|
| pool | {medians["pool"]:.1f} s | 1.00 |
| dask | {medians["dask"]:.1f} s | {medians["dask"] / medians["pool"]:.2f} |

What they made is {"the same, byte for byte" if same else "NOT the same"}.
"""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
