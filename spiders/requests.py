"""Requests that carry how their address was found, as plain strings in ``meta``.

``meta["discovery"]`` holds the fields of `archive.exchange.Discovery`; redirects and retries inherit it.
``meta["capture"]`` is set by whoever keeps the exchange: ``SEGMENT:OFFSET`` of the response record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from archive.exchange import Discovery, Role

DISCOVERY = "discovery"
CAPTURE = "capture"
REDACTED = "redacted_headers"

SOURCE_PRIORITY = 100
"""Sources are fetched before articles: they are few, and everything follows from them."""

ARTICLE_PRIORITY = 0


def request_meta(discovery: Discovery) -> dict[str, Any]:
    """``meta`` of a request that is made for this discovery."""
    return {DISCOVERY: {name: str(value) for name, value in asdict(discovery).items() if value}}


def discovery_of(meta: Mapping[str, Any]) -> Discovery:
    """The discovery that a request's ``meta`` carries."""
    values = dict(meta.get(DISCOVERY, {}))
    role = Role(values.pop("role", Role.OTHER))
    redirects = meta.get("redirect_urls")
    if redirects:
        values["requested_url"] = redirects[0]
    return Discovery(role=role, **values)


def capture_of(meta: Mapping[str, Any]) -> tuple[str, int]:
    """Segment and offset of the capture behind a response; an empty segment when nothing was kept."""
    segment, _, offset = str(meta.get(CAPTURE, "")).rpartition(":")
    return segment, int(offset or 0)


def capture_mark(segment: str, offset: int) -> str:
    """The value of ``meta["capture"]``."""
    return f"{segment}:{offset}"
