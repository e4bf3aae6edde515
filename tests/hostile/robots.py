"""robots.txt that fails, floods, or says what cannot be kept."""

from __future__ import annotations

import gzip

from archive.exchange import CaptureOutcome as C
from archive.outcomes import PageOutcome as P
from tests.hostile.case import CASE, FEED, GOOD, Answer, Case, endless, feed, response, silent

_UNREACHABLE = (C.ROBOTS_UNREACHABLE, "-")


def _text(text: str) -> bytes:
    return response(text.encode(), kind="text/plain", counted=False)


def _allows(name: str, answer: Answer, requests: int = 8) -> Case:
    """Whatever it says, it allows: the story is not there, the good one is."""
    return Case(
        f"robots-{name}",
        {"/robots.txt": answer},
        requests=requests,
        captures={CASE: (C.NOT_FOUND,)},
        outcome=P.HTTP_ERROR,
    )


def _denies(name: str, answer: Answer) -> Case:
    """It denies the story and nothing else."""
    return Case(
        f"robots-{name}",
        {"/robots.txt": answer},
        captures={CASE: (C.ROBOTS_DENIED,)},
        outcome=P.NO_RESPONSE,
        requests=3,
    )


def _forbids_all(name: str, answer: Answer, requests: int = 4) -> Case:
    """Nothing is fetched as long as it cannot be reached."""
    return Case(
        f"robots-{name}", {"/robots.txt": answer}, captures={FEED: _UNREACHABLE}, good=False, requests=requests
    )


def _error(status: str, *headers: str) -> bytes:
    return response(b"x", *headers, status=status)


CASES: tuple[Case, ...] = (
    *(_forbids_all(f"status-{status}", _error(f"{status} x")) for status in (500, 502, 503, 504, 599, 429)),
    *(_allows(f"status-{status}", _error(f"{status} x")) for status in (400, 401, 403, 404, 410, 451)),
    _forbids_all("without-answer", silent(), 3),
    _forbids_all("without-a-byte", b"", 3),
    _forbids_all("that-is-not-http", b"\x00\x01\x02\r\n\r\n", 3),
    _forbids_all("that-drips", endless(b"HTTP/1.1 200 OK\r\n\r\n", b"#", pause=0.05), 3),
    _allows("that-does-not-end", endless(b"HTTP/1.1 200 OK\r\n\r\n", b"# nothing\n" * 1000)),
    _allows("that-redirects-to-itself", response(b"", "Location: /robots.txt", status="302 Found"), 30),
    _allows(
        "that-redirects-to-the-hidden-service",
        response(b"", "Location: http://{hidden}/robots.txt", status="302 Found"),
    ),
    Case(
        "robots-that-redirects-to-rules",
        {
            "/robots.txt": response(b"", "Location: /r", status="301 Moved"),
            "/r": _text(f"User-agent: *\nDisallow: {CASE}"),
        },
        captures={CASE: (C.ROBOTS_DENIED,)},
        outcome=P.NO_RESPONSE,
    ),
    _denies(
        "of-100000-rules",
        _text("User-agent: *\n" + "".join(f"Disallow: /no/{n}\n" for n in range(25_000)) + f"Disallow: {CASE}\n"),
    ),
    _denies(
        "of-many-groups",
        _text(
            "".join(f"User-agent: bot{n}\nDisallow: /{n}\n\n" for n in range(10_000))
            + f"User-agent: *\nDisallow: {CASE}\n"
        ),
    ),
    _denies(
        "of-stars",
        _text(
            "User-agent: *\nDisallow: /"
            + "*a" * 50
            + "\n"
            + f"Disallow: {CASE}\n"
            + ("Disallow: /" + "*s*t" * 100 + "$\n") * 200
        ),
    ),
    _denies(
        "with-a-line-of-400-kilobytes", _text("User-agent: *\nDisallow: /" + "a" * 400_000 + f"\nDisallow: {CASE}\n")
    ),
    _allows("with-rules-past-500-kilobytes", _text("#" * 520_000 + f"\nUser-agent: *\nDisallow: {CASE}\n")),
    _denies("with-a-mark-at-its-start", _text(f"\ufeffUser-agent: *\nDisallow: {CASE}\n")),
    _denies("of-carriage-returns", _text(f"User-agent: *\rDisallow: {CASE}\r")),
    _denies("in-capitals", _text(f"USER-AGENT: NEWSWARC\nDISALLOW: {CASE}\n")),
    _denies("with-percent-signs", _text(f"User-agent: *\nDisallow: {CASE.replace('story', '%73tory')}\n")),
    _denies(
        "in-gzip",
        response(
            gzip.compress(f"User-agent: *\nDisallow: {CASE}\n".encode()), "Content-Encoding: gzip", kind="text/plain"
        ),
    ),
    _denies(
        "of-latin-letters",
        response(f"# caf\u00e9\nUser-agent: *\nDisallow: {CASE}\n".encode("latin-1"), kind="text/plain"),
    ),
    _allows("that-is-a-page", response(b"<html><body>Not found</body></html>")),
    _allows("of-zeros", response(b"\x00" * 100_000, kind="text/plain")),
    _allows("of-noise", response(bytes(range(256)) * 1000, kind="text/plain")),
    _allows("that-is-empty", response(b"", kind="text/plain")),
    *(
        _allows(f"with-a-delay-of-{value[:6]}", _text(f"User-agent: *\nCrawl-delay: {value}\n"))
        for value in ("1e9", "inf", "nan", "-5", "1e-300", "never", "9" * 5000)
    ),
    Case(
        "robots-that-denies-all",
        {"/robots.txt": _text("User-agent: *\nDisallow: /\n")},
        captures={FEED: (C.ROBOTS_DENIED,)},
        good=False,
        requests=1,
    ),
    Case(
        "robots-that-denies-the-feed-alone",
        {"/robots.txt": _text(f"User-agent: *\nDisallow: {FEED}\n"), "/other.xml": feed("http://{host}" + GOOD)},
        (),
        {FEED: (C.ROBOTS_DENIED,)},
        sources=(("feed", FEED), ("feed", "/other.xml")),
        requests=3,
    ),
)
