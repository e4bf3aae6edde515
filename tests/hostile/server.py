"""The server: each case on a loopback address of its own, and beside them a service that nobody may find."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

from tests.hostile.case import FEED, GOOD, UNIQUE, Asked, Case, feed_text, page, response

_LONGEST_HEAD = 1 << 20


class HostileServer:
    """Listens on loopback as long as it is entered."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases = {f"127.2.{number // 200}.{number % 200 + 1}": case for number, case in enumerate(cases)}
        self.port = 0
        self.hidden_port = 0
        self.hidden_contacts = 0
        """Connections to the internal service."""
        self.paths: dict[str, list[str]] = defaultdict(list)
        """What each case was asked for."""
        self.seconds: dict[str, float] = defaultdict(float)
        """How long its requests took together."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []

    def host(self, name: str) -> str:
        """Address and port of a case."""
        return next(f"{address}:{self.port}" for address, case in self.cases.items() if case.name == name)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _listen(self) -> None:
        hidden = await asyncio.start_server(self._hidden, "127.0.0.1", 0)
        self.hidden_port = hidden.sockets[0].getsockname()[1]
        first, *others = self.cases
        server = await asyncio.start_server(self._serve, first, 0, limit=_LONGEST_HEAD)
        self.port = server.sockets[0].getsockname()[1]
        self._servers = [
            hidden,
            server,
            await asyncio.start_server(self._serve, others, self.port, limit=_LONGEST_HEAD),
        ]

    async def _hidden(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hidden_contacts += 1
        writer.write(response(b"the crown jewels"))
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address, port = writer.get_extra_info("sockname")[:2]
        case = self.cases[address]
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            writer.close()
            return
        path = head.split(b" ", 2)[1].decode("latin-1")
        self.paths[case.name].append(path)
        began = time.monotonic()
        asked = Asked(path, f"{address}:{port}", f"127.0.0.1:{self.hidden_port}", head, reader.at_eof)
        with suppress(ConnectionError, asyncio.CancelledError):
            await self._answer(case, asked, writer)
            writer.close()
            await writer.wait_closed()
        self.seconds[case.name] += time.monotonic() - began

    async def _answer(self, case: Case, asked: Asked, writer: asyncio.StreamWriter) -> None:
        answer = case.pages.get(asked.path)
        if answer is None and asked.path == FEED:
            listed = [
                item if "://" in item or ":" in item[:12] else f"http://{{host}}{item}" for item in case.announced
            ]
            answer = response(feed_text(f"http://{{host}}{GOOD}", *listed), kind="application/rss+xml", counted=False)
        elif answer is None and asked.path == GOOD:
            answer = response(page(extra="<p>And that was all of the story for today.</p>"))
        elif answer is None and asked.path != "/robots.txt":
            answer = case.pages.get("*")
        if answer is None:
            answer = response(b"<h1>Not here</h1>", status="404 Not Found")
        if callable(answer):
            await answer(writer, asked)
            return
        writer.write(filled(answer, asked))
        await writer.drain()


def filled(text: bytes, asked: Asked) -> bytes:
    """A text with the addresses of the moment."""
    text = text.replace(UNIQUE.encode(), asked.host.encode().ljust(len(UNIQUE)))
    for name, value in (
        ("host", asked.host),
        ("hidden", asked.hidden),
        ("hidden_port", asked.hidden.rpartition(":")[2]),
    ):
        text = text.replace(f"{{{name}}}".encode(), value.encode())
    return text
