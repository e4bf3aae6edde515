"""Processor time of whole processes, in rounds that take turns, so that a machine's moods hit all alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Costs:
    """Processor seconds of each way in each round."""

    rounds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, way: str, seconds: float) -> None:
        """Note one run."""
        self.rounds.setdefault(way, []).append(seconds)

    def median(self, way: str) -> float:
        """The middle of all rounds."""
        return statistics.median(self.rounds[way])

    def ratio(self, way: str, other: str) -> float:
        """The middle of the ratios, round by round."""
        return statistics.median(a / b for a, b in zip(self.rounds[way], self.rounds[other], strict=True))


def processor_seconds(
    command: Sequence[str], processor: int | None = 0, environment: Mapping[str, str] | None = None
) -> float:
    """Seconds (user and system) of a command and all that it started and waited for.

    Raises RuntimeError when it fails.
    """
    pinned = command if processor is None else ["taskset", "-c", str(processor), *command]
    # env adds to what is there already
    extended = ["env", *(f"{name}={value}" for name, value in (environment or {}).items()), *pinned]
    process = subprocess.Popen(extended, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} failed: {said.decode(errors='replace')[-1500:]}")
    return usage.ru_utime + usage.ru_stime


def say(line: str) -> None:
    """Tell a person how far it is."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
