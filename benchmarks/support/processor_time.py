"""What runs of a program cost in processor time, which says the same on a machine that does other things too."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from archive.captures import Capture
from pipelines.allocator import KEPT_BY_WORKERS, bound_allocator, collect_seldom
from pipelines.derivation import derive

_LOOK = 0.2
"""Seconds between two looks at the processes of a run."""
_WARM = 30
_SAMPLE = 300
"""Pages that the extractor alone is timed on."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took."""

    seconds: float
    processor: float
    """Seconds of processor time, of all its processes."""


def run(command: Sequence[str], place: Path) -> Cost:
    """Run a command in a directory to its end. Raises CalledProcessError."""
    begins = time.perf_counter()
    process = subprocess.Popen(command, cwd=place, start_new_session=True)
    seen: dict[int, float] = {}
    while process.poll() is None:
        seen |= processor_times(process.pid)
        time.sleep(_LOOK)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Cost(time.perf_counter() - begins, sum(seen.values()))


def processor_times(session: int) -> dict[int, float]:
    """Seconds of processor time of each process of a session (proc(5)). Extraction processes are nobody's children
    that are waited for, so that a parent's own account lacks them.
    """
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, rest = path.read_text(encoding="ascii", errors="replace").rpartition(") ")
        except OSError:
            continue  # it has ended
        facts = rest.split()
        if int(facts[3]) == session:
            found[int(path.parent.name)] = (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK")
    return found


def extractor_alone(captures: Callable[[], Sequence[Capture]], copies: int = 1) -> float:
    """Processor seconds a page of the extractor in processes of its own, so many at once, which do nothing else.

    They have the memory settings of extraction processes. The captures are read before the time begins. At once,
    because processors that are all busy are slower than one of them.
    """
    context = multiprocessing.get_context("fork")
    costs: SimpleQueue[float] = context.SimpleQueue()
    processes = [context.Process(target=lambda: costs.put(_alone(captures()))) for _ in range(copies)]
    for process in processes:
        process.start()
    found = [costs.get() for _ in processes]
    for process in processes:
        process.join()
    return sum(found) / copies


def _alone(pages: Sequence[Capture]) -> float:
    bound_allocator(KEPT_BY_WORKERS)
    collect_seldom()
    for capture in pages[:_WARM]:
        derive(capture, b"", "w")
    begins, done = time.process_time(), 0
    while done < _SAMPLE:
        for capture in pages:
            derive(capture, b"", "w")
            done += 1
    return (time.process_time() - begins) / done
