"""scrapy-playwright as it comes, for `benchmarks.browser.cost`: ``python peer_spider.py URLS ITEMS AT_ONCE``."""

from __future__ import annotations

import sys
from pathlib import Path

import scrapy
from scrapy.crawler import CrawlerProcess

URLS, ITEMS, AT_ONCE = sys.argv[1], sys.argv[2], int(sys.argv[3])

_HANDLER = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"


class Pages(scrapy.Spider):
    """Opens each page and keeps its document."""

    name = "pages"

    async def start(self):  # type: ignore[no-untyped-def]
        """A request for each page."""
        for url in Path(URLS).read_text().split():
            yield scrapy.Request(url, meta={"playwright": True})

    def parse(self, response):  # type: ignore[no-untyped-def]
        """The document."""
        with Path(ITEMS).open("a") as file:
            file.write(response.text + "\n")


process = CrawlerProcess(
    {
        "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), _HANDLER),
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "PLAYWRIGHT_LAUNCH_OPTIONS": {
            "executable_path": "/usr/bin/chromium",
            "args": ["--no-sandbox"],
        },
        "CONCURRENT_REQUESTS": AT_ONCE,
        "CONCURRENT_REQUESTS_PER_DOMAIN": AT_ONCE,
        "LOG_LEVEL": "ERROR",
    }
)
process.crawl(Pages)
process.start()
