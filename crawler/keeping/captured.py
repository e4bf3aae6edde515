"""What is reported to the frontier about an attempt: the same whether it was just made, read back, or is known from
an index.

An attempt that failed (`crawler.frontier.capture_outcomes`) is a `Failed`, and so is a 304 that confirms no capture.
A redirect is neither: the end of the chain decides, and names the URL that the chain began with. Any other is a
`Captured`: *full* when it can serve as the original of a revisit (a whole response to GET that is not a revisit
itself, and framed so that every reader finds its payload), *shows page* when the server sent the page or said that
it is unchanged.
"""

from __future__ import annotations

from collections.abc import Callable

from archive.captures import Capture
from archive.cdxj import IndexEntry
from archive.exchange import CaptureAddress, CaptureOutcome, Discovery, Exchange, Role
from archive.framing import is_plain
from archive.http1 import BadMessage, ResponseHead
from archive.outcomes import PageOutcomeLine
from crawler.frontier.capture_outcomes import FINAL, PASSING
from crawler.frontier.entries import Captured, Failed

_REDIRECTION = 300
_SHOWS_PAGE = frozenset({CaptureOutcome.OK, CaptureOutcome.NOT_MODIFIED})


def captured_or_failed(exchange: Exchange, address: CaptureAddress, *, is_plain: bool) -> Captured | Failed | None:
    """An exchange that was kept at an address; None for a step of a chain of redirects.

    `is_plain` tells whether every reader finds its payload (`archive.framing`).
    """
    if exchange.outcome is CaptureOutcome.REDIRECT:
        return None
    if _is_failure(exchange.outcome) or _confirms_nothing(exchange.outcome, address):
        is_passing = exchange.outcome not in FINAL
        began = exchange.discovery.requested_url or exchange.url
        return Failed(began, exchange.outcome.value, is_passing, exchange.status, is_led_to=began != exchange.url)
    full = exchange.truncated is None and is_plain
    full = full and _is_full(exchange.outcome, exchange.method, is_revisit=address.revisit)
    etag, last_modified, chunked = _repeat_facts(exchange.response_head) if full else ("", "", False)
    if exchange.rendering is not None or exchange.rendering_failure:
        etag = last_modified = ""  # an unchanged shell says nothing of what it shows
    return Captured(
        exchange.url,
        address,
        exchange.started,
        exchange.discovery,
        etag=etag,
        last_modified=last_modified,
        full=full,
        chunked=chunked,
        shows_page=exchange.outcome in _SHOWS_PAGE,
    )


def captured_again(capture: Capture, segment: str) -> Captured | None:
    """A capture read back from a segment; None for one that came to nothing, or is a step of a chain of redirects."""
    if capture.outcome is CaptureOutcome.REDIRECT or _is_failure(capture.outcome):
        return None
    if capture.outcome is CaptureOutcome.NOT_MODIFIED and not capture.revisit:
        return None
    full = not capture.truncated and _is_full(capture.outcome, capture.fact("method"), is_revisit=capture.revisit)
    full = full and _is_plain(capture)
    etag, last_modified, chunked = _repeat_facts(capture.head) if full else ("", "", False)
    if capture.rendered is not None or capture.fact("renderingFailed"):
        etag = last_modified = ""
    return Captured(
        capture.url,
        CaptureAddress(
            segment, capture.offset, capture.length, capture.record_id, capture.payload_digest, capture.revisit
        ),
        capture.date,
        capture.discovery,
        etag=etag,
        last_modified=last_modified,
        full=full,
        chunked=chunked,
        shows_page=capture.outcome in _SHOWS_PAGE,
    )


def captured_as_indexed(segment: str, line: PageOutcomeLine, entry: IndexEntry) -> Captured:
    """A page as its outcome and its line of the index tell of it; how it was found, they do not tell."""
    return Captured(
        line.url,
        CaptureAddress(segment, line.offset, entry.length, line.record_id, entry.digest, entry.is_revisit),
        entry.moment,
        Discovery(role=Role.ARTICLE),
        full=not entry.is_revisit and entry.status < _REDIRECTION,
    )


def _is_plain(capture: Capture) -> bool:
    try:
        head = capture.head()
    except BadMessage:
        return True
    return is_plain(head, (capture.response[head.length :],))


def _confirms_nothing(outcome: CaptureOutcome, address: CaptureAddress) -> bool:
    """Whether a server says that a page is unchanged of which the archive has nothing."""
    return outcome is CaptureOutcome.NOT_MODIFIED and not address.revisit


def _is_failure(outcome: CaptureOutcome) -> bool:
    return outcome in PASSING or outcome in FINAL


def _is_full(outcome: CaptureOutcome, method: str, *, is_revisit: bool) -> bool:
    return outcome is CaptureOutcome.OK and method == "GET" and not is_revisit


def _repeat_facts(head: Callable[[], ResponseHead]) -> tuple[str, str, bool]:
    """``ETag`` and ``Last-Modified`` (RFC 9110, section 8.8), and whether the body is chunked.

    Empty for a head that can't be read.
    """
    try:
        found = head()
    except BadMessage:
        return "", "", False
    return found.first("etag"), found.first("last-modified"), found.chunked
