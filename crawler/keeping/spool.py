"""This machine's spool: open segments, closed ones waiting to be stored, and their records."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from archive.captures import SegmentReading
from archive.derived import DerivedFiles
from archive.layout import MANIFEST_SUFFIX, WARC_SUFFIX, SegmentName
from archive.manifests import parse_manifest
from archive.recovery import TORN_SUFFIX, open_segments
from archive.segment import ClosedSegment

_PROBE_SIZE = 1 << 20


class Spool:
    """A directory on this machine."""

    def __init__(self, directory: Path, least_free: int = 0) -> None:
        """`least_free` is how many bytes the disk has to have left. Raises OSError when there can be no directory."""
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._least_free = least_free

    def used(self) -> int:
        """Bytes of all that is in it."""
        return sum(path.stat().st_size for path in self._files())

    def probe(self) -> None:
        """Find out whether it takes bytes. Raises OSError."""
        with tempfile.TemporaryFile(dir=self.directory, buffering=0) as file:
            file.write(b"\0" * _PROBE_SIZE)
        self.require_room()

    def require_room(self) -> None:
        """Find out whether enough is left to close what is open. Raises OSError."""
        free = shutil.disk_usage(self.directory).free
        if free < self._least_free:
            raise OSError(
                f"{self.directory}: only {free >> 20} MiB are free; {self._least_free >> 20} MiB are required"
            )

    def open_segments(self) -> list[Path]:
        """Files of segments that are being written, or were when their writer died."""
        return open_segments(self.directory)

    def closed_segments(self) -> Iterator[ClosedSegment]:
        """Segments that are not known to be stored. Of a stored one that is being removed the WARC may be gone.

        Raises DamagedArchive or OSError.
        """
        for path in sorted(self.directory.glob(f"*{MANIFEST_SUFFIX}")):
            manifest = parse_manifest(path.read_bytes(), str(path))
            name = SegmentName.parse(manifest.segment)
            warc = self.directory / f"{name.text}{WARC_SUFFIX}"
            if warc.exists() or not self._opened(name).exists():
                yield ClosedSegment(name, warc, self.directory / f"{name.text}.cdxj", manifest)

    def derived(self, name: SegmentName, generation: str, captured: set[UUID] | None = None) -> DerivedFiles:
        """The files derived from a segment; only of the captures that it holds, when these are given."""
        return DerivedFiles(self.directory, name, generation, captured)

    def sweep(self) -> None:
        """Remove journals of segments in which nothing was whole, so that nothing is left of them."""
        for journal in self.directory.glob("*.derived.jsonl"):
            segment = journal.name.partition(".")[0]
            kept = [path for path in self.directory.glob(f"{segment}.*") if path.suffix != TORN_SUFFIX]
            if kept == [journal]:
                journal.unlink(missing_ok=True)

    def remove(self, closed: ClosedSegment) -> None:
        """Remove a segment that is stored. Its manifest goes last: as long as it is there, the work is not done."""
        for path in (closed.warc, closed.cdxj, closed.manifest_path):
            path.unlink(missing_ok=True)

    def _opened(self, name: SegmentName) -> Path:
        return self.directory / f"{name.text}{WARC_SUFFIX}.open"

    def _files(self) -> Iterator[Path]:
        return (path for path in self.directory.glob("*") if path.is_file())


def pages_of(warc: Path) -> Iterator[tuple[int, UUID, bytes, str]]:
    """Offset, record id, extraction configuration and site of each page captured in a WARC. Raises DamagedArchive."""
    with warc.open("rb") as stream:
        reading = SegmentReading(stream)
        for capture in reading.captures():
            if capture.is_page:
                configuration = reading.configurations.get(capture.fact("extractionConfiguration"), b"")
                yield capture.offset, capture.record_id, configuration, capture.fact("site")
