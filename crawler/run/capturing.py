"""The only way into the archive for what a run receives, and the way to read it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archive.errors import DamagedArchive
from archive.exchange import CaptureAddress, Exchange
from crawler.keeping.housekeeping import Housekeeping
from crawler.keeping.local_services import LocalServices
from crawler.keeping.recorder import NotKept, Recorder
from pipelines.items import PageItem
from pipelines.pool import run_on_document
from spiders.requests import CaptureMark


class Capturing:
    """Keeps exchanges, reads them back, and passes on pages for extraction. A `spiders.reading.SourceReader`."""

    def __init__(self, recorder: Recorder, services: LocalServices, housekeeping: Housekeeping) -> None:
        self._recorder = recorder
        self._services = services
        self._housekeeping = housekeeping

    async def keep(self, exchange: Exchange) -> CaptureAddress:
        """Keep an exchange. Raises NotKept when the disk refuses; fetching pauses then."""
        try:
            address = await self._recorder.keep(exchange)
        except NotKept as error:
            self._housekeeping.disk_refused(error)
            raise
        self._services.events.exchange(exchange, address)
        return address

    def keep_now(self, exchange: Exchange) -> CaptureAddress:
        """The same at once, for small exchanges."""
        try:
            address = self._recorder.keep_now(exchange)
        except NotKept as error:
            self._housekeeping.disk_refused(error)
            raise
        self._services.events.exchange(exchange, address)
        return address

    async def read_body(self, parser: Callable[..., Any], body: bytes, *arguments: object) -> Any:
        """See `spiders.reading.SourceReader`."""
        return await self._services.pool.run(run_on_document, body, parser, arguments)

    async def read_capture(self, capture: CaptureMark, parser: Callable[..., Any], *arguments: object) -> Any:
        """See `spiders.reading.SourceReader`."""
        segment = self._recorder.pages(capture.segment)
        if segment is None:
            raise DamagedArchive(f"segment {capture.segment} is no longer on this machine")
        return await self._services.deriver.read(segment, capture.offset, parser, arguments)

    async def derive(self, page: PageItem) -> None:
        """Put a captured page into the extraction queue, waiting while it is full."""
        segment = self._recorder.pages(page.segment)
        if segment is not None:
            await self._services.deriver.start(segment, page.offset)

    @property
    def is_deriving(self) -> bool:
        """Whether a page is still being extracted: it may lead to others."""
        return self._services.deriver.is_running

    async def settle(self) -> None:
        """Wait until every page that was passed on is extracted."""
        await self._services.deriver.settle_all()
