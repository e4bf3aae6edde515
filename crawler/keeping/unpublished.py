"""What this machine has captured and the archive does not list yet: open segments, and closed ones that wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archive.counted import counted
from archive.derived import JOURNAL_SUFFIX
from archive.errors import DamagedArchive
from archive.layout import MANIFEST_SUFFIX, OPEN_SUFFIX, WARC_SUFFIX, SegmentName
from archive.recovery import open_segments

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Unpublished:
    """What is in a spool."""

    segments: int = 0
    """Open segments."""
    pages: int = 0
    """Pages in them whose outcome is known."""
    closes_in: float = 0.0
    """Seconds until the first of them is old enough to be closed; 0: the next run closes it."""
    waiting: int = 0
    """Closed segments that are not known to be stored."""

    @property
    def parts(self) -> list[str]:
        """It for a person, in parts; empty when there is nothing."""
        when = f"closes in {self.closes_in / _MINUTE:.0f} min" if self.closes_in else "the next run closes it"
        opened = f"{counted(self.segments, 'open segment')}, {counted(self.pages, 'page')}, {when}"
        return [
            *([opened] if self.segments else []),
            *([f"{counted(self.waiting, 'segment')} waiting to be stored"] if self.waiting else []),
        ]


def unpublished(spool: Path, segment_age: float, now: datetime) -> Unpublished:
    """What a spool holds at a moment; segments are closed at an age (seconds)."""
    names = list(_names(spool))
    lefts = [segment_age - (now - name.opened).total_seconds() for name in names]
    return Unpublished(
        segments=len(names),
        pages=sum(_lines(journal) for name in names for journal in spool.glob(f"{name.text}.*{JOURNAL_SUFFIX}")),
        closes_in=max(0.0, min(lefts, default=0.0)),
        waiting=len(list(spool.glob(f"*{MANIFEST_SUFFIX}"))),
    )


def _names(spool: Path) -> Iterator[SegmentName]:
    for path in open_segments(spool):
        try:
            yield SegmentName.parse(path.name.removesuffix(WARC_SUFFIX + OPEN_SUFFIX))
        except DamagedArchive:
            continue  # a file of somebody else


def _lines(journal: Path) -> int:
    try:
        with journal.open("rb") as lines:
            return sum(1 for _ in lines)
    except FileNotFoundError:  # published meanwhile
        return 0
