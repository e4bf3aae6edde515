"""Pages cut into blocks, measured and judged."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from pipelines.extract import features
from pipelines.extract.blocks import IN_LINK, Block, blocks_of
from pipelines.extract.blocks import cut as cut_page
from pipelines.extract.class_words import KINDS, UNSEEN, class_words
from pipelines.extract.document import parse_document
from pipelines.extract.features import Declared, squeeze
from pipelines.extract.judgement import (
    CONTEXT,
    VOTERS,
    Judgement,
    chosen,
    context,
    layout_of,
    shipped_models,
)
from pipelines.extract.structured import read_structured
from pipelines.extract.text import body_of
from pipelines.extract.trees import Trees
from pipelines.rules import ExtractionRules, Quality


def cut(body: str) -> list[Block]:
    return blocks_of(html.document_fromstring(f"<html><body>{body}</body></html>"))


def lines(body: str) -> list[str]:
    return [block.text for block in cut(body)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>One <b>two</b>\n three</p><p>Four</p>", ["One two three", "Four"]),
        ("<div>before<p>inside</p>behind</div>", ["before", "inside", "behind"]),
        ("one<br>two<br><br><i>three</i> four", ["one", "two", "three four"]),
        ("<p>a<!-- not this -->b</p>", ["ab"]),
        ("<span>A</span> <span>B</span>", ["A B"]),
        ("<p>Yes<script>no()</script><style>no{}</style><noscript>no</noscript> too</p>", ["Yes too"]),
        ("<button>Menu<main><p>A</p></main>", ["Menu", "A"]),  # a button left open takes in the page
        ("<button>Menu</button><p>A</p>", ["A"]),
        ("<noscript><p>A</p><p>B</p><p>C</p></noscript>", ["A", "B", "C"]),
        ("<noscript><p>Please allow scripts</p></noscript><p>A</p>", ["A"]),
        ("<p>Shares (X.N)<span class='sr-only'>, opens new tab</span> rose</p>", ["Shares (X.N) rose"]),
        ("<div class=visually-hidden><a>Skip</a><main><p>A</p></main></div>", ["Skip", "A"]),
        ("<p>Shares<span style='clip: rect(0 0 0 0)'> unseen</span> rose</p>", ["Shares rose"]),
        ("<ul><li>one<li>two</ul><table><tr><td>a<td>b</table>", ["one", "two", "a", "b"]),
        ("<p>***</p><p> </p><hr><p>—</p>", []),
        ("<nav><a>Home</a></nav><p>A</p><footer>Imprint</footer>B", ["A", "B"]),
        ("<main><nav>A</nav><p>B</p><footer>C</footer></main><nav>Home</nav>", ["A", "B", "C"]),
        ("<article><p>A</p></article><footer><p>Imprint</p></footer>", ["A"]),
        ("<nav><a>Home</a><article>A</article></nav>", ["Home", "A"]),
        ("<footer><p>A</p><p>B</p><p>C</p><nav>Home</nav></footer>", ["A", "B", "C"]),
        ("<button>press</button><select><option>choose</select><p>text</p>", ["text"]),
    ],
)
def test_where_blocks_end(body: str, expected: list[str]) -> None:
    assert lines(body) == expected


def test_what_is_known_of_a_block() -> None:
    first, second = cut("<aside><p>See <a href='/x'>the other page</a></p></aside><p>one<br><b>bold</b> two</p>")[:2]
    assert (first.linked, first.emphasised, first.after_break) == (14, 0, False)
    assert first.place.tag == "p"
    assert first.place.parent is not None
    assert first.place.parent.tag == "aside"
    assert not first.place.around & IN_LINK
    assert second.text == "one"
    third = cut("<p>one<br><b>bold</b> two</p>")[1]
    assert (third.text, third.emphasised, third.after_break) == ("bold two", 4, True)


def test_very_deep_and_very_broad_pages_are_cut_without_recursion() -> None:
    deep = html.Element("body")
    inner = deep
    for _ in range(20_000):
        inner = html.etree.SubElement(inner, "div")
    inner.text = "at the bottom"
    assert [block.text for block in blocks_of(deep)] == ["at the bottom"]
    assert len(lines("<p>x</p>" * 20_000)) == 20_000


def test_what_leads_around_the_site_is_told() -> None:
    page = html.document_fromstring("<nav><a>Home</a></nav><p>A</p><main><nav>B</nav></main><footer>C</footer>")
    assert [element.tag for element in cut_page(page).left_out] == ["nav", "footer"]


_WORD = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
_TREE = st.recursive(
    _WORD,
    lambda inner: st.tuples(st.sampled_from(["p", "div", "b", "a", "li", "span", "td"]), st.lists(inner, max_size=4)),
    max_leaves=25,
)


def _markup(node: object) -> str:
    if isinstance(node, str):
        return f" {node} "
    assert isinstance(node, tuple)
    tag, inner = node
    return f"<{tag}>{''.join(map(_markup, inner))}</{tag}>"


@given(st.lists(_TREE, max_size=6))
def test_every_word_is_in_one_block_and_in_order(trees: list[object]) -> None:
    body = "".join(map(_markup, trees))
    seen = str(html.document_fromstring(f"<html><body>{body}</body></html>").xpath("string()")).split()
    assert " ".join(lines(body)).split() == seen


def test_classes_are_read_in_every_spelling() -> None:
    def kinds(marks: str) -> set[str]:
        return {kind for bit, kind in enumerate(KINDS) if class_words(marks) >> bit & 1}

    assert kinds("article-body") == kinds("articleBody") == kinds("ARTICLE_BODY") == {"article", "body"}
    assert kinds("newsletterSignup") >= {"appeal"}
    assert kinds("xyz") == set()
    assert "advertising" not in kinds("header-shadow")
    assert class_words("visually-hidden") & UNSEEN


def test_a_row_has_the_columns_it_says() -> None:
    blocks = cut(
        "<h1>Quay wall</h1><p>The quay wall is to be raised, the board said on Thursday evening at last.</p>"
    )
    votes = {VOTERS[0]: blocks[1].text, VOTERS[1]: ""}
    rows = features.rows(blocks, Declared(titles=squeeze("Quay wall")), votes)
    names = features.names(VOTERS)
    assert rows.shape == (2, len(names))
    assert len(set(names)) == len(names)
    named = [dict(zip(names, row, strict=True)) for row in rows.tolist()]
    assert named[0]["tag_h1"] == 1 and named[0]["is_title"] == 1
    assert named[1]["ends_sentence"] == 1 and named[1]["trafilatura_line"] == 1 and named[1]["resiliparse_has"] == 0
    assert features.rows([], Declared()).shape == (0, len(features.names(())))


def _trees_by_hand(data: dict[str, object], row: list[float]) -> float:
    total = float(data["bias"])  # type: ignore[arg-type]
    for tree in data["trees"]:  # type: ignore[attr-defined]
        place = sum(
            1 << bit
            for bit, (column, border) in enumerate(zip(tree["columns"], tree["borders"], strict=True))
            if np.float32(row[column]) > np.float32(border)
        )
        total += tree["leaves"][place]
    return float(1 / (1 + np.exp(-total)))


_NUMBER = st.floats(-3, 3, width=32)


@given(st.lists(st.lists(_NUMBER, min_size=3, max_size=3), min_size=1, max_size=6), st.data())
def test_trees_say_what_they_say_one_by_one(rows: list[list[float]], data: st.DataObject) -> None:
    depth = data.draw(st.integers(1, 4))
    tree = st.fixed_dictionaries(
        {
            "columns": st.lists(st.integers(0, 2), min_size=depth, max_size=depth),
            "borders": st.lists(_NUMBER, min_size=depth, max_size=depth),
            "leaves": st.lists(_NUMBER, min_size=2**depth, max_size=2**depth),
        }
    )
    ensemble = {"columns": ["a", "b", "c"], "bias": 0.25, "trees": data.draw(st.lists(tree, min_size=1, max_size=5))}
    found = Trees.read(ensemble).probabilities(np.array(rows, dtype=np.float32))
    assert found == pytest.approx([_trees_by_hand(ensemble, row) for row in rows])


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0.01, 0.99)), min_size=1, max_size=30))
def test_the_choice_has_the_best_expected_f1(blocks: list[tuple[int, float]]) -> None:
    lengths = np.array([length for length, _ in blocks], dtype=np.float64)
    probabilities = np.array([probability for _, probability in blocks])
    judgement = chosen(lengths, probabilities)

    def expected(kept: np.ndarray) -> float:
        weighted = probabilities * lengths
        return float(2 * weighted[kept].sum() / (lengths[kept].sum() + weighted.sum()))

    best = max(expected(probabilities >= border) for border in probabilities)
    assert judgement.confidence >= best - 1e-9
    assert judgement.kept.any()
    assert min(probabilities[judgement.kept]) > max(probabilities[~judgement.kept], default=0)


class Fixed:
    """A model that says the same of every page."""

    def __init__(self, kept: list[bool], confidence: float) -> None:
        self._said = Judgement(np.array(kept, dtype=np.float64), np.array(kept), confidence)

    def judge(self, *_: object) -> Judgement:
        return self._said


@pytest.mark.parametrize(
    ("quality", "alone", "with_votes", "texts", "source"),
    [
        (Quality.FAST, 0.8, 0.9, ("one",), "blocks"),
        (Quality.FAST, 0.79, 0.9, ("two",), "agreement"),
        (Quality.DEFAULT, 0.89, 0.1, ("two",), "agreement"),
        (Quality.DEFAULT, 0.9, 0.95, ("one",), "blocks"),
        (Quality.BEST, 0.99, 0.98, ("one",), "agreement"),
        (Quality.BEST, 0.5, 0.6, ("two",), "agreement"),
    ],
)
def test_others_are_asked_where_the_page_alone_leaves_doubts(
    quality: Quality, alone: float, with_votes: float, texts: tuple[str, ...], source: str
) -> None:
    models: Any = SimpleNamespace(plain=Fixed([True, False], alone), voted=Fixed([False, True], with_votes))
    document = parse_document("<p>one</p><p>two</p>", "https://example.org/a")
    body = body_of(document, read_structured(document), ExtractionRules(quality=quality), models)
    assert (body.paragraphs, body.source, body.confidence) == (
        texts, source, alone if texts == ("one",) else with_votes,
    )  # fmt: skip


def test_context_tells_of_neighbours_and_of_blocks_alike() -> None:
    blocks = cut("<div><p>a a</p><p>b b</p><p>c c</p></div><ul><li>d d</li></ul>")
    layout = layout_of(blocks)
    columns = dict(zip(CONTEXT, context(layout, np.array([0.9, 0.1, 0.9, 0.0])).T.tolist(), strict=True))
    assert columns["first-1"] == pytest.approx([0, 0.9, 0.1, 0.9])
    assert columns["first_like"][1] == pytest.approx(2 * 0.9 * 3 / 7)
    assert columns["first_like"][3] == 0
    assert columns["first_away"] == [0, 1, 0, 1]
    assert all(one <= two for one, two in pairwise(columns["first_through"]))


def test_shipped_models_want_the_columns_that_are_measured() -> None:
    models = shipped_models()
    assert models.plain.first.names == tuple(features.names(()))
    assert models.voted.first.names == tuple(features.names(VOTERS))
    assert models.plain.second.names == (*features.names(()), *CONTEXT)


def test_shipped_models_are_plain_small_data_that_hold_no_text() -> None:
    from importlib.resources import files

    for kind in ("plain", "voted"):
        text = files("pipelines.extract").joinpath("models", f"blocks-{kind}.json").read_text(encoding="utf-8")
        assert len(text) < 1 << 20
        strings = set(re.findall(r'"([^"]*)"', text))
        assert strings <= {
            *features.names(VOTERS),
            *CONTEXT,
            "first",
            "second",
            "columns",
            "bias",
            "trees",
            "borders",
            "leaves",
        }
        json.loads(text)
