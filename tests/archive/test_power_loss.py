"""Loss of power at any moment: whatever the disk had not been told to keep may be gone, torn or zeros.

The writer's calls are traced. A state of the disk is built for a moment: of every file what was made durable is there,
of the rest any subset of its pages, of names that were not made durable any number in the order they were given.
"""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from archive.captures import SegmentReading, iterate_records
from archive.cdxj import sorted_index
from archive.errors import DamagedArchive
from archive.layout import MANIFEST_SUFFIX
from archive.recovery import open_segments, recover
from archive.segment import IN_MEMORY, SegmentWriter
from tests.archive.test_segment import NOW, exchange, writer

STATES = 1000
_PAGE = 512
"""Finer than a real page, so that small files have several."""


@dataclass(frozen=True)
class Moment:
    """What is there, and what of it would survive."""

    contents: dict[int, bytes]
    durable: dict[int, bytes]
    names: tuple[dict[str, int], ...]
    """The names as last made durable, and after each change since."""
    acknowledged: frozenset[str]


@dataclass
class Trace:
    """Watches a directory through the calls that change it."""

    directory: Path
    moments: list[Moment] = field(default_factory=list)
    _durable: dict[int, bytes] = field(default_factory=dict)
    _names: list[dict[str, int]] = field(default_factory=lambda: [{}])
    _acknowledged: set[str] = field(default_factory=set)

    def install(self, patch: pytest.MonkeyPatch, *, ignores_fsync: bool = False) -> None:
        for name in ("write", "ftruncate", "rename", "unlink", "open"):
            patch.setattr(os, name, self._watched(getattr(os, name)))
        real = os.fsync

        def fsync(descriptor: int) -> None:
            status = os.fstat(descriptor)
            if not ignores_fsync or stat.S_ISDIR(status.st_mode):
                real(descriptor)
                self._made_durable(status.st_ino, is_directory=stat.S_ISDIR(status.st_mode))
            self.look()

        patch.setattr(os, "fsync", fsync)

    def acknowledge(self, *record_ids: object) -> None:
        self._acknowledged.update(map(str, record_ids))
        self.look()

    def look(self) -> None:
        names = {entry.name: entry.inode() for entry in os.scandir(self.directory)}
        if names != self._names[-1]:
            self._names.append(names)
        contents = {inode: (self.directory / name).read_bytes() for name, inode in names.items()}
        kept = {inode: data for moment in self._names for inode in moment.values() if (data := contents.get(inode))}
        previous = self.moments[-1].contents if self.moments else {}
        self.moments.append(
            Moment(
                {**previous, **kept, **contents},
                dict(self._durable),
                tuple(self._names),
                frozenset(self._acknowledged),
            )
        )

    def _made_durable(self, inode: int, *, is_directory: bool) -> None:
        self.look()
        if is_directory:
            self._names = [self._names[-1]]
        elif inode in self.moments[-1].contents:
            self._durable[inode] = self.moments[-1].contents[inode]

    def _watched(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:
            result = call(*arguments, **options)
            self.look()
            return result

        return watched


def left_of(durable: bytes, current: bytes, source: random.Random) -> bytes:
    """What a loss of power may leave of a file."""
    if not current.startswith(durable):
        return source.choice((durable, current))
    pages = [current[at : at + _PAGE] for at in range(len(durable), len(current), _PAGE)]
    kept = pages[: source.randint(0, len(pages))]
    left = [page if source.random() < 0.6 else b"\0" * len(page) for page in kept]
    if left and source.random() < 0.5:
        left[-1] = left[-1][: source.randint(0, len(left[-1]))]
    return durable + b"".join(left)


def build(moment: Moment, directory: Path, source: random.Random) -> None:
    for name, inode in source.choice(moment.names).items():
        state = left_of(moment.durable.get(inode, b""), moment.contents.get(inode, b""), source)
        (directory / name).write_bytes(state)


def recovered_ids(directory: Path) -> set[str]:
    """Record ids of all captures that are there after recovery; the segments have to be whole."""
    for path in open_segments(directory):
        if path.stat().st_size:
            recover(path, NOW)
    found: set[str] = set()
    for manifest in directory.glob(f"*{MANIFEST_SUFFIX}"):
        warc = manifest.with_name(manifest.name.replace(MANIFEST_SUFFIX, ".warc.gz"))
        if not warc.exists():
            continue
        with warc.open("rb") as stream:
            found |= {str(capture.record_id) for capture in SegmentReading(stream).captures()}
        with warc.open("rb") as stream:
            assert list(iterate_records(stream))[-1].kind == "metadata", "the last exchange is whole"
        lines = warc.with_name(warc.name.replace(".warc.gz", ".cdxj")).read_bytes().splitlines(keepends=True)
        assert sorted_index(lines) == b"".join(lines)
    return found


def crawl(directory: Path, trace: Trace, *, acknowledges_early: bool = False) -> None:
    """What a crawl does with a segment: appends, syncs now and then, acknowledges, closes."""
    segment: SegmentWriter = writer(directory)
    segment.add_resource("urn:x", "application/json", b"{}")
    source = random.Random(7)
    waiting: list[object] = []
    for number in range(24):
        size = IN_MEMORY + 1 if number == 11 else source.randint(10, 3000)
        body = source.randbytes(size)
        waiting.append(segment.append(exchange(b"HTTP/1.1 200 OK\r\n\r\n" + body)).record_id)
        if acknowledges_early:
            trace.acknowledge(*waiting)
        if number % 5 == 4:
            segment.sync()
            trace.acknowledge(*waiting)
            waiting.clear()
    segment.close()
    trace.acknowledge(*waiting)


def losses(tmp_path: Path, states: int, *, ignores_fsync: bool = False, acknowledges_early: bool = False) -> int:
    """In how many states something acknowledged is missing, or a closed segment is damaged."""
    directory = tmp_path / "spool"
    directory.mkdir()
    trace = Trace(directory)
    with pytest.MonkeyPatch.context() as patch:
        trace.install(patch, ignores_fsync=ignores_fsync)
        crawl(directory, trace, acknowledges_early=acknowledges_early)
    assert len(trace.moments[-1].acknowledged) == 24
    lost = 0
    for number, after in after_losses(trace, tmp_path, states):
        try:
            lost += not trace.moments[number].acknowledged <= recovered_ids(after)
        except DamagedArchive:
            lost += 1
    return lost


def after_losses(trace: Trace, tmp_path: Path, states: int) -> Iterator[tuple[int, Path]]:
    for seed in range(states):
        source = random.Random(seed)
        number = source.randrange(len(trace.moments))
        after = tmp_path / f"after-{seed}"
        after.mkdir()
        build(trace.moments[number], after, source)
        yield number, after
        for path in after.iterdir():
            path.unlink()


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    assert losses(tmp_path, STATES) == 0


def test_without_fsync_something_is_lost(tmp_path: Path) -> None:
    assert losses(tmp_path, 100, ignores_fsync=True) > 0


def test_acknowledging_before_fsync_loses_something(tmp_path: Path) -> None:
    assert losses(tmp_path, 100, acknowledges_early=True) > 0
