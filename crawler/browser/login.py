"""Logging in by hand: a window of Chromium for the operator, whose cookies and local storage are taken from it.

It is the operator's own window with the machine's own network, and nothing of it is captured.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.async_api import Error, async_playwright

from archive.errors import ArchiveError

_LOOK_SECONDS = 0.5


class NoWindow(ArchiveError):
    """No window can be opened; the message says why."""


async def profile_from_window(program: str, url: str, display: dict[str, str]) -> dict[str, Any]:
    """What a person has logged in to, when the window is closed (Playwright's storage state).

    `display` are the variables that say where windows are shown. Raises NoWindow.
    """
    taken: dict[str, Any] = {}
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(
                executable_path=program,
                headless=False,
                chromium_sandbox=os.geteuid() != 0,  # Chromium has none for root
                env={**display, "HOME": str(Path.home()), "PATH": os.defpath},
            )
        except Error as error:
            raise NoWindow(f"no window can be opened: {' '.join(str(error).split())[:300]}") from error
        context = await browser.new_context(no_viewport=True)
        page = await context.new_page()
        over = asyncio.Event()
        page.on("close", lambda _: over.set())
        browser.on("disconnected", lambda _: over.set())
        with suppress(Error):
            await page.goto(url, timeout=0)
            while not over.is_set():
                taken = dict(await context.storage_state())
                with suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), _LOOK_SECONDS)
        with suppress(Error):
            await browser.close()
    return taken
