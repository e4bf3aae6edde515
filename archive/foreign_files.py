"""The WARC or ARC files inside a file: the file itself, or those in a WACZ."""

from __future__ import annotations

import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from archive.errors import DamagedArchive

_ZIP = b"PK\x03\x04"
_PIECE = 1 << 20
_LOCAL_HEADER = 30
"""Bytes of a local file header before its names (PKWARE APPNOTE, section 4.3.7)."""
_LIST_LIMIT = 1 << 28
_DAMAGED = (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class PageNote:
    """What a WACZ's list of pages says of one (WACZ 1.1.1, section 5.2.2)."""

    title: str
    seen_at: str
    """ISO 8601."""


@dataclass(frozen=True, slots=True)
class Part:
    """A WARC or ARC file."""

    path: Path
    name: str = ""
    """Its name in the WACZ; empty for a file that is none."""
    pages: dict[str, PageNote] = field(default_factory=dict)
    """What is said of pages, by address."""


def is_wacz(path: Path) -> bool:
    """Whether a file is a ZIP file, as a WACZ is. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP


@contextmanager
def parts_of(path: Path) -> Iterator[Iterator[Part]]:
    """The parts of a file, one after the other; those of a WACZ are there until the next one is requested.

    Raises DamagedArchive when it is a ZIP file that can't be read or holds no WARC file, or OSError.
    """
    if not is_wacz(path):
        yield iter((Part(path),))
        return
    try:
        packed = zipfile.ZipFile(path)
    except _DAMAGED as error:
        raise DamagedArchive(f"{path}: not a WACZ: {error}") from error
    with packed, tempfile.TemporaryDirectory(prefix="newswarc-wacz-") as scratch:
        yield _packed_parts(path, packed, Path(scratch) / "part")


def _packed_parts(path: Path, packed: zipfile.ZipFile, copy: Path) -> Iterator[Part]:
    names = [entry for entry in packed.infolist() if entry.filename.startswith("archive/") and not entry.is_dir()]
    if not names:
        raise DamagedArchive(f"{path}: not a WACZ: no file below archive/")
    pages = _pages(packed)
    for entry in names:
        with copy.open("wb") as target:
            _copy(path, packed, entry, target)
        yield Part(copy, entry.filename, pages)


def _copy(path: Path, packed: zipfile.ZipFile, entry: zipfile.ZipInfo, target: IO[bytes]) -> None:
    """Copy a file out of a WACZ as far as it can be read: what is wrong with it, its records tell."""
    if entry.compress_type != zipfile.ZIP_STORED:
        with suppress(*_DAMAGED), packed.open(entry) as file:
            while piece := file.read(_PIECE):
                target.write(piece)
        return
    # Not by way of `zipfile`, which gives nothing of a last piece when the checksum of the whole is wrong
    with path.open("rb") as stored:
        stored.seek(entry.header_offset)
        head = stored.read(_LOCAL_HEADER)
        names = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        stored.seek(entry.header_offset + _LOCAL_HEADER + names)
        left = entry.file_size
        while left and (piece := stored.read(min(_PIECE, left))):
            left -= len(piece)
            target.write(piece)


def _pages(packed: zipfile.ZipFile) -> dict[str, PageNote]:
    """All that its lists of pages say; lines that can't be read are skipped, since records do not need them."""
    pages: dict[str, PageNote] = {}
    for entry in packed.infolist():
        if (
            entry.filename.startswith("pages/")
            and entry.filename.endswith(".jsonl")
            and entry.file_size < _LIST_LIMIT
        ):
            with suppress(*_DAMAGED):
                for line in packed.read(entry).splitlines():
                    pages.update(_noted(line))
    return pages


def _noted(line: bytes) -> dict[str, PageNote]:
    try:
        page = json.loads(line)
        url, title, seen = page.get("url"), page.get("title"), page.get("ts")
    except (ValueError, AttributeError, RecursionError):
        return {}
    return {url: PageNote(str(title or ""), str(seen or ""))} if isinstance(url, str) else {}
