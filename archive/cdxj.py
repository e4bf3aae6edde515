"""The index of a segment: CDXJ, one line a capture, as replay tools read it.

A line is ``SURT-KEY TIMESTAMP {json}``; lines are sorted by bytes. ``filename`` is the WARC's key
below the archive's root, offsets and lengths are of gzip members.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from archive.surt import surt_key, surt_timestamp

REVISIT_MIME = "warc/revisit"


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What one line says."""

    url: str
    date: str
    """``WARC-Date``: ISO 8601, UTC."""
    mime: str
    status: int
    digest: str
    length: int
    offset: int
    filename: str

    def line(self) -> str:
        """The line, without its end."""
        fields = {
            "url": self.url,
            "mime": self.mime,
            "status": str(self.status),
            "digest": self.digest,
            "length": str(self.length),
            "offset": str(self.offset),
            "filename": self.filename,
        }
        return f"{surt_key(self.url)} {surt_timestamp(self.date)} {json.dumps(fields, ensure_ascii=True)}"


def index_text(entries: Iterable[IndexEntry]) -> bytes:
    """The whole index file."""
    return sorted_index(f"{entry.line()}\n".encode() for entry in entries)


def sorted_index(lines: Iterable[bytes]) -> bytes:
    """The whole index file, from lines with their ends in any order."""
    return b"".join(sorted(lines))


def plain_mime(content_type: str) -> str:
    """The media type of a Content-Type value, or ``unk`` as indexes write it."""
    mime = content_type.split(";", 1)[0].strip().lower()
    return mime if mime and " " not in mime else "unk"
