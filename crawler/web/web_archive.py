"""What programs for web archives ask for: a CDX server, and Memento (RFC 7089)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from itertools import islice
from urllib.parse import quote

from starlette.responses import JSONResponse, RedirectResponse, Response

from archive.address_match import Match
from archive.cdxj import IndexEntry
from archive.errors import BadAddress, ObjectMissing
from archive.period import moment_of
from crawler.web.answering import Asked
from crawler.web.bounded_work import LongResponse
from crawler.web.capture_pages import body_of
from crawler.web.cdx_query import CdxQuery, Output, cdx_query
from crawler.web.guard import CAPTURED_CONTENT_SECURITY, Refused
from crawler.web.reading import MOST_CAPTURES, MOST_LOOKED

_STAMP_DIGITS = 14
_BATCH = 1 << 16
_TO_BE_SAVED = ("document", "empty")
"""For what browsers may ask (Fetch Metadata, ``Sec-Fetch-Dest``): links that are followed, and programs' own use."""
_KINDS = {
    Output.CDXJ: "text/x-cdxj; charset=utf-8",
    Output.JSON: "application/x-ndjson",
    Output.CDX: "text/x-cdx; charset=utf-8",
}
_URL_LETTERS = ":/?#[]@!$&'()*+,;=%~-._"
"""Letters of an address that stay as they are where it stands in a header or in another address."""


def cdx(asked: Asked) -> Response:
    """Lines of the index, as pywb and OutbackCDX answer. What access rules withhold is not among them."""
    query = cdx_query(asked.request.query_params)
    kind = _KINDS[query.output]
    if query.needs_order:
        # The closest may be the last of any number: all have to be looked at, a few of them at once in memory
        with asked.reader.allowed(query.url, query.match, query.period) as entries:
            looked = entries if query.match is Match.EXACT else islice(entries, MOST_LOOKED)
            return Response(b"".join(query.lines(looked)), media_type=kind)
    if 0 < query.limit <= MOST_CAPTURES and not query.filters and not query.collapse:
        found = asked.reader.captures(query.url, query.match, query.period, query.limit)
        return Response(b"".join(query.lines(found.entries)), media_type=kind)
    return LongResponse(_streamed(asked, query), asked.services.downloads, asked.client, media_type=kind)


def _streamed(asked: Asked, query: CdxQuery) -> Iterator[bytes]:
    """All of it, however much it is, in parts of some size."""
    with asked.reader.allowed(query.url, query.match, query.period) as entries:
        part = bytearray()
        for line in query.lines(entries):
            part += line
            if len(part) >= _BATCH:
                yield bytes(part)
                part.clear()
        yield bytes(part)


def timegate(asked: Asked) -> Response:
    """From an address and a time to the capture closest to it (RFC 7089, section 4.1, pattern 1.1)."""
    url = _target(asked, "/timegate/")
    text = asked.request.headers.get("accept-datetime", "")
    entry = asked.reader.closest(url, _moment(text) if text else None)
    if entry is None:
        raise ObjectMissing(f"{url}: no capture here")
    headers = {"Vary": "accept-datetime", "Link": _links(asked, url, [entry])}
    return RedirectResponse(_memento(asked, entry), HTTPStatus.FOUND, headers)


def timemap(asked: Asked) -> Response:
    """All captures of an address (RFC 7089, section 5): as links, or as JSON."""
    form = asked.path("form")
    if form not in ("link", "json"):
        raise ObjectMissing("there are time maps as link and as json")
    url = _target(asked, f"/timemap/{form}/")
    found = asked.reader.captures(url)
    if not found.entries:
        asked.reader.closest(url, None)  # says which rule withholds what there is
        raise ObjectMissing(f"{url}: no capture here")
    if form == "json":
        return JSONResponse(_as_json(asked, url, found.entries))
    lines = [
        f'<{_quoted(url)}>; rel="original"',
        f'<{_base(asked)}/timemap/link/{_quoted(url)}>; rel="self"; type="application/link-format"; '
        f'from="{_http(found.entries[0].moment)}"; until="{_http(found.entries[-1].moment)}"',
        f'<{_base(asked)}/timegate/{_quoted(url)}>; rel="timegate"',
    ]
    last = len(found.entries) - 1
    for number, entry in enumerate(found.entries):
        relation = " ".join([*(["first"] if not number else []), *(["last"] if number == last else []), "memento"])
        lines.append(f'<{_memento(asked, entry)}>; rel="{relation}"; datetime="{_http(entry.moment)}"')
    return Response(",\n".join(lines) + "\n", media_type="application/link-format")


def memento(asked: Asked) -> Response:
    """The body of a capture, to be saved or read by a program; a browser shows nothing of it."""
    if asked.request.headers.get("sec-fetch-dest", "document") not in _TO_BE_SAVED:
        # It has its captured type: a script of another site's would be one of this origin's
        raise Refused(HTTPStatus.FORBIDDEN, "what was captured is no part of a page of this server")
    stamp = asked.path("stamp")
    url = _target(asked, f"/memento/{stamp}/")
    moment = moment_of(stamp) if stamp.isascii() and stamp.isdigit() else None
    if moment is None:
        raise BadAddress("a memento is named by fourteen digits and an address")
    entry = asked.reader.closest(url, moment)
    if entry is None:
        raise ObjectMissing(f"{url}: no capture here")
    if f"{entry.moment:%Y%m%d%H%M%S}" != stamp or len(stamp) != _STAMP_DIGITS:
        return RedirectResponse(_memento(asked, entry), HTTPStatus.FOUND)
    capture = asked.reader.exchange(entry.segment, entry.offset).capture
    original = asked.reader.original(capture)
    kind = original.head().first("content-type")
    is_plain = bool(kind) and kind.isascii() and kind.isprintable()
    headers = {
        # As captured, without a charset that nobody told: Starlette would add its own to a media type
        "Content-Type": kind if is_plain else "application/octet-stream",
        "Memento-Datetime": _http(entry.moment),
        "Link": _links(asked, url, [entry]),
        "Content-Disposition": "attachment",
        "Content-Security-Policy": CAPTURED_CONTENT_SECURITY,
    }
    return Response(body_of(original), headers=headers)


def _as_json(asked: Asked, url: str, entries: list[IndexEntry]) -> dict[str, object]:
    mementos = [{"datetime": entry.date, "uri": _memento(asked, entry)} for entry in entries]
    return {
        "original_uri": url,
        "self": f"{_base(asked)}/timemap/json/{_quoted(url)}",
        "timegate_uri": f"{_base(asked)}/timegate/{_quoted(url)}",
        "mementos": {"first": mementos[0], "last": mementos[-1], "list": mementos},
    }


def _target(asked: Asked, before: str) -> str:
    """The address that stands behind a path, as it was written."""
    scope = asked.request.scope
    raw = (scope.get("raw_path") or b"").decode("latin-1")
    url = raw[len(before) :] if raw.startswith(before) else ""
    query = scope["query_string"].decode("latin-1")
    if not url:
        raise BadAddress("an address stands behind the path")
    return f"{url}?{query}" if query else url


def _moment(text: str) -> datetime:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadAddress("Accept-Datetime: write Tue, 24 Nov 2026 10:30:00 GMT") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _http(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _base(asked: Asked) -> str:
    scheme = "https" if asked.services.policy.is_secure else "http"
    return f"{scheme}://{asked.request.headers['host']}"


def _memento(asked: Asked, entry: IndexEntry) -> str:
    return f"{_base(asked)}/memento/{entry.moment:%Y%m%d%H%M%S}/{_quoted(entry.url)}"


def _links(asked: Asked, url: str, entries: list[IndexEntry]) -> str:
    """Of a time gate and of a memento (RFC 7089, section 2.2)."""
    found = [
        f'<{_quoted(url)}>; rel="original"',
        f'<{_base(asked)}/timegate/{_quoted(url)}>; rel="timegate"',
        f'<{_base(asked)}/timemap/link/{_quoted(url)}>; rel="timemap"; type="application/link-format"',
    ]
    found += [f'<{_memento(asked, one)}>; rel="memento"; datetime="{_http(one.moment)}"' for one in entries]
    return ", ".join(found)


def _quoted(url: str) -> str:
    return quote(url, safe=_URL_LETTERS)
