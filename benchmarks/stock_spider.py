"""Scrapy as it comes, on sites that misbehave: the spider that its tutorial would have one write.

    python -m benchmarks.stock_spider SITES_JSON ITEMS_JSON

Robots.txt is obeyed, and time-outs are those of the crawl that it is compared with; all else is Scrapy's default.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Request, Response
from scrapy.utils.gz import gunzip
from scrapy.utils.sitemap import Sitemap

_GZIP_MAGIC = b"\x1f\x8b"


class StockSpider(scrapy.Spider):
    """Reads feeds, sitemaps and sections, and keeps the title of each page they show."""

    name = "stock"

    def __init__(self, sites: str, items: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._items = Path(items)
        self._sites: list[tuple[str, str]] = json.loads(Path(sites).read_text(encoding="utf-8"))

    async def start(self) -> AsyncIterator[Any]:
        """The sources."""
        callbacks = {"feed": self.parse_feed, "sitemap": self.parse_sitemap, "section": self.parse_section}
        for kind, url in self._sites:
            yield Request(url, callback=callbacks[kind], priority=1)

    def parse_feed(self, response: Response) -> Iterator[Request]:
        """Each item's link."""
        for link in response.xpath("//item/link/text()").getall():
            yield response.follow(link, self.parse_page)

    def parse_sitemap(self, response: Response) -> Iterator[Request]:
        """As Scrapy's own SitemapSpider does it."""
        body = gunzip(response.body) if response.body.startswith(_GZIP_MAGIC) else response.body
        sitemap = Sitemap(body)
        for entry in sitemap:
            callback = self.parse_sitemap if sitemap.type == "sitemapindex" else self.parse_page
            yield Request(entry["loc"], callback=callback)

    def parse_section(self, response: Response) -> Iterator[Request]:
        """Stories, and the next page."""
        for link in response.css("a::attr(href)").getall():
            yield response.follow(link, self.parse_page)
        for link in response.css("link[rel=next]::attr(href)").getall():
            yield response.follow(link, self.parse_section)

    def parse_page(self, response: Response) -> Iterator[Request]:
        """The page's title is kept."""
        line = json.dumps({"url": response.url, "title": response.css("title::text").get()})
        with self._items.open("a", encoding="utf-8") as items:  # at once: the program may be ended before its end
            items.write(f"{line}\n")
        return iter(())


def main(sites: str, items: str) -> None:
    """Crawl."""
    settings = {
        "ROBOTSTXT_OBEY": True,
        "DOWNLOAD_DELAY": 0,
        "DOWNLOAD_TIMEOUT": 5,
        "RETRY_TIMES": 1,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "CRITICAL",
    }
    process = AsyncCrawlerProcess(settings)
    process.crawl(StockSpider, sites=sites, items=items)
    process.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
