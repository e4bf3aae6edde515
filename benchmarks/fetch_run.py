"""One crawl of given addresses in one way, in a process of its own, for ``benchmarks.fetch`` and its likes.

    python -m benchmarks.fetch_run WAY ADDRESSES DIRECTORY

WAY is ``shipped`` (stock Scrapy), ``quiet`` (stock but for its log), ``equal`` (stock with our settings), ``aiohttp``
(Scrapy's aiohttp handler with our settings), ``bare`` (our fetching, nothing kept), ``ours`` (everything kept) or
``article`` (the same, the page not decoded, as articles are fetched).
ADDRESSES is a file with one a line.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings

from archive.exchange import CaptureAddress, Exchange
from crawler.config import Configuration
from crawler.run.capturing import Capturing
from crawler.run.crawl_run import CrawlRun
from crawler.run.extension import CONFIGURATION, CrawlExtension
from crawler.run.narration import narrated
from spiders.requests import BODY, NONE

CONCURRENCY = 16
_NOTHING = CaptureAddress("", 0, 0, UUID(int=0))


class ListSpider(scrapy.Spider):
    """Fetches addresses and looks at nothing."""

    name = "list"
    fetched: ClassVar[int] = 0
    """Responses with status 200."""

    def __init__(self, addresses: Path, meta: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._meta = meta or {}
        self._addresses = addresses

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """All addresses."""
        with self._addresses.open(encoding="utf-8") as lines:
            for line in lines:
                yield scrapy.Request(line.strip(), meta=dict(self._meta))

    def parse(self, response: scrapy.http.Response) -> None:
        """Nothing more is done with a page."""
        ListSpider.fetched += response.status == HTTPStatus.OK


class BareCapturing(Capturing):
    """Keeps nothing."""

    async def keep(self, exchange: Exchange) -> CaptureAddress:  # noqa: ARG002 - that is the point
        """No place."""
        return _NOTHING


class BareExtension(CrawlExtension):
    """A run that keeps nothing."""

    def __init__(self, run: CrawlRun) -> None:
        super().__init__(run)
        run.capturing.__class__ = BareCapturing


def _concurrency() -> dict[str, Any]:
    return {"CONCURRENT_REQUESTS": CONCURRENCY, "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY, "DOWNLOAD_DELAY": 0}


def _equal() -> dict[str, Any]:
    """What our settings say that any handler can follow."""
    ours = Settings()
    ours.setmodule("crawler.run.settings", priority="project")
    names = ("CONCURRENT_ITEMS", "TELNETCONSOLE_ENABLED", "REMOTE_CONTROL_ENABLED", "METAREFRESH_ENABLED")
    shared = {name: ours.get(name) for name in names}
    extensions = {"scrapy.extensions.telnet.TelnetConsole": None, "scrapy.extensions.memdebug.MemoryDebugger": None}
    middlewares = {
        "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
        "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    }
    return {
        **shared,
        "TWISTED_REACTOR": ours["TWISTED_REACTOR"],
        "ASYNCIO_EVENT_LOOP": ours["ASYNCIO_EVENT_LOOP"],
        "DEFAULT_REQUEST_HEADERS": dict(ours["DEFAULT_REQUEST_HEADERS"]),
        "EXTENSIONS": extensions,
        "DOWNLOADER_MIDDLEWARES": middlewares,
        "SPIDER_MIDDLEWARES": {"scrapy.spidermiddlewares.referer.RefererMiddleware": None},
        "LOG_LEVEL": ours["LOG_LEVEL"],
        "STATS_DUMP": False,
        "DOWNLOAD_MAXSIZE": Configuration().max_body,
    }


def settings_of(way: str, directory: Path, host: str) -> Settings:
    """Scrapy's settings for a way to fetch."""
    settings = Settings(_concurrency())
    if way in ("ours", "article", "bare"):
        settings.setmodule("crawler.run.settings", priority="project")
        configuration = Configuration(
            archive=str(directory),
            allow_hosts=(host,),
            delay=0,
            concurrency=CONCURRENCY,
            concurrency_per_host=CONCURRENCY,
            obey_robots=False,
            contact="benchmark",
        )
        settings.set(CONFIGURATION, configuration, "cmdline")
        if way == "bare":
            extensions = {
                **settings.getdict("EXTENSIONS"),
                "crawler.run.extension.CrawlExtension": None,
                BareExtension: 0,
            }
            settings.set("EXTENSIONS", extensions, "cmdline")
        return settings
    if way in ("equal", "aiohttp"):
        settings.setdict(_equal(), "project")
    if way == "aiohttp":
        handler = "scrapy.core.downloader.handlers._aiohttp.AiohttpDownloadHandler"
        settings.set("DOWNLOAD_HANDLERS", {"http": handler, "https": handler}, "project")
    if way == "quiet":
        settings.set("LOG_LEVEL", "WARNING", "project")
    return settings


def main(way: str, addresses: str, directory: str) -> int:
    """Crawl; 0 when every address was fetched."""
    lines = Path(addresses).read_text(encoding="utf-8").split()
    process = AsyncCrawlerProcess(settings_of(way, Path(directory), urlsplit(lines[0]).netloc))
    crawler = process.create_crawler(ListSpider)
    started = datetime.now(UTC)
    process.crawl(crawler, addresses=Path(addresses), meta={BODY: NONE} if way == "article" else {})
    with narrated(0) if way in ("ours", "article", "bare") else nullcontext():
        process.start()
    fetched = ListSpider.fetched
    seconds = (datetime.now(UTC) - started).total_seconds()
    sys.stdout.write(f"{way}: {fetched} of {len(lines)} in {seconds:.1f} s\n")
    return 0 if fetched == len(lines) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
