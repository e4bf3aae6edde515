"""The records of any program's WARC or ARC file, even a damaged one: every good record, and for everything else
where it is and why it is not good.

Rules:

- A record is good when its head can be read and its block is whole. From packed bytes that were altered, only a
  record whose own block digest proves it is good.
- Behind what is not good the search continues at the next place that looks like the beginning of a record.
- A head may end its lines with a bare line feed, fold them, lack its record id (WARC/1.1, section 5.2, wants one)
  or have a version that readers do not know: `FoundRecord.head` then is the same head written as WARC/1.1, section
  4, has it. A block is never touched.
- An ARC record (versions 1 and 2; Internet Archive, 1996) becomes a WARC record: what begins with ``HTTP/`` a
  response, the file's own description a metadata record, anything else a resource.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from archive.captures import WarcRecord, record_uuid
from archive.members import DigestCheck, canonical_name, check_digest, parse_warc_date
from archive.unpacking import RECORD_MARK, Damage, Gap, PackedFile, Stretch

CAPTURE_KINDS = frozenset({"response", "revisit", "resource", "conversion"})
"""Kinds of records that say what an address gave (WARC/1.1, section 6)."""

_KINDS_WITH_ADDRESS = CAPTURE_KINDS | {"request"}
_READABLE_VERSIONS = frozenset({"WARC/1.1", "WARC/1.0", "WARC/0.18", "WARC/0.17"})
_HEAD_LIMIT = 1 << 18
_FIRST_LINE = re.compile(rb"WARC/\d{1,3}\.\d{1,3}[ \t]*\r?\n")
_HEAD_END = re.compile(rb"\n\r?\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t]*\r?", re.DOTALL)
_SOUND_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n]*\r")
_ARC_LINE = re.compile(
    rb"(?P<url>[A-Za-z][A-Za-z0-9+.-]*:[^\n]*?) (?P<ip>[0-9A-Fa-f.:]+|-) (?P<date>\d{8,14}) (?P<type>[^\n]*?) "
    rb"(?P<length>\d+)[ \t]*\r?\n"
)
_ARC_2 = re.compile(rb"(?P<type>[^\n]*) (?P<status>\d{3}|-|0) \S+ \S+ \d+ \S+")
"""What stands between date and length in ARC 2: type, status, checksum, location, offset, file name."""
_BLANK = b"\r\n \t\0"
_PIECE = 1 << 20
_OVERLAP = 1 << 12
_AFTER = 1 << 10
_MOST_DIGITS = 18
_END = b"\r\n\r\n"
_ARC_IDS = UUID("5b6c8f2e-6d0e-5b41-9a53-3f5f3ad4c1e6")


@dataclass(frozen=True, slots=True)
class Refused:
    """Bytes of a file that are no good record."""

    offset: int
    """Where they, or the member or frame they are packed in, begin in the file."""
    reason: str
    within: int = 0
    """Where they begin in what is unpacked from there."""
    part: str = ""
    """The WARC file in a WACZ."""

    @property
    def line(self) -> str:
        """What there is to say, in one line."""
        within = f" (byte {self.within} of what is unpacked)" if self.within else ""
        return f"{f'{self.part}: ' if self.part else ''}at {self.offset}{within}: {self.reason}"


@dataclass(slots=True)
class FoundRecord:
    """A good record. It can be read as long as the next one was not asked for."""

    kind: str
    target: str
    date: datetime
    headers: dict[str, str]
    """WARC header fields; if one is repeated, the first."""
    head: bytes
    """The head as it is to be kept, its empty line included."""
    offset: int
    """Where it, or the member or frame it is packed in, begins in the file."""
    length: int
    """Bytes of it, or of these, in the file."""
    within: int
    """Where it begins in what is unpacked from there."""
    is_alone: bool
    """Whether it is a gzip member of its own, written as any reader expects it."""
    is_plain: bool
    """Whether it stands in the file not packed, written as any reader expects it."""
    mended: str
    """What of its head had to be rewritten; empty when it is kept byte for byte."""
    text: IO[bytes]
    start: int
    """Where its block begins in `text`."""
    size: int
    """Bytes of the block."""

    @property
    def digest_check(self) -> DigestCheck:
        """What holding its block against its own digest tells; goes through the block each time."""
        claimed = self.headers.get("WARC-Block-Digest", "")
        return check_digest(claimed, self.block_parts()) if claimed else DigestCheck.UNKNOWN

    @property
    def warning(self) -> str:
        """What is wrong with it although it is good; goes through the block each time."""
        is_wrong = self.digest_check is DigestCheck.WRONG
        return f"{_about(self)}: its block is not what its digest says" if is_wrong else ""

    def block_parts(self, most: int | None = None) -> Iterator[bytes]:
        """The block, piece by piece; with `most` only its beginning. May be gone through again."""
        at, left = self.start, self.size if most is None else min(most, self.size)
        while left:
            self.text.seek(at)
            piece = self.text.read(min(_PIECE, left))
            if not piece:
                return
            at += len(piece)
            left -= len(piece)
            yield piece

    def block(self, most: int | None = None) -> bytes:
        """The block, or its beginning, in one piece."""
        return b"".join(self.block_parts(most))

    def record(self, most: int) -> WarcRecord:
        """The record with at most so many bytes of its block."""
        block = self.block(most)
        return WarcRecord(
            kind=self.kind,
            record_id=record_uuid(self.headers.get("WARC-Record-ID", "")),
            target=self.target,
            date=self.date,
            headers=self.headers,
            block=block,
            offset=self.offset,
            length=self.length,
            left=self.size - len(block),
        )


Found = FoundRecord | Refused | Gap


def scan(path: Path) -> Iterator[Found]:
    """All that is in a file, in its order. Raises DamagedArchive when a zstd dictionary can't be read, or
    OSError.
    """
    file = PackedFile(path)
    try:
        position = 0
        while position < file.size:
            if blank := file.blank(position):
                if position + blank == file.size and file.peek(position, 1) == b"\0":
                    yield Gap(position, blank, is_padding=True)
                position += blank
            elif file.is_packed_at(position):
                for stretch in file.packed(position):
                    position = max(stretch.end, position + 1)
                    yield from _Scan(stretch, path.name).run()
            else:
                plain = _Scan(file.plain(position), path.name, stops_at=file)
                yield from plain.run()
                position = max(plain.position, position + 1)
    finally:
        file.close()


@dataclass(frozen=True, slots=True)
class _Head:
    """A record's head, read."""

    fields: list[tuple[str, str]]
    length: int
    """Bytes of it in the file."""
    raw: bytes
    mended: str


class _BadHead(ValueError):
    """What stands where a head should be can't be read as one."""


class _Scan:
    """Goes over one stretch."""

    def __init__(self, stretch: Stretch, name: str, stops_at: PackedFile | None = None) -> None:
        """`stops_at` is the file when the stretch is its plain rest: it ends where packed bytes begin."""
        self.position = stretch.start
        self._stretch = stretch
        self._name = name
        self._stops_at = stops_at
        self._records = 0
        self._is_told = False

    def run(self) -> Iterator[Found]:
        """What is in the stretch."""
        stretch = self._stretch
        while True:
            self._pass_blanks()
            if self.position >= stretch.stop:
                break
            if self._stops_at is not None and self._stops_at.is_packed_at(self.position):
                return
            found = self._one()
            yield found
            if isinstance(found, FoundRecord):
                self._records += 1
            else:
                self.position = self._next_mark(self.position + 1)
        if stretch.damage and not self._is_told and not (stretch.is_to_its_end and self._records):
            damaged = stretch.members[-1] if stretch.members else stretch
            yield Refused(damaged.offset, stretch.reason)

    def _one(self) -> Found:
        at = self.position
        try:
            record = self._record(at)
        except (_BadHead, ValueError, OverflowError) as error:
            self._is_told = True
            return self._refused(at, str(error))
        if record.start + record.size > self._stretch.stop:
            self._is_told = True
            there = self._stretch.stop - record.start
            why = f"; {self._stretch.reason}" if self._stretch.reason else ""
            return self._refused(at, f"cut short: {there} of {record.size} bytes of {_about(record)} are there{why}")
        # The digest is asked last, since it takes longest and almost never decides anything
        if self._stretch.damage is Damage.ALTERED and record.digest_check is not DigestCheck.RIGHT:
            self._is_told = True
            self.position = record.start + record.size
            return self._refused(at, f"{_about(record)}: {self._stretch.reason}")
        if self._holds_another(record) and record.digest_check is not DigestCheck.RIGHT:
            self._is_told = True
            return self._refused(at, f"cut short: another record begins in {_about(record)}")
        if record.kind in _KINDS_WITH_ADDRESS and (why := _unreadable(record.target)):
            self.position = record.start + record.size
            return self._refused(at, f"its address cannot be read: {record.target[:200]!r}{why}")
        self._settle(record)
        return record

    def _refused(self, at: int, reason: str) -> Refused:
        member = self._stretch.member_at(at)
        return Refused(member.offset, reason, at - member.start) if member else Refused(at, reason)

    def _read(self, at: int, size: int) -> bytes:
        self._stretch.text.seek(at)
        return self._stretch.text.read(max(0, min(size, self._stretch.stop - at)))

    def _holds_another(self, record: FoundRecord) -> bool:
        """Whether a record's length leads past the beginning of another one, and to no record's beginning."""
        end = record.start + record.size
        behind = self._read(end, _AFTER).lstrip(_BLANK)
        if (
            not behind
            or _FIRST_LINE.match(behind)
            or _ARC_LINE.match(behind)
            or behind.startswith((b"\x1f\x8b", b"\x28\xb5"))
        ):
            return False
        return self._mark_in(record.start, end) is not None

    def _mark_in(self, at: int, end: int) -> int | None:
        """Where between two positions a record seems to begin."""
        while at < end and (piece := self._read(at, min(_PIECE, end - at))):
            match = RECORD_MARK.search(piece)
            if match:
                return at + match.start()
            at += max(1, len(piece) - _OVERLAP)
            if len(piece) <= _OVERLAP:
                break
        return None

    def _pass_blanks(self) -> None:
        while piece := self._read(self.position, 64):
            rest = piece.lstrip(_BLANK)
            self.position += len(piece) - len(rest)
            if rest:
                return

    def _next_mark(self, position: int) -> int:
        """Where the next record seems to begin: packed bytes too, where the stretch is a file's plain rest."""
        if self._stops_at is not None:
            return min(self._stops_at.next_start(position), self._stretch.stop)
        found = self._mark_in(position, self._stretch.stop)
        return self._stretch.stop if found is None else found

    def _record(self, at: int) -> FoundRecord:
        beginning = self._read(at, 1 << 12)
        if _FIRST_LINE.match(beginning):
            return self._warc(at)
        if (match := _ARC_LINE.match(beginning)) is not None:
            return self._arc(at, match)
        raise _BadHead(f"no record begins here: {beginning[:40]!r}")

    def _settle(self, record: FoundRecord) -> None:
        """Find out how the record ends, and go there."""
        stretch = self._stretch
        end = record.start + record.size
        begins = self.position
        ends_well = self._read(end, 4) == _END
        self.position = end
        as_written = ends_well and not record.mended
        member = stretch.member_at(begins)
        if member is None:
            record.is_plain = as_written
            record.length = end - begins + len(_END) * ends_well
            return
        behind = stretch.member_at(end + len(_END))
        is_whole = begins == member.start and end + len(_END) == (
            behind.start if behind is not member and behind else stretch.stop
        )
        record.is_alone = as_written and is_whole and stretch.is_gzip and not stretch.damage
        record.length = member.end - member.offset

    def _found(self, at: int, fields: list[tuple[str, str]], head: bytes, mended: str) -> FoundRecord:
        headers = dict(reversed(fields))
        member = self._stretch.member_at(at)
        return FoundRecord(
            kind=headers["WARC-Type"].lower(),
            target=headers.get("WARC-Target-URI", "").strip("<> "),
            date=_date(headers.get("WARC-Date", "")),
            headers=headers,
            head=head,
            offset=member.offset if member else at,
            length=0,
            within=at - member.start if member else 0,
            is_alone=False,
            is_plain=False,
            mended=mended,
            text=self._stretch.text,
            start=0,
            size=0,
        )

    def _warc(self, at: int) -> FoundRecord:
        head = self._head(at)
        names = {name for name, _ in head.fields}
        length = dict(reversed(head.fields)).get("Content-Length", "")
        if "WARC-Type" not in names:
            raise _BadHead("its head has no WARC-Type")
        if not (length.isascii() and length.isdigit()) or len(length) > _MOST_DIGITS:
            raise _BadHead(f"its head has no readable Content-Length: {length[:40]!r}")
        raw, mended = head.raw, head.mended
        if "WARC-Record-ID" not in names:
            head.fields.append(("WARC-Record-ID", f"<urn:uuid:{self._made_id(at)}>"))
            mended = mended or "it has no id"
        if mended:
            raw = _written(raw, head.fields)
        record = self._found(at, head.fields, raw, mended)
        record.start, record.size = at + head.length, int(length)
        return record

    def _made_id(self, at: int) -> UUID:
        """An id made of the bytes, so that it is the same every time."""
        digest = hashlib.sha256(self._read(at, _PIECE)).hexdigest()
        return uuid5(_ARC_IDS, f"{self._name} {self._stretch.offset} {at - self._stretch.start} {digest}")

    def _head(self, at: int) -> _Head:
        text = self._read(at, 1 << 12)
        match = _HEAD_END.search(text)
        if match is None:
            text = self._read(at, _HEAD_LIMIT)
            match = _HEAD_END.search(text)
        if match is None:
            raise _BadHead("its head does not end")
        raw = text[: match.end()]
        if RECORD_MARK.search(raw, 1):
            raise _BadHead("cut short: another record begins in its head")
        version, *lines = raw[: match.start()].split(b"\n")
        fields: list[tuple[str, str]] = []
        mended = (
            "" if version.rstrip(b"\r").decode("ascii") in _READABLE_VERSIONS else "readers do not know its version"
        )
        if not (version.endswith(b"\r") and raw.endswith(b"\r\n\r\n")):
            mended = mended or "lines of its head end without a carriage return"
        for line in lines:
            mended = mended or (
                "" if _SOUND_LINE.fullmatch(line) else "a line of its head is not written as it should be"
            )
            if line[:1] in (b" ", b"\t") and fields:
                fields[-1] = (fields[-1][0], f"{fields[-1][1]} {_decoded(line.strip())}".strip())
            elif field := _FIELD.fullmatch(line):
                fields.append((canonical_name(_decoded(field[1])), _decoded(field[2])))
        return _Head(fields, match.end(), raw, mended)

    def _arc(self, at: int, match: re.Match[bytes]) -> FoundRecord:
        length = match["length"]
        if len(length) > _MOST_DIGITS:
            raise _BadHead(f"not a length: {length[:40]!r}")
        second = _ARC_2.fullmatch(match["type"])
        mime = _decoded((second or match)["type"]).strip()
        start, size = at + match.end(), int(length)
        target = "%20".join(_decoded(match["url"]).split())
        is_http = self._read(start, 5) == b"HTTP/"
        kind = "metadata" if target.startswith("filedesc:") else "response" if is_http else "resource"
        type_of_block = (
            "application/http; msgtype=response" if kind == "response" else mime or "application/octet-stream"
        )
        digits = match["date"].decode("ascii")
        date = parse_warc_date(digits.ljust(14, "0") if len(digits) % 2 == 0 else digits)
        fields = [
            ("WARC-Type", kind),
            ("WARC-Record-ID", f"<urn:uuid:{self._made_id(at)}>"),
            ("WARC-Date", f"{date:%Y-%m-%dT%H:%M:%SZ}"),
            ("WARC-Target-URI", target),
            *([("WARC-IP-Address", address)] if (address := _address(_decoded(match["ip"]))) else []),
            ("Content-Type", type_of_block),
            ("Content-Length", str(size)),
        ]
        record = self._found(at, fields, _written(b"WARC/1.1", fields), "it is an ARC record")
        record.start, record.size = start, size
        return record


def gzip_parts(record: FoundRecord, level: int) -> Iterator[bytes]:
    """A record as one gzip member, piece by piece, the same every time."""
    deflater = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    yield deflater.compress(record.head)
    for part in record.block_parts():
        yield deflater.compress(part)
    yield deflater.compress(_END) + deflater.flush()


def _about(record: FoundRecord) -> str:
    return f"{record.kind} of {record.target[:200]}" if record.target else record.kind


def _date(text: str) -> datetime:
    try:
        return parse_warc_date(text)
    except (ValueError, OverflowError) as error:
        raise _BadHead(f"its date cannot be read: {text[:60]!r}") from error


def _decoded(data: bytes) -> str:
    """Header text: UTF-8 (WARC/1.1, section 4), or else Latin-1, as older programs wrote it."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _written(raw: bytes, fields: list[tuple[str, str]]) -> bytes:
    version = raw.split(b"\n", 1)[0].strip().decode("ascii", "replace")
    lines = [version if version in _READABLE_VERSIONS else "WARC/1.1"]
    lines += [f"{name}: {' '.join(value.split())}" for name, value in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    return "" if address.is_unspecified else str(address)


def _unreadable(url: str) -> str:
    """Why an address can't be read, behind a colon; empty when it can."""
    if not url:
        return ": it is empty"
    try:
        parts = urlsplit(url)
        is_web = parts.scheme.lower() in ("http", "https")
        _ = parts.port if is_web else None
        return ": it names no host" if is_web and not parts.hostname else ""
    except ValueError as error:
        return f": {error}"
