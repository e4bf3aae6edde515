"""Decompressing files of captures, however they are compressed, and even if they are damaged.

A file is read in *stretches*: bytes that begin where a record begins. Packed ones are gzip members (RFC 1952) or zstd
frames (RFC 8878, with the dictionary of the WARC-Zstandard specification, section 2, in a skippable frame in front).
Some programs pack a record a member, some pack the whole file into one, some cut it into members at any place: a
member that does not begin with a record continues with the stretch before it.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from isal import isal_zlib
from isal.igzip_lib import IsalError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from archive.errors import DamagedArchive

RECORD_MARK = re.compile(
    rb"WARC/\d{1,3}\.\d{1,3}[ \t]*\r?\n(?=(?i:WARC-|Content-)[A-Za-z-]{1,40}:)"
    rb"|(?<=\n)(?:https?|ftp|dns):[^\s]{1,2000} [0-9A-Fa-f.:]{7,45} \d{14} [^\n]{1,200}? \d{1,18}\r?\n"
)
"""What in the middle of other bytes is taken for the beginning of a WARC or ARC record."""

RECORD_START = re.compile(RECORD_MARK.pattern + rb"|[A-Za-z][A-Za-z0-9+.-]*:[^\n]{1,8192}? \d{8,14} [^\n]* \d+\r?\n")
"""What a WARC record (WARC/1.1, section 4) or an ARC record (URL, address, date, type, length) begins with."""

_BLANK = b"\r\n \t\0"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_DICTIONARY = b"\x5d\x2a\x4d\x18"
_PACKED = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]|\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
_LIKELY_START = re.compile(RECORD_MARK.pattern + rb"|" + _PACKED.pattern)
_GZIP_WINDOW = zlib.MAX_WBITS | 16
_READ = 1 << 18
_AHEAD = 1 << 20
_FIRST_STEP = 1 << 14
_PIECE = 1 << 20
_PROBE = 1 << 14
_IN_MEMORY = 1 << 24
_STEP = 1 << 9
_GZIP_TRAILER = 8
_LARGEST_DICTIONARY = 1 << 26
_FAULTS = (zlib.error, zstd.ZstdError)
# isal's stubs call its exception an instance of one
_ISAL_FAULT: type[Exception] = IsalError  # type: ignore[assignment]


class Damage(StrEnum):
    """What is wrong with packed bytes."""

    NONE = ""
    TORN = "torn"
    """They end early: what came before the end is as it was."""
    ALTERED = "altered"
    """They are not what was packed: what came of them may be something else."""


@dataclass(frozen=True, slots=True)
class Member:
    """A gzip member or zstd frame."""

    start: int
    """Where what is unpacked from it begins in its stretch's text."""
    offset: int
    """Where it begins in the file."""
    end: int
    """The position behind it in the file."""


@dataclass(slots=True)
class Stretch:
    """Plain bytes that begin where a record begins, or should."""

    offset: int
    """Where they, or the packed bytes that they come from, begin in the file."""
    end: int
    """The position behind these in the file."""
    text: IO[bytes]
    start: int
    """Where they begin in `text`."""
    stop: int
    """Where they end in `text`."""
    members: list[Member] = field(default_factory=list)
    """The gzip members or zstd frames that they were in; none: they are not packed."""
    is_gzip: bool = False
    damage: Damage = Damage.NONE
    reason: str = ""
    is_to_its_end: bool = False
    """Of what is damaged: whether all of it could be unpacked, only that its checksum is wrong."""

    def member_at(self, position: int) -> Member | None:
        """The member or frame that a position of the text is from; none when it is not packed."""
        at = bisect_right(self.members, position, key=lambda member: member.start)
        return self.members[at - 1] if at else None


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes of a file in which nothing is packed and no record begins."""

    offset: int
    length: int
    is_padding: bool
    """Whether they are zeros or line ends, as some writers and tapes leave behind the last record."""


class PackedFile:
    """Reads a file's stretches, wherever one begins."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._file = path.open("rb")
        self.size = path.stat().st_size
        self._dictionary: Any = None
        self._ahead, self._ahead_at = b"", 0
        """What was read ahead: members are small, and many things are asked of each."""

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def peek(self, position: int, size: int) -> bytes:
        """Bytes at a position. Raises OSError."""
        start = position - self._ahead_at
        end = self._ahead_at + len(self._ahead)
        if start < 0 or (position + size > end and end < self.size):
            self._file.seek(position)
            self._ahead, self._ahead_at = self._file.read(max(size, _AHEAD)), position
            start = 0
        return self._ahead[start : start + size]

    def is_packed_at(self, position: int) -> bool:
        """Whether a gzip member or zstd frame seems to begin there."""
        return _PACKED.match(self.peek(position, 4)) is not None

    def plain(self, position: int) -> Stretch:
        """The rest of the file, taken as plain bytes."""
        return Stretch(position, self.size, self._file, position, self.size)

    def blank(self, position: int) -> int:
        """How many zeros, blanks and line ends stand at a position."""
        length = 0
        while piece := self.peek(position + length, _READ):
            rest = piece.lstrip(_BLANK)
            length += len(piece) - len(rest)
            if rest:
                break
        return length

    def next_start(self, position: int) -> int:
        """The first position from `position` on at which a record, packed or not, seems to begin; else the size."""
        overlap = 1 << 12
        at = position
        while piece := self.peek(at, _PIECE):
            for match in _LIKELY_START.finditer(piece):
                found = at + match.start()
                is_packed = _PACKED.match(piece, match.start()) is not None
                if found >= position and (not is_packed or self._holds_record(found)):
                    return found
            if len(piece) <= overlap:
                break
            at += len(piece) - overlap
        return self.size

    def packed(self, position: int) -> Iterator[Stretch]:
        """The stretches of the members and frames from a position on, up to where none begins.

        Where one is damaged the iteration ends behind it.
        """
        pending: Stretch | None = None
        while self.is_packed_at(position):
            stretch = self._member(position)
            stretch.members.append(Member(0, position, stretch.end))
            position = stretch.end
            if pending is None:
                pending = stretch
            elif self._goes_on(stretch) and not pending.damage:
                _append(pending, stretch)
            else:
                yield pending
                pending = stretch
            if pending.damage:
                break
        if pending is not None:
            yield pending

    @staticmethod
    def _goes_on(stretch: Stretch) -> bool:
        stretch.text.seek(0)
        return RECORD_START.match(stretch.text.read(_PROBE)) is None

    def _holds_record(self, position: int) -> bool:
        """Whether what is packed at a position begins with a record."""
        packed = self.peek(position, _PROBE)
        if _SKIPPABLE.match(packed):
            return False
        try:
            text = self._unpacker(packed).decompress(packed, 1 << 12)
        except _FAULTS:
            return False
        return RECORD_START.match(text) is not None

    def _unpacker(self, beginning: bytes) -> Any:
        if beginning.startswith(_GZIP):
            return zlib.decompressobj(_GZIP_WINDOW)
        return zstd.ZstdDecompressor(zstd_dict=self._dictionary)

    def _member(self, position: int) -> Stretch:
        """The gzip member or frame at a position, unpacked as far as it can be."""
        beginning = self.peek(position, 8)
        if beginning.startswith(_GZIP) and (whole := self._whole_member(position)) is not None:
            return whole
        text = _spooled()
        stretch = Stretch(position, position, text, 0, 0, is_gzip=beginning.startswith(_GZIP))
        if _SKIPPABLE.match(beginning):
            self._skip(position, beginning, stretch)
            return stretch
        unpacker = self._unpacker(beginning)
        self._file.seek(position)
        try:
            while not unpacker.eof:
                packed = self._file.read(_READ)
                if not packed:
                    self._tear(stretch)
                    break
                stretch.end += len(packed)
                self._unpack(unpacker, packed, text)
        except _FAULTS as error:
            stretch.damage, stretch.reason = Damage.ALTERED, f"it cannot be unpacked: {error}"
            if stretch.is_gzip:
                self._salvage(stretch)
            else:
                stretch.end = self.next_start(position + 1)
        else:
            stretch.end -= len(unpacker.unused_data) if unpacker.eof else 0
        stretch.stop = text.tell()
        return stretch

    def _whole_member(self, position: int) -> Stretch | None:
        """A gzip member with nothing wrong about it and no more text than fits into memory, as almost all are.

        None when it is another one, which has to be looked at closer.
        """
        unpacker = isal_zlib.decompressobj(_GZIP_WINDOW)
        parts: list[bytes] = []
        size, end, step = 0, position, _FIRST_STEP
        try:
            while not unpacker.eof:
                packed = self.peek(end, step)
                parts.append(unpacker.decompress(packed, _PIECE))
                size += len(parts[-1])
                if not packed or unpacker.unconsumed_tail or size > _IN_MEMORY:
                    return None
                end += len(packed)
                step = min(step * 2, _READ)
        except _ISAL_FAULT:
            return None
        end -= len(unpacker.unused_data)
        return Stretch(position, end, io.BytesIO(b"".join(parts)), 0, size, is_gzip=True)

    def _tear(self, stretch: Stretch) -> None:
        """Note that a member does not end before the file does; if another begins in it, it was cut off there."""
        stretch.damage, stretch.reason = Damage.TORN, "it ends before what is packed does"
        found = self.next_start(stretch.offset + 1)
        if found < self.size:
            stretch.damage, stretch.end = Damage.ALTERED, found

    def _salvage(self, stretch: Stretch) -> None:
        """Unpack a damaged gzip member without its checksum, in small steps, and find where the next one begins."""
        stretch.text.seek(0)
        stretch.text.truncate()
        at = stretch.offset + gzip_header_length(self.peek(stretch.offset, _PROBE))
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            while not unpacker.eof and (packed := self.peek(at, _STEP)):
                at += len(packed)
                self._unpack(unpacker, packed, stretch.text)
        except zlib.error:
            at = self.size
        # What seems to be unpacked may reach into the next member, where this one was cut off before it
        found = self.next_start(stretch.offset + 1)
        behind = at - len(unpacker.unused_data) + _GZIP_TRAILER
        stretch.is_to_its_end = unpacker.eof and behind <= found
        stretch.end = behind if stretch.is_to_its_end else found

    @staticmethod
    def _unpack(unpacker: Any, packed: bytes, text: IO[bytes]) -> None:
        """Unpack a piece, not all at once: a few bytes may hold gigabytes."""
        text.write(unpacker.decompress(packed, _PIECE))
        if isinstance(unpacker, zstd.ZstdDecompressor):
            while not unpacker.eof and not unpacker.needs_input:
                text.write(unpacker.decompress(b"", _PIECE))
        else:
            while not unpacker.eof and unpacker.unconsumed_tail:
                text.write(unpacker.decompress(unpacker.unconsumed_tail, _PIECE))

    def _skip(self, position: int, beginning: bytes, stretch: Stretch) -> None:
        length = int.from_bytes(beginning[4:8], "little")
        stretch.end = min(self.size, position + 8 + length)
        if stretch.end - position - 8 < length:
            stretch.damage, stretch.reason = Damage.TORN, "it ends within a skippable frame"
        elif beginning.startswith(_DICTIONARY):
            self._dictionary = _dictionary(self.peek(position + 8, min(length, _LARGEST_DICTIONARY)))


def _dictionary(data: bytes) -> Any:
    """The dictionary of a ``.warc.zst``, itself packed or not (WARC-Zstandard, section 2). Raises DamagedArchive."""
    try:
        if data.startswith(_ZSTD):
            data = zstd.ZstdDecompressor().decompress(data, _LARGEST_DICTIONARY)
        return zstd.ZstdDict(data)
    except (zstd.ZstdError, ValueError) as error:
        raise DamagedArchive(f"its zstd dictionary cannot be read: {error}") from error


def gzip_header_length(member: bytes) -> int:
    """Bytes of a gzip member before what is deflated (RFC 1952, section 2.3)."""
    flags, at = member[3] if len(member) > 3 else 0, 10
    if flags & 4:
        at += 2 + int.from_bytes(member[at : at + 2], "little")
    for flag in (8, 16):
        if flags & flag:
            at = member.find(b"\0", at) + 1 or len(member)
    return at + 2 if flags & 2 else at


def _spooled(beginning: bytes = b"") -> IO[bytes]:
    """A place for text that is in memory only as long as there is not much of it; it goes with its stretch."""
    text: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
    text.write(beginning)
    return text


def _append(stretch: Stretch, more: Stretch) -> None:
    if isinstance(stretch.text, io.BytesIO):
        stretch.text = _spooled(stretch.text.getvalue())
    more.text.seek(0)
    stretch.text.seek(stretch.stop)
    while piece := more.text.read(_PIECE):
        stretch.text.write(piece)
    stretch.members.append(Member(stretch.stop, more.offset, more.end))
    stretch.stop += more.stop
    stretch.end, stretch.damage, stretch.reason = more.end, more.damage, more.reason
    stretch.is_to_its_end = more.is_to_its_end
