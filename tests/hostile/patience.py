"""Hosts that refuse, and say how long they want to be left alone."""

from __future__ import annotations

from archive.exchange import CaptureOutcome as C
from tests.hostile.case import CASE, Answer, Case, endless, page, response, silent


def _refuses(name: str, status: str, capture: C, *headers: str, body: bytes = b"Not now") -> Case:
    return _answers(name, response(body, *headers, status=status), capture)


def _answers(name: str, answer: Answer, *captures: C) -> Case:
    """The story is asked for once; the host may be left alone before the good one is."""
    return Case(f"patience-{name}", {CASE: answer}, captures={CASE: captures}, good=False, requests=5)


CASES: tuple[Case, ...] = (
    *(
        _refuses(f"{status}-{name}", f"{status} Wait", capture, f"Retry-After: {value}")
        for status, capture in ((429, C.RATE_LIMITED), (503, C.UNAVAILABLE))
        for name, value in (
            ("for-a-minute", "60"),
            ("for-ever", "9" * 400),
            ("for-less-than-nothing", "-5"),
            ("until-a-date", "Fri, 31 Dec 9999 23:59:59 GMT"),
            ("until-no-date", "Fri, 99 Foo 99999 99:99:99"),
            ("for-no-number", "\u00b2\u00b3"),
        )
    ),
    _refuses("429-without-a-word", "429 Wait", C.RATE_LIMITED),
    _refuses("503-without-a-word", "503 Wait", C.UNAVAILABLE),
    _refuses("403", "403 Forbidden", C.FORBIDDEN, body=page()),
    _refuses("401", "401 Unauthorized", C.FORBIDDEN, 'WWW-Authenticate: Basic realm="x"'),
    _refuses("407", "407 Proxy Authentication Required", C.FORBIDDEN, 'Proxy-Authenticate: Basic realm="x"'),
    _refuses("418", "418 Teapot", C.CLIENT_ERROR),
    _refuses("500", "500 Broken", C.SERVER_ERROR),
    _answers(
        "429-without-end",
        endless(b"HTTP/1.1 429 Wait\r\nRetry-After: 5\r\n\r\n", b"x" * 65536),
        C.TRUNCATED_LENGTH,
        C.RATE_LIMITED,
    ),
    _answers(
        "503-that-hangs", silent(b"HTTP/1.1 503 Wait\r\nContent-Length: 5\r\n\r\n"), C.TRUNCATED_TIME, C.UNAVAILABLE
    ),
)
