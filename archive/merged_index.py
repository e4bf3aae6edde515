"""One index over many segments, kept on this machine, which responds in a fraction of a millisecond.

Layout of its directory, all of which can be rebuilt from the archive::

    RUN.cdxj         CDXJ lines of many segments, sorted by bytes, as `sort -u` and replay tools have them
    contents.json    which runs there are, and the index (by digest) of which segments is in which run
    lock             held (flock) while runs are made

Rules:

- New segments become a run; a run that is not twice as large as what was merged after it is merged with that, so
  that there are never more runs than the logarithm of the lines.
- A run is complete before `contents.json` names it, and removed after it names it no more.
- A segment whose index is another than before (or that is gone) takes the run it was in with it, which is recreated.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import dropwhile
from pathlib import Path

from pydantic import BaseModel, ValidationError

from archive.durable import sync_directory, write_durably, write_parts_durably
from archive.manifests import Manifest
from archive.storage.protocol import Storage

_BLOCK = 1 << 12
_SCAN = 1 << 16
_AT_ONCE = 200
"""Segments merged in one go: each holds a file open."""
_GROWTH = 2


class _Run(BaseModel):
    file: str
    segments: dict[str, str]
    """SHA-256 of each segment's index."""


class _Contents(BaseModel):
    made: int = 0
    """Runs made so far; their names count up."""
    runs: list[_Run] = []


class MergedIndex:
    """The index of an archive's segments, on this machine."""

    def __init__(self, directory: Path) -> None:
        """`directory` need not exist yet. What can't be read in it counts as not there."""
        self.directory = directory
        self._contents = self._read()
        self._open: dict[str, SortedLines] = {}

    @property
    def segments(self) -> set[str]:
        """Names of the segments that are in it."""
        return {segment for run in self._contents.runs for segment in run.segments}

    def refresh(
        self,
        storage: Storage,
        manifests: Iterable[Manifest],
        progress: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> int:
        """Index what is stored but not indexed yet; returns the number of segments. `progress` gets segments done
        and in all.

        Raises StorageError or OSError; what was done till then stays.
        """
        with self._locked():
            self._contents = self._read()
            wanted = {manifest.segment: manifest for manifest in manifests}
            self._drop_what_is_out_of_date(wanted)
            new = [manifest for name, manifest in sorted(wanted.items()) if name not in self.segments]
            for start in range(0, len(new), _AT_ONCE):
                part = new[start : start + _AT_ONCE]
                self._add(storage, part)
                progress(start + len(part), len(new))
            return len(new)

    def lines(self, start: bytes) -> Iterator[bytes]:
        """All lines from `start` on in their order, with their ends."""
        runs = [self._lines_of(run) for run in self._contents.runs]
        return (
            heapq.merge(*(run.starting_at(start) for run in runs)) if len(runs) != 1 else runs[0].starting_at(start)
        )

    def close(self) -> None:
        """Close the files."""
        for lines in self._open.values():
            lines.close()
        self._open = {}

    def _lines_of(self, run: _Run) -> SortedLines:
        lines = self._open.get(run.file)
        if lines is None:
            lines = self._open[run.file] = SortedLines(self.directory / run.file)
        return lines

    def _add(self, storage: Storage, manifests: list[Manifest]) -> None:
        with tempfile.TemporaryDirectory(prefix="newswarc-index-") as scratch, ExitStack() as stack:
            files = [storage.fetch(manifest.cdxj.key, Path(scratch)) for manifest in manifests]
            opened = [stack.enter_context(file.open("rb")) for file in files]
            digests = {manifest.segment: manifest.cdxj.sha256 for manifest in manifests}
            self._contents.runs.append(self._made(heapq.merge(*opened), digests))
        self._write()
        self._compact()

    def _compact(self) -> None:
        while len(self._contents.runs) > 1:
            *rest, older, newer = self._contents.runs
            if self._size(older) >= _GROWTH * self._size(newer):
                return
            merged = heapq.merge(self._lines_of(older).starting_at(b""), self._lines_of(newer).starting_at(b""))
            self._contents.runs = [*rest, self._made(merged, older.segments | newer.segments)]
            self._write()

    def _size(self, run: _Run) -> int:
        return (self.directory / run.file).stat().st_size

    def _made(self, lines: Iterable[bytes], segments: dict[str, str]) -> _Run:
        self._contents.made += 1
        run = _Run(file=f"{self._contents.made:06d}.cdxj", segments=segments)
        write_parts_durably(self.directory / run.file, lines)
        return run

    def _drop_what_is_out_of_date(self, wanted: dict[str, Manifest]) -> None:
        def holds(run: _Run) -> bool:
            return (self.directory / run.file).is_file() and all(
                name in wanted and wanted[name].cdxj.sha256 == digest for name, digest in run.segments.items()
            )

        kept = [run for run in self._contents.runs if holds(run)]
        if len(kept) != len(self._contents.runs):
            self._contents.runs = kept
            self._write()

    def _read(self) -> _Contents:
        try:
            return _Contents.model_validate_json((self.directory / "contents.json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return _Contents()

    def _write(self) -> None:
        new = self.directory / "contents.json.new"
        write_durably(new, self._contents.model_dump_json(indent=1).encode())
        new.rename(self.directory / "contents.json")
        sync_directory(self.directory)
        named = {run.file for run in self._contents.runs}
        for lines in [self._open.pop(name) for name in [*self._open] if name not in named]:
            lines.close()
        for file in self.directory.glob("*.cdxj"):
            if file.name not in named:
                file.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class SortedLines:
    """A file of lines sorted by bytes, searched by halving; nothing of it is held in memory."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._file = os.open(path, os.O_RDONLY)
        self._size = os.fstat(self._file).st_size

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)

    def starting_at(self, start: bytes) -> Iterator[bytes]:
        """The lines that are not before `start`, with their ends."""
        low, high = 0, (self._size + _BLOCK - 1) // _BLOCK
        while low < high:
            middle = (low + high) // 2
            first = next(self._from(middle * _BLOCK), b"")
            if first and first < start:
                low = middle + 1
            else:
                high = middle
        # The last block of which the first line is too early may hold the first line that is not
        return dropwhile(lambda line: line < start, self._from(max(0, low - 1) * _BLOCK))

    def _from(self, position: int) -> Iterator[bytes]:
        """The lines that begin at `position` or later."""
        at, size, rest = max(0, position - 1), _BLOCK, b""
        is_inside = position > 0
        while part := os.pread(self._file, size, at):
            at += len(part)
            size = _SCAN
            *lines, rest = (rest + part).split(b"\n")
            if is_inside and lines:
                del lines[0]
                is_inside = False
            for line in lines:
                yield line + b"\n"
        if rest and not is_inside:
            yield rest + b"\n"
