"""Requests that carry how their URL was found, as plain strings in ``meta``.

``meta["discovery"]`` holds the fields of `archive.exchange.Discovery`; redirects and retries inherit it.
``meta["redacted_headers"]`` names headers that are sent but not kept, ``meta["unverified"]`` tells that a bad
certificate does not matter. ``meta["capture"]`` is set by whoever keeps the exchange: the text of a `CaptureMark`.
A body past 1 MiB, and one that nobody wants (``meta["body"]``), stays in its capture; the response is flagged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from scrapy.http import Request, Response

from archive.exchange import CaptureAddress, Discovery, Role
from spiders.site import SourceKind

DISCOVERY = "discovery"
CAPTURE = "capture"
REDACTED = "redacted_headers"
UNVERIFIED = "unverified"
BODY = "body"

CHANGED = "changed"
"""``meta`` key of a request for a sitemap: when its index says that it was changed (ISO 8601; empty: it does not)."""

BEGINNING = "beginning"
"""Value of ``meta["body"]``: the first `MOST_OF_BEGINNING` bytes come with the response, whatever its size."""

MOST_OF_BEGINNING = 500 << 10

HEAD = "head"
"""Value of ``meta["body"]``: the first `MOST_OF_HEAD` bytes come with the response; the body stays in its capture."""

MOST_OF_HEAD = 64 << 10

NONE = "none"
"""Value of ``meta["body"]``: nobody looks at the body where the response arrives."""

OUTCOME = "outcome"
"""``meta`` key: the `CaptureOutcome` of the newest attempt."""

RECEIVED = "received"
"""``meta`` key: bytes of the response as it came."""

IN_CAPTURE = "in_capture"
"""Flag of a response whose whole body is only in its capture."""

UNCHANGED = "unchanged"
"""Flag of a response whose bytes are those of an earlier capture."""

COOKIES_SET = "cookies_set"
"""``meta`` key: names of the cookies that the steps of a chain of redirects have set before this one."""

SOURCE_ROLES = frozenset(kind.role for kind in SourceKind)
"""What lists articles."""

SOURCE_PRIORITY = 100
"""Sources are fetched before articles: they are few, and everything follows from them."""

ARTICLE_PRIORITY = 0

REQUISITE_PRIORITY = -5
"""What a page needs waits for new articles, but not for those that are only linked: it changes with time."""

DEFINITION = "definition"
"""``via`` of a source that a site's definition names."""

SEED = "seed"
"""``via`` of a front page that a site is explored from."""

GUESS = "guess"
"""``via`` of a source that nothing names, at a place where many sites have one."""

LISTED = "list"
"""``via`` of a page that an operator lists: it is fetched whatever is known of it."""

RECAPTURE = "recapture"
"""``via`` of an article that is fetched again, to see whether it was corrected."""

RECAPTURE_PRIORITY = -20
"""What was captured once can wait longest."""

LINKED_PRIORITY = -10
"""Articles that are only linked wait: a feed or sitemap that is read meanwhile may say more of them."""

RETRY_PRIORITY = -40
"""What was refused before comes last."""

BACKFILL_SOURCE_PRIORITY = -25
"""Sources of the back catalogue wait for all that is new, and for corrections: these cannot be had later."""

BACKFILL_PRIORITY = -30
"""Articles of the back catalogue have waited for years."""


def request_meta(discovery: Discovery) -> dict[str, Any]:
    """``meta`` of a request that is made for this discovery."""
    return {DISCOVERY: discovery.facts()}


def discovery_of(meta: Mapping[str, Any]) -> Discovery:
    """The discovery that a request's ``meta`` carries."""
    redirects = meta.get("redirect_urls")
    return _discovered(tuple(meta.get(DISCOVERY, {}).items()), redirects[0] if redirects else "")


@lru_cache(maxsize=1024)
def _discovered(facts: tuple[tuple[str, Any], ...], requested_url: str) -> Discovery:
    """Remembered, since it is asked for a dozen times a request."""
    values = dict(facts)
    role = Role(values.pop("role", Role.OTHER))
    if requested_url:
        values["requested_url"] = requested_url
    return Discovery(role=role, **values)


def is_unchanged(response: Response) -> bool:
    """Whether a source shows what it showed before: the server says so, or its large body is not kept again."""
    return response.status == HTTPStatus.NOT_MODIFIED or {IN_CAPTURE, UNCHANGED} <= set(response.flags)


def is_conditional(request: Request) -> bool:
    """Whether a request asks only for what has changed (RFC 9110, section 13.1)."""
    return "If-None-Match" in request.headers or "If-Modified-Since" in request.headers


@dataclass(frozen=True, slots=True)
class CaptureMark:
    """Where the capture behind a response is, small enough for ``meta``."""

    segment: str = ""
    """Empty when nothing was kept."""
    offset: int = 0
    """Bytes from the start of the segment's WARC to the record's gzip member."""
    record_id: str = ""

    @classmethod
    def of(cls, address: CaptureAddress) -> CaptureMark:
        """The mark of a capture."""
        return cls(address.segment, address.offset, str(address.record_id))

    def __str__(self) -> str:
        return f"{self.segment}:{self.offset}:{self.record_id}"


def capture_of(meta: Mapping[str, Any]) -> CaptureMark:
    """The mark that a response's ``meta`` carries."""
    segment, _, rest = str(meta.get(CAPTURE, "")).partition(":")
    offset, _, record_id = rest.partition(":")
    return CaptureMark(segment, int(offset or 0), record_id)


def led_on(request: Request, by: Response) -> Request:
    """A request that a response leads to, told as a redirect is: where it began, and how many there were."""
    before = by.request.meta if by.request is not None else {}
    request.meta["redirect_times"] = before.get("redirect_times", 0) + 1
    request.meta["redirect_urls"] = [*before.get("redirect_urls", []), by.url]
    request.meta["redirect_reasons"] = [*before.get("redirect_reasons", []), "meta refresh"]
    request.meta[COOKIES_SET] = cookies_set(before, by)
    return request


def cookies_set(before: Mapping[str, Any], by: Response) -> list[str]:
    """Names of the cookies that a chain and its newest response have set; `before` is its request's ``meta``."""
    lines = [line.decode("latin-1") for line in by.headers.getlist("Set-Cookie")]
    names = [line.partition(";")[0].partition("=")[0].strip() for line in lines]
    return list(dict.fromkeys([*before.get(COOKIES_SET, ()), *names]))


def brings_document(response: Response) -> bool:
    """Whether a response has what was asked for: 200, or what proxies make of it (RFC 9110, section 15.3)."""
    return HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES


def asked_address(request: Request) -> str:
    """The address that a request began with, from before any redirects."""
    return str(request.meta.get("redirect_urls", [request.url])[0])
