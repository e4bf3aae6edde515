"""What pages, style sheets and scripts need; and how much of it one page may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.problems import NotASource
from spiders.requisites.collection import AT_ONCE, Bounds, LeftOut, PageRequisites, Wishes
from spiders.requisites.found import Requisite, RequisiteKind
from spiders.requisites.markup import candidates, page_requisites
from spiders.requisites.scripts import script_requisites
from spiders.requisites.styles import inline_requisites, style_requisites
from spiders.site import Site

URL = "https://paper.com/2026/story"

PAGE = """<!doctype html><html><head>
<link rel="Stylesheet" href="/a.css?v=1#x"><link rel=preload as=style href=later.css>
<link rel="preload" as="font" href="/f.woff2"><link rel="modulepreload" href="/m.js"><link rel=canonical href=/other>
<link rel="shortcut icon" href="/icon.png"><link rel="alternate" href="/feed">
<link rel="preload" as="image" imagesrcset="/wide.png 1200w, /slim.png 400w">
<meta property="og:image" content="https://paper.com/shared.jpg">
<style>@import 'inline.css'; body { background: url( "bg (1).png" ) } @font-face { src: url(font.ttf) }</style>
<script src="/app.js"></script><script type="application/ld+json">{"fetch": "fetch('/no.json')"}</script>
<script>fetch("/data.json").then(show)</script>
</head><body background="/old.gif" style="background-image:url(/attr.png)">
<img src="data:image/gif;base64,R0lGOD" data-src="/lazy.jpg" data-srcset="/lazy-2x.jpg 2x">
<picture><source srcset="/p.webp 1x,/p2.webp 2x" type="image/webp"><img src="p.jpg"></picture>
<video poster="/poster.jpg"><source src="/film.mp4"></video><audio src="/sound.mp3"></audio>
<noscript><img src="/noscript.jpg"></noscript><input type="image" src="/button.png">
<svg><image href="/vector.png"/><use xlink:href="/sprite.svg#home"/></svg>
<div data-bg="/lazy-bg.jpg"></div><a href="/page">x</a><iframe src="/frame"></iframe>
<img src="javascript:alert(1)"><img src="ftp://paper.com/x"><img src="http://[broken"><img src="">
</body></html>"""


def paths(found: list[Requisite]) -> set[str]:
    return {requisite.url.removeprefix("https://paper.com") for requisite in found}


def test_a_page_names_what_it_needs() -> None:
    found = page_requisites(PAGE.encode(), URL)
    assert paths(found) == {
        "/a.css?v=1", "/2026/later.css", "/f.woff2", "/m.js", "/icon.png", "/wide.png", "/slim.png", "/shared.jpg",
        "/2026/inline.css", "/2026/bg (1).png", "/2026/font.ttf", "/app.js",
        "/data.json", "/old.gif", "/attr.png", "/lazy.jpg", "/lazy-2x.jpg", "/p.webp", "/p2.webp", "/2026/p.jpg",
        "/poster.jpg", "/noscript.jpg", "/button.png", "/vector.png", "/sprite.svg", "/lazy-bg.jpg",
    }  # fmt: skip
    kinds = {requisite.url: requisite.kind for requisite in found}
    assert kinds["https://paper.com/a.css?v=1"] is RequisiteKind.STYLE
    assert kinds["https://paper.com/app.js"] is RequisiteKind.SCRIPT
    assert kinds["https://paper.com/lazy.jpg"] is RequisiteKind.OTHER


def test_the_base_element_and_the_usual_icon_count() -> None:
    found = page_requisites(b'<base href="https://cdn.example/x/"><p>.<img src="a.png">', URL)
    assert [requisite.url for requisite in found] == [
        "https://cdn.example/favicon.ico",
        "https://cdn.example/x/a.png",
    ]


def test_what_is_no_page_names_nothing() -> None:
    with pytest.raises(NotASource):
        page_requisites(b"", URL)


def test_a_style_sheet_names_what_it_needs() -> None:
    sheet = b"""@charset "utf-8"; @import url("one.css") screen; @import 'two.css'; @namespace url(http://www.w3.org/1999/xhtml);
    @font-face { font-family: x; src: url("x.woff2") format("woff2"), url('x.ttf') }
    @media print { body { background: URL(a.png) no-repeat, image-set("b.png" 1x, url(c.png) 2x) } }
    .x::after { content: "not/this.png"; mask: url(#local); cursor: url(  d.cur  ), auto }
    @supports (display: grid) { .y { background: linear-gradient(red, url(nested.png)) } } /* url(comment.png) */
    .z { background: url(data:image/png;base64,AAAA); list-style: url("e\\.png") }"""
    found = style_requisites(sheet, "https://paper.com/css/main.css")
    assert paths(found) == {
        "/css/one.css", "/css/two.css", "/css/x.woff2", "/css/x.ttf", "/css/a.png", "/css/b.png", "/css/c.png",
        "/css/d.cur", "/css/nested.png", "/css/e.png",
    }  # fmt: skip
    assert [found.kind for found in found[:2]] == [RequisiteKind.STYLE] * 2


def test_a_script_names_what_it_needs() -> None:
    script = b"""import {a} from "./a.js"; import './b.js'; import x, {y as z} from '/c.js'; import("./d.js");
    export * from "./e.js"; import react from "react"; fetch('data.json'); fetch(`/t.json`); fetch(`/${id}.json`);
    importScripts("/w.js")"""
    found = script_requisites(script, "https://paper.com/js/app.js", URL)
    assert paths(found) == {
        "/js/a.js", "/js/b.js", "/c.js", "/js/d.js", "/js/e.js", "/2026/data.json", "/t.json", "/w.js",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.png", ["a.png"]),
        ("a.png 1x, b.png 2x", ["a.png", "b.png"]),
        ("a.png,b.png", ["a.png,b.png"]),
        ("a.png, b.png", ["a.png", "b.png"]),
        (" ,a,b.png 480w ,\n c.png 1.5x ", ["a,b.png", "c.png"]),
        ("", []),
    ],
)
def test_sets_of_pictures(text: str, expected: list[str]) -> None:
    assert candidates(text) == expected


@given(st.binary(max_size=300), st.text(max_size=300))
def test_nothing_breaks_the_readers(noise: bytes, text: str) -> None:
    style_requisites(noise, URL)
    inline_requisites(text, URL)
    script_requisites(noise, URL, URL)
    candidates(text)


def test_deep_blocks_end() -> None:
    assert style_requisites(b"a{" * 5000 + b"background:url(x.png)", URL) == []
    assert inline_requisites("f(" * 300 + "url(x.png)", URL) == []


SITE = Site(id="paper", name="Paper", url="https://www.paper.com/", requisite_hosts=("*.cdn.example", "img.example"))


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def wished(*urls: str) -> list[Requisite]:
    return [Requisite(url) for url in urls]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://static.paper.com/a", None),
        ("https://a.cdn.example/a", None),
        ("https://img.example/a", None),
        ("https://cdn.example/a", LeftOut.HOST),
        ("https://xcdn.example/a", LeftOut.HOST),
        ("https://sub.img.example/a", LeftOut.HOST),
        ("https://ads.tracker.example/a", LeftOut.TRACKER),
    ],
)
def test_hosts(url: str, reason: LeftOut | None) -> None:
    wishes = Wishes(trackers=frozenset({"tracker.example"}))
    assert wishes.reason_against(SITE, url) is reason
    anywhere = SITE.model_copy(update={"requisite_hosts": ("*",)})
    assert wishes.reason_against(anywhere, url) is (reason if reason is LeftOut.TRACKER else None)


def test_each_is_asked_for_once_a_few_at_a_time() -> None:
    wishes = Wishes(is_held=lambda url: url.endswith("/held"))
    first, second = PageRequisites(SITE, wishes, Clock()), PageRequisites(SITE, wishes, Clock())
    urls = [f"https://paper.com/{number}" for number in range(20)]
    first.add(wished(*urls, "https://paper.com/held"))
    second.add(wished(*urls))
    assert second.take() == []
    taken = first.take()
    assert len(taken) == AT_ONCE
    assert first.take() == []
    while taken:
        first.answered(10)
        taken = taken[1:] + first.take()
    assert len(wishes.asked) == 21
    assert not wishes.left_out


@pytest.mark.parametrize(
    ("bounds", "reason", "left"),
    [
        (Bounds(count=10), LeftOut.COUNT, 10),
        (Bounds(bytes=1000), LeftOut.BYTES, 3),
        (Bounds(seconds=5.0), LeftOut.TIME, 8),
    ],
)
def test_bounds_of_a_page(bounds: Bounds, reason: LeftOut, left: int) -> None:
    clock = Clock()
    wishes = Wishes(bounds=bounds)
    page = PageRequisites(SITE, wishes, clock)
    page.add(wished(*(f"https://paper.com/{number}" for number in range(20))))
    under_way = page.take()
    while under_way:
        under_way.pop()
        page.answered(100)
        clock.seconds += 1
        under_way += page.take()
    assert wishes.left_out == {"paper": {reason: left}}
