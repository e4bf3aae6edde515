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
        ("Quay wall is to be raised (7)", "http://127.9.7.1/n/1001", "Quay wall is to be raised (7)"),
    ],
)
def test_the_title_loses_what_the_host_is_called(title: str, url: str, heading: str) -> None:
    assert article_of(page(title=title).replace("<h1>", "<b>"), url).headline == heading


def test_a_heading_that_leads_to_the_front_page_is_none_of_the_articles() -> None:
    masthead = '<h1><a href="/">A paper for the whole coast</a></h1>'
    html = page(title="Quay wall - A paper for the whole coast").replace("<header>", f"<header>{masthead}")
    assert article_of(html.replace("<h1>Quay wall is to be raised</h1>", "")).headline == "Quay wall"
    assert article_of(html).headline == "Quay wall is to be raised"


HEADING = "<h1>Quay wall is to be raised</h1>"


@pytest.mark.parametrize(
    ("heading", "declared", "expected"),
    [
        ('<span class="kicker">Harbour</span> Quay wall is to be raised', "", "Quay wall is to be raised"),
        ("<time>5 January 2026</time> Quay wall is to be raised", "", "Quay wall is to be raised"),
        ('Quay wall is to be raised <small class="subtitle">By a hand</small>', "", "Quay wall is to be raised"),
        (
            '<span class="kicker">Harbour:</span> Quay wall is to be raised',
            "Harbour: Quay wall is to be raised",
            "Harbour: Quay wall is to be raised",
        ),
        (
            '<span class="kicker">Harbour</span> Quay wall is to be raised',
            "Harbour - Quay wall is to be raised",
            "Quay wall is to be raised",
        ),
        ('<span class="label">Quay wall is to be</span> raised', "", "Quay wall is to be raised"),
    ],
)
def test_what_stands_in_a_heading_beside_its_line(heading: str, declared: str, expected: str) -> None:
    head = f'<meta property="og:title" content="{declared}">' if declared else ""
    html = page(head, title=f"{declared or 'Quay wall is to be raised'} | The Mole")
    assert article_of(html.replace(HEADING, f"<h1>{heading}</h1>")).headline == expected


def test_a_word_that_a_long_title_has_too_is_not_its_heading() -> None:
    title = "How the harbour, the market and the ferry came to share one quay"
    html = page(f'<meta property="og:title" content="{title}">', title=f"{title} | The Mole")
    assert article_of(html.replace(HEADING, "<h1>Ferry</h1>")).headline == title
    short = html.replace(title, "Ferry timetable")
    assert article_of(short.replace(HEADING, "<h1>Ferry</h1>")).headline == "Ferry"


def test_the_sites_name_in_a_lower_heading_is_not_the_articles() -> None:
    head = '<meta property="og:site_name" content="Táles of the Mole - the harbour\'s blog">'
    html = page(head, title="Quay wall is to be raised - Tales of the Mole")
    html = html.replace("</article>", "</article><h2>Tales of the Mole</h2>")
    assert article_of(html).headline == "Quay wall is to be raised"


def test_a_sites_name_may_have_a_separator_in_it() -> None:
    head = '<meta property="og:site_name" content="The Mole - News of the coast">'
    html = page(head, title="Quay wall is to be raised - The Mole - News of the coast")
    assert article_of(html.replace(HEADING, "")).headline == "Quay wall is to be raised"


def test_readings_beside_characters_are_left_out() -> None:
    ruby = "<ruby>港<rp>(</rp><rt>みなと</rt><rp>)</rp></ruby>の壁を高くする"
    text = f"<p>{ruby}ことを市は決めた。</p>" * 3
    html = page(title="港の壁を高くする").replace(HEADING, f"<h1>{ruby}</h1>{text}")
    article = article_of(html)
    assert article.headline == "港の壁を高くする"
    assert "みなと" not in article.article_body


@pytest.mark.parametrize(
    "title",
    [
        "码头将要加高_国内_莫尔网",
        "码头将要加高-莫尔网",
        "码头将要加高 / 莫尔网",
        "码头将要加高 ‹ 莫尔网",
        "莫尔网 | 码头将要加高",
        "码头将要加高：莫尔网",
        "码头将要加高【莫尔网】",
        "码头将要加高 (莫尔网)",
    ],
)
def test_marks_that_part_the_sites_name_where_it_is_known(title: str) -> None:
    html = page(title=title, head='<meta property="og:site_name" content="莫尔网">').replace("<h1>", "<b>")
    assert article_of(html).headline == "码头将要加高"


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("The quay is raised | Stories | The Mole", "The quay is raised"),
        ("The quay is raised | Harbour | The Mole", "The quay is raised"),
        ("Quay | Wall | The Mole", "Quay | Wall"),
        ("The Mole | Harbour | The quay is raised", "The quay is raised"),
        ("The quay is raised | Stories", "The quay is raised | Stories"),
    ],
)
def test_the_title_loses_the_section_before_the_sites_name(title: str, heading: str) -> None:
    head = '<meta property="og:site_name" content="The Mole"><meta property="article:section" content="Harbour">'
    assert article_of(page(title=title, head=head).replace("<h1>", "<b>")).headline == heading


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("Why 5 &lt; 6 and &lt;main&gt; matters to the board", "Why 5 < 6 and <main> matters to the board"),
        ("Quay &amp;amp; wall are to be raised", "Quay & wall are to be raised"),
        ("Quay_wall is to be raised / lowered", "Quay_wall is to be raised / lowered"),
    ],
)
def test_marks_that_are_the_titles_own(title: str, heading: str) -> None:
    head = f'<meta property="og:title" content="{title}">'
    assert article_of(page(title=title, head=head).replace("<h1>", "<b>")).headline == heading


def test_a_title_that_its_own_quotation_mark_cuts() -> None:
    title = 'Board calls the quay "unsafe" and closes it'
    html = page(title=title, head=f'<meta property="og:title" content="{title}">').replace("<h1>", "<b>")
    assert article_of(html).headline == title
