"""newswarc that kills itself: ``python -m tests.faults.dying_crawl MOMENT NUMBER HALF ARGUMENTS…``.

At the NUMBERth call of what MOMENT names the whole process group gets SIGKILL: before the call, or with HALF = 1 when
it is half done (of a write: with half of its bytes on the disk).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import archive.derived
import archive.segment
import crawler.keeping.spool
from archive.storage.local import LocalStorage
from crawler.cli.main import run_program
from crawler.frontier.frontier import Frontier


def die() -> None:
    os.killpg(0, signal.SIGKILL)


class Countdown:
    """Ends the process at one call of many."""

    def __init__(self, number: int, half: bool) -> None:
        self._left = number
        self._half = half

    def around(
        self, function: Callable[..., Any], halfway: Callable[..., object] | None = None
    ) -> Callable[..., Any]:
        """The function, at the chosen call replaced by death: before it, or after `halfway` (or all) of it."""

        def called(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left:
                return function(*arguments, **options)
            if self._half:
                (halfway or function)(*arguments, **options)
            die()
            return None

        return called


def half_write(descriptor: int, data: bytes) -> None:
    os.write(descriptor, data[: len(data) // 2])


def half_file(path: Path, parts: Iterable[bytes]) -> None:
    data = b"".join(parts)
    path.write_bytes(data[: len(data) // 2])


def half_removed(spool: object, closed: archive.segment.ClosedSegment) -> None:
    closed.warc.unlink()


def half_journal(files: archive.derived.DerivedFiles, derivation: archive.derived.Derivation) -> None:
    line = derivation.line.model_dump_json(by_alias=True).encode()
    files._file.write(b"[" + line[: len(line) // 2])


def arm(moment: str, countdown: Countdown) -> None:
    """Lay the trap."""
    places: dict[str, tuple[Any, str, Callable[..., object] | None]] = {
        "fetch": (archive.segment.SegmentWriter, "append_ready", None),
        "write": (archive.segment, "_write_all", half_write),
        "sync": (os, "fsync", None),
        "index": (archive.segment, "write_parts_durably", half_file),
        "rotate": (archive.segment, "sync_directory", None),
        "acknowledge": (Frontier, "captured", None),
        "derive": (archive.derived.DerivedFiles, "add", half_journal),
        "upload": (storage_class(), "put", None),
        "manifest": (storage_class(), "put_if_absent", None),
        "stored": (Frontier, "stored", None),
        "release": (crawler.keeping.spool.Spool, "remove", half_removed),
    }
    owner, name, halfway = places[moment]
    setattr(owner, name, countdown.around(getattr(owner, name), halfway))


def storage_class() -> type:
    if not any(argument.startswith("s3://") for argument in sys.argv):
        return LocalStorage
    from archive.storage.s3 import S3Storage

    return S3Storage


def main() -> int:
    moment, number, half, *arguments = sys.argv[1:]
    arm(moment, Countdown(int(number), half == "1"))
    return run_program(arguments)


if __name__ == "__main__":
    sys.exit(main())
