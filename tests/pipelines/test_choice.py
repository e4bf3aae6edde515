"""What is changed in the models' choice of blocks, whatever they chose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from pipelines.extract.blocks import blocks_of
from pipelines.extract.choice import bettered

LONG = "The harbour board has asked the owners of the warehouses to pay a fifth of the cost, which most have agreed to do. "
PARTS = st.sampled_from(["p", "h2", "figcaption", "li", "td", "blockquote", "p class=caption", "pre"])


def left(body: str, *chosen: str) -> list[str]:
    """The texts that are left of those chosen, or of all when none is named."""
    blocks = blocks_of(html.document_fromstring(f"<html><body><div>{body}</div></body></html>"))
    kept = [not chosen or block.text in chosen for block in blocks]
    choice = bettered(blocks, kept, [False] * len(blocks))
    return [block.text.strip() for block, is_kept in zip(blocks, choice, strict=True) if is_kept]


@pytest.mark.parametrize(
    ("line", "is_left"),
    [
        ("<figure><img><figcaption>Boats at the quay</figcaption></figure>", False),
        ("<div class='media-caption'><p>Boats at the quay</p></div>", False),
        ("<p class=photoCredit>Nada Haddad</p>", False),
        ("<p>Image copyright Mole Pictures</p>", False),
        ("<p><a href=/x>BOARD OF THE HARBOUR RESIGNS</a></p>", False),
        ("<figure><blockquote><p>We shall raise it</p></blockquote></figure>", True),
        ("<figure><table><tr><td>Length</table></figure>", True),
        ("<figure><pre>raise(wall)</pre></figure>", True),
        ("<p><a href=/x>The report of the engineers, in full</a></p>", True),
        ("<p>Photographs were of no help.</p>", True),
    ],
)
def test_lines_within_a_text(line: str, is_left: bool) -> None:
    text = f"<p>{LONG}</p>"
    assert len(left(f"{text}{line}{text}")) == (3 if is_left else 2)


@pytest.mark.parametrize(
    ("line", "is_left"),
    [
        ("Follow The Mole on Facebook and WhatsApp", False),
        ("Do you have a story? Write to the news desk.", False),
        ("Like this story? Send it on.", False),
        (">>> More guest columns", False),
        ("© The Mole 2026", True),
        ("Follow-up talks begin on Monday.", True),
        ("Subscribers get the report on paper.", True),
    ],
)
def test_lines_at_the_end_of_a_text(line: str, is_left: bool) -> None:
    assert (line in left(f"<p>{LONG}</p><p>{LONG}</p><p>{line}</p>")) is is_left
    many = "".join(f"<p>{LONG}{number}</p>" for number in range(6))
    assert line.startswith("©") or line in left(f"<p>{LONG}</p><p>{line}</p>{many}")


def test_headings_and_lines_between_paragraphs_are_of_the_text() -> None:
    body = (
        f"<p>{LONG}</p><h2>What it costs</h2><p>{LONG}</p><p>Why?</p><p>{LONG}</p><p class=teaser>No</p><p>{LONG}</p>"
    )
    assert [text for text in left(body, LONG.strip()) if len(text) < 20] == ["What it costs", "Why?"]
    assert "By Ida Moen" not in left(f"<p>{LONG}</p><h3>By Ida Moen</h3><p>{LONG}</p>", LONG.strip())
    apart = f"<p>{LONG}</p><aside><h2>More of this</h2></aside><p>{LONG}</p><h2><a href=/x>Elsewhere</a></h2><p>{LONG}</p>"
    assert {len(text) for text in left(apart, LONG.strip())} == {len(LONG.strip())}


def test_a_page_that_tells_its_story_in_captions_keeps_them() -> None:
    body = "".join(f"<figure><img><figcaption>{LONG}{number}</figcaption></figure>" for number in range(4))
    assert len(left(body)) == 4


@given(st.lists(st.tuples(PARTS, st.booleans()), max_size=12))
def test_nothing_that_is_barred_comes_back_and_most_of_a_text_stays(parts: list[tuple[str, bool]]) -> None:
    body = "".join(f"<{tag}>{LONG}{number}</{tag.split()[0]}>" for number, (tag, _) in enumerate(parts))
    blocks = blocks_of(html.document_fromstring(f"<html><body><div>{body}</div></body></html>"))
    barred = [flag for _, flag in parts][: len(blocks)] + [False] * (len(blocks) - len(parts))
    kept = [not is_out for is_out in barred]
    choice = bettered(blocks, kept, barred)
    assert not any(is_kept and is_out for is_kept, is_out in zip(choice, barred, strict=True))
    whole = sum(len(block.text) for block, is_kept in zip(blocks, kept, strict=True) if is_kept)
    assert sum(len(block.text) for block, is_kept in zip(blocks, choice, strict=True) if is_kept) >= 0.8 * whole
