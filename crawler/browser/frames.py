"""Messages between a crawl and its browser's process: a line of JSON, and blobs behind it.

A frame is the length of the JSON (4 bytes, big-endian), the JSON, and the blobs, whose lengths its key ``blobs``
lists.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from archive.errors import ArchiveError

MOST_JSON = 4 << 20
"""Bytes of a frame's JSON."""
MOST_BLOB = 64 << 20
"""Bytes of one blob."""
_BLOBS = "blobs"


class BadFrame(ArchiveError):
    """What came is no frame: the other side is not what it should be."""


def frame(message: Mapping[str, Any], *blobs: bytes) -> bytes:
    """A message as bytes."""
    text = json.dumps({**message, _BLOBS: [len(blob) for blob in blobs]}).encode()
    return b"".join((len(text).to_bytes(4, "big"), text, *blobs))


async def read_frame(reader: asyncio.StreamReader) -> tuple[dict[str, Any], list[bytes]]:
    """The next message and its blobs. Raises BadFrame, or IncompleteReadError at the end."""
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > MOST_JSON:
        raise BadFrame(f"{length} bytes of JSON")
    text = await reader.readexactly(length)
    try:
        message = json.loads(text)
        sizes = [int(size) for size in message.pop(_BLOBS)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFrame(f"no message: {error}") from error
    if any(not 0 <= size <= MOST_BLOB for size in sizes):
        raise BadFrame("a blob that is too large")
    return message, [await reader.readexactly(size) for size in sizes]
