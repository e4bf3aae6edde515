"""Extracting articles from any files: HTML pages, and WARC, ARC and WACZ files of this or other programs.

Each file gives one file of JSON lines, one record per line in the order of its pages, beside it the outcomes of all
its pages. A file is complete when both are there under their last names. A run that was interrupted continues behind
the last page that has an outcome, as long as the file, the rules, the selection and the extractor are the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from uuid import UUID

from archive.captures import SegmentReading
from archive.derived import Derivation
from archive.errors import DamagedArchive
from archive.layout import WARC_SUFFIX, SegmentName
from archive.outcomes import PageOutcome
from archive.record_scanning import Refused
from crawler.offline.begun_file import BegunFile
from crawler.offline.foreign_pages import ForeignPages, ForeignTask, PageSelection
from pipelines.generation import EXTRACTOR_GENERATION
from pipelines.outcome_lines import saved_page_outcome
from pipelines.pool import DerivationTask, ExtractionPool, TakesTooLong, WorkerDied, derive_saved_page
from pipelines.rules import ExtractionRules

HTML_SUFFIXES = (".html", ".htm", ".xhtml")
WARC_SUFFIXES = (WARC_SUFFIX, ".warc", ".warc.zst", ".arc", ".arc.gz", ".wacz")


@dataclass(slots=True)
class ExtractedFile:
    """The result for one file."""

    file: str
    output: str = ""
    """Where its records are; empty when they went to standard output."""
    articles: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    """Pages by outcome."""
    skipped: bool = False
    """Whether it was complete already."""
    left_out: int = 0
    """Pages that were not selected."""
    refused: list[str] = field(default_factory=list)
    """What of the file is no good record: where, and why."""
    fault: str = ""
    """Why the rest of the file could not be read."""
    segment: str = ""
    """Under which its records are in an archive of derived data; empty when they are in none."""


Progress = Callable[[ExtractedFile], None]


def is_extractable(path: Path) -> bool:
    """Whether a path names a file that is extracted from."""
    return path.name.lower().endswith(HTML_SUFFIXES + WARC_SUFFIXES)


class FileExtraction:
    """Extracts from files, several pages at a time."""

    def __init__(
        self,
        *,
        workers: int,
        queue: int,
        to: Path | None,
        output: TextIO,
        rules: ExtractionRules | None = None,
        selection: PageSelection | None = None,
        strict: bool = False,
    ) -> None:
        """`to` is the directory of the results; without one the records go to `output`.

        `rules` are for pages that bring none along; `selection` says which pages of WARC files are wanted; `strict`
        ends a file where something is no good record.
        """
        self._selection = selection or PageSelection()
        self._strict = strict
        self._configuration = (rules or ExtractionRules()).canonical_json()
        self._workers = workers
        self._queue = queue
        self._to = to
        self._output = output

    async def run(self, files: Iterable[Path], progress: Progress) -> list[ExtractedFile]:
        """Go over the files in their order. Faults of one are told in its result, and the others go on."""
        pool = ExtractionPool(self._workers, self._queue)
        done: list[ExtractedFile] = []
        try:
            for file in files:
                done.append(await self._file(file, pool))
                progress(done[-1])
        finally:
            pool.close()
        return done

    async def _file(self, file: Path, pool: ExtractionPool) -> ExtractedFile:
        with tempfile.TemporaryDirectory(prefix="newswarc-extract-") as scratch:
            pages = _Pages(file, self._configuration, self._selection, Path(scratch), strict=self._strict)
            return await self._result(pages, pool)

    async def _result(self, pages: _Pages, pool: ExtractionPool) -> ExtractedFile:
        file = pages.file
        if self._to is None:
            return await self._write(pages, pool, ExtractedFile(str(file)), self._output, None)
        target = self._to / f"{file.name}.jsonl"
        result = ExtractedFile(str(file), str(target))
        if target.exists():
            result.skipped = True
            return result
        self._to.mkdir(parents=True, exist_ok=True)
        try:
            begun = BegunFile.of(target, self._fingerprint(file))
        except OSError as error:
            result.fault = _told(error, file)
            return result
        with (
            begun.records.open("a", encoding="utf-8") as records,
            begun.outcomes.open("a", encoding="utf-8") as lines,
        ):
            await self._write(pages, pool, result, records, lines, begun)
        if not result.fault:
            begun.complete()
        return result

    def _fingerprint(self, file: Path) -> str:
        """What must be unchanged for a result to be resumed. Raises OSError."""
        facts = file.stat()
        about = (facts.st_size, facts.st_mtime_ns, self._configuration, self._selection, EXTRACTOR_GENERATION)
        return hashlib.sha256(repr(about).encode()).hexdigest()

    async def _write(
        self,
        pages: _Pages,
        pool: ExtractionPool,
        result: ExtractedFile,
        records: TextIO,
        outcomes: TextIO | None,
        begun: BegunFile | None = None,
    ) -> ExtractedFile:
        done = begun.done if begun else ()
        for outcome in done:
            result.outcomes[outcome] = result.outcomes.get(outcome, 0) + 1
        result.articles = result.outcomes.get(PageOutcome.RECORD.value, 0)
        try:
            async for derivation in self._derivations(pages, pool, begun.last if begun else None):
                if not self._selection.takes(derivation):
                    result.left_out += 1
                    continue
                outcome = derivation.line.outcome.value
                result.outcomes[outcome] = result.outcomes.get(outcome, 0) + 1
                if derivation.record is not None:
                    result.articles += 1
                    records.write(f"{derivation.record}\n")
                if outcomes is not None:
                    records.flush()  # before the outcome, which says that the page is done
                    outcomes.write(f"{derivation.line.model_dump_json(by_alias=True)}\n")
                    outcomes.flush()
        except (DamagedArchive, OSError) as error:
            result.fault = _told(error, pages.file)
        result.left_out += pages.left_out
        result.refused = [refused.line for refused in pages.refused]
        return result

    async def _derivations(
        self, pages: _Pages, pool: ExtractionPool, behind: tuple[int, UUID] | None
    ) -> AsyncIterator[Derivation]:
        """The derivations in the order of the pages; no more are in progress than the pool takes.

        `behind` is the place and record id of the page behind which to begin. Raises what `_Pages.tasks` does, behind
        the pages before it.
        """
        waiting: deque[asyncio.Task[Derivation]] = deque()
        try:
            fault: DamagedArchive | OSError | None = None
            tasks = pages.tasks(behind)
            while True:
                try:
                    waiting.append(asyncio.create_task(self._derived(next(tasks), pool)))
                except StopIteration:
                    break
                except (DamagedArchive, OSError) as error:
                    fault = error
                    break
                if len(waiting) >= self._workers + self._queue:
                    yield await waiting.popleft()
            while waiting:
                yield await waiting.popleft()
            if fault is not None:
                raise fault
        finally:
            for task_left in waiting:
                task_left.cancel()

    async def _derived(self, task: ForeignTask | DerivationTask | Path, pool: ExtractionPool) -> Derivation:
        if isinstance(task, ForeignTask):
            return task.placed(await pool.derive(task.task))
        if isinstance(task, DerivationTask):
            return await pool.derive(task)
        try:
            return await pool.run(derive_saved_page, task, self._configuration)
        except TakesTooLong as error:
            return Derivation(saved_page_outcome(task, PageOutcome.TOO_COMPLEX, str(error)))
        except WorkerDied as error:
            return Derivation(saved_page_outcome(task, PageOutcome.EXTRACTION_FAILED, f"{error} on this page"))


def _told(error: DamagedArchive | OSError, file: Path) -> str:
    """Why a file could not be read, in words that do not name it again."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or str(error).removeprefix(f"{file}: ")


class _Pages:
    """The pages of one file."""

    def __init__(
        self, file: Path, configuration: bytes, selection: PageSelection, scratch: Path, *, strict: bool
    ) -> None:
        self.file = file
        self._scratch = scratch
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

    def tasks(self, behind: tuple[int, UUID] | None) -> Iterator[ForeignTask | DerivationTask | Path]:
        """Its pages, those behind one. Raises DamagedArchive or OSError."""
        if self.file.name.lower().endswith(HTML_SUFFIXES):
            yield self.file
            return
        try:
            key = SegmentName.parse(self.file.name.removesuffix(WARC_SUFFIX)).warc_key
        except DamagedArchive:
            tasks: Iterator[tuple[ForeignTask | DerivationTask, UUID]] = self._of_others()
        else:
            tasks = self._own(key)
        is_done = behind is not None
        for task, record_id in tasks:
            if not is_done:
                yield task
            elif (task.offset, record_id) == behind:
                is_done = False

    def _of_others(self) -> Iterator[tuple[ForeignTask, UUID]]:
        self._foreign = ForeignPages(self.file, self._configuration, self._selection, self._scratch)
        for task in self._foreign.tasks():
            self._check()
            yield task, task.record_id
        self._check()

    def _check(self) -> None:
        if self._strict and self.refused:
            raise DamagedArchive(self.refused[0].line)

    def _own(self, key: str) -> Iterator[tuple[DerivationTask, UUID]]:
        with self.file.open("rb") as stream:
            reading = SegmentReading(stream)
            for capture in reading.captures():
                if capture.is_page and self._selection.captures.wants(
                    capture.url, capture.date, capture.fact("site")
                ):
                    rules = reading.configurations.get(capture.fact("extractionConfiguration"), b"")
                    yield DerivationTask(self.file, capture.offset, key, rules), capture.record_id
                else:
                    self._left_out += capture.is_page
