"""The browser's process: drives Chromium for the crawl, which tells it what to do over a socket.

Started by `crawler.browser.contained`; where the crawl's end of the socket closes, it ends, and Chromium with it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Error, async_playwright

from crawler.browser.chromium import chromium_flags
from crawler.browser.frames import frame, read_frame
from crawler.browser.page_driver import Driven, PageDriver, PageFailed
from spiders.page_steps import page_step

_CLOSING_SECONDS = 5.0
_LOOK_SECONDS = 1.0
_CLOSED = "has been closed"
"""In Playwright's messages where the whole browser has ended: nothing else closes a page before its time."""
_SCRIPTS = tuple(Path(__file__).with_name(name) for name in ("refused_ways.js", "in_page.js"))


class Worker:
    """Answers the crawl's messages."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._tasks: set[asyncio.Task[None]] = set()
        self._scripts = [path.read_text() for path in _SCRIPTS]

    async def run(self) -> None:
        """Launch as the first message says, then do what the others say, until there are no more."""
        launch, _ = await read_frame(self._reader)
        async with async_playwright() as playwright:
            try:
                browser = await playwright.chromium.launch(
                    executable_path=launch["program"],
                    args=chromium_flags(launch["pin"]),
                    proxy={"server": f"http://{launch['proxy']}", "bypass": "<-loopback>"},
                    chromium_sandbox=launch["sandbox"],
                    headless=True,
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
            except Error as error:
                await self._tell({"refused": _first_line(error)})
                return
            await self._tell({"ready": browser.version})
            over = asyncio.Event()
            browser.on("disconnected", lambda _: over.set())
            await _first_of(self._serve(browser), over.wait(), self._bound(browser, float(launch["cpu"])))

    async def _serve(self, browser: Browser) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                message, _ = await read_frame(self._reader)
                task = asyncio.create_task(self._render(browser, message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _bound(self, browser: Browser, most: float) -> None:
        """End what uses more processor time. A process shows one page's documents alone: contexts share none."""
        session = await browser.new_browser_cdp_session()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            found = await session.send("SystemInfo.getProcessInfo")
            for process in found["processInfo"]:
                if process["type"] == "renderer" and process["cpuTime"] > most:
                    with suppress(ProcessLookupError):
                        os.kill(process["id"], signal.SIGKILL)

    async def _render(self, browser: Browser, message: dict[str, Any]) -> None:
        number, seconds = message["id"], float(message["seconds"])
        context: BrowserContext | None = None
        try:
            async with asyncio.timeout(seconds):
                context = await self._context(browser, message)
                driven = await self._driven(context, message)
            answer, blobs = _answer(number, driven)
        except TimeoutError:
            answer, blobs = {"id": number, "failed": f"not rendered within {seconds:g} seconds"}, ()
        except Exception as error:  # noqa: BLE001 - a page may answer anything; it costs that page only
            answer, blobs = {"id": number, "failed": _first_line(error)}, ()
        answer["clean"] = await _closed(context) and browser.is_connected()
        answer["gone"] = not browser.is_connected() or _CLOSED in answer.get("failed", "")
        await self._tell(answer, *blobs)

    async def _context(self, browser: Browser, message: dict[str, Any]) -> BrowserContext:
        width, height = message["viewport"]
        context = await browser.new_context(
            proxy={"server": f"http://{message['proxy']}", "bypass": "<-loopback>"},
            user_agent=message["agent"],
            locale=message["language"],
            viewport={"width": width, "height": height},
            accept_downloads=False,
            service_workers="allow",
            storage_state=message.get("storage") or None,
        )
        for script in self._scripts:
            await context.add_init_script(script)
        if message["cookies"]:
            await context.add_cookies(message["cookies"])
        return context

    async def _driven(self, context: BrowserContext, message: dict[str, Any]) -> Driven:
        driver = PageDriver(context, await context.new_page())
        steps = [page_step(text) for text in message["steps"]]
        driven = await _first_of(driver.drive(message["url"], steps), driver.crashed.wait())
        if not isinstance(driven, Driven):
            raise PageFailed("the page crashed, or used more processor time than browser_cpu")
        return driven

    async def _tell(self, message: dict[str, Any], *blobs: bytes) -> None:
        self._writer.write(frame(message, *blobs))
        await self._writer.drain()


def _answer(number: int, driven: Driven) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    facts = {"id": number, "steps": list(driven.steps), "refused": driven.refused, "location": driven.location}
    return facts, (driven.dom, driven.text, driven.screenshot)


async def _first_of(*awaitables: Coroutine[Any, Any, Any]) -> Any:
    """The result of what ends first; the others are cancelled."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task.done()).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _closed(context: BrowserContext | None) -> bool:
    """Close a context; whether it let itself be closed."""
    if context is None:
        return True
    try:
        async with asyncio.timeout(_CLOSING_SECONDS):
            await context.close()
    except (TimeoutError, Error):
        return False
    return True


def _first_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:300] or type(error).__name__


async def _main(descriptor: int) -> None:
    channel = socket.socket(fileno=descriptor)
    reader, writer = await asyncio.open_unix_connection(sock=channel)
    await Worker(reader, writer).run()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[-1])))
