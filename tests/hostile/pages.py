"""Pages that strain whoever reads them."""

from __future__ import annotations

import json

from archive.exchange import CaptureOutcome as C
from archive.outcomes import PageOutcome as P
from tests.hostile.case import CASE, Case, page, response, story_case

_PARTS = 100_000
_DEEP_JSON = '<script type="application/ld+json">' + "[" * 100_000 + "</script>"
_WRONG_JSON = (
    '<script type="application/ld+json">'
    + json.dumps(
        {
            "@type": "NewsArticle",
            "headline": {"a": [1]},
            "author": [[None], 5],
            "datePublished": {"x": 1},
            "articleBody": 7,
            "@graph": 3,
        }
    )
    + "</script>"
)
_MANY_JSON = '<script type="application/ld+json">{"@type":"NewsArticle","headline":"x"}</script>' * 2000
_HIDDEN_LINKS = (
    '<link rel="canonical" href="http://{hidden}/"><link rel="amphtml" href="http://{hidden}/amp">'
    '<link rel="stylesheet" href="http://{hidden}/a.css"><link rel="preload" href="http://{hidden}/b">'
    '<meta property="og:image" content="http://{hidden}/i.png"><meta property="og:url" content="http://{hidden}/">'
)


def _page(name: str, body: bytes, outcome: P, kind: str = "text/html; charset=utf-8") -> Case:
    return story_case(f"page-{name}", response(body, kind=kind, counted=b"{hidden}" not in body), C.OK, outcome)


def _with(name: str, extra: str = "", head: str = "", title: str = "", outcome: P = P.RECORD) -> Case:
    return _page(name, page(title, extra, head), outcome)


CASES: tuple[Case, ...] = (
    _with("of-depth-100000", "<div>" * _PARTS, outcome=P.TOO_COMPLEX),
    _with("of-depth-30000", "<b>" * 30_000),
    _with("of-open-spans", "<span><i>" * 20_000),
    _with("of-a-hundred-thousand-paragraphs", "<p>word</p>" * _PARTS, outcome=P.TOO_COMPLEX),
    _with("with-a-paragraph-of-5-megabytes", "<p>" + "word " * 1_000_000 + "</p>", outcome=P.TOO_COMPLEX),
    _with("with-a-word-of-5-megabytes", "<p>" + "w" * 5_000_000 + "</p>", outcome=P.TOO_COMPLEX),
    _with("of-20-megabytes", "<p>" + "word " * 4_000_000 + "</p>", outcome=P.TOO_COMPLEX),
    _with("with-an-attribute-of-5-megabytes", f'<p class="{"c " * 2_500_000}">x</p>', outcome=P.TOO_COMPLEX),
    _with(
        "with-100000-attributes", "<p " + " ".join(f"a{n}=b" for n in range(_PARTS)) + ">x</p>", outcome=P.TOO_COMPLEX
    ),
    _with("with-an-open-comment", "<!--" + "-" * 1_000_000),
    _with("with-100000-comments", "<!-- x -->" * _PARTS, outcome=P.TOO_COMPLEX),
    _with("with-an-open-script", "<script>" + "x" * 1_000_000),
    _with("with-tables-in-tables", "<table><tr><td>" * 5000),
    _with("with-forms-in-forms", "<form><select><option>" * 5000),
    _with("with-drawings-in-drawings", "<svg><g>" * 10_000),
    _with("with-templates-in-templates", "<template>" * 5000),
    _with("with-10000-links", "".join(f'<a href="/{n}">x</a> ' for n in range(10_000))),
    _with("with-10000-images", '<img src="x.png" srcset="a 1x, b 2x">' * 10_000),
    _with("with-digits-without-end", "<p>" + "1" * 500_000 + "</p><time>" + "2026-" * 100_000 + "</time>"),
    _with(
        "with-dates-without-end", "".join(f"<time datetime='2026-01-{n % 28 + 1:02}'>x</time>" for n in range(5000))
    ),
    _with("with-brackets-without-end", "<p>" + "(" * 200_000 + "</p><p>" + "[" * 200_000 + "</p>"),
    _with("with-blanks-without-end", "<p>" + " " * 2_000_000 + "</p><p>" + "\t\n" * 500_000 + "x</p>"),
    _with(
        "with-entities-without-end",
        "<p>" + "&amp;" * 200_000 + "&#x1F600;" * 50_000 + "&#9999999999;" * 1000 + "</p>",
    ),
    _with("with-marks-on-marks", "<p>e" + "\u0301" * 200_000 + "</p>"),
    _with("with-words-from-right-to-left", "<p>\u202e\u2066" + "\u0639 " * 10_000 + "</p>"),
    _with("with-deep-data", head=_DEEP_JSON),
    _with("with-data-of-wrong-kinds", head=_WRONG_JSON),
    _with("with-2000-pieces-of-data", head=_MANY_JSON),
    _with(
        "with-a-huge-number-in-its-data",
        head='<script type="application/ld+json">{"@type":"NewsArticle","x":' + "9" * 100_000 + "}</script>",
    ),
    _with("with-escapes-in-its-title", title="\x1b[2J\x1b]0;owned\x07The \u202etitle"),
    _with("with-a-title-of-a-megabyte", title="title " * 170_000),
    _with(
        "that-points-inside",
        head=_HIDDEN_LINKS + '<base href="http://{hidden}/">',
        extra='<img src="http://{hidden}/x.png"><iframe src="http://{hidden}/"></iframe>',
    ),
    _with(
        "with-10000-authors", head="".join(f'<meta name="author" content="Person Number{n}">' for n in range(10_000))
    ),
    _with(
        "with-10000-keywords", head="".join(f'<meta property="article:tag" content="k{n}">' for n in range(10_000))
    ),
    _page("of-zeros", b"\x00" * 1_000_000, P.UNDECODABLE),
    _page("with-zeros-in-between", page().replace(b"the ", b"th\x00e "), P.RECORD),
    _page("of-noise", bytes(range(256)) * 4000, P.UNDECODABLE),
    _page("of-one-letter", b"x", P.TOO_SHORT),
    _page("without-anything", b"", P.UNDECODABLE),
    _page("that-is-a-picture", b"\x89PNG\r\n\x1a\n" + bytes(5000), P.NOT_HTML, "image/png"),
    _page("that-is-a-picture-and-says-it-is-none", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, P.UNDECODABLE),
    _page("in-a-charset-that-is-none", page(), P.RECORD, "text/html; charset=klingon-8"),
    _page("in-utf-7", page() + b"+ADw-script+AD4-", P.RECORD, "text/html; charset=utf-7"),
    _page("in-utf-16-that-says-utf-8", page().decode().encode("utf-16"), P.RECORD),
    _page("in-utf-16-cut-in-half", page().decode().encode("utf-16")[:-1], P.RECORD, "text/html; charset=utf-16"),
    _page("of-lone-surrogates", page(extra="<p>&#xD800;&#xDFFF;&#0;&#x110000; and so on</p>"), P.RECORD),
    _page("with-a-type-of-100-kilobytes", page(), P.RECORD, "text/html; " + "x" * 100_000),
    _page("with-a-type-that-is-none", page(), P.NOT_HTML, "nonsense"),
    _page("without-a-type", page(), P.RECORD, ""),
    Case(
        "page-with-a-name-for-a-file",
        {CASE: response(page(), 'Content-Disposition: attachment; filename="../../../../tmp/owned"')},
        captures={CASE: (C.OK,)},
        outcome=P.RECORD,
    ),
    Case(
        "page-with-5000-cookies",
        {CASE: response(page(), *(f"Set-Cookie: c{n}={'v' * 20}" for n in range(5000)))},
        captures={CASE: (C.OK,)},
        outcome=P.RECORD,
    ),
    Case(
        "page-with-a-cookie-of-200-kilobytes",
        {CASE: response(page(), "Set-Cookie: c=" + "v" * 200_000)},
        captures={CASE: (C.OK,)},
        outcome=P.RECORD,
    ),
    Case(
        "page-with-a-tag-of-200-kilobytes",
        {CASE: response(page(), 'ETag: "' + "e" * 200_000 + '"', "Last-Modified: never\x0b")},
        captures={CASE: (C.OK,)},
        outcome=P.RECORD,
    ),
)
