"""Which addresses are the next page of one article."""

from __future__ import annotations

import pytest

from spiders.numbered_pages import goes_on

SITE = "https://paper.example/"


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("story", "story?page=2"),
        ("story/", "story?page=2"),
        ("story?page=2", "story?page=3"),
        ("view?id=7", "view?id=7&seite=2"),
        ("view?seite=9&id=7", "view?id=7&seite=10"),
        ("news/story", "news/story/2"),
        ("news/story/", "news/story/2/"),
        ("news/story/2", "news/story/3"),
        ("news/story", "news/story/page/2"),
        ("news/story/page/2/", "news/story/page/3/"),
        ("news/story.html", "news/story-2.html"),
        ("news/story_2.html", "news/story_3.html"),
        ("news/story-4711.html", "news/story-4711,2.html"),
    ],
)
def test_the_next_page(here: str, there: str) -> None:
    assert goes_on(SITE + here, SITE + there)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("story", "another-story"),
        ("story", "story"),
        ("story", "story?page=3"),
        ("story?page=2", "story"),
        ("story?page=2", "story?page=2"),
        ("view?id=7", "view?id=8"),
        ("view?id=7", "view?id=8&page=2"),
        ("story?id=7", "another?id=7"),
        ("news/101", "news/102"),
        ("news/story/3", "news/story/2"),
        ("news/story/2", "news/another/3"),
        ("2026/01/05", "2026/01/06/2"),
        ("story?page=1000000000000000000000", "story?page=2000000000000000000000"),
    ],
)
def test_another_page(here: str, there: str) -> None:
    assert not goes_on(SITE + here, SITE + there)


def test_another_host() -> None:
    assert not goes_on("https://paper.example/story", "https://other.example/story?page=2")
