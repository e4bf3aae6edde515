"""What is done on one page in Chromium, and what is taken from it. In the browser's process."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Error, Page, Request

from crawler.browser.page_phrases import (
    CONSENT_RULES,
    CONSENT_SUBJECTS,
    CONSENT_TEXTS,
    MORE_TEXTS,
    NEXT_PICTURE,
)
from spiders.page_steps import PageStep, StepKind

QUIET_SECONDS = 0.5
"""For so long nothing is asked for when a page is quiet."""
MOST_ELEMENTS = 300_000
MOST_DOM = 16 << 20
"""Bytes of a rendered document, as of a page that is read at all."""
MOST_TEXT = 4 << 20
"""Characters of the text seen."""
_MOST_SCREENS = 30
_MOST_PICTURES = 30
_MOST_CLICKS = 20
_LONGEST_WAIT = 10.0
_AFTER_CLICK = 0.3
_TICK = 0.05
_MOST_MOVES = 20
# Streams never end; a page that holds one can be quiet all the same
_STREAMS = frozenset({"eventsource", "websocket", "media", "ping"})
_IDLE = "() => new Promise((done) => requestIdleCallback(done, { timeout: 1000 }))"
_REFUSED_WAY = "newswarc refused "


class PageFailed(Exception):
    """There is no rendering; the message says why."""


@dataclass(frozen=True, slots=True)
class Driven:
    """What a page gave."""

    dom: bytes
    text: bytes
    screenshot: bytes
    steps: tuple[str, ...]
    refused: dict[str, int]
    """Ways out that are none, such as WebRTC, and how often they were tried."""
    location: str
    """The address in the address bar at the end."""


@dataclass  # no slots: Playwright notes its own on what it calls
class _Traffic:
    """What a page waits for."""

    open: set[Request] = field(default_factory=set)
    quiet_since: float = field(default_factory=time.monotonic)

    def began(self, request: Request) -> None:
        if request.resource_type not in _STREAMS:
            self.open.add(request)

    def ended(self, request: Request) -> None:
        self.open.discard(request)
        self.quiet_since = time.monotonic()

    def give_up(self) -> None:
        """What has no end by now is not waited for any more."""
        self.open.clear()

    @property
    def is_quiet(self) -> bool:
        return not self.open and time.monotonic() - self.quiet_since >= QUIET_SECONDS


class PageDriver:
    """One page of a context that has no other."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self._page = page
        self._traffic = _Traffic()
        self._refused: Counter[str] = Counter()
        self._done: list[str] = []
        self.crashed = asyncio.Event()
        page.on("crash", lambda _: self.crashed.set())
        page.on("dialog", lambda dialog: asyncio.ensure_future(_dismiss(dialog)))
        page.on("console", self._heard)
        context.on("request", self._traffic.began)
        context.on("requestfinished", self._traffic.ended)
        context.on("requestfailed", self._traffic.ended)
        context.on("page", lambda other: asyncio.ensure_future(self._close_other(other)))

    async def drive(self, url: str, steps: Sequence[PageStep]) -> Driven:
        """Open an address, do the steps, and take what is there. Raises PageFailed or Playwright's errors."""
        await self._page.goto(url, wait_until="commit", timeout=0)
        # Playwright waits forever for a document whose script begins a download before it is parsed
        while await self._evaluate("() => document.readyState") == "loading":
            await asyncio.sleep(_TICK)
        await self._check_address()
        before: bytes | None = None
        for step in steps:
            if step.kind is StepKind.SCROLL:
                before = await self._dom()
            await self._do(step)
        if before is not None and await self._is_elsewhere(url):
            # Scrolled past its end, a page may go on with the next article and take its address
            return await self._taken(before)
        return await self._taken(await self._dom())

    async def _check_address(self) -> None:
        """Raises PageFailed where the page has become a document of Chromium's own, such as that of an error."""
        loaded = await self._call("loadedFrom")
        if _plain(loaded) != _plain(self._page.url) and not self._page.url.startswith("http"):
            raise PageFailed(f"it became {self._page.url[:200]}")

    async def _do(self, step: PageStep) -> None:
        match step.kind:
            case StepKind.QUIET:
                await self._quiet()
            case StepKind.CONSENT:
                await self._consent()
            case StepKind.EXPAND:
                await self._counted("expand", "expand", list(MORE_TEXTS), _MOST_CLICKS)
            case StepKind.LAZY:
                await self._counted("lazy", "lazy")
            case StepKind.SCROLL:
                await self._scroll()
            case StepKind.GALLERY:
                await self._gallery()
            case StepKind.WAIT:
                await self._page.wait_for_selector(step.selector, timeout=_LONGEST_WAIT * 1000)
                self._done.append(str(step))
            case StepKind.CLICK:
                await self._counted(str(step), "click", step.selector, _MOST_CLICKS)
            case StepKind.REMOVE:
                await self._counted(str(step), "remove", step.selector)

    async def _quiet(self) -> None:
        ends = time.monotonic() + _LONGEST_WAIT
        await asyncio.sleep(_TICK)
        while time.monotonic() < ends:
            if self._traffic.is_quiet:
                await self._evaluate(_IDLE)  # a busy page asks for more when it comes to it
                if self._traffic.is_quiet:
                    return
            await asyncio.sleep(_TICK)
        self._traffic.give_up()

    async def _consent(self) -> None:
        rules = [list(rule) for rule in CONSENT_RULES]
        for frame in self._page.frames:
            if frame is not self._page.main_frame and not frame.url.startswith("http"):
                continue
            name = await frame.evaluate("rules => window.__newswarc ? __newswarc.consentByRule(rules) : ''", rules)
            if not name:
                script = "([texts, subjects]) => window.__newswarc ? __newswarc.consentByText(texts, subjects) : ''"
                name = await frame.evaluate(script, [list(CONSENT_TEXTS), list(CONSENT_SUBJECTS)])
            if name:
                self._done.append(f"consent: {name}")
                await asyncio.sleep(_AFTER_CLICK)
                await self._quiet()
                return

    async def _scroll(self) -> None:
        address = self._page.url
        screens = 0
        while screens < _MOST_SCREENS:
            size = await self._call("size")
            if size["top"] >= size["height"] or self._page.url != address:
                break
            await self._page.mouse.wheel(0, self._height)
            screens += 1
            await asyncio.sleep(_TICK * 2)
            if (await self._call("size"))["top"] <= size["top"]:
                await self._evaluate("() => window.scrollBy(0, innerHeight)")
                await asyncio.sleep(_TICK)
                if (await self._call("size"))["top"] <= size["top"]:
                    break
            if self._traffic.open:
                await self._quiet()
        await self._evaluate("() => window.scrollTo(0, 0)")
        if screens:
            self._done.append(f"scroll: {screens}")

    async def _gallery(self) -> None:
        pictures = 0
        while pictures < _MOST_PICTURES and await self._call("gallery", list(NEXT_PICTURE)):
            pictures += 1
            await asyncio.sleep(_TICK * 2)
        if pictures:
            self._done.append(f"gallery: {pictures}")

    async def _counted(self, label: str, function: str, *arguments: object) -> None:
        count = await self._call(function, *arguments)
        if count:
            self._done.append(f"{label}: {count}" if label == function else f"{label} ({count})")
            await asyncio.sleep(_AFTER_CLICK)

    async def _is_elsewhere(self, url: str) -> bool:
        return _plain(self._page.url) != _plain(url) and any(step.startswith("scroll") for step in self._done)

    async def _taken(self, dom: bytes) -> Driven:
        text = str(await self._call("text", MOST_TEXT)).encode("utf-8", "replace")
        picture = await self._page.screenshot(type="jpeg", quality=75, animations="disabled", caret="hide", timeout=0)
        return Driven(dom, text, picture, tuple(self._done), dict(self._refused), self._page.url)

    async def _dom(self) -> bytes:
        size = await self._call("size")
        if size["elements"] > MOST_ELEMENTS:
            raise PageFailed(f"its document has more than {MOST_ELEMENTS:,} elements")
        dom = str(await self._call("dom")).encode("utf-8", "replace")
        if len(dom) > MOST_DOM:
            raise PageFailed(f"its document has more than {MOST_DOM:,} bytes")
        return dom

    async def _call(self, function: str, *arguments: object) -> Any:
        return await self._evaluate(f"list => __newswarc.{function}(...list)", list(arguments))

    async def _evaluate(self, script: str, argument: object = None) -> Any:
        """What a script gives in the page, also where the page moves on meanwhile."""
        for _ in range(_MOST_MOVES):
            try:
                return await self._page.evaluate(script, argument)
            except Error as error:
                if "context was destroyed" not in str(error) and "navigat" not in str(error):
                    raise
                await asyncio.sleep(2 * _TICK)
        raise PageFailed("it moves on and on")

    @property
    def _height(self) -> int:
        size = self._page.viewport_size
        return int(size["height"] * 0.9) if size else 600

    def _heard(self, message: ConsoleMessage) -> None:
        if message.text.startswith(_REFUSED_WAY):
            self._refused[message.text.removeprefix(_REFUSED_WAY)[:40]] += 1

    async def _close_other(self, other: Page) -> None:
        if other is not self._page:
            await other.close()


async def _dismiss(dialog: Dialog) -> None:
    # A page that asks before it is left is left
    await (dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss())


def _plain(url: str) -> str:
    return url.partition("#")[0].rstrip("/")
