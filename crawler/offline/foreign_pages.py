"""Pages of other programs' WARC, ARC and WACZ files, as captures to derive from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path

from archive.captures import Capture, WarcRecord, first_capture, is_account, is_rendering_of
from archive.foreign_files import Part, parts_of
from archive.http1 import BadMessage, ResponseHead, parse_head
from archive.members import parse_warc_fields
from archive.record_scanning import FoundRecord, Refused, scan
from archive.selection import Selection
from pipelines.capture_batch import MOST_OF_PAGE, TextSelection

_BEGINNING = 1 << 13
_LANG = re.compile(rb"<html[^>]{0,2000}?\slang\s*=\s*[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageSelection:
    """Which pages are extracted."""

    captures: Selection = field(default_factory=Selection)
    text: TextSelection = field(default_factory=TextSelection)

    def wants(self, record: FoundRecord, head: ResponseHead, beginning: bytes) -> bool:
        """Whether a page may be meant, as far as its head and beginning tell."""
        if not self.captures.wants(record.target, record.date, ""):
            return False
        language = self.text.language
        if not language:
            return True
        said = record.headers.get("WARC-Identified-Content-Language", "") or head.first("content-language")
        tags = [tag.strip() for tag in said.split(",") if tag.strip()]
        if not tags and (found := _LANG.search(beginning)):
            tags = [found[1].decode("ascii")]
        # Two-letter and three-letter codes of one language cannot be told from each other here: these are extracted
        telling = [tag for tag in tags if len(tag.split("-")[0]) == len(language.split("-")[0])]
        return not telling or any(_may_be(language, tag) for tag in telling)


def _may_be(language: str, tag: str) -> bool:
    return language.split("-")[0].lower() == tag.split("-")[0].lower()


class ForeignPages:
    """Goes over one file."""

    def __init__(self, file: Path, selection: PageSelection) -> None:
        self.refused: list[Refused] = []
        """What of the file, as far as it was read, is no good record."""
        self.left_out = 0
        """Pages that are not meant."""
        self._has_records = False
        self._file = file
        self._selection = selection

    def captures(self) -> Iterator[tuple[Capture, str]]:
        """Its HTML pages with status 200, each with the name of the file that it is in and that its offset is of.

        Raises DamagedArchive or OSError.
        """
        with parts_of(self._file) as parts:
            for part in parts:
                name = f"{self._file.name}/{part.name}" if part.name else self._file.name
                for capture in self._of_part(part):
                    yield capture, name
        if not self._has_records and not self.refused:
            self.refused.append(Refused(0, "no WARC or ARC record in it"))

    def _of_part(self, part: Part) -> Iterator[Capture]:
        page: list[WarcRecord] = []
        """The response record of a page, and those behind it that say more of it."""
        for found in scan(part.path):
            if isinstance(found, Refused):
                self.refused.append(replace(found, part=part.name))
            if not isinstance(found, FoundRecord):
                continue
            self._has_records = True
            if found.kind in ("response", "revisit"):
                yield from _made_of(page)
                page = [found.record(MOST_OF_PAGE)] if self._is_meant(found) else []
            elif page and (more := _belonging_to(page, found)) is not None:
                page.append(more)
        yield from _made_of(page)

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


def _belonging_to(page: list[WarcRecord], found: FoundRecord) -> WarcRecord | None:
    """A record behind a page's, if it says more of it: this program's own facts, or what a browser made of it."""
    if found.kind == "conversion" and not is_rendering_of(found.record(0), page[0]):
        return None
    if found.kind == "resource" and len(page) == 1:
        return None
    if found.kind not in ("conversion", "resource", "metadata"):
        return None
    record = found.record(MOST_OF_PAGE)
    return record if record.kind != "metadata" or is_account(parse_warc_fields(record.block)) else None


def _made_of(page: list[WarcRecord]) -> Iterator[Capture]:
    capture = first_capture(iter(page))
    if capture is not None:
        yield capture
