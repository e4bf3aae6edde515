from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.links import is_article
from spiders.shapes import SAMPLED, Shapes, judged, shape_of
from spiders.site import site_of_address

SITE = site_of_address("https://example.org/")


@pytest.mark.parametrize(
    ("url", "shape"),
    [
        ("https://example.org/news/2026/01/05/a-bridge-opens-again.html", "example.org/news/0/0/0/slug.html"),
        ("https://example.org/people/jane-doe", "example.org/people/word"),
        ("https://example.org/people/jane-doe/", "example.org/people/word/"),
        ("https://example.org/a/x1y2z3", "example.org/a/word0"),
        ("https://example.org/1234567", "example.org/0"),
        ("https://example.org/an-article-of-some-words-1234", "example.org/slug0"),
        ("https://example.org/view?lang=en&id=12", "example.org/view?id&lang".replace("view", "word")),
        ("https://example.org/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1/12", "example.org/word/0"),
        ("https://example.org", "example.org"),
    ],
)
def test_forms(url: str, shape: str) -> None:
    assert shape_of(url) == shape


@given(st.text())
def test_no_address_raises(path: str) -> None:
    assert shape_of(f"https://example.org/{path}")


@pytest.mark.parametrize(
    ("articles", "others", "expected"),
    [
        (4, 0, None),
        (5, 0, True),
        (8, 2, True),
        (7, 3, None),
        (0, 9, None),
        (0, 10, False),
        (1, 99, False),
        (1, 20, None),
    ],
)
def test_what_pages_say_of_their_form(articles: float, others: float, expected: bool | None) -> None:
    assert judged(articles, others) is expected


def test_a_link_is_judged_by_what_its_form_has_shown() -> None:
    plain, slug = "https://example.org/a/x1", "https://example.org/people/a-name-of-four-words"
    assert not is_article(plain, SITE, announced=False)
    assert is_article(slug, SITE, announced=False)
    shapes = Shapes(articles=frozenset({shape_of(plain)}), others=frozenset({shape_of(slug)}))
    assert is_article(plain, SITE, announced=False, shapes=shapes)
    assert is_article("https://example.org/2026/01/05/other", SITE, announced=False, shapes=shapes), (
        "by its form alone"
    )
    links = [f"https://example.org/people/a-name-of-words-{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(600)]
    followed = sum(is_article(link, SITE, announced=False, shapes=shapes) for link in links)
    assert 0 < followed < 2 * len(links) / SAMPLED, "some, to see whether the site has changed"
    assert all(is_article(link, SITE, announced=True, shapes=shapes) for link in links), "a feed is believed"
