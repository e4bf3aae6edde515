"""How alike two showings of a page are."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from crawler.browser.archive_answers import lasting_address
from crawler.browser.quality import same_picture, same_words


def picture(*texts: str, shift: int = 0, quality: int = 75) -> bytes:
    image = Image.new("RGB", (1280, 720), "white")
    draw = ImageDraw.Draw(image)
    for number, text in enumerate(texts):
        draw.text((40 + shift, 40 + 60 * number), text, fill="black", font_size=40)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


@given(st.text(max_size=80), st.text(max_size=80))
def test_words_are_compared_alike_from_both_sides(one: str, other: str) -> None:
    assert same_words(one, other) == same_words(other, one)
    assert 0 <= same_words(one, other) <= 1
    assert same_words(one, one) == 1


LINES = ("The ferry sails again", "after a week of storms", "and nobody was aboard")


def test_a_picture_is_like_itself_and_unlike_an_empty_one() -> None:
    assert same_picture(picture(*LINES), picture(*LINES, quality=60)) > 0.99
    assert same_picture(picture(*LINES), picture()) < 0.05
    assert same_picture(picture(), picture()) == 1
    assert 0.4 < same_picture(picture(*LINES), picture(*LINES[:2])) < 0.9
    assert same_picture(picture(*LINES), b"no picture") == 0


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("/x?t=1764230000", "/x?t=1764239999", True),
        ("/x?a=1&r=0.123456", "/x?a=1&r=0.9", True),
        ("/x?session=0f3a5c7e9b1d2f4a", "/x?session=aaaabbbbccccdddd", True),
        ("/x?page=1", "/x?page=2", False),
        ("/x?path=%2Fnews%2F1", "/x?path=%2Fnews%2F2", False),
        ("/x?t=1764230000", "/y?t=1764230000", False),
    ],
)
def test_only_passing_numbers_of_a_query_may_differ(one: str, other: str, alike: bool) -> None:
    assert (lasting_address(one) == lasting_address(other)) == alike
