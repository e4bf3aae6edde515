"""The pages of one file of any kind, as work for extraction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from archive.captures import Capture, SegmentReading
from archive.errors import DamagedArchive
from archive.layout import WARC_SUFFIX, SegmentName
from archive.record_scanning import Refused
from crawler.offline.foreign_pages import ForeignPages, PageSelection
from pipelines.capture_batch import MOST_OF_PAGE, CaptureBatch, TextSelection

HTML_SUFFIXES = (".html", ".htm", ".xhtml")
WARC_SUFFIXES = (WARC_SUFFIX, ".warc", ".warc.zst", ".arc", ".arc.gz", ".wacz")
_MOST_PAGES = 16
_MOST_BYTES = 1 << 18


class FilePages:
    """The pages of one file."""

    def __init__(self, file: Path, configuration: bytes, selection: PageSelection, *, strict: bool) -> None:
        """`configuration` is for pages that bring none along; `strict` ends it where something is no good record."""
        self.file = file
        self._configuration = configuration
        self._selection = selection
        self._strict = strict
        self._foreign: ForeignPages | None = None
        self._left_out = 0

    @property
    def refused(self) -> list[Refused]:
        """What of the file is no good record."""
        return self._foreign.refused if self._foreign else []

    @property
    def left_out(self) -> int:
        """Pages that are not selected."""
        return self._foreign.left_out if self._foreign else self._left_out

    def work(self, behind: tuple[int, UUID] | None) -> Iterator[CaptureBatch | Path]:
        """Its pages in their order, those behind the one of this place and record id; a saved page by its path.

        Raises DamagedArchive or OSError, behind the pages before it.
        """
        if self.file.name.lower().endswith(HTML_SUFFIXES):
            yield self.file
            return
        batch = _Batch(self._selection.text)
        is_done = behind is not None
        try:
            for capture, warc_key, rules in self._captures():
                if is_done:
                    is_done = (capture.offset, capture.record_id) != behind
                    continue
                if not batch.takes(capture, warc_key, rules):
                    yield batch.end()
                batch.add(capture, warc_key, rules)
        except (DamagedArchive, OSError):
            if batch:
                yield batch.end()
            raise
        if batch:
            yield batch.end()

    def _captures(self) -> Iterator[tuple[Capture, str, bytes]]:
        try:
            key = SegmentName.parse(self.file.name.removesuffix(WARC_SUFFIX)).warc_key
        except DamagedArchive:
            return self._of_others()
        return self._own(key)

    def _of_others(self) -> Iterator[tuple[Capture, str, bytes]]:
        self._foreign = ForeignPages(self.file, self._selection)
        for capture, name in self._foreign.captures():
            self._check()
            yield capture, name, self._configuration
        self._check()

    def _check(self) -> None:
        if self._strict and self.refused:
            raise DamagedArchive(self.refused[0].line)

    def _own(self, key: str) -> Iterator[tuple[Capture, str, bytes]]:
        with self.file.open("rb") as stream:
            reading = SegmentReading(stream, MOST_OF_PAGE)
            for capture in reading.captures():
                if capture.is_page and self._selection.captures.wants(
                    capture.url, capture.date, capture.fact("site")
                ):
                    yield capture, key, reading.configurations.get(capture.fact("extractionConfiguration"), b"")
                else:
                    self._left_out += capture.is_page


class _Batch:
    """Captures that are waiting to be handed over together."""

    def __init__(self, selection: TextSelection) -> None:
        self._selection = selection
        self._captures: list[Capture] = []
        self._size = 0
        self._way: tuple[str, bytes] = "", b""

    def __bool__(self) -> bool:
        return bool(self._captures)

    def takes(self, capture: Capture, warc_key: str, rules: bytes) -> bool:
        """Whether a capture can be handed over with those that are waiting."""
        if not self._captures:
            return True
        is_alike = self._way == (warc_key, rules)
        return is_alike and len(self._captures) < _MOST_PAGES and self._size + len(capture.response) <= _MOST_BYTES

    def add(self, capture: Capture, warc_key: str, rules: bytes) -> None:
        """One more, that is taken."""
        self._captures.append(capture)
        self._size += len(capture.response)
        self._way = warc_key, rules

    def end(self) -> CaptureBatch:
        """All that are waiting."""
        batch = CaptureBatch(tuple(self._captures), *self._way, self._selection)
        self._captures, self._size = [], 0
        return batch
