"""The Scrapy side of fetching: a download handler.

Scrapy's request becomes a `WireRequest`; every attempt goes through the door, which keeps it; then the last
one becomes Scrapy's response, or the exception that Scrapy's middlewares know.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes
from w3lib.url import safe_url_string

from archive.exchange import CaptureOutcome, Exchange
from archive.http1 import ResponseHead, entity_body, parse_head
from crawler.session import CrawlSession
from crawler.wire.connection import ConnectionPool, tls_context
from crawler.wire.fetcher import Fetcher, WireRequest
from spiders.requests import CAPTURE, REDACTED, discovery_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

_FAILURES: dict[CaptureOutcome, type[Exception]] = {
    CaptureOutcome.DNS_FAILURE: CannotResolveHostError,
    CaptureOutcome.CONNECTION_REFUSED: DownloadConnectionRefusedError,
    CaptureOutcome.CONNECTION_FAILED: DownloadFailedError,
    CaptureOutcome.TIMEOUT: DownloadTimeoutError,
    CaptureOutcome.TRUNCATED_TIME: DownloadTimeoutError,
    CaptureOutcome.TRUNCATED_LENGTH: DownloadCancelledError,
    CaptureOutcome.TRUNCATED_DISCONNECT: ResponseDataLossError,
    CaptureOutcome.MALFORMED: DownloadFailedError,
    # Repeating these within a run changes nothing
    CaptureOutcome.TLS_FAILURE: IgnoreRequest,
    CaptureOutcome.ADDRESS_REFUSED: IgnoreRequest,
}


class WireDownloadHandler(BaseDownloadHandler):
    """Fetches http and https."""

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        session = crawler.get_extension(CrawlSession)
        assert session is not None, "the settings must name CrawlSession among the extensions"
        settings = session.configuration
        self._session = session
        self._timeout = settings.timeout
        self._limit = settings.max_body
        self._redacted = frozenset(name.lower() for name in settings.redact_headers)
        self._pool = ConnectionPool(
            settings.address_rules, tls_context(verify=settings.verify_certificates), settings.concurrency_per_host
        )
        self._fetcher = Fetcher(self._pool, session.now)

    async def download_request(self, request: Request) -> Response:
        """Fetch, keep, and answer as Scrapy expects."""
        attempts = await self._fetcher.fetch(self._wire_request(request))
        for exchange in attempts:
            request.meta[CAPTURE] = self._session.keep(exchange)
        last = attempts[-1]
        failure = _FAILURES.get(last.outcome)
        if failure is not None:
            raise failure(last.detail or last.outcome.value)
        return _response(last)

    async def close(self) -> None:
        """Drop idle connections."""
        self._pool.close()

    def _wire_request(self, request: Request) -> WireRequest:
        headers = tuple((name, value) for name, values in request.headers.items() for value in values)
        return WireRequest(
            url=safe_url_string(request.url.split("#", 1)[0]),
            method=request.method,
            headers=headers,
            body=request.body,
            timeout=float(request.meta.get("download_timeout") or self._timeout),
            limit=int(request.meta.get("download_maxsize", self._limit)),
            discovery=self._session.best_discovery(request.url, discovery_of(request.meta)),
            redacted=self._redacted | frozenset(request.meta.get(REDACTED, ())),
        )


def _response(exchange: Exchange) -> Response:
    head = parse_head(exchange.response)
    body = entity_body(exchange.response)
    headers = _headers(head)
    kind = responsetypes.from_args(headers=headers, url=exchange.url, body=body)
    return kind(
        url=exchange.url,
        status=exchange.status,
        headers=headers,
        body=body,
        ip_address=ipaddress.ip_address(exchange.transport.address.split("%")[0]),
        protocol=head.version,
    )


def _headers(head: ResponseHead) -> Headers:
    headers = Headers()
    for name, value in head.headers:
        headers.appendlist(name, value)
    return headers
