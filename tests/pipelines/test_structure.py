"""The blocks of a record: what stands on a page as a list, a table, a quotation is one in the record."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from archive.article import Article
from archive.body import paragraphs_of
from pipelines.extract import extract
from pipelines.extract.blocks import blocks_of
from pipelines.extract.exclusions import excluded
from pipelines.extract.structure import structure_of
from pipelines.extract.tables import DataTables, settled
from pipelines.extract.text import headed
from tests.pipelines.pages import modern, stories

HERE = Path(__file__).parent / "structured"
FETCHED = datetime(2026, 3, 5, tzinfo=UTC)
LONG = "The council spoke for hours about the bridge, and in the end nobody remembered why it had been closed at all."


def made(body: str) -> list[dict[str, object]]:
    """All blocks of a page as those of a record."""
    blocks = blocks_of(html.document_fromstring(f"<html><body>{body}</body></html>"))
    found = structure_of(blocks, blocks, (), {}, lambda link: link)
    return [block.model_dump(exclude_defaults=True, exclude={"kind"}) | {"kind": block.kind} for block in found]


def page_of(inside: str) -> str:
    return f"<html><head><title>A bridge is closed</title></head><body><main><article><h1>A bridge is closed</h1>{inside}</article></main></body></html>"


def article_of(inside: str) -> Article:
    found = extract(page_of(inside), "https://paper.example/a/bridge", fetched_at=FETCHED)
    assert isinstance(found, Article), found
    return found


def test_a_page_with_everything_as_markdown() -> None:
    page = (HERE / "reservoir.html").read_bytes()
    article = extract(page, "https://weir.example/news/reservoir-gates", fetched_at=FETCHED)
    assert isinstance(article, Article)
    assert article.markdown() == (HERE / "reservoir.md").read_text(encoding="utf-8")
    assert article.paragraphs == paragraphs_of(article.blocks)
    assert article.article_body == "\n".join(article.paragraphs)


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.language)
def test_the_text_is_made_from_the_blocks(story) -> None:  # type: ignore[no-untyped-def]
    article = extract(modern(story), story.url, fetched_at=FETCHED)
    assert isinstance(article, Article)
    assert article.blocks
    assert article.article_body == "\n".join(paragraphs_of(article.blocks))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<h3>A</h3><p>B</p>", [{"kind": "heading", "level": 3, "text": "A"}, {"kind": "paragraph", "text": "B"}]),
        ("<ul><li>A<li>B <b>C</b></ul>", [{"kind": "list", "items": ("A", "B C")}]),
        ("<ol><li><p>A</p><p>B</p></li></ol>", [{"kind": "list", "ordered": True, "items": ("A B",)}]),
        ("<ul><li><h2>A</h2><p>B</p></li></ul>", [{"kind": "heading", "level": 2, "text": "A"}, {"kind": "paragraph", "text": "B"}]),
        ("<blockquote><p>A</p><p>B</p></blockquote>", [{"kind": "quote", "paragraphs": ("A", "B")}]),
        ("<blockquote><ul><li>A</li></ul></blockquote>", [{"kind": "quote", "paragraphs": ("A",)}]),
        ("<pre class='language-c'>a\n  b\n\nc</pre>", [{"kind": "code", "text": "a\n  b\n\nc"}]),
        ("<pre>A line.\n\nAnother.</pre>", [{"kind": "paragraph", "text": "A line."}, {"kind": "paragraph", "text": "Another."}]),
        ("<p>Berichtigung: es waren drei.</p>", [{"kind": "correction", "text": "Berichtigung: es waren drei."}]),
        ("<x-part>A</x-part><x-part>B</x-part>", [{"kind": "paragraph", "text": "A"}, {"kind": "paragraph", "text": "B"}]),
        ("<p>A <x-term>word</x-term> more</p>", [{"kind": "paragraph", "text": "A word more"}]),
        ("<div>so<x-mark>me</x-mark>where</div>", [{"kind": "paragraph", "text": "somewhere"}]),
    ],
)  # fmt: skip
def test_kinds_of_blocks(body: str, expected: list[dict[str, object]]) -> None:
    assert made(body) == expected


def test_a_table_has_rows_and_heads_and_empty_cells() -> None:
    (table,) = made(
        "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td></td></tr><tr><td>2</td><td><ul><li>3</ul></td></tr></table>"
    )
    rows = [[(cell["text"], cell.get("header", False)) for cell in row] for row in table["rows"]]  # type: ignore[attr-defined]
    assert rows == [[("A", True), ("B", True)], [("1", False), ("", False)], [("2", False), ("3", False)]]


@pytest.mark.parametrize(
    "table",
    [
        "<table><tr><td><p>One</p></td></tr></table>",
        "<table role=presentation><tr><td>A<td>B<tr><td>C<td>D</table>",
        f"<table><tr><td>{LONG}<td>{LONG}<tr><td>{LONG}<td>{LONG * 2}</table>",
        "<table><tr><td>A<td>B<tr><td>C<td><table><tr><td>D<td>E<tr><td>F<td>G</table></table>",
    ],
)
def test_frames_of_a_layout_are_no_tables(table: str) -> None:
    blocks = blocks_of(html.document_fromstring(f"<html><body>{table}</body></html>"))
    tables = DataTables()
    outermost = [tables.around(block.place) for block in blocks]
    assert not any(place is not None and place.depth < 3 for place in outermost)


def test_a_table_is_kept_whole_or_not_at_all() -> None:
    body = f"<p>{LONG}</p><table><tr><td>A<td>B<tr><td>C<td>D</table><p>{LONG}</p><p>no</p><p>no</p><p>no</p><table><tr><td>E<td>F<tr><td>G<td>H</table>"
    blocks = blocks_of(html.document_fromstring(f"<html><body>{body}</body></html>"))
    nothing = [False] * len(blocks)
    kept = settled(blocks, [block.text == LONG for block in blocks], nothing)
    assert [block.text for block, is_kept in zip(blocks, kept, strict=True) if is_kept] == [
        LONG,
        "A",
        "B",
        "C",
        "D",
        LONG,
    ]
    most = settled(blocks, [block.text in "EFG" for block in blocks], nothing)
    assert [block.text for block, is_kept in zip(blocks, most, strict=True) if is_kept] == ["E", "F", "G", "H"]


@pytest.mark.parametrize(
    ("behind", "is_kept"),
    [("</div>", True), ("</div><p>no</p><p>no</p><p>no</p>", True), ("<p>no</p><p>no</p><p>no</p></div>", False)],
)
def test_a_table_that_ends_the_text_is_kept(behind: str, is_kept: bool) -> None:
    body = f"<div><p>{LONG}</p><div><table><tr><th>A<th>B<tr><td>C<td>D</table></div>{behind}"
    blocks = blocks_of(html.document_fromstring(f"<html><body>{body}</body></html>"))
    kept = settled(blocks, [block.text == LONG for block in blocks], [False] * len(blocks))
    assert [block.text for block, one in zip(blocks, kept, strict=True) if one][1:] == (
        list("ABCD") if is_kept else []
    )


def test_a_term_is_kept_with_its_explanation() -> None:
    body = f"<p>{LONG}</p><dl><dt>Cost<dd>{LONG}<dt>Length<dd>no</dl>"
    blocks = blocks_of(html.document_fromstring(f"<html><body>{body}</body></html>"))
    kept = headed(blocks, [block.text == LONG for block in blocks], [False] * len(blocks))
    assert [block.text for block, one in zip(blocks, kept, strict=True) if one] == [LONG, "Cost", LONG]


@given(st.lists(st.sampled_from(["p", "li", "x-p", "pre", "td", "br", "span style=display:block"]), max_size=8))
def test_words_are_neither_glued_nor_torn(tags: list[str]) -> None:
    words = [f"word{number}" for number in range(len(tags))]
    parts = [
        f"<{tag}>{word}</{tag.split()[0]}>" if tag != "br" else f"<div>{word}<br></div>"
        for tag, word in zip(tags, words, strict=True)
    ]
    blocks = blocks_of(html.document_fromstring(f"<html><body>{''.join(parts)}</body></html>"))
    assert " ".join(block.text for block in blocks).split() == words


def test_hidden_copies_comments_dialogs_and_pointers_are_excluded() -> None:
    body = f"""<article><h1>A</h1><p>{LONG}</p><p>{LONG} Once more.</p></article>
    <div hidden><p>{LONG}</p><p>Only here</p></div>
    <div style="display:none"><span itemprop=keywords>bridge, closing</span></div>
    <div id=comments><p>{LONG} I say.</p></div>
    <div class=cookie-banner><p>We set cookies</p></div>
    <p>Advertisement</p><p>Lire aussi : <a href=/x>Le pont</a></p><p>Related</p><p>Read also his memoirs, said the mayor.</p>"""
    blocks = blocks_of(html.document_fromstring(f"<html><body>{body}</body></html>"))
    left = [block.text for block, is_out in zip(blocks, excluded(blocks), strict=True) if not is_out]
    assert left == ["A", LONG, f"{LONG} Once more.", "Only here", "Read also his memoirs, said the mayor."]


def test_what_holds_the_headline_is_never_excluded() -> None:
    body = f"<div class=comments><h1>A</h1><p>{LONG}</p></div><p>{LONG} Once more.</p>"
    assert not any(excluded(blocks_of(html.document_fromstring(f"<html><body>{body}</body></html>"))))


def test_lines_that_a_page_repeats_are_excluded_but_no_refrains() -> None:
    notice = "Content of other sites is not shown here unless you say so."
    paragraphs = [LONG.replace("hours", f"{number} hours") for number in range(6)]
    article = article_of("".join(f"<p>{text}</p><div class=x><p>{notice}</p></div>" for text in paragraphs))
    assert article.paragraphs == tuple(paragraphs)
    song = "<br>".join(["And the river ran on to the sea", "as rivers do in any song"] * 4)
    blocks = blocks_of(html.document_fromstring(f"<html><body><p>{LONG}</p><p>{song}</p></body></html>"))
    assert not any(excluded(blocks)[2:])
