"""What a run stores is logged, signed, stamped and cosigned in the background; only the run's end waits for it."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from archive.clock_and_ids import SystemClockAndIds
from archive.custody.sequencer import Logged, Sequencer
from archive.custody.timestamps import Stamped
from archive.custody.witnesses import Cosigned
from archive.durable import write_durably
from archive.errors import ArchiveError
from archive.holdings import DATASETS, REDACTIONS
from archive.storage.protocol import Storage
from crawler.config import Configuration
from crawler.keeping.counts import Counts
from crawler.keeping.custody import cosigning, sequencer, signers, stamper

logger = logging.getLogger(__name__)
_STATUS = "custody/status.json"


@dataclass(frozen=True, slots=True)
class CustodyStatus:
    """The state of custody as this machine last found it."""

    at: str
    """When (ISO 8601, UTC)."""
    size: int = 0
    """Entries of the log."""
    problem: str = ""
    """Why nothing could be logged; empty when it could."""
    unstamped: tuple[str, ...] = ()
    """Time authorities that failed, and why."""
    uncosigned: tuple[str, ...] = ()
    """Witnesses that did not cosign, and why."""


def read_status(state: Path) -> CustodyStatus | None:
    """What was last found; None when nothing was, or it cannot be read."""
    try:
        facts = json.loads((state / _STATUS).read_text(encoding="utf-8"))
        lists = {name: tuple(facts.get(name, ())) for name in ("unstamped", "uncosigned")}
        return CustodyStatus(**{**facts, **lists})
    except (OSError, ValueError, KeyError, TypeError):
        return None


class CustodyLog:
    """Continues the archive's log of custody while a run goes on."""

    def __init__(self, configuration: Configuration, storage: Storage, counts: Counts) -> None:
        self._configuration = configuration
        self._storage = storage
        self._counts = counts
        self._clock = SystemClockAndIds()
        self._writers = (self._clock.host(), DATASETS, REDACTIONS.rstrip("/"))
        self._sequencer: Sequencer | None = None
        self._task: asyncio.Task[None] | None = None
        self._wanted = False

    def begin(self) -> None:
        """Log what is stored by now, in the background."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    async def drain(self) -> None:
        """Wait until all that was stored is logged, or could not be; that is a problem of the run."""
        if self._task is None:
            return
        await self._task
        status = read_status(self._configuration.state_directory)
        if status is not None and status.problem:
            self._counts.problems.append(f"{status.problem}; it is logged by the next run, or newswarc custody log")

    async def _work(self) -> None:
        while self._wanted:
            self._wanted = False
            await asyncio.to_thread(self._log)

    def _log(self) -> None:
        at = self._clock.now().isoformat()
        try:
            done = self._logged()
        except (ArchiveError, OSError) as error:
            logger.warning("nothing was logged: %s", error)
            self._keep(CustodyStatus(at, problem=str(error)))
            return
        failed = tuple(f"{stamped.authority}: {stamped.problem}" for stamped in self._stamped() if stamped.problem)
        for line in failed:
            logger.warning("no time stamp: %s", line)
        alone = tuple(f"{asked.witness}: {asked.problem}" for asked in self._cosigned() if asked.problem)
        for line in alone:
            logger.warning("not cosigned: %s", line)
        self._keep(CustodyStatus(at, done.size, unstamped=failed, uncosigned=alone))

    def _logged(self) -> Logged:
        if self._sequencer is None:
            self._sequencer = sequencer(self._configuration, self._storage, signers(self._configuration))
        return self._sequencer.run(self._writers)

    def _stamped(self) -> list[Stamped]:
        try:
            asking = stamper(self._configuration, self._storage)
            return asking.run() if asking is not None else []
        except (ArchiveError, OSError) as error:
            return [Stamped("time authorities", 0, problem=str(error))]

    def _cosigned(self) -> list[Cosigned]:
        try:
            asking = cosigning(self._configuration, self._storage)
            return asking.run() if asking is not None else []
        except (ArchiveError, OSError) as error:
            return [Cosigned("witnesses", 0, problem=str(error))]

    def _keep(self, status: CustodyStatus) -> None:
        path = self._configuration.state_directory / _STATUS
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, json.dumps(asdict(status)).encode())
        except OSError as error:
            logger.warning("%s: %s", path, error)
