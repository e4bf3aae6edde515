"""Articles from files of any origin: HTML pages, and WARCs of this program or of others.

Each file gives one file of JSON lines, a record a line in the order of its pages, beside it the outcomes of all its
pages. A file is complete when both are there under their last names: a run that was interrupted goes on with those
that are not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TextIO

from archive.captures import SegmentReading
from archive.derived import Derivation
from archive.errors import DamagedArchive
from archive.http1 import BadMessage
from archive.layout import WARC_SUFFIX, SegmentName
from archive.outcomes import PageOutcome
from crawler.keeping.spool import pages_of
from pipelines.outcome_lines import saved_page_outcome
from pipelines.pool import DerivationTask, ExtractionPool, WorkerDied, derive_saved_page
from pipelines.rules import ExtractionRules

HTML_SUFFIXES = (".html", ".htm", ".xhtml")
WARC_SUFFIXES = (WARC_SUFFIX, ".warc")


@dataclass(slots=True)
class ExtractedFile:
    """What was done with one file."""

    file: str
    output: str = ""
    """Where its records are; empty when they went to standard output."""
    articles: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    """Pages by outcome."""
    skipped: bool = False
    """Whether it was complete already."""
    fault: str = ""
    """Why the rest of the file could not be read."""


Progress = Callable[[ExtractedFile], None]


def is_extractable(path: Path) -> bool:
    """Whether a path names a file that is extracted from."""
    return path.name.lower().endswith(HTML_SUFFIXES + WARC_SUFFIXES)


class FileExtraction:
    """Extracts from files, several pages at a time."""

    def __init__(
        self, *, workers: int, queue: int, to: Path | None, output: TextIO, rules: ExtractionRules | None = None
    ) -> None:
        """`to` is the directory of the results; without one the records go to `output`.

        `rules` are for pages that bring none along.
        """
        self._configuration = (rules or ExtractionRules()).canonical_json()
        self._workers = workers
        self._queue = queue
        self._to = to
        self._output = output

    async def run(self, files: list[Path], progress: Progress) -> list[ExtractedFile]:
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
        if self._to is None:
            return await self._write(file, pool, ExtractedFile(str(file)), self._output, None)
        target = self._to / f"{file.name}.jsonl"
        result = ExtractedFile(str(file), str(target))
        lines = target.with_name(f"{file.name}.outcomes.jsonl")
        if target.exists():
            result.skipped = True
            return result
        self._to.mkdir(parents=True, exist_ok=True)
        parts = [path.with_name(f"{path.name}.part") for path in (target, lines)]
        with parts[0].open("w", encoding="utf-8") as records, parts[1].open("w", encoding="utf-8") as outcomes:
            await self._write(file, pool, result, records, outcomes)
        if not result.fault:
            parts[1].replace(lines)
            parts[0].replace(target)  # last: it says that both are there
        return result

    async def _write(
        self, file: Path, pool: ExtractionPool, result: ExtractedFile, records: TextIO, outcomes: TextIO | None
    ) -> ExtractedFile:
        try:
            async for derivation in self._derivations(file, pool):
                outcome = derivation.line.outcome.value
                result.outcomes[outcome] = result.outcomes.get(outcome, 0) + 1
                if derivation.article is not None:
                    result.articles += 1
                    records.write(f"{derivation.article.to_json_line()}\n")
                if outcomes is not None:
                    outcomes.write(f"{derivation.line.model_dump_json(by_alias=True)}\n")
        except (DamagedArchive, OSError) as error:
            result.fault = str(error)
        return result

    async def _derivations(self, file: Path, pool: ExtractionPool) -> AsyncIterator[Derivation]:
        """The derivations in the order of the pages; no more are under way than the pool takes.

        Raises what `_tasks` does, behind the pages before it.
        """
        waiting: deque[asyncio.Task[Derivation]] = deque()
        try:
            fault: DamagedArchive | OSError | None = None
            tasks = _tasks(file, self._configuration)
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

    async def _derived(self, task: DerivationTask | Path, pool: ExtractionPool) -> Derivation:
        if isinstance(task, DerivationTask):
            return await pool.derive(task)
        try:
            return await pool.run(derive_saved_page, task, self._configuration)
        except WorkerDied as error:
            return Derivation(saved_page_outcome(task, PageOutcome.EXTRACTION_FAILED, f"{error} on this page"))


def _tasks(file: Path, configuration: bytes) -> Iterator[DerivationTask | Path]:
    """The pages of a file. Raises DamagedArchive or OSError."""
    if file.name.lower().endswith(HTML_SUFFIXES):
        yield file
        return
    try:
        key = SegmentName.parse(file.name.removesuffix(WARC_SUFFIX)).warc_key
    except DamagedArchive:
        yield from (DerivationTask(file, offset, file.name, configuration) for offset in foreign_pages(file))
        return
    yield from (DerivationTask(file, offset, key, rules) for offset, _, rules, _ in pages_of(file))


def foreign_pages(warc: Path) -> Iterator[int]:
    """Where the HTML pages of another program's WARC are: its responses with status 200. Raises DamagedArchive."""
    with warc.open("rb") as stream:
        for capture in SegmentReading(stream).captures():
            try:
                head = capture.head()
            except BadMessage:
                continue
            if head.status == HTTPStatus.OK and "html" in head.first("content-type").lower():
                yield capture.offset
