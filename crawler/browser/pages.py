"""The browser of a run: pages are handed to it, and renderings come back.

It is started when the first page needs it, and anew after many pages or when it is no longer sound. Where one page
takes the browser down, the others that were open get another one for themselves.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from archive.exchange import Exchange
from archive.rendering import Rendering
from crawler.browser.answers import RecentAnswers
from crawler.browser.authority import RunAuthority
from crawler.browser.plan import BrowserPlan
from crawler.browser.process import (
    BrowserGone,
    BrowserProcess,
    Errand,
    NoBrowser,
    Rendered,
    RenderingFailed,
)
from crawler.browser.visit import Outlet, Visit, VisitCost, VisitTerms

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PageOrder:
    """A page to render."""

    page: Exchange
    """The exchange that brought it."""
    record_id: UUID
    """Of the record that it gets."""
    steps: tuple[str, ...]
    agent: str
    """See `crawler.browser.process.Errand`."""
    terms: VisitTerms = field(default_factory=VisitTerms)
    language: str = ""
    cookies: tuple[dict[str, str], ...] = ()
    storage: dict[str, Any] | None = None
    viewport: tuple[int, int] = (1280, 720)

    def errand(self) -> Errand:
        """What the browser is told."""
        return Errand(
            url=self.page.url,
            steps=self.steps,
            seconds=self.terms.bounds.seconds,
            agent=self.agent,
            language=self.language or "en-US",
            viewport=self.viewport,
            cookies=self.cookies,
            storage=self.storage,
        )


@dataclass(eq=False, slots=True)
class _InUse:
    """A browser and how many pages it has open."""

    browser: BrowserProcess
    pages: int = 0


class BrowserPages:
    """Renders pages for one run."""

    def __init__(
        self, plan: BrowserPlan, at_once: int, outlet: Outlet, now: Callable[[], datetime], age: float
    ) -> None:
        """`at_once` pages may be open; what came within `age` seconds is given again."""
        self.costs: list[VisitCost] = []
        """Of the visits that have ended, until somebody takes them."""
        self._plan = plan
        self._outlet = outlet
        self._now = now
        self._places = asyncio.Semaphore(at_once)
        self._answers = RecentAnswers(age, time.monotonic)
        self._authority = RunAuthority()
        self._current: _InUse | None = None
        self._starting = asyncio.Lock()
        self._refusal: NoBrowser | None = None
        self._closed = False

    async def rendered(self, order: PageOrder) -> Rendering:
        """Render a page. Raises RenderingFailed, or NoBrowser when none starts."""
        async with self._places:
            try:
                place = await self._place()
                try:
                    return await self._visited(place.browser, order)
                finally:
                    await self._left(place)
            except BrowserGone:
                logger.info("%s: once more, in a browser of its own", order.page.url)
            alone = await self._started()
            try:
                return await self._visited(alone, order)
            finally:
                await alone.close()

    async def close(self) -> None:
        """End the browser."""
        self._closed = True
        if self._current is not None:
            await self._current.browser.close()
            self._current = None

    async def _visited(self, browser: BrowserProcess, order: PageOrder) -> Rendering:
        visit = Visit(order.page, order.record_id, order.terms, self._outlet, self._answers, self._now)
        try:
            rendered = await browser.render(order.errand(), visit.fetch)
        finally:
            await visit.close()
            self.costs.append(visit.cost)
        return self._rendering(browser, order, rendered)

    def _rendering(self, browser: BrowserProcess, order: PageOrder, rendered: Rendered) -> Rendering:
        url = order.page.url
        if _host(rendered.location) != _host(url):
            raise RenderingFailed(f"it led to {rendered.location[:200]}")
        width, height = order.viewport
        return Rendering(
            document=rendered.dom,
            text=rendered.text,
            screenshot=rendered.screenshot,
            browser=f"Chromium/{browser.version}",
            viewport=f"{width}x{height}",
            finished=self._now(),
            steps=rendered.steps,
            asked=order.steps,
            location=rendered.location if rendered.location != url else "",
            refused=tuple(f"{name} ({count})" for name, count in sorted(rendered.refused.items())),
        )

    async def _place(self) -> _InUse:
        """A place in the browser that runs. Raises NoBrowser, BrowserGone."""
        async with self._starting:
            if self._current is not None and not self._current.browser.takes_more:
                former, self._current = self._current, None
                await self._end_if_idle(former)
            if self._current is None:
                self._current = _InUse(await self._started())
            self._current.pages += 1
            return self._current

    async def _left(self, place: _InUse) -> None:
        place.pages -= 1
        if place is not self._current or not place.browser.is_sound:
            if place is self._current:
                self._current = None
            await self._end_if_idle(place)

    async def _end_if_idle(self, place: _InUse) -> None:
        if not place.pages:
            await place.browser.close()

    async def _started(self) -> BrowserProcess:
        if self._refusal is not None:
            raise self._refusal
        if self._closed:
            raise RenderingFailed("the run ended")
        try:
            return await BrowserProcess.start(self._plan, self._authority)
        except NoBrowser as error:
            self._refusal = error  # it would say the same of each page
            raise


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
