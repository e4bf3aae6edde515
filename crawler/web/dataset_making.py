"""Making a data set of what a search means, in the background: by ``newswarc dataset build``, as anybody does."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler.web.crawl_control import NotNow
from crawler.web.programs import Program, StillRunning

_LINES = 10
_PROGRESS = re.compile(r"(reading|writing) (\d{1,12}) of (\d{1,12})")
_LOG = "dataset.log"


@dataclass(frozen=True, slots=True)
class DatasetJob:
    """What is being made, or was made last."""

    name: str
    query: str


class DatasetMaking:
    """Makes one data set at a time, by ``newswarc dataset build``."""

    def __init__(self, directory: Path, options: Sequence[str]) -> None:
        """`directory` is for the log; `options` are those of commands that name this archive and its settings."""
        # The same option that says where a crawl writes to says where a data set is written to
        self._options = tuple("--from" if word == "--to" else word for word in options)
        self._program = Program(directory / _LOG)
        self._lock = threading.Lock()
        self.job: DatasetJob | None = None

    @property
    def is_running(self) -> bool:
        """Whether one is being made."""
        return self._program.is_running

    @property
    def code(self) -> int | None:
        """Exit code of the last one; None: it is being made, or there was none."""
        return self._program.code

    @property
    def progress(self) -> tuple[str, int, int] | None:
        """What is done, how much of it, of how much; None: it is not known yet."""
        for line in reversed(self._program.last_lines(_LINES)):
            if found := _PROGRESS.fullmatch(line.strip()):
                return found[1], int(found[2]), int(found[3])
        return None

    def said(self) -> list[str]:
        """The last lines of what it said, without its progress."""
        lines = self._program.last_lines(4 * _LINES)
        return [line for line in lines if not _PROGRESS.fullmatch(line.strip())][-_LINES:]

    def start(self, job: DatasetJob, title: str, told: str) -> None:
        """Raises NotNow or OSError."""
        command = ["dataset", "build", f"--query={job.query}", "--progress-lines", *self._options]
        command += [f"--title={title}"] if title else []
        with self._lock:
            try:
                self._program.start([*command, "--", job.name], told)
            except StillRunning as error:
                raise NotNow("a data set is being made; wait until it is ready") from error
            self.job = job
