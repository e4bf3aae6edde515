"""Pages that lead to another at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.meta_refresh import refresh_target

PAGE = "https://paper.example/old/1?a=1"
THERE = "https://paper.example/new/1"


@pytest.mark.parametrize(
    "markup",
    [
        '<meta http-equiv="refresh" content="0;url=/new/1">',
        "<META CONTENT='5; URL=/new/1' HTTP-EQUIV='Refresh'>",
        "<meta http-equiv=refresh content=0;url=/new/1>",
        '<meta http-equiv="refresh" content="0;URL=\'/new/1\'">',
        '<meta http-equiv="refresh" content=" 1.5 , url = /new/1 "/>',
        '<meta http-equiv="refresh" content="0; /new/1">',
        '<meta http-equiv="refresh" content="0;url=/new/1#top">',
        '<noscript><meta http-equiv="refresh" content="0;url=../new/1"></noscript>',
        '<base href="/new/x"><meta http-equiv="refresh" content="0;url=1">',
        '<meta charset="utf-8"><meta name="a" content="b > c"><meta http-equiv="refresh" content="0;url=/new/1">',
        '<title>Moved <b></title><meta http-equiv="refresh" content="0;url=/new/1">',
        '<meta http-equiv="content-type" content="x"><meta http-equiv=\n "\u2003REFRESH " content="0;url=/new/1">',
        '<meta http-equiv="&#114;efresh" content="0;url=/new/1">',
    ],
)
def test_a_page_that_leads_on(markup: str) -> None:
    assert refresh_target(f"<html><head>{markup}</head><body></body></html>".encode(), PAGE) == THERE


@pytest.mark.parametrize(
    "markup",
    [
        "",
        '<meta http-equiv="refresh" content="0">',
        '<meta http-equiv="refresh" content="300;url=/new/1">',
        '<meta http-equiv="refresh" content="0;url=">',
        '<meta http-equiv="refresh" content="0;url=/old/1?a=1#comments">',
        '<meta http-equiv="refresh">',
        '<meta http-equiv="refresh" content="soon;url=/new/1">',
        '<!-- <meta http-equiv="refresh" content="0;url=/new/1"> -->',
        '<script>var a = \'<meta http-equiv="refresh" content="0;url=/new/1">\';</script>',
        '<meta name="refresh" content="0;url=/new/1">',
        '<meta http-equiv="content-type" content="0;url=/new/1">',
        '<meta http-equiv="refresh" content="0;url=https://[::1/new/1">',
    ],
)
def test_a_page_that_is_to_be_read(markup: str) -> None:
    assert refresh_target(f"<html><head>{markup}</head><body>Text</body></html>".encode(), PAGE) is None


def test_a_header_leads_on_as_well() -> None:
    page = b'<meta http-equiv="refresh" content="0;url=/other">'
    assert refresh_target(page, PAGE, "0;url=/new/1") == THERE
    assert refresh_target(page, PAGE, "300") == "https://paper.example/other"
    assert refresh_target(b"<p>Text</p>", PAGE, "60; url=/new/1") is None


@pytest.mark.parametrize("content", ["1", "0;url=/old/1?a=1", "0;url="])
def test_a_page_that_reloads_itself(content: str) -> None:
    page = f'<meta http-equiv="refresh" content="{content}">'.encode()
    assert refresh_target(page, PAGE) is None
    assert refresh_target(page, PAGE, reloads=True) == PAGE


def test_a_page_of_two_bytes_a_letter() -> None:
    assert (
        refresh_target('\ufeff<meta http-equiv="refresh" content="0;url=/new/1">'.encode("utf-16-le"), PAGE) == THERE
    )


def test_letters_of_the_address_are_those_of_the_page() -> None:
    page = '<meta http-equiv="refresh" content="0;url=/new/1?ort=Köln">'
    for charset, sent in (("iso-8859-1", "K%F6ln"), ("utf-8", "K%C3%B6ln")):
        target = refresh_target(page.encode(charset), PAGE, content_type=f"text/html; charset={charset}")
        assert target == f"{THERE}?ort={sent}"


@given(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            ["<meta ", "http-equiv=", "refresh", '"', "'", " content=", "0;url=", "<base href=", ">", "//["]
        )
    ),
)
def test_no_bytes_raise(data: bytes, parts: list[str]) -> None:
    target = refresh_target("".join(parts).encode() + data + b"http-equiv", PAGE)
    assert target is None or target != PAGE
