"""What went wrong, for programs: problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse

_FOR_PROGRAMS = ("/api/", "/cdx", "/timemap/", "/timegate/", "/memento/", "/metrics", "/healthz", "/download")


def is_for_programs(path: str) -> bool:
    """Whether errors of a path are told to programs, not to people."""
    return path.startswith(_FOR_PROGRAMS)


def problem(status: HTTPStatus, reason: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer."""
    facts = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": reason}
    return JSONResponse(facts, status, headers, media_type="application/problem+json")
