"""The index of a segment: CDXJ, one line per capture, as read by replay tools.

A line is ``SURT-KEY TIMESTAMP {json}``; lines are sorted by bytes. ``filename`` is the WARC's key
below the archive's root, offsets and lengths are of gzip members.
"""

from __future__ import annotations

import heapq
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from archive.errors import DamagedArchive
from archive.request_method import GET, RequestMethod
from archive.surt import surt_key, surt_timestamp

REVISIT_MIME = "warc/revisit"
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_STAMP = "%Y%m%d%H%M%S"
_RUN_READ = 1 << 14


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """The content of one line."""

    url: str
    date: str
    """``WARC-Date``: ISO 8601, UTC."""
    mime: str
    status: int
    digest: str
    length: int
    offset: int
    filename: str
    method: RequestMethod = GET
    """The method of the request."""

    def line(self) -> str:
        """The line, without a line end."""
        fields = {
            "url": self.url,
            "mime": self.mime,
            **({"status": str(self.status)} if self.status else {}),
            "digest": self.digest,
            "length": str(self.length),
            "offset": str(self.offset),
            "filename": self.filename,
        }
        if self.method.query:
            fields["requestBody"] = self.method.query
        if self.method.name:
            fields["method"] = self.method.name
        key = surt_key(f"{self.url}{self.method.addition(self.url)}")
        return f"{key} {surt_timestamp(self.date)} {json.dumps(fields, ensure_ascii=True)}"

    @classmethod
    def parse(cls, line: bytes) -> IndexEntry:
        """Parse a line, ours or another indexer's (missing fields are empty). Raises DamagedArchive."""
        try:
            _, stamp, text = line.decode("utf-8").rstrip().split(" ", 2)
            fields = json.loads(text)
            moment = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
            status = str(fields.get("status", ""))
            return cls(
                url=fields["url"],
                date=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                mime=fields.get("mime", ""),
                status=int(status) if status.isdigit() else 0,
                digest=fields.get("digest", ""),
                length=int(fields.get("length", 0)),
                offset=int(fields["offset"]),
                filename=fields["filename"],
                method=_method(fields),
            )
        except (ValueError, KeyError, AttributeError) as error:
            raise DamagedArchive(f"not a line of a CDXJ index: {line[:80]!r}") from error

    @property
    def moment(self) -> datetime:
        """When it was captured (UTC, to the second)."""
        return datetime.fromisoformat(self.date)

    @property
    def segment(self) -> str:
        """The segment that contains it."""
        return self.filename.rpartition("/")[2].removesuffix(".warc.gz")

    @property
    def is_page(self) -> bool:
        """Whether it is an HTML page that was captured whole: an article, a front page, a section, any other."""
        return self.status == HTTPStatus.OK and plain_mime(self.mime) in _PAGE_TYPES and self.method == GET

    @property
    def is_revisit(self) -> bool:
        """Whether it is a revisit."""
        return self.mime == REVISIT_MIME


def _method(fields: dict[str, Any]) -> RequestMethod:
    name = str(fields.get("method") or "").upper()
    return GET if name in ("", "GET") else RequestMethod(name, str(fields.get("requestBody") or ""))


class IndexBuffer:
    """Lines of a growing index; if there are many, they are kept as sorted runs in an unnamed file."""

    def __init__(self, directory: Path, in_memory: int = 1 << 18) -> None:
        """`directory` is where the file is made; up to `in_memory` bytes do without."""
        self._directory = directory
        self._in_memory = in_memory
        self._lines: list[bytes] = []
        self._size = 0
        self._file: IO[bytes] | None = None
        self._runs: list[tuple[int, int]] = []

    def add(self, entry: IndexEntry) -> None:
        """Add a line. While the disk refuses writes, lines stay in memory."""
        line = f"{entry.line()}\n".encode()
        self._lines.append(line)
        self._size += len(line)
        if self._size >= self._in_memory:
            with suppress(OSError):
                self._move()

    def sorted_lines(self) -> Iterator[bytes]:
        """All lines in index order. Raises OSError."""
        return heapq.merge(*(self._run(start, end) for start, end in self._runs), sorted(self._lines))

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()

    def _move(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._directory, buffering=0)  # noqa: SIM115 - see close
        start = self._runs[-1][1] if self._runs else 0
        written = os.pwrite(self._file.fileno(), sorted_index(self._lines), start)
        if written == self._size:
            self._runs.append((start, start + written))
            self._lines = []
            self._size = 0

    def _run(self, start: int, end: int) -> Iterator[bytes]:
        assert self._file is not None
        rest = b""
        while start < end:
            part = os.pread(self._file.fileno(), min(_RUN_READ, end - start), start)
            start += len(part)
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                yield line + b"\n"


def index_text(entries: Iterable[IndexEntry]) -> bytes:
    """The whole index file."""
    return sorted_index(f"{entry.line()}\n".encode() for entry in entries)


def sorted_index(lines: Iterable[bytes]) -> bytes:
    """The whole index file, from lines in any order, each with a line end."""
    return b"".join(sorted(lines))


def plain_mime(content_type: str) -> str:
    """The media type of a Content-Type value, or ``unk`` as in indexes."""
    mime = content_type.split(";", 1)[0].strip().lower()
    return mime if mime and " " not in mime else "unk"
