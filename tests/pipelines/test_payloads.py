"""Articles whose text stands in scripts alone, and scripts that hold none."""

from __future__ import annotations

import json

import pytest

from archive.article import Article
from pipelines.extract import Rejected, extract

URL = "https://paper.example.org/quay/the-quay-wall-is-raised"
TITLE = "The quay wall is raised by a hand"
PARAGRAPHS = [
    f"{beginning} the harbour office told the board at length that the wall of the old quay has to be raised by a hand, "
    "since the third flood of this winter reached the cellars of the fish market and of the two inns behind it."
    for beginning in ("On Monday", "On Tuesday", "On Wednesday")
]


def of(script: str, head: str = "") -> Article | Rejected:
    return extract(
        f"<html lang=en><head><title>{TITLE}</title>{head}</head><body><div id=root></div>{script}</body></html>", URL
    )


DATA = {"page": {"story": {"title": TITLE, "body": [{"type": "p", "content": text} for text in PARAGRAPHS]}}}
MARKUP = {"story": {"headline": TITLE, "bodyHtml": "".join(f"<p>{text}</p>" for text in PARAGRAPHS)}}
TREE = {
    "title": TITLE,
    "content": {
        "type": "doc",
        "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": text[:9]}, {"type": "text", "text": text[9:]}]}
            for text in PARAGRAPHS
        ],
    },
}
ROW = "2:" + json.dumps(["$", MARKUP])


@pytest.mark.parametrize(
    "script",
    [
        f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(DATA)}</script>',
        f"<script>window.__INITIAL_STATE__ = {json.dumps(MARKUP)}; start();</script>",
        f"<script>Fusion.globalContent={json.dumps(DATA)};Fusion.x=1</script>",
        f"<script>var story = {json.dumps(MARKUP)};</script>",
        f'<script>window.page = {json.dumps(MARKUP)[:-1]}, "user": undefined}};</script>',
        f"<script>state = JSON.parse({json.dumps(json.dumps(MARKUP))});</script>",
        f"<script>state=(function(a,b){{return {{t:a,x:b}}}}({json.dumps(TITLE)},null,{json.dumps(MARKUP['story']['bodyHtml'])}));</script>",
        f'<script type="application/json">{json.dumps({"status": 200, "reply": json.dumps(MARKUP)})}</script>',
        f'<script type="application/json">{json.dumps([{"a": 1}, {"t": 2, "html": 3}, TITLE, MARKUP["story"]["bodyHtml"]])}</script>',
        f'<script type="application/json">{json.dumps(TREE)}</script>',
        f"<template>{MARKUP['story']['bodyHtml']}</template>",
        f"<script>self.__next_f.push({json.dumps([1, ROW[:200]])})</script>"
        f"<script>self.__next_f.push({json.dumps([1, ROW[200:]])})</script>",
    ],
)
def test_text_in_scripts(script: str) -> None:
    article = of(script)
    assert isinstance(article, Article)
    assert list(article.paragraphs) == PARAGRAPHS
    assert article.fields["articleBody"].source == "script"


def test_text_in_json_ld() -> None:
    node = {"@type": "NewsArticle", "headline": TITLE, "articleBody": "\n\n".join(PARAGRAPHS)}
    article = of("", f'<script type="application/ld+json">{json.dumps(node)}</script>')
    assert isinstance(article, Article)
    assert list(article.paragraphs) == PARAGRAPHS
    assert article.fields["articleBody"].source == "json-ld"


@pytest.mark.parametrize(
    "script",
    [
        f"<script>window.__INITIAL_STATE__ = {json.dumps(MARKUP)[:-20]}</script>",
        "<script>window.__INITIAL_STATE__ = " + "[" * 100_000 + "</script>",
        f"<script>show({json.dumps(MARKUP)})</script>",
        '<script type="application/json">'
        + json.dumps([{"title": f"Another {number}", "body": PARAGRAPHS} for number in ("one", "two")])
        + "</script>",
    ],
)
def test_what_is_broken_or_of_others_gives_no_text(script: str) -> None:
    assert isinstance(of(script), Rejected)


def test_blocks_that_hold_the_text_come_first() -> None:
    shown = "".join(f"<p>{text.replace('Monday', 'Sunday')}</p>" for text in PARAGRAPHS)
    script = f'<script type="application/json">{json.dumps(DATA)}</script>'
    article = of(f"<article><h1>{TITLE}</h1>{shown}</article>{script}")
    assert isinstance(article, Article)
    assert "Sunday" in article.article_body


def test_a_standfirst_that_is_given_again_comes_once() -> None:
    shown = "".join(f"<p>{text}</p>" for text in [PARAGRAPHS[0], *PARAGRAPHS])
    article = of(f"<article><h1>{TITLE}</h1>{shown}</article>")
    assert isinstance(article, Article)
    assert list(article.paragraphs) == PARAGRAPHS
