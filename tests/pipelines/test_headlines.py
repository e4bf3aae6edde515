"""The headline of a page, without the site's name."""

from __future__ import annotations

import pytest

from tests.pipelines.test_extract import article_of, page


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("Quay wall is to be raised | The Mole", "Quay wall is to be raised"),
        ("The Mole - Quay wall is to be raised", "Quay wall is to be raised"),
        ("Quay wall – a raise | The Mole", "Quay wall – a raise"),
    ],
)
def test_the_title_loses_the_sites_name(title: str, heading: str) -> None:
    html = page(title=title, head='<meta property="og:site_name" content="The Mole">').replace("<h1>", "<b>")
    assert article_of(html).headline == heading


@pytest.mark.parametrize(
    ("title", "url", "heading"),
    [
        ("Quay wall is to be raised - La Mole", "https://lamole.example/n/1001", "Quay wall is to be raised"),
        ("Quay wall is to be raised - lamole News", "https://lamole.example/n/1001", "Quay wall is to be raised"),
        (
            "Quay wall - what the board of the Lamole has to say about it",
            "https://lamole.example/n/1001",
            "Quay wall - what the board of the Lamole has to say about it",
        ),
    ],
)
def test_the_title_loses_what_the_host_is_called(title: str, url: str, heading: str) -> None:
    assert article_of(page(title=title).replace("<h1>", "<b>"), url).headline == heading


def test_a_heading_that_leads_to_the_front_page_is_none_of_the_articles() -> None:
    masthead = '<h1><a href="/">A paper for the whole coast</a></h1>'
    html = page(title="Quay wall - A paper for the whole coast").replace("<header>", f"<header>{masthead}")
    assert article_of(html.replace("<h1>Quay wall is to be raised</h1>", "")).headline == "Quay wall"
    assert article_of(html).headline == "Quay wall is to be raised"
