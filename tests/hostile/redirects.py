"""Redirects that do not end, or end where they may not."""

from __future__ import annotations

import asyncio

from archive.exchange import CaptureOutcome as C
from archive.outcomes import PageOutcome as P
from tests.hostile.case import CASE, Answer, Asked, Case, endless, feed, page, response, source_case

_OTHER = "/2026/01/05/another-form-of-it"


def _to(location: str, status: str = "302 Found") -> bytes:
    return response(b"", f"Location: {location}", status=status)


async def _deeper(writer: asyncio.StreamWriter, asked: Asked) -> None:
    """Every address leads to a new one."""
    writer.write(_to(f"http://{asked.host}{asked.path}x"))


def _case(name: str, answer: Answer, *captures: C | str, requests: int = 6, **pages: bytes) -> Case:
    return Case(
        f"redirect-{name}",
        {CASE: answer, **{f"/{path}": text for path, text in pages.items()}},
        captures={CASE: captures or (C.REDIRECT,)},
        outcome=P.REDIRECTED,
        requests=requests,
    )


def _elsewhere(name: str, location: str) -> Case:
    """A redirect to the internal service, in one of its disguises."""
    return _case(f"to-{name}", _to(location))


CASES: tuple[Case, ...] = (
    _case("to-itself", _to(CASE)),
    _case("in-a-circle", _to("/a"), a=_to("/b"), b=_to(CASE), requests=9),
    Case(
        "redirect-without-end",
        {"*": _deeper, "/feed.xml": feed("http://{host}" + CASE), "/robots.txt": response(status="404 No")},
        captures={CASE: (C.REDIRECT,)},
        outcome=P.REDIRECTED,
        good=False,
        requests=50,
    ),
    _elsewhere("the-hidden-service", "http://{hidden}/"),
    _elsewhere("a-name-of-it", "http://localhost:{hidden_port}/"),
    _elsewhere("its-number", "http://2130706433:{hidden_port}/"),
    _elsewhere("its-hexadecimal-number", "http://0x7f000001:{hidden_port}/"),
    _elsewhere("its-octal-form", "http://0177.0.0.1:{hidden_port}/"),
    _elsewhere("its-short-form", "http://127.1:{hidden_port}/"),
    _elsewhere("its-mapped-form", "http://[::ffff:127.0.0.1]:{hidden_port}/"),
    _elsewhere("its-form-in-version-6", "http://[::1]:{hidden_port}/"),
    _elsewhere("its-form-with-a-zone", "http://[::1%25lo]:{hidden_port}/"),
    _elsewhere("it-behind-a-user", "http://{host}@{hidden}/"),
    _elsewhere("it-behind-a-user-and-password", "http://{host}:80@{hidden}/"),
    _elsewhere("it-without-a-scheme", "//{hidden}/"),
    _elsewhere("it-with-backslashes", "http:\\\\{hidden}\\"),
    _elsewhere("it-with-a-dot-behind", "http://localhost.:{hidden_port}/"),
    _elsewhere("it-in-wide-digits", "http://%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1:{hidden_port}/"),
    _elsewhere("it-behind-a-fragment", "http://{hidden}#@{host}/"),
    _elsewhere("another-port-of-the-host", "http://127.2.0.1:{hidden_port}/"),
    _elsewhere("a-file", "file:///etc/passwd"),
    _elsewhere("ftp", "ftp://{hidden}/"),
    _elsewhere("a-script", "javascript:alert(1)"),
    _elsewhere("data", "data:text/html,<h1>x</h1>"),
    _elsewhere("gopher", "gopher://{hidden}/_GET"),
    _elsewhere("nothing", ""),
    _elsewhere("a-host-of-300-letters", "http://" + "a" * 300 + "/"),
    _elsewhere("a-port-out-of-range", "http://127.0.0.1:99999/"),
    _elsewhere("an-address-of-100-kilobytes", "/" + "a" * 100_000),
    _case(
        "with-an-endless-body",
        endless(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", b"x" * 65536),
        C.TRUNCATED_LENGTH,
    ),
    Case(
        "redirect-with-a-line-end",
        {CASE: _to("/x%0d%0aHost:%20{hidden}"), "*": response(page())},
        captures={CASE: (C.REDIRECT,)},
        outcome=P.REDIRECTED,
        requests=7,
    ),
    Case(
        "redirect-to-the-good-story-of-another-form",
        {CASE: _to(_OTHER), _OTHER: response(page("The other form of the story"))},
        captures={CASE: (C.REDIRECT,)},
        outcome=P.REDIRECTED,
    ),
    source_case("feed-that-redirects-to-the-hidden-service", _to("http://{hidden}/feed.xml"), C.REDIRECT),
    source_case(
        "sitemap-that-redirects-to-the-hidden-service",
        _to("http://{hidden}/sitemap.xml"),
        C.REDIRECT,
        path="/sitemap.xml",
        kind="sitemap",
    ),
    Case(
        "story-that-reloads-to-the-hidden-service",
        {
            CASE: response(
                page(head='<meta http-equiv="refresh" content="0; url=http://{hidden}/">'),
                "Refresh: 0; url=http://{hidden}/",
                counted=False,
            )
        },
        captures={CASE: (C.OK,)},
        outcome=P.RECORD,
    ),
)
