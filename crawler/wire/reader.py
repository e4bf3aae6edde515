"""An incremental reader of one HTTP/1.x response. No input or output; its buffer is the capture.

Rules (RFC 9112, section 6.3), in this order:

1. A response to HEAD, and any 204 or 304, has no body.
2. With ``Transfer-Encoding`` ending in chunked, the body ends with the chunk of size zero and its trailers.
3. With one readable ``Content-Length`` it has that many bytes.
4. Else it ends when the connection does.

Interim responses (1xx but 101) are set aside. Bytes behind the end are not part of the response.
Leniency is that of `archive.http1`.

Nothing that a server sends can grow without bound: the head, the trailers and the interim responses have limits of
their own, the body has the caller's, and what chunking adds may not exceed the body by more than a head. However the
bytes are cut into pieces, each is looked at a bounded number of times. A large body does not stay in memory: what was
read of it goes to the caller's `Overflow`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Protocol

from archive.errors import ArchiveError
from archive.exchange import SpooledBytes
from archive.http1 import BadMessage, ResponseHead, chunk_size, find_head_end, parse_head

MAX_HEAD = 256 * 1024
"""Bytes of a header section, or of trailers, past which a response is malformed."""

MAX_INTERIM = 16
"""Interim responses past which a response is malformed."""

IN_MEMORY = 1 << 20
"""Bytes of a response past which what was read goes to the overflow."""

_MAX_CHUNK_LINE = 4096
_BODILESS = frozenset({204, 304})


class LengthLimit(ArchiveError):
    """The body passes the limit. What was received stands in the buffer: keep it as truncated."""


class Overflow(Protocol):
    """Receives what does not fit into memory."""

    def write(self, data: bytes) -> None:
        """Take bytes, behind those taken before."""
        ...

    def file(self) -> IO[bytes]:
        """All that was taken."""
        ...


class ResponseReader:
    """Takes bytes as they arrive and knows when the response is whole."""

    def __init__(self, method: str, limit: int, overflow: Overflow | None = None, in_memory: int = IN_MEMORY) -> None:
        """`limit` is the greatest length of the entity body in bytes; 0 means none. Past `in_memory` bytes what was
        read goes to the overflow.
        """
        self.buffer = bytearray()
        """The response as received, but for what the overflow has taken."""
        self.interim: list[bytes] = []
        self.head: ResponseHead | None = None
        self.complete = False
        self.excess = False
        """Whether more bytes came than belong to the response."""
        self.closes = False
        """Whether the body ends with the connection."""
        self._method = method
        self._limit = limit
        self._overflow = overflow
        self._in_memory = in_memory
        self._start = b""
        self._taken = 0
        self._position = 0
        self._needed = 0
        self._received = 0
        self._scanned = 0
        self._trailers = 0
        self._step: Callable[[], bool] = self._read_head

    def feed(self, data: bytes) -> bool:
        """Take bytes; True when the response is complete.

        Raises BadMessage for what is no response, LengthLimit past the limit, and what the overflow raises.
        """
        if len(self.buffer) > self._in_memory and self.head is not None:
            self._move()
        self.buffer += data
        while not self.complete and self._step():
            pass
        return self.complete

    def end(self) -> bool:
        """The connection has ended; True when that completes the response."""
        if self.closes and not self.complete:
            self._finish()
        return self.complete

    @property
    def received(self) -> int:
        """Bytes of the response so far."""
        return self._taken + len(self.buffer)

    def response(self) -> bytes | SpooledBytes:
        """What was received of the response, byte for byte. Raises what the overflow raises."""
        if not self._taken or self._overflow is None:
            return bytes(self.buffer)
        self._position = len(self.buffer)
        self._move()
        return SpooledBytes(self._start, self._overflow.file(), self._taken)

    def _move(self) -> None:
        """Move what was read to the overflow."""
        if self._overflow is None or not self._position:
            return
        part = bytes(self.buffer[: self._position])
        self._overflow.write(part)
        del self.buffer[: self._position]
        self._taken += len(part)
        self._scanned = max(0, self._scanned - len(part))
        self._position = 0

    def _read_head(self) -> bool:
        end = find_head_end(self.buffer, max(0, self._position - 3))
        if end < 0:
            self._position = len(self.buffer)
            if self._position > MAX_HEAD:
                raise BadMessage(f"the header section has more than {MAX_HEAD} bytes")
            return False
        start = bytes(self.buffer[:end])
        head = parse_head(start)
        if 100 <= head.status < 200 and head.status != 101:
            self.interim.append(start)
            if len(self.interim) > MAX_INTERIM:
                raise BadMessage(f"more than {MAX_INTERIM} interim responses")
            del self.buffer[:end]
            self._position = 0
            return bool(self.buffer)
        self.head = head
        self._start = start
        self._position = end
        self._begin_body(head)
        return True

    def _begin_body(self, head: ResponseHead) -> None:
        length = head.content_length
        if self._method == "HEAD" or head.status in _BODILESS:
            self._finish()
        elif head.chunked:
            self._step = self._read_chunk_line
        elif length is not None:
            self._check_limit(length)
            self._needed = length
            self._step = self._read_counted
        else:
            self.closes = True
            self._step = self._read_to_close

    def _advance(self) -> bool:
        """Go over bytes that are needed; True when all of them are there."""
        step = min(self._needed, len(self.buffer) - self._position)
        self._position += step
        self._needed -= step
        return self._needed == 0

    def _read_counted(self) -> bool:
        if self._advance():
            self._finish()
        return False

    def _read_to_close(self) -> bool:
        self._received += len(self.buffer) - self._position
        self._position = len(self.buffer)
        self._check_limit(self._received)
        return False

    def _line_end(self, limit: int, what: str) -> int:
        """Offset of the line end at or after the position, or -1; no byte is searched twice."""
        start = max(self._position, self._scanned)
        end = self.buffer.find(b"\n", start)
        self._scanned = len(self.buffer) if end < 0 else end
        if end < 0 and len(self.buffer) - self._position > limit:
            raise BadMessage(f"{what} does not end")
        return end

    def _read_chunk_line(self) -> bool:
        end = self._line_end(_MAX_CHUNK_LINE, "a chunk's first line")
        if end < 0:
            return False
        size = chunk_size(bytes(self.buffer[self._position : end]))
        self._position = end + 1
        if size == 0:
            self._step = self._read_trailers
            return True
        self._received += size
        self._check_limit(self._received)
        self._check_overhead()
        self._needed = size
        self._step = self._read_chunk
        return True

    def _read_chunk(self) -> bool:
        if not self._advance():
            return False
        self._step = self._read_chunk_end
        return True

    def _read_chunk_end(self) -> bool:
        line_end = bytes(self.buffer[self._position : self._position + 2])
        if line_end[:1] == b"\n" or line_end == b"\r\n":
            self._position += 2 if line_end[:1] == b"\r" else 1
            self._step = self._read_chunk_line
            return True
        if line_end not in (b"", b"\r"):
            raise BadMessage("a chunk does not end with a line end")
        return False

    def _read_trailers(self) -> bool:
        end = self._line_end(MAX_HEAD, "a trailer")
        if end < 0:
            return False
        line = bytes(self.buffer[self._position : end])
        self._trailers += len(line) + 1
        if self._trailers > MAX_HEAD + 1:
            raise BadMessage(f"the trailers have more than {MAX_HEAD} bytes")
        self._position = end + 1
        blank = not line.strip(b"\r")
        if blank:
            self._finish()
        return not blank

    def _check_overhead(self) -> None:
        if self._limit and self._taken + self._position - self._received > self._received + MAX_HEAD:
            raise LengthLimit("chunking adds more bytes than the body has")

    def _check_limit(self, length: int) -> None:
        if self._limit and length > self._limit:
            raise LengthLimit(f"the body has at least {length} bytes; the limit is {self._limit}")

    def _finish(self) -> None:
        self.excess = len(self.buffer) > self._position
        del self.buffer[self._position :]
        self.complete = True
