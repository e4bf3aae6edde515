"""Parsing the documents of sources: small ones at once, others in a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from scrapy.http import Response

from archive.errors import ArchiveError
from spiders.problems import NotASource
from spiders.requests import IN_CAPTURE, CaptureMark, capture_of

SMALL = 16 << 10
"""Bytes of a document that is read at once: handing it over would cost more, and it can hold nobody up."""


class SourceReader(Protocol):
    """Calls a parser elsewhere, such as in a worker process. A parser's first argument is the document."""

    async def read_body(self, parser: Callable[..., Any], body: bytes, *arguments: object) -> Any:
        """What the parser makes of a document. Raises what it raises, or ArchiveError."""
        ...

    async def read_capture(self, capture: CaptureMark, parser: Callable[..., Any], *arguments: object) -> Any:
        """What the parser makes of a captured document. Raises what it raises, ArchiveError or OSError."""
        ...


async def read_source(
    reader: SourceReader | None, response: Response, parser: Callable[..., Any], *arguments: object
) -> Any:
    """What a parser makes of a response's body, wherever that is. Raises NotASource."""
    is_large = IN_CAPTURE in response.flags
    # Encodings of two bytes a letter hide from whoever looks for what is dangerous in a document
    is_small = len(response.body) <= SMALL and not is_large and b"\x00" not in response.body
    if reader is None or is_small:
        return parser(response.body, *arguments)
    try:
        if is_large:
            return await reader.read_capture(capture_of(response.meta), parser, *arguments)
        return await reader.read_body(parser, response.body, *arguments)
    except (ArchiveError, OSError) as error:
        raise NotASource(
            f"can't be read: {error}", "try again later; if it keeps failing, use a smaller source"
        ) from error
