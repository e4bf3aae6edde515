"""Pages on captures: all of an address, one with its headers and exact bytes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from starlette.responses import Response, StreamingResponse

from archive.address_match import Match
from archive.captures import Capture
from archive.cdxj import IndexEntry
from archive.content_coding import BodyTooLarge
from archive.errors import AccessRefused, BadAddress, ObjectMissing
from archive.http1 import BadMessage
from archive.period import Period, moment_of, span_of
from archive.search.engine import SearchUnavailable
from crawler.replay.start_page import replay_address
from crawler.web.answering import Asked
from crawler.web.guard import CAPTURED_CONTENT_SECURITY
from crawler.web.kept_exchange import KeptExchange
from crawler.web.reading import MOST_BYTES

_SHOWN = 500
"""Captures that a page lists."""
_EXCERPT = 20_000
"""Characters of a body that its page shows."""
_STEP = 1 << 18
_TEXTUAL = ("text/", "application/json", "application/xml", "application/javascript", "image/svg+xml")
_XML = ("+xml", "+json")


def captures_page(asked: Asked) -> Response:
    """Captures by address."""
    url, match = asked.parameters.get("url", "").strip(), match_of(asked.parameters.get("match", ""))
    since, until = asked.parameters.get("since", "").strip(), asked.parameters.get("until", "").strip()
    values: dict[str, Any] = {
        "url": url,
        "match": match,
        "since": since,
        "until": until,
        "found": None,
        "problem": "",
    }
    status = HTTPStatus.OK
    if url:
        try:
            values["found"] = asked.reader.captures(url, match, period_of(since, until), _SHOWN)
        except BadAddress as error:
            values["problem"], status = str(error), HTTPStatus.BAD_REQUEST
    return asked.page("captures.html", status, replay_link=lambda entry: replay_link(asked, entry), **values)


def capture_page(asked: Asked) -> Response:
    """One capture: where it is, what was sent and received, what is known of it."""
    kept = _kept(asked)
    capture = kept.capture
    original = _original(asked, capture)
    stamp = f"{capture.date:%Y%m%d%H%M%S}"
    return asked.page(
        "capture.html",
        kept=kept,
        capture=capture,
        segment=asked.path("segment"),
        original=original,
        response_head=_head_text(capture),
        request=kept.request.decode("latin-1"),
        excerpt=_excerpt(original),
        may_name=lambda text: asked.reader.may_name(text, capture.date),
        article=_record_of(asked, original) if capture.is_page else None,
        replay_link=replay_address(asked.replay, capture.url, stamp) if asked.replay else "",
    )


def capture_bytes(asked: Asked) -> Response:
    """What was captured, byte for byte, to be saved: never shown by a browser."""
    part, kept = asked.path("part"), _kept(asked)
    name = f"{asked.path('segment')}-{kept.capture.offset}"
    if part == "record.warc.gz":
        told = (value for record in kept.records for value in record.headers.values())
        if not all(asked.reader.may_name(value, kept.capture.date) for value in told):
            raise AccessRefused("these WARC records name an address that an access rule withholds; take the response")
        stream = asked.reader.storage.open_range(kept.key, kept.start, kept.length)

        def members() -> Iterator[bytes]:
            with stream:
                yield from iter(lambda: stream.read(_STEP), b"")

        headers = {**_to_be_saved(f"{name}.warc.gz"), "Content-Length": str(kept.length)}
        return StreamingResponse(members(), media_type="application/warc", headers=headers)
    if part == "response":
        data, kind, ending = asked.reader.wire(kept.capture), "application/http; msgtype=response", "http"
    elif part == "request":
        data, kind, ending = kept.request, "application/http; msgtype=request", "request.http"
    elif part == "body":
        data, kind, ending = body_of(asked.reader.original(kept.capture)), "application/octet-stream", "bin"
    else:
        raise ObjectMissing("a capture has the parts request, response, body and record.warc.gz")
    return Response(data, media_type=kind, headers=_to_be_saved(f"{name}.{ending}"))


def body_of(capture: Capture) -> bytes:
    """The decoded body. Raises ObjectMissing when there is none that can be decoded."""
    try:
        return capture.body(MOST_BYTES).body
    except (BadMessage, BodyTooLarge, ValueError) as error:
        raise ObjectMissing(f"{capture.url}: its body cannot be decoded: {error}") from error


def replay_link(asked: Asked, entry: IndexEntry) -> str:
    """Where an index entry is replayed; empty without replay."""
    return replay_address(asked.replay, entry.url, f"{entry.moment:%Y%m%d%H%M%S}") if asked.replay else ""


def match_of(text: str) -> Match:
    """By its name in a CDX server API. Raises BadAddress."""
    try:
        return Match(text or Match.EXACT)
    except ValueError as error:
        raise BadAddress(f"there are the matches {', '.join(Match)}") from error


def period_of(since: str, until: str) -> Period:
    """From the first date to the last, both included. Raises BadAddress."""
    return Period(_first(since), _end(until))


def _first(text: str) -> datetime | None:
    moment = moment_of(text) if text else None
    if text and moment is None:
        raise BadAddress(f"{text!r} is not a date; write 2026-11-24 or 20261124103000")
    return moment


def _end(text: str) -> datetime | None:
    span = span_of(text) if text else None
    if text and span is None:
        raise BadAddress(f"{text!r} is not a date; write 2026-11-24 or 20261124103000")
    return span.end if span is not None else None


def _kept(asked: Asked) -> KeptExchange:
    offset = asked.path("offset")
    if not offset.isascii() or not offset.isdigit() or len(offset) > 15:
        raise ObjectMissing("a capture is named by its segment and the byte at which it begins")
    return asked.reader.exchange(asked.path("segment"), int(offset))


def _original(asked: Asked, capture: Capture) -> Capture:
    """What a revisit stands for; the capture itself where that cannot be shown."""
    try:
        return asked.reader.original(capture) if capture.revisit and not capture.left else capture
    except (AccessRefused, ObjectMissing):
        return capture


def _record_of(asked: Asked, capture: Capture) -> UUID | None:
    """The id of its record, if it became one that this reader may have and the index knows."""
    try:
        return asked.reader.article(capture.record_id).id
    except (ObjectMissing, AccessRefused, SearchUnavailable):
        return None


def _to_be_saved(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": CAPTURED_CONTENT_SECURITY,
    }


def _head_text(capture: Capture) -> str:
    """The response's head as received; empty when it has none."""
    try:
        return capture.response[: capture.head().length].decode("latin-1")
    except BadMessage:
        return ""


def _excerpt(capture: Capture) -> str:
    """The beginning of a body that is text."""
    try:
        kind = capture.head().first("content-type").partition(";")[0].strip().lower()
        if capture.left or not (kind.startswith(_TEXTUAL) or kind.endswith(_XML)):
            return ""
        return capture.body(MOST_BYTES).body[: _EXCERPT * 4].decode("utf-8", "replace")[:_EXCERPT]
    except (BadMessage, BodyTooLarge, ValueError):
        return ""
