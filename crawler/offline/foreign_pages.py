"""Pages of other programs' WARC, ARC and WACZ files, as tasks of extraction.

A record that any reader finds at its place in the file is read from there by the workers. Any other (of an ARC file,
within a larger gzip member or zstd frame, with a head that had to be repaired) is copied to a scratch file, and what
is derived from it says where it is in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import IO
from uuid import UUID

from archive.captures import record_uuid
from archive.derived import Derivation
from archive.foreign_files import Part, is_wacz, parts_of
from archive.http1 import BadMessage, ResponseHead, parse_head
from archive.languages import matches
from archive.record_scanning import FoundRecord, Refused, gzip_parts, scan
from archive.selection import Selection
from pipelines.pool import DerivationTask

_BEGINNING = 1 << 13
_LEVEL = 1
_LANG = re.compile(rb"<html[^>]{0,2000}?\slang\s*=\s*[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageSelection:
    """Which pages are extracted."""

    captures: Selection = field(default_factory=Selection)
    language: str = ""
    """A language range (RFC 4647, section 2.1); empty: any."""

    def wants(self, record: FoundRecord, head: ResponseHead, beginning: bytes) -> bool:
        """Whether a page may be meant, as far as its head and beginning tell."""
        if not self.captures.wants(record.target, record.date, ""):
            return False
        said = record.headers.get("WARC-Identified-Content-Language", "") or head.first("content-language")
        tags = [tag.strip() for tag in said.split(",") if tag.strip()]
        if not tags and (found := _LANG.search(beginning)):
            tags = [found[1].decode("ascii")]
        # Two-letter and three-letter codes of one language cannot be told from each other here: these are extracted
        telling = [tag for tag in tags if len(tag.split("-")[0]) == len(self.language.split("-")[0])]
        return not self.language or not telling or any(_may_be(self.language, tag) for tag in telling)

    def takes(self, derivation: Derivation) -> bool:
        """Whether what was derived is meant: a record's language is known by then."""
        facts = derivation.facts
        return not self.language or facts is None or matches(self.language, facts.in_language)


def _may_be(language: str, tag: str) -> bool:
    return language.split("-")[0].lower() == tag.split("-")[0].lower()


@dataclass(frozen=True, slots=True)
class ForeignTask:
    """A page to derive from, and where it is in its file."""

    task: DerivationTask
    offset: int
    length: int
    record_id: UUID

    def placed(self, derivation: Derivation) -> Derivation:
        """What was derived, with the place in the file."""
        line = derivation.line.model_copy(update={"offset": self.offset})
        article = derivation.article
        if article is None or article.warc is None:
            return replace(derivation, line=line)
        place = article.warc.model_copy(update={"offset": self.offset, "length": self.length})
        return Derivation.of(line, article.model_copy(update={"warc": place}))


class ForeignPages:
    """Goes over one file."""

    def __init__(self, file: Path, configuration: bytes, selection: PageSelection, scratch: Path) -> None:
        """`scratch` is a directory for copies, which has to be there until all tasks are done."""
        self.refused: list[Refused] = []
        """What of the file, as far as it was read, is no good record."""
        self.left_out = 0
        """Pages that are not meant."""
        self._file = file
        self._configuration = configuration
        self._selection = selection
        self._scratch = scratch

    def tasks(self) -> Iterator[ForeignTask]:
        """Its HTML pages with status 200. Raises DamagedArchive or OSError."""
        packed = is_wacz(self._file)
        with parts_of(self._file) as parts:
            for number, part in enumerate(parts):
                with (self._scratch / f"{number}.warc.gz").open("wb", buffering=0) as scratch:
                    yield from self._of_part(part, scratch, can_be_read_again=not packed)

    def _of_part(self, part: Part, scratch: IO[bytes], *, can_be_read_again: bool) -> Iterator[ForeignTask]:
        name = f"{self._file.name}/{part.name}" if part.name else self._file.name
        for found in scan(part.path):
            if isinstance(found, Refused):
                self.refused.append(replace(found, part=part.name))
            elif isinstance(found, FoundRecord) and self._is_meant(found):
                if can_be_read_again and (found.is_alone or found.is_plain):
                    path, offset = part.path, found.offset
                else:
                    path, offset = Path(scratch.name), scratch.tell()
                    for piece in gzip_parts(found, _LEVEL):
                        scratch.write(piece)
                yield ForeignTask(
                    DerivationTask(path, offset, name, self._configuration),
                    found.offset,
                    found.length,
                    record_uuid(found.headers.get("WARC-Record-ID", "")),
                )

    def _is_meant(self, record: FoundRecord) -> bool:
        if record.kind != "response":
            return False
        beginning = record.block(_BEGINNING)
        try:
            head = parse_head(beginning)
        except BadMessage:
            try:
                head = parse_head(record.block(_BEGINNING << 5))
            except BadMessage:
                return False
        if head.status != HTTPStatus.OK or "html" not in head.first("content-type").lower():
            return False
        is_meant = self._selection.wants(record, head, beginning)
        self.left_out += not is_meant
        return is_meant
