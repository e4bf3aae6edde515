"""Reading what a browser asks its proxy for (RFC 9112, section 3.2.2; for tunnels RFC 9110, section 9.3.6).

The browser may have been taken over by a page, so everything is bounded and nothing is mended: what is not well
formed ends the connection.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from archive.errors import ArchiveError

MOST_HEAD = 256 << 10
"""Bytes of a request line and its header section."""
MOST_BODY = 32 << 20
"""Bytes of a request's body."""

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_TARGET = re.compile(rb"[\x21-\x7e]+")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[^\r\n]*)?\r\n")
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_MAX_PORT = 65535

# Between the browser and the proxy alone (RFC 9110, section 7.6.1); the body goes on with a length of its own
_NOT_PASSED_ON = frozenset({b"proxy-connection", b"proxy-authorization", b"transfer-encoding"})


class BadRequest(ArchiveError):
    """The browser sent what is no request that a proxy takes."""


@dataclass(frozen=True, slots=True)
class AskedFor:
    """One request of a browser."""

    method: str
    url: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """As the browser wrote them, in its order, without those that are meant for the proxy."""
    body: bytes = b""

    def header(self, name: str) -> str:
        """The value of a header; empty if it is not there."""
        wanted = name.lower().encode("ascii")
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == wanted), "")

    @property
    def upgrade(self) -> str:
        """The protocol that the connection is to change to, such as ``websocket``; empty if it stays HTTP."""
        return self.header("upgrade").lower()


@dataclass(frozen=True, slots=True)
class Tunnel:
    """Where a CONNECT request leads to."""

    host: str
    port: int

    def base(self, scheme: str) -> str:
        """The beginning of the addresses of what is asked for within it."""
        usual = {"http": 80, "https": 443}[scheme]
        return f"{scheme}://{self.host}" + (f":{self.port}" if self.port != usual else "")

    @property
    def name(self) -> str:
        """The host without the brackets of an IPv6 address."""
        return self.host.strip("[]")


def parse_tunnel(head: bytes) -> Tunnel | None:
    """The tunnel that a head asks for; None when it is another request. Raises BadRequest."""
    method, _, rest = head.partition(b" ")
    if method != b"CONNECT":
        return None
    host, _, port = rest.partition(b" ")[0].decode("latin-1").rpartition(":")
    if not _HOST.fullmatch(host) or not port.isascii() or not port.isdigit() or not 0 < int(port) <= _MAX_PORT:
        raise BadRequest("CONNECT to no host and port")
    return Tunnel(host.lower(), int(port))


async def read_request(reader: asyncio.StreamReader, base: str) -> AskedFor | None:
    """The next request of a connection, or None at its end.

    `base` stands before the targets of requests within a tunnel; empty outside of one, where targets are absolute.
    Raises BadRequest.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise BadRequest("a head that is cut short") from error
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequest(f"a head of more than {MOST_HEAD} bytes") from error
    return await _with_body(_parse_head(head, base), reader)


def _parse_head(head: bytes, base: str) -> AskedFor:
    first, *lines = head[:-4].split(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or not _TARGET.fullmatch(parts[1]):
        raise BadRequest("no request line")
    if parts[2] != b"HTTP/1.1":
        raise BadRequest("not HTTP/1.1")
    target = parts[1].decode("ascii")
    if base and not target.startswith("/"):
        raise BadRequest("a target that is no path within a tunnel")
    if not base and not target.startswith("http://"):
        raise BadRequest("a target that is no http address")
    return AskedFor(parts[0].decode("ascii"), base + target, tuple(map(_field, lines)))


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    value = value.strip(b" \t")
    if not colon or not _TOKEN.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
        raise BadRequest("a header that is none")
    return name, value


async def _with_body(head: AskedFor, reader: asyncio.StreamReader) -> AskedFor:
    coding, length = head.header("transfer-encoding").lower(), head.header("content-length")
    try:
        if coding:
            if coding != "chunked" or length:
                raise BadRequest("a transfer coding that is not chunked alone")
            body = await _chunked(reader)
        else:
            if length and not (length.isascii() and length.isdigit()):
                raise BadRequest("a length that is no number")
            if int(length or 0) > MOST_BODY:
                raise BadRequest(f"a body of more than {MOST_BODY} bytes")
            body = await reader.readexactly(int(length or 0))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise BadRequest("a body that is cut short") from error
    headers = tuple((name, value) for name, value in head.headers if name.lower() not in _NOT_PASSED_ON)
    return AskedFor(head.method, head.url, headers, body)


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        match = _CHUNK_SIZE.fullmatch(await reader.readuntil(b"\r\n"))
        if match is None:
            raise BadRequest("a chunk without a size")
        size = int(match[1], 16)
        if len(body) + size > MOST_BODY:
            raise BadRequest(f"a body of more than {MOST_BODY} bytes")
        if not size:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass  # trailers
            return bytes(body)
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b"\r\n":
            raise BadRequest("a chunk that does not end")
