"""Extracting from many files: on this machine, or by calls that any process can make.

Results go to a directory that all of them see. A file that is done is skipped, and one that was interrupted is gone
on with, wherever it was begun.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from archive.storage.opening import open_storage
from archive.storage.s3_options import S3Options
from crawler.offline.derived_archive import store_records
from crawler.offline.file_extraction import ExtractedFile, FileExtraction, Progress
from crawler.offline.foreign_pages import PageSelection
from crawler.offline.source_files import SourceFiles
from pipelines.rules import ExtractionRules

_QUEUE = 16


def absolute(address: str) -> str:
    """An address, also from another working directory; an empty one stays so."""
    return address if not address or "://" in address else str(Path(address).resolve())


@dataclass(frozen=True, slots=True)
class FileWork:
    """What is done with each file."""

    to: Path | None
    """Directory of the results; None: they go to standard output."""
    archive: str
    """Address of an archive of derived data that gets the records too; empty: none."""
    s3: S3Options
    agent: str
    rules: ExtractionRules
    selection: PageSelection
    strict: bool

    def from_anywhere(self) -> FileWork:
        """The same for processes that may have another working directory."""
        to = self.to.resolve() if self.to is not None else None
        return replace(self, to=to, archive=absolute(self.archive))

    def run(
        self, files: Sequence[str], workers: int, queue: int, output: TextIO, progress: Progress
    ) -> tuple[list[ExtractedFile], list[str]]:
        """The results, and a line for each file that could not be had. Raises BadAddress or StorageError."""
        storage = open_storage(self.archive, self.s3) if self.archive else None
        extraction = FileExtraction(
            workers=workers,
            queue=queue,
            to=self.to,
            output=output,
            rules=self.rules,
            selection=self.selection,
            strict=self.strict,
        )

        def finish(result: ExtractedFile) -> None:
            result.file = sources.origin(result.file)
            if storage is not None and not result.fault:
                result.segment = store_records(storage, result.file, Path(result.output))
            progress(result)

        with TemporaryDirectory(prefix="newswarc-files-") as scratch:
            sources = SourceFiles(files, Path(scratch), s3=self.s3, agent=self.agent, is_done=self._is_done)
            return asyncio.run(extraction.run(sources, finish)), sources.problems

    def of_one(self, file: str) -> ExtractedFile:
        """The result of one file, by a process of its own. Raises BadAddress or StorageError."""
        done, problems = self.run([file], 1, _QUEUE, io.StringIO(), lambda _: None)
        return done[0] if done else ExtractedFile(file, fault="; ".join(problems).removeprefix(f"{file}: "))

    def _is_done(self, name: str) -> bool:
        return self.to is not None and (self.to / f"{name}.jsonl").exists()
