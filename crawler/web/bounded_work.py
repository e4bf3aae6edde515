"""Work that a request waits for: in a few threads, with a short queue before them.

Whatever readers ask for, no more than so much is done at once, and no more than so many wait. Who comes then is told
at once to come again, instead of waiting for an answer that comes too late.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Busy(Exception):
    """Too much waits already. `seconds` is when it is worth to come again."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too many requests wait already; try again soon")
        self.seconds = seconds


class BoundedWork:
    """Runs functions in threads. To be used on one event loop."""

    def __init__(self, threads: int = 4, waiting: int = 64) -> None:
        """`waiting` is how many may wait for one of the threads."""
        self._threads = threads
        self._most = threads + waiting
        self._limiter: CapacityLimiter | None = None
        self._present = 0

    async def run(
        self, function: Callable[Parameters, Result], *args: Parameters.args, **named: Parameters.kwargs
    ) -> Result:
        """What a function gives. Raises Busy, and what it raises."""
        if self._present >= self._most:
            raise Busy(2)
        if self._limiter is None:
            self._limiter = CapacityLimiter(self._threads)
        self._present += 1
        try:
            return await to_thread.run_sync(partial(function, *args, **named), limiter=self._limiter)
        finally:
            self._present -= 1


class Places:
    """A number of places for what takes long, such as downloads, of which one client has so many at most."""

    def __init__(self, count: int, of_one: int) -> None:
        self._free = count
        self._of_one = of_one
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        """How many are left."""
        return self._free

    def take(self, client: str) -> None:
        """Raises Busy."""
        with self._lock:
            if self._free <= 0 or self._taken[client] >= self._of_one:
                raise Busy(30)
            self._free -= 1
            self._taken[client] += 1

    def give_back(self, client: str) -> None:
        """Let somebody else have it."""
        with self._lock:
            self._free += 1
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]


class LongResponse(StreamingResponse):
    """An answer that takes long; it has a place until it ends, however it ends."""

    def __init__(
        self,
        content: AsyncIterable[bytes] | Iterable[bytes],
        places: Places,
        client: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Raises Busy."""
        super().__init__(content, status, headers, media_type)
        places.take(client)
        self._places = places
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._places.give_back(self._client)
