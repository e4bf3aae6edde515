"""Downloads of what a search means."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import BinaryIO

from starlette.responses import Response

from archive.counted import counted
from archive.errors import BadAddress
from archive.search.query import written
from crawler.web.answering import Asked
from crawler.web.bounded_work import Busy, LongResponse
from crawler.web.downloads import Download
from crawler.web.guard import Refused
from crawler.web.query_form import QueryForm
from crawler.web.selected_records import Form, Selected, write

_LOG = logging.getLogger(__name__)
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
_PATIENCE = 10.0
"""Seconds that a range of what is not complete yet is waited for."""


def download(asked: Asked) -> Response:
    """All articles that a query means, each version and copy by itself."""
    try:
        form = Form(asked.parameters.get("format", Form.JSONL))
    except ValueError as error:
        raise BadAddress(f"format: there are {', '.join(Form)}") from error
    node = QueryForm.of(asked.parameters).node()
    reader = asked.reader

    def make(file: BinaryIO) -> None:
        searcher = reader.own_searcher()
        try:
            selected = Selected(reader.storage, searcher, lambda: reader.gate)
            write(form, selected.lines(node), file)
        finally:
            searcher.close()
        if selected.lost:
            told = counted(selected.lost, "record", "is", "are")
            _LOG.warning("a download lacks what cannot be read: %s gone or damaged; run newswarc verify", told)

    found = asked.services.files.get(reader.version(), written(node), form, make, asked.client)
    headers = {
        "ETag": found.etag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="articles-{found.name[:8]}.{form}"',
    }
    if asked.request.headers.get("if-none-match", "") == found.etag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return _sent(asked, found, form, headers)


def _sent(asked: Asked, found: Download, form: Form, headers: dict[str, str]) -> Response:
    wanted = _RANGE.fullmatch(asked.request.headers.get("range", ""))
    condition = asked.request.headers.get("if-range", "")
    if wanted is None or (condition and condition != found.etag):
        if found.is_complete:
            headers["Content-Length"] = str(found.size)
        if asked.request.method == "HEAD":
            return Response(headers=headers, media_type=form.media_type)
        places = asked.services.downloads
        return LongResponse(found.parts(), places, asked.client, media_type=form.media_type, headers=headers)
    if not found.wait(_PATIENCE):
        raise Busy(10)  # how long it is, which a range has to say, is not known yet
    start, end = int(wanted[1]), min(int(wanted[2]) + 1 if wanted[2] else found.size, found.size)
    if start >= end:
        raise Refused(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"there are {found.size} bytes",
            {"Content-Range": f"bytes */{found.size}"},
        )
    headers |= {"Content-Range": f"bytes {start}-{end - 1}/{found.size}", "Content-Length": str(end - start)}
    return LongResponse(
        found.parts(start, end),
        asked.services.downloads,
        asked.client,
        status=HTTPStatus.PARTIAL_CONTENT,
        media_type=form.media_type,
        headers=headers,
    )
