"""Which date a page is given: declared, in the site's own time, or shown beside the heading."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.extract.dates import is_later
from tests.pipelines.test_extract import article_of, page


def shown(line: str, language: str = "en") -> str | None:
    """What is taken from a line beside the heading."""
    article = article_of(page(before=f"<div class=byline>{line}</div>").replace('lang="en"', f'lang="{language}"'))
    facts = article.fields.get("datePublished")
    return article.date_published if facts is not None and facts.source == "visible" else None


@pytest.mark.parametrize(
    ("line", "language", "day"),
    [
        ("By Nada Haddad | January 5, 2026", "en", "2026-01-05"),
        ("5 January 2026, 10:14", "en", "2026-01-05"),
        ("Posted 5th Jan 2026", "en", "2026-01-05"),
        ("2026-01-05", "en", "2026-01-05"),
        ("13/01/2025", "en", "2025-01-13"),
        ("05/01/2026", "en-GB", "2026-01-05"),
        ("٥ كانون الثاني ٢٠٢٦", "ar", "2026-01-05"),
        ("5 جانفي 2026", "ar", "2026-01-05"),
        ("5 มกราคม 2569", "th", "2026-01-05"),
        ("۱۵ دی ۱۴۰۴", "fa", "2026-01-05"),
        ("۱۴۰۴/۱۰/۱۵", "fa", "2026-01-05"),
        ("16 رجب 1447 هـ", "ar", "2026-01-05"),
        ("२०८२ पुस २१", "ne", "2026-01-05"),
        ("令和8年1月5日", "ja", "2026-01-05"),
        ("2026 m. sausio 5 d.", "lt", "2026-01-05"),
        ("2026. január 5., hétfő", "hu", "2026-01-05"),
        ("5 stycznia 2026", "pl", "2026-01-05"),
        ("ngày 5 tháng 1 năm 2026", "vi", "2026-01-05"),
        ("The regatta is held on January 5, 2026 in the harbour.", "en", None),
        ("12.31.2025", "en", None),
        ("05.01.2026", "en", "2026-01-05"),
        ("05/01/2026", "en", None),
        ("Updated January 5, 2026", "en", None),
        ("Published: January 3, 2026. Updated: January 5, 2026", "en", "2026-01-03"),
        ("Updated: January 5, 2026 — this line tells no more than that, first published January 3, 2026", "en", "2026-01-03"),
        ("January 35, 2026", "en", None),
        ("Flight 12.1 of 2026", "en", None),
        ("Regatta, 3.1.2026 – 5.1.2026", "en", None),
        ("3 January 2026 to 5 January 2026", "en", None),
        ("3 January 2026 | 5 January 2026", "en", "2026-01-03"),
        ("Regatta, 2026/1/3-4", "en", None),
        ("05.01.2026 - 10:14", "en", "2026-01-05"),
        ("05.01.2026 – The harbour authority of the town has said at length and once more on Monday that the quay wall will "
         "be raised by a hand, since the third flood of this winter reached the cellars.", "en", "2026-01-05"),
        ("Member since 13.01.2025. Posted 05.01.2026", "en", "2026-01-05"),
    ],
)  # fmt: skip
def test_a_date_beside_the_heading(line: str, language: str, day: str | None) -> None:
    assert shown(line, language) == day


@pytest.mark.parametrize(
    ("line", "day"), [("Published on January 3, 2026", "2026-01-03"), ("January 3, 2026", "2026-01-05")]
)
def test_a_day_that_is_called_the_publications_comes_before_a_time_element(line: str, day: str) -> None:
    comment = '<div><time datetime="2026-01-05T08:00:00+00:00">two days ago</time> Per: Good!</div>'
    assert (article_of(page(before=f"<div>{line}</div>", after=comment)).date_published or "")[:10] == day


def test_the_names_of_months_in_the_texts_language() -> None:
    german = "".join(
        f"<p>Die Kaimauer wird um eine Handbreit erhöht, sagte die Hafenbehörde am {day}, nachdem die dritte Flut dieses "
        f"Winters die Keller des Fischmarkts erreicht hatte und die Boote nicht auslaufen konnten.</p>"
        for day in ("Montag", "Dienstag", "Mittwoch")
    )
    html = (
        "<html lang=de><head><title>Die Kaimauer wird erhöht</title></head><body><article><h1>Die Kaimauer wird erhöht"
        f"</h1><div>Von Nada Haddad, 5. Jänner 2026</div>{german}</article></body></html>"
    )
    assert article_of(html).date_published == "2026-01-05"


def test_only_lines_near_the_heading_count_and_none_of_the_future() -> None:
    far = "".join(f"<div>Line {number} of the page</div>" for number in ("one", "two", "three"))
    facts = article_of(page(after=f"{far * 4}<div>January 5, 2026</div>")).fields.get("datePublished")
    assert facts is None or facts.source != "visible"
    assert shown("January 5, 2036") is None


@pytest.mark.parametrize(
    ("head", "before", "expected"),
    [
        (  # the same moment, as the page tells it too
            '<meta property="article:published_time" content="2026-01-05T23:30:00Z">',
            '<time class="published" datetime="2026-01-06T01:30:00+02:00">today</time>',
            "2026-01-06T01:30:00+02:00",
        ),
        (  # another moment of that month has the site's offset
            '<meta property="article:published_time" content="2026-01-05T23:30:00Z">',
            '<time class="published" datetime="2025-12-20T09:00:00+02:00">before</time>',
            "2026-01-06T01:30:00+02:00",
        ),
        (  # two offsets: whose is whose is not known
            '<meta property="article:published_time" content="2026-01-05T23:30:00Z">',
            '<time class="published" datetime="2025-12-20T09:00:00+02:00">a</time>'
            '<time class="published" datetime="2025-12-20T09:00:00+03:00">b</time>',
            "2026-01-05T23:30:00+00:00",
        ),
        (  # half a year ago clocks may have gone differently
            '<meta property="article:published_time" content="2026-01-05T23:30:00Z">',
            '<time class="published" datetime="2025-07-20T09:00:00+03:00">before</time>',
            "2026-01-05T23:30:00+00:00",
        ),
    ],
)
def test_a_moment_in_utc_is_told_in_the_sites_time(head: str, before: str, expected: str) -> None:
    assert article_of(page(head=head, before=before)).date_published == expected


def test_times_of_comments_do_not_outweigh_the_address() -> None:
    comments = '<time class="published" datetime="2019-04-11T18:06:36">a comment, long ago</time>'
    url = "https://www.example.org/2025/12/22/quay-wall-is-to-be-raised"
    assert article_of(page(after=comments), url).date_published == "2025-12-22"
    near = '<time class="published" datetime="2025-12-22T18:06:36">by the editor</time>'
    assert article_of(page(after=near), url).date_published == "2025-12-22T18:06:36"
    assert article_of(page(), "https://www.example.org/home/2025/7/2/quay").date_published == "2025-07-02"


def test_items_of_many_days_are_of_other_articles() -> None:
    items = "".join(
        f'<div itemscope><span itemprop="datePublished" content="2025-12-{day}"></span></div>' for day in ("20", "21")
    )
    assert "microdata" not in {claim.source for claim in article_of(page(after=items)).date_candidates}
    assert article_of(page(after=items.replace("21", "20"))).date_published == "2025-12-20"


@pytest.mark.parametrize(
    ("moment", "published"),
    [
        ("2026-01-05T00:00:00Z", "2026-01-05"),
        ("2026-01-04T22:00:00Z", "2026-01-05T00:00:00+02:00"),
        ("2026-01-04T21:30:00Z", "2026-01-04T21:30:00+00:00"),
        ("2026-01-03T22:00:00Z", "2026-01-03T22:00:00+00:00"),
    ],
)
def test_a_midnight_in_utc_is_the_addresss_day(moment: str, published: str) -> None:
    head = f'<meta property="article:published_time" content="{moment}">'
    assert article_of(page(head=head), "https://www.example.org/2026/01/05/quay-wall").date_published == published


def test_a_change_and_a_comment_are_no_publication() -> None:
    changed = '<script type="application/ld+json">{"@type": "NewsArticle", "dateModified": "2026-01-05"}</script>'
    assert article_of(page(head=changed)).date_published is None
    assert article_of(page(before="<p>Last updated 5 January 2026</p>")).date_published is None
    comments = "<div class=comment-list><span>5 January 2026</span><time datetime=2026-01-05>today</time> Good!</div>"
    assert article_of(page(after=comments)).date_published is None


@pytest.mark.parametrize(
    "around",
    [
        "<div class='replies'><span>{}</span></div>",
        "<figure><figcaption>{}</figcaption></figure>",
        "<div class='top-bar'><span>{}</span></div>",
        "<p>© Harbour Times {}</p>",
        "<p>Last edited: <time>{}</time></p>",
    ],
)
def test_days_of_others_are_not_the_articles(around: str) -> None:
    assert article_of(page(after=around.format("5 January 2026"))).date_published is None


def test_a_class_that_names_others_holds_the_articles_day_beside_its_heading() -> None:
    assert article_of(page(before="<div class='teaser-meta'>5 January 2026</div>")).date_published == "2026-01-05"


def test_the_day_in_a_program_or_far_from_the_heading() -> None:
    program = '<script>window.page = {"publishedAt":"2026-01-05T07:30:00Z"}</script>'
    assert article_of(page(head=program)).date_published == "2026-01-05T07:30:00+00:00"
    lines = "".join(f"<div>Line {number} of the page</div>" for number in ("one", "two", "three"))
    assert article_of(page(after=f"{lines * 4}<div>Published January 5, 2026</div>")).date_published == "2026-01-05"


FETCHED_AT = datetime(2026, 4, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "later"),
    [
        ("2026-04-01T12:00:00+00:00", False),
        ("2026-04-01T12:00:01+00:00", True),
        ("2026-04-01T16:00:00+05:00", False),
        ("2026-04-01T08:00:01-04:00", True),
        ("2026-04-02T02:00:00", False),
        ("2026-04-02T02:00:01", True),
        ("2026-04-02", False),
        ("2026-04-03", True),
    ],
)
def test_what_lies_after_the_fetch_was_not_published_before_it(value: str, *, later: bool) -> None:
    assert is_later(value, FETCHED_AT) is later, "zoneless times may be up to 14 hours ahead"
