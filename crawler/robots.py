"""robots.txt (RFC 9309), with every denial recorded as an attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest

from archive.exchange import CaptureOutcome
from crawler.session import CrawlSession
from crawler.wire.fetcher import unsent
from spiders.requests import discovery_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.robotstxt import RobotParser


class RecordingRobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy's middleware; what it denies leaves a record."""

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Let a request pass or raise IgnoreRequest."""
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest:
            session = self.crawler.get_extension(CrawlSession)
            assert session is not None
            detail = "robots.txt does not allow this address"
            now = session.now()
            session.keep_now(
                unsent(request.url, CaptureOutcome.ROBOTS_DENIED, now, discovery_of(request.meta), detail)
            )
            raise
