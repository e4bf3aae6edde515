"""Boxes beside the text: other articles, dialogs, placeholders, cards, copies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.article import Article
from pipelines.extract import extract

URL = "https://paper.example.org/town/the-clock-is-mended"
TITLE = "The clock of the tower is mended"
OWN = [
    f"{who} said on Monday that the clock of the tower will strike again, after the works were taken to a smith in the hills."
    for who in ("The mayor", "The keeper", "The verger", "A teacher", "The smith")
]
OTHER = [
    f"{who} of the regatta told this paper that the wind had turned twice, and that nobody had seen such waves since March."
    for who in ("The winner", "The judge", "The last", "A guest")
]


def paragraphs(texts: list[str]) -> str:
    """Some paragraphs."""
    return "".join(f"<p>{text}</p>" for text in texts)


def body_of(before: str = "", within: str = "", behind: str = "", tag: str = "article") -> str:
    """The text of a page with this before the article, in the middle of it and behind it."""
    html = (
        f"<html lang=en><head><title>{TITLE}</title></head><body>{before}<div class=page><{tag} class=own><h1>{TITLE}</h1>"
        f"{paragraphs(OWN[:3])}{within}{paragraphs(OWN[3:])}</{tag}>{behind}</div></body></html>"
    )
    made = extract(html, URL)
    assert isinstance(made, Article)
    return made.article_body


@pytest.mark.parametrize(
    "other",
    [
        f"<article><h1>Regatta in the storm</h1>{paragraphs(OTHER)}</article>",
        f"<article><h2><a href=/sport/regatta>Regatta in the storm</a></h2><div>{paragraphs(OTHER)}</div></article>",
        f"<div class=own><h1>Regatta in the storm</h1>{paragraphs(OTHER)}</div>",
        f"<div data-article-url=/sport/regatta><h1>Regatta in the storm</h1>{paragraphs(OTHER)}</div>",
        f"<section class=read-next><p>Read on</p><h2><a href=/r>Regatta</a></h2>{paragraphs(OTHER)}</section>",
    ],
)
@pytest.mark.parametrize("tag", ["article", "div"])
def test_another_article_behind_the_pages_own_is_left_out(other: str, tag: str) -> None:
    assert body_of(behind=other, tag=tag).split("\n") == OWN


def test_parts_of_one_article_stay_whatever_heads_them() -> None:
    parts = "".join(f"<section><h1>Part {n}</h1>{paragraphs([OTHER[n]])}</section>" for n in range(4))
    assert all(text in body_of(within=parts) for text in OTHER)


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Met uw toestemming plaatsen wij en onze partners cookies om u advertenties te tonen.", "Uw keuze"),
        ("My i nasi partnerzy zapisujemy na urządzeniu pliki cookie, aby wyświetlać reklamy.", "Twój wybór"),
        (
            "Biz ve ortaklarımız cihazınızda çerez saklıyor, kabul ederseniz size uygun reklamlar gösteriyoruz.",
            "Seçim",
        ),
        ("With your consent we and 96 partners store cookies on your device for advertising.", "Your choice"),
    ],
)
def test_dialogs_are_told_by_what_they_say(said: str, title: str) -> None:
    dialog = f"<div class=zx1><div><h2>{title}</h2><p>{said}</p><button>OK</button></div></div>"
    for found in (body_of(before=dialog), body_of(behind=dialog)):
        assert found.split("\n") == OWN


def test_a_story_about_cookies_keeps_its_words() -> None:
    told = "Partners of the paper may no longer store cookies on a device without consent to advertising, the court ruled."
    html = f"<html><head><title>Court rules on cookies</title></head><body><div><h1>Court rules on cookies</h1><p>{told}</p>"
    made = extract(f"{html}{paragraphs(OWN)}</div></body></html>", URL)
    assert isinstance(made, Article)
    assert told in made.article_body


@pytest.mark.parametrize(
    "box",
    [
        "<div class=e><p>Hier würde ein externer Inhalt angezeigt. Dafür brauchen wir Ihre Zustimmung.</p></div>",
        "<div class=e>Pour voir ce contenu, vous devez accepter les traceurs.</div>",
        "<p>Your browser does not support this video.</p>",
        "<div class=paywall-box><h3>Subscribe to read on</h3><p>All articles for one crown.</p><a href=/s>Go</a></div>",
        "<div class=author-bio><p>Ann Lee has written for this paper for eleven years and keeps bees behind the mill.</p></div>",
        "<p>► <a href=/town/the-bells>The bells are rung by hand</a></p>",
        "<ul><li><a href=/town/bells>The bells are rung by hand</a></li><li><a href=/town/oil>Oil for the works</a></li></ul>",
        "<a href=/town/bells><h3>The bells</h3><p>Six men ring them on Sundays, and two of them have done so since the war.</p></a>",
    ],
)
def test_boxes_in_the_text_are_left_out(box: str) -> None:
    assert body_of(within=box).split("\n") == OWN


@pytest.mark.parametrize("kind", ["div class=desktop", "div class=print", "section"])
def test_a_text_shown_twice_comes_once(kind: str) -> None:
    again = f"<{kind}>{paragraphs(OWN)}</{kind.split()[0]}>"
    assert body_of(behind=again).split("\n") == OWN


@pytest.mark.parametrize(
    "heading", ["Comments (4)", "Leserkommentare", "Opiniones de los lectores", "What readers say"]
)
def test_comments_are_told_by_their_heading(heading: str) -> None:
    said = "".join(f"<div><span>r{n}</span><p>{text}</p></div>" for n, text in enumerate(OTHER))
    assert body_of(behind=f"<div class=q7><h2>{heading}</h2>{said}</div>").split("\n") == OWN


@given(
    st.lists(
        st.sampled_from(["h1", "h2", "a", "article", "div", "p", "li", "ul", "dialog", "blockquote"]), max_size=12
    )
)
def test_no_order_of_elements_loses_the_article(tags: list[str]) -> None:
    behind = "".join(f"<{tag} class=comments href=/x>word {number}" for number, tag in enumerate(tags))
    found = body_of(behind=behind)
    assert all(text in found for text in OWN)
