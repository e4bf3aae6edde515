"""Extracting articles from any files: HTML pages, and WARC, ARC and WACZ files of this or other programs.

Each file gives one file of JSON lines, one record per line in the order of its pages, beside it the outcomes of all
its pages. A file is complete when both are there under their last names. A run that was interrupted continues behind
the last page that has an outcome, as long as the file, the rules, the selection and the extractor are the same.

One process reads the files, the others extract; what they give is written in the order of the pages. The next file is
begun while the last pages of the one before are still being extracted.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from archive.derived import Derivation
from archive.errors import DamagedArchive
from archive.outcomes import PageOutcome
from crawler.offline.begun_file import BegunFile
from crawler.offline.file_pages import HTML_SUFFIXES, WARC_SUFFIXES, FilePages
from crawler.offline.foreign_pages import PageSelection
from pipelines.capture_batch import CaptureBatch, DerivedPage, NotDerived
from pipelines.generation import EXTRACTOR_GENERATION
from pipelines.outcome_lines import saved_page_outcome
from pipelines.pool import ExtractionPool, TakesTooLong, WorkerDied, derive_saved_page
from pipelines.rules import ExtractionRules

_BATCHES_A_WORKER = 4
"""Batches in progress: enough that no process waits while another file's results are being stored."""
_MOST_IN_PROGRESS = 1 << 26
"""Bytes of pages in progress."""


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
        self._targets: set[Path] = set()

    async def run(self, files: Iterable[Path], progress: Progress) -> list[ExtractedFile]:
        """Go over the files in their order. Faults of one are told in its result, and the others go on."""
        pool = ExtractionPool(self._workers, self._queue)
        done: list[ExtractedFile] = []
        try:
            async for result in self._results(files, pool):
                done.append(result)
                progress(result)
        finally:
            pool.close()
        return done

    async def _results(self, files: Iterable[Path], pool: ExtractionPool) -> AsyncIterator[ExtractedFile]:
        """The results of the files, each when all of it is written."""
        running = _Running(self._workers * _BATCHES_A_WORKER)
        try:
            for file in files:
                result = self._begun(file)
                for work in result.work():
                    size = work.size if isinstance(work, CaptureBatch) else 0
                    running.add(result, size, asyncio.create_task(self._derived(work, pool)))
                    await asyncio.sleep(0)  # so that it is on its way while the next one is read
                    while running.is_full:
                        if (done := await running.next()) is not None:
                            yield done
                running.end(result)
            while running:
                if (done := await running.next()) is not None:
                    yield done
        finally:
            running.stop()

    def _begun(self, file: Path) -> _FileResult:
        pages = FilePages(file, self._configuration, self._selection, strict=self._strict)
        if self._to is None:
            return _FileResult(pages, ExtractedFile(str(file)), self._output)
        target = self._to / f"{file.name}.jsonl"
        result = ExtractedFile(str(file), str(target))
        if target in self._targets:
            result.fault = f"another file has the same name, and its results are in {target.name}; use another --to"
            return _FileResult(pages, result, self._output)
        self._targets.add(target)
        if target.exists():
            result.skipped = True
            return _FileResult(pages, result, self._output)
        self._to.mkdir(parents=True, exist_ok=True)
        try:
            return _FileResult(pages, result, self._output, BegunFile.of(target, self._fingerprint(file)))
        except OSError as error:
            result.fault = _told(error, file)
            return _FileResult(pages, result, self._output)

    def _fingerprint(self, file: Path) -> str:
        """What must be unchanged for a result to be resumed. Raises OSError."""
        facts = file.stat()
        about = (facts.st_size, facts.st_mtime_ns, self._configuration, self._selection, EXTRACTOR_GENERATION)
        return hashlib.sha256(repr(about).encode()).hexdigest()

    async def _derived(self, work: CaptureBatch | Path, pool: ExtractionPool) -> list[DerivedPage | NotDerived]:
        if isinstance(work, CaptureBatch):
            return await pool.derive_batch(work)
        try:
            derivation = await pool.run(derive_saved_page, work, self._configuration)
        except TakesTooLong as error:
            derivation = Derivation(saved_page_outcome(work, PageOutcome.TOO_COMPLEX, str(error)))
        except WorkerDied as error:
            line = saved_page_outcome(work, PageOutcome.EXTRACTION_FAILED, f"{error} on this page")
            derivation = Derivation(line)
        is_meant = self._selection.text.takes(derivation)
        return [DerivedPage.of(derivation) if is_meant else NotDerived.NOT_SELECTED]


class _FileResult:
    """What is made of one file: where it goes, and what there is to say of it."""

    def __init__(self, pages: FilePages, told: ExtractedFile, output: TextIO, begun: BegunFile | None = None) -> None:
        """`begun` is where the result goes; without one the records go to `output`."""
        self._pages = pages
        self._told = told
        self._begun = begun
        self._records = output
        self._outcomes: TextIO | None = None
        self._is_given_up = False
        self._files = ExitStack()
        if begun is not None:
            self._records = self._files.enter_context(begun.records.open("a", encoding="utf-8"))
            self._outcomes = self._files.enter_context(begun.outcomes.open("a", encoding="utf-8"))
            told.outcomes.update(Counter(begun.done))
            told.articles = told.outcomes.get(PageOutcome.RECORD.value, 0)

    def work(self) -> Iterator[CaptureBatch | Path]:
        """What there is to derive from, in the order of the pages."""
        told = self._told
        if told.skipped or told.fault:
            return
        try:
            for work in self._pages.work(self._begun.last if self._begun else None):
                if self._is_given_up:
                    return
                yield work
        except (DamagedArchive, OSError) as error:
            told.fault = _told(error, self._pages.file)

    async def take(self, task: asyncio.Task[list[DerivedPage | NotDerived]]) -> None:
        """Wait for what is derived from the next pages, and write it; where that fails the file ends."""
        try:
            pages = await task
            if not self._is_given_up:
                self._write(pages)
        except (DamagedArchive, OSError) as error:
            self._is_given_up = True
            self._told.fault = _told(error, self._pages.file)

    def _write(self, pages: Sequence[DerivedPage | NotDerived]) -> None:
        derived = [page for page in pages if isinstance(page, DerivedPage)]
        told = self._told
        told.left_out += len(pages) - len(derived)
        for page in derived:
            told.outcomes[page.outcome.value] = told.outcomes.get(page.outcome.value, 0) + 1
        records = [f"{page.record}\n" for page in derived if page.record is not None]
        told.articles += len(records)
        self._records.writelines(records)
        if self._outcomes is not None:
            self._records.flush()  # before the outcomes, which say that the pages are done
            self._outcomes.writelines(f"{page.line}\n" for page in derived)
            self._outcomes.flush()

    def end(self) -> ExtractedFile:
        """All of it is written. Raises OSError."""
        self.close()
        told = self._told
        told.left_out += self._pages.left_out
        told.refused = [refused.line for refused in self._pages.refused]
        if self._begun is not None and not told.fault:
            self._begun.complete()
        return told

    def close(self) -> None:
        """Let the files go. Raises OSError."""
        self._files.close()


class _Running:
    """Work in progress, in the order in which its results are written."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[tuple[_FileResult, int, asyncio.Task[list[DerivedPage | NotDerived]] | None]] = deque()
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether nothing is to be added before something is done."""
        return len(self._waiting) > self._most or self._size > _MOST_IN_PROGRESS

    def add(self, result: _FileResult, size: int, task: asyncio.Task[list[DerivedPage | NotDerived]]) -> None:
        """Pages of a file, so many bytes."""
        self._waiting.append((result, size, task))
        self._size += size

    def end(self, result: _FileResult) -> None:
        """A file has no more pages."""
        self._waiting.append((result, 0, None))

    async def next(self) -> ExtractedFile | None:
        """Wait for what is first and write it; what there is to say of a file when it was the last of it."""
        result, size, task = self._waiting[0]
        if task is not None:
            await result.take(task)
        self._waiting.popleft()
        self._size -= size
        return result.end() if task is None else None

    def stop(self) -> None:
        """Give up what is in progress."""
        for result, _, task in self._waiting:
            if task is not None:
                task.cancel()
            result.close()


def _told(error: DamagedArchive | OSError, file: Path) -> str:
    """Why a file could not be read, in words that do not name it again."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or str(error).removeprefix(f"{file}: ")
