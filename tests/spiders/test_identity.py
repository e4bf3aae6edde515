"""One article under many addresses; many articles under like ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.links import clean_address
from spiders.url_identity import identity

BASE = "https://www.example.org/world/the-quay-wall-is-raised"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BASE, "http://example.org/world/the-quay-wall-is-raised/"),
        (BASE, "https://m.example.org/world/the-quay-wall-is-raised"),
        (BASE, "https://amp.example.org/world/the-quay-wall-is-raised"),
        (BASE, "https://www.example.org/world/the-quay-wall-is-raised/amp/"),
        (BASE, "https://www.example.org/world/the-quay-wall-is-raised?outputType=amp"),
        (BASE, "https://www.example.org/world/the-quay-wall-is-raised?PHPSESSID=0a1b2c"),
        (BASE, "https://www.example.org:443/world/the-quay-wall-is-raised;jsessionid=AB12"),
        (BASE, "https://www.example.org/world/%74he-quay-wall-is-raised"),
        (BASE + ".html", BASE + ".amp.html"),
        ("https://example.org/a?id=5&page=2", "https://example.org/a?page=2&id=5"),
        ("https://example.org/%D9%85%D8%B1", "https://example.org/%d9%85%d8%b1"),
        ("https://bücher.example/a-b", "https://xn--bcher-kva.example/a-b"),
        ("https://example.org/news/7654321-wall-is-raised", "https://example.org/news/7654321-wall-to-be-raised"),
        ("https://example.org/wall-is-raised-7654321.html", "https://example.org/new-wall-rises-7654321.html"),
    ],
)
def test_one_article(one: str, other: str) -> None:
    assert identity(one) == identity(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BASE, BASE + "-again"),
        (BASE, BASE.replace("world", "sport")),
        ("https://example.org/a?id=5", "https://example.org/a?id=6"),
        ("https://example.org/20260105-wall-is-raised", "https://example.org/20260105-wall-falls-down"),
        ("https://example.org/2000000-people-march", "https://example.org/2000000-people-flee"),
        ("https://example.org/12345-wall-is-raised", "https://example.org/12345-wall-falls-down"),
        ("https://example.org/7654321", "https://example.org/7654322"),
        ("https://news.example.org/a-b", "https://blog.example.org/a-b"),
        ("https://example.org/7654321-wall-raised/2", "https://example.org/7654321-wall-raised/3"),
    ],
)
def test_two_articles(one: str, other: str) -> None:
    assert identity(one) != identity(other)


def test_the_address_that_is_asked_for_has_no_session_and_no_default_port() -> None:
    assert clean_address("http://Example.org:80/a?sid=5&x=1#top") == "http://example.org/a?x=1"
    assert clean_address("https://example.org:443/") == "https://example.org/"
    assert clean_address("https://example.org:8443/") == "https://example.org:8443/"


@given(st.text(max_size=60))
def test_no_address_raises(path: str) -> None:
    address = clean_address(f"http://example.org/{path}")
    if address is not None:
        assert identity(address) == identity(address + "#")
