"""Reading any WACZ: its WARC files by ranges, its index, its pages."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from archive.cdxj import sorted_index
from archive.errors import DamagedArchive, ObjectMissing
from archive.storage.protocol import StoredObject

_LOCAL_HEADER = 30
_NAME_LENGTH, _EXTRA_LENGTH = slice(26, 28), slice(28, 30)
_INDEXES = (".cdx.gz", ".cdxj.gz", ".cdx", ".cdxj")


@dataclass(frozen=True, slots=True)
class WaczPage:
    """A page as ``pages.jsonl`` names it."""

    url: str
    captured: datetime
    title: str


class WaczFile:
    """A WACZ on this machine. Keys are names of its WARC files without their folder."""

    def __init__(self, path: Path) -> None:
        """Raises DamagedArchive when it is no WACZ, or one whose WARC files are deflated; OSError."""
        self.path = path
        try:
            with zipfile.ZipFile(path) as packed:
                self._entries = {entry.filename: entry for entry in packed.infolist()}
        except zipfile.BadZipFile as error:
            raise DamagedArchive(f"{path}: not a WACZ: {error}") from error
        self._warcs = {
            name.removeprefix("archive/"): entry
            for name, entry in self._entries.items()
            if name.startswith("archive/") and not entry.is_dir()
        }
        if not self._warcs:
            raise DamagedArchive(f"{path}: not a WACZ: no file below archive/")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in self._warcs.values()):
            raise DamagedArchive(f"{path}: its WARC files are deflated, so that nothing can be read by ranges")

    def stat(self, key: str) -> StoredObject:
        """Size of a WARC file. Raises ObjectMissing."""
        return StoredObject(key, self._entry(key).file_size)

    def open_range(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Read a part of a WARC file. Raises ObjectMissing or OSError."""
        entry = self._entry(key)
        size = entry.file_size - start if length is None else min(length, entry.file_size - start)
        with self.path.open("rb") as file:
            file.seek(entry.header_offset)
            head = file.read(_LOCAL_HEADER)
            names = int.from_bytes(head[_NAME_LENGTH], "little") + int.from_bytes(head[_EXTRA_LENGTH], "little")
            file.seek(entry.header_offset + _LOCAL_HEADER + names + start)
            return io.BytesIO(file.read(max(0, size)))

    def index(self) -> bytes:
        """The lines of all its indexes, sorted. Raises DamagedArchive."""
        lines: list[bytes] = []
        for name in self._entries:
            if name.startswith("indexes/") and name.endswith(_INDEXES):
                data = self._read(name)
                text = gzip.decompress(data) if name.endswith(".gz") else data
                lines += [line for line in text.splitlines(keepends=True) if not line.startswith(b"!")]
        return sorted_index(lines)

    def pages(self) -> Iterator[WaczPage]:
        """The pages it lists. Raises DamagedArchive."""
        if "pages/pages.jsonl" not in self._entries:
            return
        for line in self._read("pages/pages.jsonl").splitlines():
            try:
                page = json.loads(line)
                if "url" in page:
                    yield WaczPage(page["url"], datetime.fromisoformat(page["ts"]), page.get("title") or "")
            except (ValueError, KeyError, TypeError) as error:
                raise DamagedArchive(f"{self.path}: pages/pages.jsonl: {error}") from error

    def _read(self, name: str) -> bytes:
        try:
            with zipfile.ZipFile(self.path) as packed:
                return packed.read(name)
        except (zipfile.BadZipFile, EOFError) as error:
            raise DamagedArchive(f"{self.path}: {name}: {error}") from error

    def _entry(self, key: str) -> zipfile.ZipInfo:
        if key not in self._warcs:
            raise ObjectMissing(f"{self.path} has no {key}")
        return self._warcs[key]
