"""Records and page outcomes of a segment: written as they arrive, sorted when complete."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self
from uuid import UUID

from isal import igzip, isal_zlib
from isal.igzip_lib import IsalError

from archive.article import Article
from archive.durable import write_parts_durably
from archive.errors import DamagedArchive
from archive.layout import SegmentName
from archive.manifests import CompletionManifest, stored_file
from archive.outcomes import PageOutcomeLine
from archive.storage.protocol import Storage

JOURNAL_SUFFIX = ".derived.jsonl"
"""Ending of the name of a segment's journal in the spool."""
MEMBER_SIZE = 1 << 16
"""Bytes of lines after which a gzip member ends."""
_FIRST_LOOK = 3 << 14
_GZIP_LEVEL = 6
_GZIP_WINDOW = 31
"""zlib's number for a gzip member with the largest window."""
_READ_AHEAD = 1 << 18
# isal's stubs call its exception an instance of one
_DAMAGED: tuple[type[Exception], ...] = (IsalError, EOFError, gzip.BadGzipFile)  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class ArticleFacts:
    """What a crawl goes on with, of an article: as its fields."""

    id: UUID | None
    url: str
    headline: str
    content_sha256: str
    paragraphs: tuple[str, ...]
    in_language: str | None
    date_published: str | None
    canonical_url: str | None
    next_page: str | None
    editions: tuple[str, ...]
    """Addresses of the same article in other languages."""

    @classmethod
    def of(cls, article: Article) -> Self:
        """The facts of an article."""
        return cls(
            id=article.id,
            url=article.url,
            headline=article.headline,
            content_sha256=article.content_sha256,
            paragraphs=article.paragraphs,
            in_language=article.in_language,
            date_published=article.date_published,
            canonical_url=article.canonical_url,
            next_page=article.next_page,
            editions=tuple(alternate.href for alternate in article.alternates if alternate.hreflang),
        )


@dataclass(frozen=True, slots=True)
class Derivation:
    """The result of derivation from one capture: its outcome, and the article if there is one.

    The article is passed between processes as the text that it is stored as: its hundreds of objects would take
    longer to pass on than to write down.
    """

    line: PageOutcomeLine
    record: str | None = None
    """The article as a line of JSON; None: there is none."""
    facts: ArticleFacts | None = None
    """Of the article, if there is one."""

    @classmethod
    def of(cls, line: PageOutcomeLine, article: Article) -> Self:
        """An article was derived."""
        return cls(line, article.to_json_line(), ArticleFacts.of(article))

    @property
    def article(self) -> Article | None:
        """The article, read from its text each time."""
        return Article.model_validate_json(self.record) if self.record is not None else None


@dataclass(frozen=True, slots=True)
class CompletedRecords:
    """The derived files of a segment, complete on this machine."""

    records: Path
    outcomes: Path
    manifest: CompletionManifest


@dataclass(frozen=True, slots=True)
class _JournalEntry:
    """A line of the journal; where the article's JSON begins in it, and its bytes (0: there is none)."""

    line: PageOutcomeLine
    start: int
    length: int


class DerivedFiles:
    """Collects the derivations of one segment in a journal, so that an interrupted run can resume.

    A line of the journal is the outcome and the article (or ``null``), both as JSON as they will be stored, with a
    tab between them, which JSON never holds (RFC 8259, section 7). So a complete segment is written from it without
    reading an article again. The journal is not made durable: what is lost or broken in it is derived again.
    """

    def __init__(self, spool: Path, name: SegmentName, generation: str, captured: set[UUID] | None = None) -> None:
        """Derivations of other captures than `captured` are left out, when it is given: the segment lost these."""
        spool.mkdir(parents=True, exist_ok=True)
        self._name = name
        self._generation = generation
        self._spool = spool
        self._path = spool / f"{name.text}.{generation}{JOURNAL_SUFFIX}"
        self._known: set[UUID] = set()
        if self._path.exists():
            _cut_torn_line(self._path)
            found = {entry.line.record_id for entry in self._journal()}
            self._known = found if captured is None else found & captured
        self._file = self._path.open("ab", buffering=0)

    def __contains__(self, record_id: UUID) -> bool:
        return record_id in self._known

    def add(self, derivation: Derivation) -> None:
        """Add a derivation; a second one for the same capture is ignored."""
        if derivation.line.record_id in self._known:
            return
        record = derivation.record or "null"
        self._file.write(f"{derivation.line.model_dump_json(by_alias=True)}\t{record}\n".encode())
        self._known.add(derivation.line.record_id)

    def complete(self) -> CompletedRecords:
        """Write articles and outcomes ordered by WARC offset, and their manifest."""
        self._file.close()
        by_capture = {entry.line.record_id: entry for entry in self._journal() if entry.line.record_id in self._known}
        entries = sorted(by_capture.values(), key=lambda entry: entry.line.offset)
        records = self._spool / f"{self._name.text}.{self._generation}.jsonl.gz"
        outcomes = self._spool / f"{self._name.text}.{self._generation}.outcomes.jsonl.gz"
        lines = [entry.line for entry in entries]
        return completed(self._name, self._generation, records, outcomes, self._texts(entries), lines)

    def articles(self) -> Iterator[Article]:
        """The articles derived so far, in no particular order."""
        entries = [entry for entry in self._journal() if entry.line.record_id in self._known]
        return map(Article.model_validate_json, self._texts(entries))

    def remove(self) -> None:
        """Remove the journal and the files made from it, once they are stored or not needed."""
        self._file.close()
        for path in self._spool.glob(f"{self._name.text}.{self._generation}.*"):
            path.unlink()

    def _journal(self) -> Iterator[_JournalEntry]:
        position = 0
        with self._path.open("rb") as file:
            for raw in file:
                outcome, tab, article = raw.rstrip(b"\n").partition(b"\t")
                start = position + len(outcome) + len(tab)
                position += len(raw)
                with suppress(ValueError):
                    line = PageOutcomeLine.model_validate_json(outcome)
                    if tab and (article == b"null" or json.loads(article)):
                        yield _JournalEntry(line, start, 0 if article == b"null" else len(article))

    def _texts(self, entries: Iterable[_JournalEntry]) -> Iterator[bytes]:
        """The JSON of these entries' articles, one in memory at a time."""
        with self._path.open("rb") as file:
            for entry in entries:
                if entry.length:
                    file.seek(entry.start)
                    yield file.read(entry.length)


def journal_articles(path: Path, start: int = 0) -> Iterator[tuple[int, int, bytes]]:
    """The whole lines of a segment's journal: where each begins, where it ends, and its article's JSON, if any.

    Raises OSError.
    """
    with path.open("rb") as file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                return
            article = line.rstrip(b"\n").partition(b"\t")[2]
            yield start, start + len(line), b"" if article == b"null" else article
            start += len(line)


def journal_pages(path: Path) -> Iterator[tuple[PageOutcomeLine, bytes]]:
    """The pages of a segment's journal, which may be written to meanwhile: outcomes, and articles as JSON, if any.

    A line that is broken is left out: what it stood for is derived again. Raises OSError.
    """
    with path.open("rb") as file:
        for raw in file:
            outcome, tab, article = raw.rstrip(b"\n").partition(b"\t")
            with suppress(ValueError):
                line = PageOutcomeLine.model_validate_json(outcome)
                if tab and raw.endswith(b"\n"):
                    yield line, b"" if article == b"null" else article


def completed(
    name: SegmentName,
    generation: str,
    records: Path,
    outcomes: Path,
    articles: Iterable[bytes],
    lines: list[PageOutcomeLine],
) -> CompletedRecords:
    """Write a segment's articles (JSON lines) and outcomes into two files, and describe them."""
    count = _write_lines(records, articles)
    _write_lines(outcomes, (line.model_dump_json(by_alias=True).encode() for line in lines))
    counts = Counter(line.outcome.value for line in lines)
    manifest = CompletionManifest(
        segment=name.text,
        generation=generation,
        records=stored_file(name.records_key(generation), records),
        outcomes=stored_file(name.outcomes_key(generation), outcomes),
        articles=count,
        pages=len(lines),
        page_outcomes=dict(sorted(counts.items())),
    )
    return CompletedRecords(records, outcomes, manifest)


def _cut_torn_line(path: Path) -> None:
    """Drop a last line that a crash has cut short: its capture is derived again."""
    data = path.read_bytes()
    if not data.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(data.rfind(b"\n") + 1)


def _write_lines(path: Path, lines: Iterable[bytes]) -> int:
    """Write a ``.jsonl.gz`` without holding its text; how many lines. The bytes depend on the lines alone.

    A gzip member ends after `MEMBER_SIZE` bytes, so that a line can be read without those of the members before it.
    """
    count = 0

    def members() -> Iterator[bytes]:
        nonlocal count
        waiting, size = [], 0
        for line in lines:
            waiting.append(line + b"\n")
            size += len(line) + 1
            count += 1
            if size >= MEMBER_SIZE:
                yield gzip.compress(b"".join(waiting), _GZIP_LEVEL, mtime=0)
                waiting, size = [], 0
        if waiting or not count:
            yield gzip.compress(b"".join(waiting), _GZIP_LEVEL, mtime=0)

    write_parts_durably(path, members())
    return count


def lines_with_members(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines of a stored ``.jsonl.gz``, each with where its gzip member begins. Raises DamagedArchive."""
    begin, rest = 0, b""
    try:
        while rest or (rest := stream.read(_READ_AHEAD)):
            member, used, text = isal_zlib.decompressobj(_GZIP_WINDOW), 0, b""
            while not member.eof:
                if not rest and not (rest := stream.read(_READ_AHEAD)):
                    raise EOFError("a member does not end")
                *whole, text = (text + member.decompress(rest)).split(b"\n")
                used += len(rest) - len(member.unused_data)
                rest = member.unused_data
                for line in whole:
                    yield begin, line
            begin += used
    except _DAMAGED as error:
        raise DamagedArchive(f"compressed lines are damaged or cut short: {error}") from error


def member_at(storage: Storage, key: str, offset: int) -> Iterator[bytes]:
    """The lines of the gzip member that begins there. Raises DamagedArchive or StorageError."""
    with storage.open_range(key, offset, _FIRST_LOOK) as stream:
        start = stream.read()
    if _is_whole(start):
        yield from read_lines_of_member(io.BytesIO(start))
        return
    with storage.open_range(key, offset) as stream:
        yield from read_lines_of_member(stream)


def read_lines_of_member(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of the first gzip member of a stream. Raises DamagedArchive."""
    for begin, line in lines_with_members(stream):
        if begin:
            return
        yield line


def _is_whole(start: bytes) -> bool:
    member = isal_zlib.decompressobj(_GZIP_WINDOW)
    try:
        member.decompress(start)
    except _DAMAGED as error:
        raise DamagedArchive(f"compressed lines are damaged or cut short: {error}") from error
    return bool(member.eof)


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stored ``.jsonl.gz``, without their ends. Raises DamagedArchive."""
    try:
        with io.BufferedReader(igzip.open(stream, "rb"), _READ_AHEAD) as lines:  # type: ignore[no-untyped-call]
            for line in lines:
                yield line.rstrip(b"\n")
    except _DAMAGED as error:
        raise DamagedArchive(f"compressed lines are damaged or cut short: {error}") from error


def read_articles(stream: BinaryIO) -> Iterator[Article]:
    """The articles of a stored ``SEGMENT.jsonl.gz``. Raises DamagedArchive."""
    return map(Article.model_validate_json, read_lines(stream))


def read_outcomes(stream: BinaryIO) -> Iterator[PageOutcomeLine]:
    """The lines of a stored ``SEGMENT.outcomes.jsonl.gz``. Raises DamagedArchive."""
    return map(PageOutcomeLine.model_validate_json, read_lines(stream))
