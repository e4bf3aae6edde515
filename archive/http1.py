"""HTTP/1.x messages as bytes (RFC 9112): heads and chunking.

Reading is as lenient as browsers are: bare LF ends a line, a header line without a colon is
skipped, a folded line belongs to the one before, the reason phrase may be missing.
Nothing here changes the bytes it reads.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from archive.errors import ArchiveError


class BadMessage(ArchiveError):
    """The bytes are not an HTTP/1.x response."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """The status line and header section of a response, read."""

    version: str
    status: int
    reason: str
    headers: tuple[tuple[bytes, bytes], ...]
    """Names and values in the order received, case kept, white space around values dropped."""
    length: int
    """Bytes of the head, the empty line included."""

    def values(self, name: str) -> list[str]:
        """All values of a header, in order; the name's case does not count."""
        wanted = name.lower().encode("ascii")
        return [value.decode("latin-1") for key, value in self.headers if key.lower() == wanted]

    def first(self, name: str, default: str = "") -> str:
        """The first value of a header."""
        return next(iter(self.values(name)), default)

    @property
    def content_codings(self) -> list[str]:
        """The content codings applied to the body, in order (RFC 9110, section 8.4)."""
        return [part.strip() for value in self.values("content-encoding") for part in value.split(",")]

    @property
    def chunked(self) -> bool:
        """Whether the body is chunked (RFC 9112, section 6.1: the last coding counts)."""
        codings = [part.strip().lower() for value in self.values("transfer-encoding") for part in value.split(",")]
        return bool(codings) and codings[-1] == "chunked"

    @property
    def content_length(self) -> int | None:
        """The declared length of the body, when it is given once and readable (section 6.3)."""
        if self.values("transfer-encoding"):
            return None
        lengths = {part.strip() for value in self.values("content-length") for part in value.split(",")}
        if len(lengths) != 1:
            return None
        (only,) = lengths
        if not only.isascii() or not only.isdigit():
            return None
        figures = only.lstrip("0")
        return int(figures or "0") if len(figures) <= _MOST_FIGURES else sys.maxsize


_HEAD_ENDS = (b"\r\n\r\n", b"\n\n", b"\n\r\n")
_MOST_FIGURES = 18
"""Figures of a length that can be; Python refuses to read thousands of them, and so many bytes never come."""
_MOST_OF_STATUS = 5
"""The same for a status, which has three (RFC 9112, section 4)."""


_MOST_BEFORE = 64
"""Bytes of empty lines that may stand before a head, as some servers leave them behind the response before."""


def _first_line(data: bytes | bytearray) -> int:
    """Where the first line begins that is not empty."""
    start = bytes(data[:_MOST_BEFORE])
    return len(start) - len(start.lstrip(b"\r\n"))


def find_head_end(data: bytes | bytearray, start: int = 0) -> int:
    """The offset just behind the first empty line at or after `start`, or -1.

    Empty lines before the head don't count.
    """
    start = max(start, _first_line(data))
    end = -1
    for mark in _HEAD_ENDS:
        # The most common mark first: behind it, which is most often all of a body, no other one is looked for
        at = data.find(mark, start, *((end,) if end >= 0 else ()))
        if at >= 0:
            end = at + len(mark)
    return end


def parse_head(data: bytes) -> ResponseHead:
    """Read a response's head; `data` may continue with the body.

    Raises BadMessage when there is no complete head or its first line is not a status line.
    """
    end = find_head_end(data)
    if end < 0:
        raise BadMessage("the header section does not end")
    lines = data[_first_line(data) : end].split(b"\n")
    version, status, reason = _status_line(lines[0].rstrip(b"\r"))
    return ResponseHead(version, status, reason, tuple(_header_lines(lines[1:])), end)


def _status_line(line: bytes) -> tuple[str, int, str]:
    parts = line.split(None, 2)
    is_status = len(parts) > 1 and parts[1].isdigit() and len(parts[1]) <= _MOST_OF_STATUS
    if not is_status or not parts[0].upper().startswith(b"HTTP/"):
        raise BadMessage(f"not a status line: {line[:60]!r}")
    reason = parts[2].decode("latin-1") if len(parts) > 2 else ""
    return parts[0].decode("latin-1").upper(), int(parts[1]), reason


def _header_lines(lines: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    pending: tuple[bytes, bytes] | None = None
    for raw in lines:
        line = raw.rstrip(b"\r")
        if line[:1] in (b" ", b"\t") and pending is not None:
            pending = (pending[0], pending[1] + b" " + line.strip())
            continue
        name, colon, value = line.partition(b":")
        if pending is not None:
            yield pending
        pending = (name.strip(), value.strip()) if colon else None
    if pending is not None:
        yield pending


def entity_body(response: bytes) -> bytes:
    """The entity body of a stored response: transfer coding removed, content coding kept.

    Of a response cut short or broken it gives what is there. This is the payload of WARC/1.1, section 5.9.
    Raises BadMessage when there is no head.
    """
    head = parse_head(response)
    return b"".join(entity_parts(head, (response[head.length :],)))


def entity_parts(head: ResponseHead, body: Iterable[bytes]) -> Iterator[bytes]:
    """The same piece by piece, from the pieces of the body behind a response's head."""
    return _dechunked(body) if head.chunked else iter(body)


def _dechunked(body: Iterable[bytes]) -> Iterator[bytes]:
    for part, is_payload in chunked_parts(body):
        if is_payload:
            yield part


def chunked_parts(body: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """A chunked body piece by piece, each with whether it is of the payload; all pieces together are the body.

    Behind the last chunk, or one whose size can't be read, nothing is of the payload.
    """
    parts = iter(body)
    rest = b""
    due = 0
    between = False
    for part in parts:
        rest += part
        position = 0
        while position < len(rest):
            if due:
                data = rest[position : position + due]
                yield data, True
                due -= len(data)
                position += len(data)
                between = due == 0
            elif between:
                skipped = _line_end_length(rest, position)
                if not skipped:
                    break
                yield rest[position : position + skipped], False
                position += skipped
                between = False
            else:
                line_end = rest.find(b"\n", position)
                if line_end < 0:
                    break
                due = _announced(rest[position:line_end])
                if not due:
                    yield rest[position:], False
                    yield from ((more, False) for more in parts)
                    return
                yield rest[position : line_end + 1], False
                position = line_end + 1
        rest = rest[position:]
    if rest:
        yield rest, False


def _line_end_length(data: bytes, position: int) -> int:
    """Bytes of the line end behind a chunk: two, one, or 0 when more must come to tell."""
    if data[position : position + 1] != b"\r":
        return 1
    following = data[position + 1 : position + 2]
    return 0 if not following else 2 if following == b"\n" else 1


def _announced(line: bytes) -> int:
    """The size that a chunk's first line announces; 0 for one that can't be read."""
    try:
        return chunk_size(line)
    except BadMessage:
        return 0


def chunk_size(line: bytes) -> int:
    """The size that a chunk's first line announces (RFC 9112, section 7.1).

    Raises BadMessage when it is no hexadecimal number.
    """
    digits = line.split(b";", 1)[0].strip()
    if not digits or not all(byte in b"0123456789abcdefABCDEF" for byte in digits):
        raise BadMessage(f"not a chunk size: {line[:40]!r}")
    return int(digits, 16)
