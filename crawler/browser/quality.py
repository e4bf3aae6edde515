"""Whether rendered pages look the same when they are shown again from the archive alone.

Each page is opened in the same kind of browser, whose requests are answered from the archive; its text, its picture
and its requests are compared with those of the crawl. The score of a page is the least of the three.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from PIL import Image, UnidentifiedImageError

from archive.captures import Capture, iterate_captures, iterate_records
from archive.collection import CollectionScope
from archive.exchange import CaptureOutcome
from archive.library import segments
from archive.lookup import Lookup
from archive.selection import within
from crawler.browser.archive_answers import ArchiveAnswers
from crawler.browser.authority import RunAuthority
from crawler.browser.plan import BrowserPlan
from crawler.browser.process import BrowserProcess, Errand, Rendered, RenderingFailed
from crawler.browser.visit import VIA_BROWSER

_ANSWERED = frozenset({CaptureOutcome.OK, CaptureOutcome.REDIRECT, CaptureOutcome.NOT_MODIFIED})
_WIDTH, _HEIGHT, _TILE = 320, 180, 8
_SAME_SHADE = 24
"""Difference of two tiles' mean shades (0 to 255) up to which they are the same."""
_PLAIN = 6
"""Difference of the shades within a tile up to which it shows nothing."""


@dataclass(frozen=True, slots=True)
class PageQuality:
    """How a page was shown again."""

    url: str
    date: datetime
    text: float
    """Share of the words of both texts that they have in common, 0 to 1."""
    picture: float
    """Share of what can be seen in either picture that is the same in both."""
    requests: float
    """Share of the requests of both that were answered both times."""
    missing: tuple[str, ...] = ()
    """What the archive does not have."""
    failure: str = ""
    """Why it was not shown; then all shares are 0."""
    before: bytes = field(default=b"", repr=False)
    after: bytes = field(default=b"", repr=False)
    """Pictures (JPEG) of then and now."""

    @property
    def score(self) -> float:
        """The least of the shares."""
        return min(self.text, self.picture, self.requests)


@dataclass(slots=True)
class _Asked:
    """What a page asked for when it was crawled, each by method and address."""

    answered: set[tuple[str, str]] = field(default_factory=set)
    refused: set[tuple[str, str]] = field(default_factory=set)
    """What came to nothing, or to an error."""


@dataclass(frozen=True, slots=True)
class QualityScope:
    """Which pages are shown."""

    site: str = ""
    scope: CollectionScope | None = None
    limit: int = 0
    """Maximum number of pages; 0: no limit."""

    def wants(self, capture: Capture) -> bool:
        """Whether a page is meant."""
        host = capture.url.split("/")[2]
        is_of_site = not self.site or within(host, self.site) or within(host.rpartition(":")[0], self.site)
        return is_of_site and (self.scope is None or self.scope.wants(capture.url, capture.date))


async def looked_at(
    lookup: Lookup, plan: BrowserPlan, wanted: QualityScope, seconds: float
) -> AsyncIterator[PageQuality]:
    """Show rendered pages again, one after the other. Raises NoBrowser, StorageError or DamagedArchive."""
    authority = RunAuthority()
    browser: BrowserProcess | None = None
    count = 0
    try:
        for page, asked in _pages(lookup, wanted):
            if wanted.limit and count >= wanted.limit:
                return
            count += 1
            if browser is None or not browser.takes_more:
                if browser is not None:
                    await browser.close()
                browser = await BrowserProcess.start(plan, authority)
            yield await _shown(browser, lookup, page, asked, seconds)
    finally:
        if browser is not None:
            await browser.close()


def _pages(lookup: Lookup, wanted: QualityScope) -> Iterator[tuple[Capture, _Asked]]:
    """The rendered pages, each with its requests when it was crawled."""
    for manifest in segments(lookup.storage):
        asked: dict[str, _Asked] = {}
        pages: list[int] = []
        with lookup.storage.open_range(manifest.warc.key) as stream:
            for capture in iterate_captures(iterate_records(stream)):
                if capture.rendered is not None and wanted.wants(capture):
                    pages.append(capture.offset)
                elif capture.discovery.via == VIA_BROWSER:
                    of_page = asked.setdefault(capture.discovery.source_record_id, _Asked())
                    requests = of_page.answered if capture.outcome in _ANSWERED else of_page.refused
                    requests.add((capture.fact("method"), capture.url))
        for offset in pages:
            with lookup.storage.open_range(manifest.warc.key, offset) as stream:
                page = next(iterate_captures(iterate_records(stream)))
            if lookup.gate.lets(page.url, page.date):
                yield page, asked.get(str(page.record_id), _Asked())


async def _shown(
    browser: BrowserProcess, lookup: Lookup, page: Capture, asked: _Asked, seconds: float
) -> PageQuality:
    assert page.rendered is not None
    answers = ArchiveAnswers(lookup, page)
    width, _, height = page.fact("renderingViewport").partition("x")
    viewport = (int(width), int(height)) if width.isdigit() and height.isdigit() else (1280, 720)
    steps = tuple(page.metadata.get("renderingAsked", ()))
    nothing = PageQuality(page.url, page.date, 0.0, 0.0, 0.0, before=page.rendered.screenshot)
    try:
        again = await browser.render(Errand(page.url, steps, seconds, "{browser}", viewport=viewport), answers.fetch)
    except RenderingFailed as error:
        return replace(nothing, failure=str(error), missing=_named(answers.missing - asked.refused))
    return _compared(nothing, page, again, answers, asked)


def _compared(
    base: PageQuality, page: Capture, again: Rendered, answers: ArchiveAnswers, asked: _Asked
) -> PageQuality:
    assert page.rendered is not None
    every = asked.answered | (answers.missing - asked.refused)
    return replace(
        base,
        text=same_words(page.rendered.text.decode("utf-8", "replace"), again.text.decode("utf-8", "replace")),
        picture=same_picture(page.rendered.screenshot, again.screenshot),
        requests=len(asked.answered & answers.answered) / len(every) if every else 1.0,
        missing=_named(answers.missing - asked.refused),
        after=again.screenshot,
    )


def _named(requests: set[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(f"{method} {url}" for method, url in requests))


def same_words(one: str, other: str) -> float:
    """Share of the words of two texts that they have in common (the Dice coefficient of their multisets)."""
    first, second = Counter(one.split()), Counter(other.split())
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if total else 1.0


def same_picture(one: bytes, other: bytes) -> float:
    """Share of the tiles that show something in either picture and are the same in both. 0 for what is no picture."""
    try:
        first, second = (_tiles(picture) for picture in (one, other))
    except (UnidentifiedImageError, OSError):
        return 0.0
    seen = same = 0
    for (shade, spread), (other_shade, other_spread) in zip(first, second, strict=True):
        if spread <= _PLAIN and other_spread <= _PLAIN and abs(shade - other_shade) <= _SAME_SHADE:
            continue
        seen += 1
        same += abs(shade - other_shade) <= _SAME_SHADE and abs(spread - other_spread) <= 3 * _SAME_SHADE
    return same / seen if seen else 1.0


def _tiles(picture: bytes) -> list[tuple[float, int]]:
    """Mean shade of each tile, and the difference between its lightest and its darkest point."""
    image = Image.open(io.BytesIO(picture)).convert("L").resize((_WIDTH, _HEIGHT))
    points = image.tobytes()
    tiles = []
    for top in range(0, _HEIGHT - _TILE + 1, _TILE):
        for left in range(0, _WIDTH, _TILE):
            rows = (points[(top + row) * _WIDTH + left :][:_TILE] for row in range(_TILE))
            tile = b"".join(rows)
            tiles.append((sum(tile) / len(tile), max(tile) - min(tile)))
    return tiles
