"""A door before a program that answers by any name: only connections that ask by a name of ours come in.

Otherwise another site's script could reach the program under its own name (DNS rebinding) and read what it serves.
A browser asks all that it asks on one connection by one name, so that the first request of each tells.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Self

_LARGEST_HEAD = 1 << 16
_HEAD_TIMEOUT = 15.0
"""Seconds in which a client has to send the head of its first request."""
_BETWEEN_CANCELLATIONS = 0.5
"""Seconds."""
_IDLE_TIMEOUT = 300.0
"""Seconds without a byte of an answer after which a connection is ended."""
_PART = 1 << 16
_MOST = 500
"""Connections at once."""
_HOST = re.compile(rb"^host:[ \t]*(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{0,5})?[ \t]*$", re.I | re.M)
_HOSTS = re.compile(rb"^host[ \t]*:", re.I | re.M)
_REFUSAL = b"this archive is not known by that name\n"
_REFUSED = (
    b"HTTP/1.1 421 Misdirected Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%b" % (len(_REFUSAL), _REFUSAL)
)


class HostGuard:
    """Passes connections on. A context manager: it listens, in a thread of its own, while entered."""

    def __init__(self, port: int, names: Iterable[str], behind: tuple[str, int]) -> None:
        """`port` of loopback, 0: any free one. `names` are host names without ports; `behind` is where the program
        listens.
        """
        self.port = port
        self._names = frozenset(name.lower() for name in names)
        self._behind = behind
        self._loop = asyncio.new_event_loop()
        self._is_ready = threading.Event()
        self._problem: OSError | None = None
        self._ended: asyncio.Event | None = None
        self._places = asyncio.Semaphore(_MOST)
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)

    def __enter__(self) -> Self:
        """Listen. Raises OSError when the port is taken."""
        self._thread.start()
        self._is_ready.wait()
        if self._problem is not None:
            self._thread.join()
            self._loop.close()
            raise self._problem
        return self

    def __exit__(self, *exc: object) -> None:
        if self._ended is not None:
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        self._ended = asyncio.Event()
        try:
            server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=_LARGEST_HEAD)
        except OSError as error:
            self._problem = error
            self._is_ready.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._is_ready.set()
        await self._ended.wait()
        server.close()
        # Again and again: `asyncio.wait_for` loses a cancellation that comes at the same moment as its result
        while rest := [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]:
            for task in rest:
                task.cancel()
            await asyncio.wait(rest, timeout=_BETWEEN_CANCELLATIONS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with self._places:
                await self._connect(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_TIMEOUT)
        if not self._is_ours(head):
            writer.write(_REFUSED)
            await writer.drain()
            return
        from_program, to_program = await asyncio.open_connection(*self._behind)
        to_program.write(head)
        asking = asyncio.create_task(_asked(reader, to_program))
        try:
            while part := await asyncio.wait_for(from_program.read(_PART), _IDLE_TIMEOUT):
                writer.write(part)
                await asyncio.wait_for(writer.drain(), _IDLE_TIMEOUT)
        finally:
            asking.cancel()
            to_program.close()

    def _is_ours(self, head: bytes) -> bool:
        lines = head.replace(b"\r\n", b"\n")
        found = _HOST.findall(lines)
        if len(found) != 1 or len(_HOSTS.findall(lines)) != 1:
            return False
        return found[0].decode("ascii").strip("[]").lower() in self._names


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Passes on what a client asks, until it has said its last word: it may wait for answers then."""
    with suppress(OSError):
        while part := await reader.read(_PART):
            writer.write(part)
            await writer.drain()
        writer.write_eof()
