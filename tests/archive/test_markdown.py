"""Articles as Markdown: read back by a parser, they say what they said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from archive.body import (
    Code,
    Correction,
    Embed,
    EmbedKind,
    Figure,
    Heading,
    ItemList,
    Paragraph,
    Quote,
    Table,
    TableCell,
    paragraphs_of,
)
from archive.markdown import markdown_of

PARSER = MarkdownIt("commonmark").enable("table")
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), min_size=1).filter(
    lambda text: text == " ".join(text.split())
)
AWKWARD = st.sampled_from(
    ["1. of May", "- or so", "+1", "# not", "a_b_c", "*", "**x**", "[a](b)", "<b>", "a | b", "&amp;", "\\|", "`x`", "~~~",
     "===", "---", "> y", "12) z", "![i](j)", "\\", "x\\", "||", "!", "a*b*", "_", "http://a.example/_b_"]
)  # fmt: skip


def texts(tokens: list[Token]) -> list[str]:
    """What a reader of the parsed text reads, one string for each inline part."""
    return [
        "".join(
            child.content for child in token.children or () if child.type in ("text", "code_inline", "text_special")
        )
        for token in tokens
        if token.type == "inline"
    ]


def read(block: object) -> list[str]:
    return texts(PARSER.parse(markdown_of("T", [block], ())))[1:]  # type: ignore[list-item]


@given(TEXTS | AWKWARD)
def test_a_text_is_read_back_as_it_was(text: str) -> None:
    for block in (
        Paragraph(text=text),
        Heading(level=3, text=text),
        Quote(paragraphs=(text,)),
        Correction(text=text),
    ):
        assert read(block) == [text]


@given(st.lists(TEXTS | AWKWARD, min_size=1, max_size=4), st.booleans())
def test_a_list_is_read_back(items: list[str], ordered: bool) -> None:
    tokens = PARSER.parse(markdown_of("T", [ItemList(ordered=ordered, items=tuple(items))], ()))
    assert texts(tokens)[1:] == items
    assert sum(token.type == "list_item_open" for token in tokens) == len(items)
    assert any(token.type == ("ordered_list_open" if ordered else "bullet_list_open") for token in tokens)


@given(st.lists(st.lists(TEXTS | AWKWARD, min_size=2, max_size=2), min_size=2, max_size=4))
def test_a_table_is_read_back(rows: list[list[str]]) -> None:
    cells = tuple(tuple(TableCell(text=text, header=not number) for text in row) for number, row in enumerate(rows))
    assert read(Table(rows=cells)) == [text for row in rows for text in row]


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1).filter(str.strip))
def test_code_is_kept_as_it_is(line: str) -> None:
    code = f"if x:\n    {line}\n```\n````"
    tokens = [token for token in PARSER.parse(markdown_of("T", [Code(text=code)], ())) if token.type == "fence"]
    assert [token.content.rstrip("\n") for token in tokens] == [code]


def test_a_whole_article() -> None:
    blocks = (
        Figure(url="https://p.example/a (1).jpg", caption="The weir", credit="R. Holm"),
        Paragraph(text="First."),
        Heading(level=1, text="Part"),
        ItemList(ordered=True, items=("one", "two")),
        Table(caption="Votes", rows=((TableCell(text="Party"), TableCell(text="")), (TableCell(text="A"),))),
        Quote(paragraphs=("Said.", "Twice.")),
        Embed(what=EmbedKind.POST, url="https://x.example/1", paragraphs=("A post",)),
        Embed(what=EmbedKind.VIDEO, url="https://v.example/2"),
        Code(text="a = 1"),
        Correction(text="Correction: it was two."),
    )
    assert markdown_of("A *title*", blocks, ()) == (
        "# A \\*title\\*\n\n![The weir](https://p.example/a%20%281%29.jpg)\n\n*The weir (R. Holm)*\n\nFirst.\n\n## Part\n\n"
        "1. one\n2. two\n\nVotes\n\n|  |  |\n| --- | --- |\n| Party |  |\n| A |  |\n\n> Said.\n>\n> Twice.\n\n"
        "> A post\n>\n> <https://x.example/1>\n\n> <https://v.example/2>\n\n```\na = 1\n```\n\n*Correction: it was two.*\n"
    )
    assert paragraphs_of(blocks) == (
        "First.", "Part", "one", "two", "Party", "A", "Said.", "Twice.", "A post", "a = 1", "Correction: it was two.",
    )  # fmt: skip


@pytest.mark.parametrize("paragraphs", [(), ("One.", "# Two")])
def test_a_record_without_blocks_gives_its_paragraphs(paragraphs: tuple[str, ...]) -> None:
    assert texts(PARSER.parse(markdown_of("T", (), paragraphs))) == ["T", *paragraphs]
