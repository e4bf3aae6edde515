"""Reading an S3 object as a stream, with another request if the connection breaks."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, HTTPClientError
from urllib3.exceptions import HTTPError

from archive.errors import StorageUnavailable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from botocore.response import StreamingBody

_ATTEMPTS = 5


class ResumedObject(io.RawIOBase):
    """Reads an object from `start` on. Where the line breaks the rest is requested, a few times in a row."""

    def __init__(self, request: Callable[[int], StreamingBody], place: str, start: int = 0) -> None:
        """`request` gives the body from a byte on; `place` is named in errors."""
        super().__init__()
        self._request = request
        self._place = place
        self._at = start
        self._body = request(start)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Raises StorageUnavailable when the line breaks again and again."""
        view = memoryview(buffer).cast("B")
        for attempt in range(_ATTEMPTS):
            try:
                if attempt:
                    self._body = self._request(self._at)
                data = self._body.read(len(view))
            except (BotoCoreError, HTTPClientError, HTTPError, OSError) as error:
                failure = error
                continue
            view[: len(data)] = data
            self._at += len(data)
            return len(data)
        raise StorageUnavailable(f"{self._place}: {failure}") from failure

    def close(self) -> None:
        """Let the connection go."""
        self._body.close()
        super().close()
