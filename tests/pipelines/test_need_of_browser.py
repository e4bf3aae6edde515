"""Which pages are sent to a browser: those that show their text or links to nobody else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.need_of_browser import SCRIPT_SHELL, need_of_browser

TEXT = " ".join(
    f"On day {day} the council of Norhaven met again to hear what the harbour master had to say of wall {day}."
    for day in range(30)
)
SHELL = '<title>A story</title><body><div id="root"></div>{}</body>'
SCRIPT = '<script src="/app.js"></script>'
ARTICLE = "<title>The wall</title><body><article><h1>The wall of Norhaven</h1>{}</article>{}</body>"
DATA = json.dumps({"props": {"article": {"title": "A story", "body": f"<p>{TEXT[:900]}</p><p>{TEXT[900:1800]}</p>"}}})


def need(page: str, *, is_list: bool = False, configuration: bytes = b"") -> str:
    return need_of_browser(page.encode(), "https://paper.example/news/wall", [], configuration, is_list)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (SHELL.format(SCRIPT), "needed"),
        (SHELL.format("<script>fetch('/story')</script>"), "needed"),
        (SHELL.format(f"<noscript>{TEXT}</noscript>{SCRIPT}"), "needed"),
        (SHELL.format(f"<p>Home News Sport</p>{SCRIPT}"), "needed"),
        (SHELL.format(""), ""),
        (SHELL.format('<script type="application/ld+json">{"@type": "Thing"}</script>'), ""),
        (SHELL.format('<script type="text/template"><p>x</p></script>'), ""),
        (SHELL.format(f'<script id="__NEXT_DATA__" type="application/json">{DATA}</script>{SCRIPT}'), ""),
        (ARTICLE.format(f"<p>{TEXT}</p>", SCRIPT), ""),
        (ARTICLE.format(f"<p>{TEXT[:700]}</p><p>{TEXT[700:1400]}</p>", SCRIPT), ""),
        ("", ""),
        ("\0\1\2", ""),
    ],
)
def test_the_rungs_of_an_article(page: str, expected: str) -> None:
    assert bool(need(page)) == (expected == "needed")


@pytest.mark.parametrize(
    ("links", "words", "expected"), [(0, 0, True), (3, 10, True), (30, 30, False), (0, 300, False)]
)
def test_a_list_is_judged_by_where_it_leads(links: int, words: int, expected: bool) -> None:
    body = "".join(f'<a href="/news/{number}">x</a>' for number in range(links)) + " word" * words
    assert need(SHELL.format(body + SCRIPT), is_list=True) == (SCRIPT_SHELL if expected else "")


def test_what_a_site_calls_short_is_no_need_by_itself() -> None:
    brief = ARTICLE.format("<p>The night ferry does not sail today, the company says.</p>", SCRIPT)
    assert need(brief, configuration=b'{"minimum_words": 5}') == ""


@given(st.text(alphabet="<>/abp script src=\"'div{}&;\n", max_size=300))
def test_it_never_raises(page: str) -> None:
    need(page)
    need(page, is_list=True)
