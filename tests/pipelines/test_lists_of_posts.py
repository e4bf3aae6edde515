"""A month's page of a blog whose posts repeat each other's words is a list, however little of it is kept as text."""

from __future__ import annotations

from archive.outcomes import PageOutcome
from pipelines.extract import Rejected, extract

_STORY = (
    "<p>The harbour council met on Monday and agreed on the repairs that the old pier has needed for many years.</p>"
    "<p>Fishermen had asked for a new crane, which the town will pay for out of the fees of the coming summer.</p>"
)


def test_posts_that_share_their_words_are_still_a_list() -> None:
    posts = "".join(
        f"<article><h2><a href='/2026/03/{number}/'>The pier, part {number}</a></h2>"
        f"<p>Report number {number}: what the council said of it on that day, and what it did not.</p>{_STORY}</article>"
        for number in range(8)
    )
    html = f"<html lang=en><head><title>March</title></head><body><main><h1>Month: March</h1>{posts}</main></body></html>"
    made = extract(html.encode(), "https://paper.example/2026/03/")
    assert isinstance(made, Rejected)
    assert made.outcome is PageOutcome.NOT_AN_ARTICLE


def test_one_of_them_beside_teasers_of_the_others_is_an_article() -> None:
    teasers = "".join(
        f"<article><h3><a href='/2026/03/{number}/'>The pier, part {number}</a></h3></article>" for number in range(8)
    )
    html = (
        f"<html lang=en><head><title>The pier</title></head><body><main><article><h1>The pier, part 9</h1>{_STORY * 3}"
        f"</article><aside>{teasers}</aside></main></body></html>"
    )
    assert not isinstance(extract(html.encode(), "https://paper.example/2026/03/9/"), Rejected)


def _items(before: str) -> str:
    items = "".join(
        f"<li><a href='/2026/03/{number}/'>What the council said of the pier on day {number}</a><p>{_STORY[3:90]} …</p></li>"
        for number in range(8)
    )
    head = "<html lang=en><head><title>Pier</title></head><body><main><h1>All of the pier</h1>"
    return f"{head}{before}<ul>{items}</ul></main></body></html>"


def test_items_that_begin_with_links_to_other_pages_are_a_list() -> None:
    assert isinstance(extract(_items("").encode(), "https://paper.example/tag/pier"), Rejected)
    assert not isinstance(extract(_items(_STORY * 3).encode(), "https://paper.example/tag/pier"), Rejected)
    elsewhere = _items("").replace("/2026/", "https://other.example/2026/")
    assert not isinstance(extract(elsewhere.encode(), "https://paper.example/tag/pier"), Rejected)
