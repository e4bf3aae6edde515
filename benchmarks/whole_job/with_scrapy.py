"""A spider as a tutorial would have it: front page, feed, sitemap, articles; trafilatura in a pipeline; JSON lines.

python -m benchmarks.whole_job.with_scrapy ADDRESS OUTPUT
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import scrapy
import trafilatura
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Request, Response, TextResponse


class ArticlePipeline:
    """Text and metadata by trafilatura, one JSON object a line."""

    def open_spider(self) -> None:
        """The crawl begins."""
        self._file = Path(sys.argv[2]).open("w", encoding="utf-8")  # noqa: SIM115 - closed with the spider

    def close_spider(self) -> None:
        """The crawl has ended."""
        self._file.close()

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        """Write a page's text."""
        text = trafilatura.extract(item["html"], url=item["url"], output_format="json", with_metadata=True)
        self._file.write(json.dumps({"url": item["url"], **(json.loads(text) if text else {})}) + "\n")
        return item


class NewspaperSpider(scrapy.Spider):
    """Reads the front page, the feed and the sitemap, and every article that they show."""

    name = "newspaper"

    async def start(self) -> AsyncIterator[Any]:
        """The front page and the sitemap."""
        yield Request(f"{sys.argv[1]}/", callback=self.parse_front)
        yield Request(f"{sys.argv[1]}/news.xml", callback=self.parse_source)

    def parse_front(self, response: Response) -> Iterator[Any]:
        """The feeds that the front page names."""
        for address in response.css("link[type='application/rss+xml']::attr(href)").getall():
            yield response.follow(address, callback=self.parse_source)

    def parse_source(self, response: Response) -> Iterator[Any]:
        """The articles of a feed or a sitemap."""
        assert isinstance(response, TextResponse)
        response.selector.remove_namespaces()
        for address in response.xpath("//item/link/text() | //url/loc/text()").getall():
            yield response.follow(address, callback=self.parse_article)

    def parse_article(self, response: Response) -> Iterator[Any]:
        """An article's page."""
        yield {"url": response.url, "html": response.body}


def main() -> None:
    """Crawl."""
    settings = {
        "ITEM_PIPELINES": {ArticlePipeline: 1},
        "LOG_LEVEL": "ERROR",
        "ROBOTSTXT_OBEY": True,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
        "DOWNLOAD_DELAY": 0,
    }
    process = AsyncCrawlerProcess(settings)
    process.crawl(NewspaperSpider)
    process.start()


if __name__ == "__main__":
    main()
