"""The Scrapy side of fetching: a download handler.

Scrapy's request becomes a `WireRequest`; every attempt goes through `Capturing`, which keeps it; then
the last one becomes Scrapy's response, or the exception that Scrapy's middlewares know.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Self
from weakref import WeakKeyDictionary

from pydispatch.dispatcher import getAllReceivers, liveReceivers
from scrapy import signals
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    StopDownload,
)
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes
from twisted.internet import ssl
from twisted.python.failure import Failure

from archive.content_coding import BodyTooLarge, decode_body
from archive.exchange import CaptureAddress, CaptureOutcome, Exchange
from archive.http1 import ResponseHead, entity_parts
from archive.rendering import DOCUMENT_TYPE
from crawler.keeping.fetch_gate import GateShut
from crawler.keeping.recorder import NotKept
from crawler.run.browsing import Browsing
from crawler.run.extension import run_of
from crawler.run.polite_fetching import AddressRefused, PoliteFetching
from crawler.wire.connection import Timeouts
from crawler.wire.fetcher import Stopped, WireRequest
from crawler.wire.origin import Proxy, parse_proxy
from crawler.wire.reader import ResponseReader
from spiders.remedies import REMEDIES
from spiders.requests import (
    BEGINNING,
    BODY,
    CAPTURE,
    HEAD,
    IN_CAPTURE,
    MOST_OF_BEGINNING,
    MOST_OF_HEAD,
    NONE,
    OUTCOME,
    RECEIVED,
    REDACTED,
    UNCHANGED,
    UNVERIFIED,
    CaptureMark,
    discovery_of,
)

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

LARGE_BODY = 1 << 20
"""Maximum size of a body, encoded or decoded, in bytes. Above it, Scrapy's response has no body and is flagged."""


_PROXY_AUTHORIZATION = b"Proxy-Authorization"
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
}


class SignalWatcher:
    """Sends Scrapy's signals ``headers_received`` and ``bytes_received``; a receiver may raise StopDownload."""

    def __init__(self, crawler: Crawler, request: Request) -> None:
        self.stopped: StopDownload | None = None
        self._crawler = crawler
        self._request = request
        self._told_headers = False

    @classmethod
    def where_heard(cls, crawler: Crawler, request: Request) -> Self | None:
        """A watcher, if the signals have receivers."""
        heard = (signals.headers_received, signals.bytes_received)
        if any(True for signal in heard for _ in liveReceivers(getAllReceivers(crawler, signal))):
            return cls(crawler, request)
        return None

    def __call__(self, reader: ResponseReader, data: bytes) -> None:
        """Called as the response grows. Raises Stopped."""
        head = reader.head
        if head is None:
            return
        if not self._told_headers:
            self._told_headers = True
            self._tell(signals.headers_received, headers=Headers(head.headers), body_length=head.content_length)
            data = bytes(reader.buffer[head.length :])
        if data:
            self._tell(signals.bytes_received, data=data)

    def _tell(self, signal: object, **facts: object) -> None:
        results = self._crawler.signals.send_catch_log(
            signal=signal, request=self._request, spider=self._crawler.spider, **facts
        )
        for _, result in results:
            if isinstance(result, Failure) and isinstance(result.value, StopDownload):
                self.stopped = result.value
                raise Stopped("a signal receiver stopped the download")


class WireDownloadHandler(BaseDownloadHandler):
    """Fetches http and https."""

    lazy = False
    _shared: ClassVar[WeakKeyDictionary[Crawler, tuple[PoliteFetching, Browsing]]] = WeakKeyDictionary()
    """Scrapy makes a handler for each scheme; limits hold over all."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        run = self._run = run_of(crawler)
        self._settings = run.configuration
        self._redacted = frozenset(name.lower() for name in self._settings.redact_headers)
        self._fails_on_loss = crawler.settings.getbool("DOWNLOAD_FAIL_ON_DATALOSS")
        if crawler not in self._shared:
            fetching = PoliteFetching(run, self._pause)
            run.browsing = browsing = Browsing(crawler, run, fetching)
            self._shared[crawler] = fetching, browsing
        self.fetching, self._browsing = self._shared[crawler]

    async def download_request(self, request: Request) -> Response:
        """Fetch, keep, and return what Scrapy expects."""
        try:
            await self._run.gate.passed()
        except GateShut as error:
            raise IgnoreRequest(str(error)) from error
        watcher = SignalWatcher.where_heard(self.crawler, request)
        last, address = await self._exchanged(request, watcher)
        request.meta["download_latency"] = (last.finished - last.started).total_seconds()
        request.meta[CAPTURE] = str(CaptureMark.of(address))
        request.meta[OUTCOME] = last.outcome.value
        request.meta[RECEIVED] = len(last.response)
        if watcher is not None and watcher.stopped is not None:
            return _stopped(last, watcher.stopped)
        fails_on_loss = request.meta.get("download_fail_on_dataloss", self._fails_on_loss)
        if last.outcome is CaptureOutcome.TRUNCATED_DISCONNECT and last.status and not fails_on_loss:
            return _response(last, "dataloss")
        wanted = request.meta.get(BODY)
        if last.outcome is CaptureOutcome.ADDRESS_REFUSED:
            raise AddressRefused(last.detail, request.url)
        if last.outcome is CaptureOutcome.TRUNCATED_LENGTH and wanted == BEGINNING:
            return _response(last, "cut short", wanted=wanted)
        failure = _FAILURES.get(last.outcome)
        if failure is not None:
            raise failure(f"{last.detail or last.outcome.value}; {REMEDIES[last.outcome]}")
        unchanged = (UNCHANGED,) if address.revisit else ()
        return _response(last, *unchanged, wanted=wanted)

    async def _exchanged(self, request: Request, watcher: SignalWatcher | None) -> tuple[Exchange, CaptureAddress]:
        """The last attempt and where it is kept. Raises IgnoreRequest as `PoliteFetching.exchanged` does."""
        kept: list[CaptureAddress] = []

        async def keep(exchange: Exchange) -> None:
            kept.append(await self._run.capturing.keep(exchange))

        try:
            wanted = self._wire_request(request, watcher)
            if self._browsing.may_look_at(request):
                wanted = self._browsing.logged_in(request, wanted)
                last = await self.fetching.exchanged(wanted, keep, _later)
                last = await self._browsing.rendered(last, request, wanted, keep)
            else:
                last = await self.fetching.exchanged(wanted, keep)
        except NotKept as error:
            raise DownloadFailedError(str(error)) from error
        return last, kept[-1]

    def _pause(self, host: str) -> float:
        """Seconds between two requests to a host."""
        slot = self.crawler.engine.downloader.slots.get(host) if self.crawler.engine is not None else None
        return float(slot.delay) if slot is not None else self._settings.delay

    async def close(self) -> None:
        """End the browser, and close idle connections."""
        await self._browsing.close()
        self.fetching.close()

    def _wire_request(self, request: Request, watcher: SignalWatcher | None) -> WireRequest:
        # As a dict: its own look-ups bring each name and value into form, which they have already
        names = ((name, value) for name, values in dict.items(request.headers) for value in values)
        verify = self._settings.verify_certificates and not request.meta.get(UNVERIFIED)
        return WireRequest(
            url=request.url.partition("#")[0],
            method=request.method,
            headers=tuple(pair for pair in names if pair[0] != _PROXY_AUTHORIZATION),
            body=request.body,
            timeouts=self._timeouts(request),
            limit=int(request.meta.get("download_maxsize", self._settings.max_body)),
            discovery=self._run.announcements.kept(request.url, discovery_of(request.meta)),
            redacted=self._redacted | frozenset(request.meta.get(REDACTED, ())),
            proxy=_proxy(request),
            verify=verify,
            watcher=watcher,
        )

    def _timeouts(self, request: Request) -> Timeouts:
        settings = self._settings
        total = float(request.meta.get("download_timeout") or settings.timeout)
        return Timeouts(settings.connect_timeout, settings.first_byte_timeout, settings.idle_timeout, total)


async def _later(_exchange: Exchange) -> None:
    """A page is kept when a browser has rendered it."""


def _proxy(request: Request) -> Proxy | None:
    """The proxy that Scrapy's middleware has chosen. Raises IgnoreRequest for one that cannot be used."""
    address = request.meta.get("proxy")
    if not address:
        return None
    try:
        return parse_proxy(address, request.headers.get(_PROXY_AUTHORIZATION) or b"")
    except ValueError as error:
        raise IgnoreRequest(str(error)) from error


def _stopped(exchange: Exchange, stop: StopDownload) -> Response:
    """What a stopped download gives: its response so far, or the exception that carries it."""
    response = _response(exchange, "download_stopped")
    if not stop.fail:
        return response
    stop.response = response
    raise stop


def _response(exchange: Exchange, *flags: str, wanted: str | None = None) -> Response:
    """Scrapy's response: the body without codings, as a browser has it, unless it is too large for that."""
    head = exchange.response_head()
    headers = Headers(head.headers)
    headers.pop("Content-Encoding", None)
    if exchange.rendering is not None:
        body, flaw = exchange.rendering.document, ""
        headers["Content-Type"] = DOCUMENT_TYPE
    else:
        body, flaw = _body(exchange, head, wanted)
    address = exchange.transport.address.split("%")[0]
    certificate = exchange.transport.certificate
    return responsetypes.from_args(headers=headers, url=exchange.url, body=body)(
        url=exchange.url,
        status=exchange.status,
        headers=headers,
        body=body,
        flags=[*flags, *([flaw] if flaw else [])],
        ip_address=ipaddress.ip_address(address) if address else None,
        protocol=head.version,
        certificate=_certificate(certificate) if certificate else None,
    )


def _body(exchange: Exchange, head: ResponseHead, wanted: str | None) -> tuple[bytes, str]:
    """The body without codings, and a flag for what is wrong. A large or unwanted one stays in its capture."""
    is_large = len(exchange.response) - head.length > LARGE_BODY
    if wanted == NONE or (is_large and wanted not in (BEGINNING, HEAD)):
        return b"", IN_CAPTURE
    parts = entity_parts(head, exchange.response_parts(head.length))
    if wanted in (BEGINNING, HEAD):
        most, flag = (MOST_OF_BEGINNING, "") if wanted == BEGINNING else (MOST_OF_HEAD, IN_CAPTURE)
        received = b"".join(_beginning(parts, most))
        return decode_body(head.content_codings, received, most, cut=True).body[:most], flag
    body = b"".join(parts)
    try:
        decoded = decode_body(head.content_codings, body, LARGE_BODY)
    except BodyTooLarge:
        return b"", IN_CAPTURE
    return decoded.body, decoded.flaw


def _beginning(parts: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Parts with at most `most` bytes in all."""
    taken = 0
    for part in parts:
        yield part
        taken += len(part)
        if taken >= most:
            return


@lru_cache(maxsize=256)
def _certificate(encoded: bytes) -> ssl.Certificate:
    """A certificate (DER) as Scrapy's responses carry it."""
    return ssl.Certificate.load(encoded)
