"""Extraction of single pages, all written for these tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.article import Article
from archive.exchange import Discovery, Role
from archive.outcomes import PageOutcome
from pipelines.extract import Rejected, extract
from pipelines.rules import ExtractionRules, Heed

FETCHED = datetime(2026, 1, 8, 12, 0, tzinfo=UTC)
URL = "https://www.example.org/stories/en/1001-quay-wall-is-to-be-raised"
PARAGRAPHS = (
    "The quay wall is to be raised by the length of a hand, the harbour board said on Thursday, after the third flood"
    " of this winter had reached the cellars of the fish market.",
    "Work begins in March at the northern end, where the stones are oldest, and is to reach the lighthouse before the"
    " boats of the summer season come in.",
    "The board has asked the owners of the warehouses to pay a fifth of the cost, which most of them have agreed to do.",
)


def page(
    head: str = "", before: str = "", after: str = "", title: str = "Quay wall is to be raised | The Mole"
) -> str:
    text = "".join(f"<p>{paragraph}</p>\n" for paragraph in PARAGRAPHS)
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{head}</head>
<body><header><nav><a href="/">The Mole</a><a href="/ar/front">الطبعة العربية</a></nav></header>
<article><h1>Quay wall is to be raised</h1>{before}{text}{after}</article></body></html>"""


def article_of(html: str | bytes, url: str = URL, **options: Any) -> Article:
    made = extract(html, url, fetched_at=FETCHED, **options)
    assert isinstance(made, Article), made
    return made


DECLARED = '"author": {"name": "Ann Lowick"}, "datePublished": "2026-01-05T07:30:00Z", "headline": "Quay wall"'


@pytest.mark.parametrize(
    ("kind", "declared"),
    [
        ("application/ld+json", f'{{"type": "NewsArticle", {DECLARED}}}'),
        ("application/ld+json", f'{{"@type": "schema:SocialMediaPosting ", {DECLARED}}}'),
        ("application/ld+json", f'{{"@type": "WebPage", "hasPart": {{"@type": "Article", {DECLARED}}}}}'),
        ("application/ld+json", f'{{"@type": "Article", {DECLARED.title()}}}'),
        (
            "application/ld+json",
            f'{{"@type": "Article", {DECLARED.replace(": {", " : {").replace("author", " author ")}}}',
        ),
        ("application/ld+json", f'{{"@type": "Article", {DECLARED.replace("author", "http://schema.org/author")}}}'),
        ("application/json+ld", f'{{"@type": "Article", {DECLARED}}}'),
        ("application/json", f'{{"@context": "https://schema.org", "@type": "Article", {DECLARED}}}'),
    ],
)
def test_json_ld_is_read_however_its_terms_are_written(kind: str, declared: str) -> None:
    article = article_of(page(head=f'<script type="{kind}">{declared}</script>'))
    assert [author.name for author in article.authors] == ["Ann Lowick"]
    assert article.date_published == "2026-01-05T07:30:00+00:00"


def test_what_a_list_says_of_another_article_is_not_this_ones() -> None:
    node = f'{{"@type": "Article", "url": "https://www.example.org/another-story", {DECLARED}}}'
    listed = f'{{"@type": "ItemList", "itemListElement": [{node}]}}'
    article = article_of(page(head=f'<script type="application/ld+json">{listed}</script>'))
    assert article.authors == ()


def test_rdfa_and_dublin_core() -> None:
    marked = (
        '<div vocab="http://schema.org/" typeof="NewsArticle"><p><span property="author" typeof="Person">'
        '<span property="name">Ann Lowick</span></span> <time property="schema:datePublished"'
        ' datetime="2026-01-05T07:30:00Z">Monday</time></p></div>'
    )
    cored = '<meta property="dc:creator" content="Ann Lowick"><meta name="dc:date" content="2026-01-05T07:30:00Z">'
    for article in (article_of(page(before=marked)), article_of(page(head=cored))):
        assert [author.name for author in article.authors] == ["Ann Lowick"]
        assert article.date_published == "2026-01-05T07:30:00+00:00"


def test_a_page_shaped_like_naharnets() -> None:
    before = (
        '<div><a href="/stories/ar/1001">إقرأ هذا الخبر بالعربية</a></div>'
        '<div><img src="/images/W460.jpg?1" alt="W460"></div>'
    )
    article = article_of(page(before=before, after="<div>Comments 0</div>"))
    assert article.paragraphs == PARAGRAPHS
    assert article.article_body == "\n".join(PARAGRAPHS)
    assert [(a.href, a.hreflang) for a in article.alternates] == [("https://www.example.org/stories/ar/1001", "ar")]
    assert [image.url for image in article.images] == ["https://www.example.org/images/W460.jpg?1"]
    assert article.in_language == "en"
    assert article.date_published is None
    assert article.authors == ()
    assert article.headline == "Quay wall is to be raised"


def test_how_much_of_the_page_is_not_the_article() -> None:
    text = sum(map(len, PARAGRAPHS))
    bare = article_of(page())
    assert bare.boilerplate_share is not None
    assert 0 < bare.boilerplate_share < 0.2
    lists = "".join(f"<li><a href='/{number}'>Another story {number}</a></li>" for number in range(text // 16))
    around = article_of(page(after=f"</article><aside><ul>{lists}</ul></aside><article>"))
    assert around.paragraphs == bare.paragraphs
    assert around.boilerplate_share == pytest.approx(0.5, abs=0.1)


def test_date_and_author_from_the_feed_entry() -> None:
    discovery = Discovery(
        role=Role.ARTICLE, site="x", via="feed", source_date="2026-01-08T09:00:00+02:00", source_author="Nour Saab"
    )
    article = article_of(page(), discovery=discovery)
    assert article.date_published == "2026-01-08T09:00:00+02:00"
    assert [author.name for author in article.authors] == ["Nour Saab"]
    assert article.fields["datePublished"].source == "feed"
    assert article.discovery is not None
    assert article.discovery.via == "feed"


@pytest.mark.parametrize(
    "nuisance",
    [
        "<div>Comments 0</div>",
        "<div>0 Comments</div>",
        "<p>Comments (12)</p>",
        "<div>تعليقات 0</div>",
        "<div>Commentaires 3</div>",
    ],
)
def test_comment_counters_are_no_text(nuisance: str) -> None:
    assert article_of(page(after=nuisance)).paragraphs == PARAGRAPHS


def test_a_sentence_about_comments_is_text() -> None:
    sentence = "Comments from the owners, 12 of them, are to be heard before the first stone is laid in March."
    assert sentence in article_of(page(after=f"<p>{sentence}</p>")).paragraphs


JSON_LD = """<script type="application/ld+json">
{"@context": "https://schema.org", "@graph": [
 {"@type": "Organization", "@id": "#mole", "name": "The Mole"},
 {"@type": "NewsArticle", "headline": "Quay wall is to be raised", "datePublished": "2026-01-08T07:00:00+02:00",
  "dateModified": "2026-01-08T08:30:00+02:00", "author": [{"@type": "Person", "name": "By Nour Saab", "url": "/a/nour"},
  {"@id": "#mole"}], "publisher": {"@id": "#mole"}, "articleSection": "Harbour", "keywords": "quay, floods",
  "isAccessibleForFree": false, "license": "https://creativecommons.org/licenses/by/4.0/"},
 {"@type": "BreadcrumbList", "itemListElement": [{"name": "Home"}, {"item": {"name": "Harbour"}}]}
]%s}</script>"""


@pytest.mark.parametrize("damage", ["", ",", "\n,\n"])
def test_json_ld_is_read_even_when_it_is_broken(damage: str) -> None:
    article = article_of(page(head=JSON_LD % damage))
    assert article.date_published == "2026-01-08T07:00:00+02:00"
    assert article.date_modified == "2026-01-08T08:30:00+02:00"
    assert [author.name for author in article.authors] == ["Nour Saab"], "people, not the publisher"
    assert article.authors[0].url == "https://www.example.org/a/nour"
    assert article.publisher == "The Mole"
    assert article.article_section == "Harbour"
    assert article.keywords == ("quay", "floods")
    assert article.breadcrumbs == ("Home", "Harbour")
    assert article.is_accessible_for_free is False
    assert article.paywall == "json-ld isAccessibleForFree"
    assert article.license == "https://creativecommons.org/licenses/by/4.0/"


def test_a_date_after_the_fetch_is_refused() -> None:
    head = '<meta property="article:published_time" content="2026-01-08T23:00:00Z">'
    time = '<time class="published" datetime="2026-01-07T10:00:00Z">yesterday</time>'
    article = article_of(page(head=head, before=time))
    assert article.date_published == "2026-01-07T10:00:00+00:00"
    assert [candidate.value for candidate in article.date_candidates] == ["2026-01-07T10:00:00+00:00"]


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-01-09T01:00:00", "", "2026-01-09T01:00:00"),
        ("2026-01-09T03:00:00", "", None),
        ("2026-01-08T11:00:00", "Asia/Beirut", "2026-01-08T11:00:00+02:00"),
        ("2026-01-09", "", "2026-01-09"),
        ("2026-01-10", "", None),
    ],
)
def test_dates_without_a_zone(value: str, zone: str, expected: str | None) -> None:
    head = f'<meta property="article:published_time" content="{value}">'
    assert article_of(page(head=head), rules=ExtractionRules(timezone=zone)).date_published == expected


def test_a_day_is_made_more_precise_by_another_source_of_the_same_day() -> None:
    head = '<meta property="article:published_time" content="2026-01-07">'
    time = '<time class="published" datetime="2026-01-07T10:00:00Z">yesterday</time>'
    assert article_of(page(head=head, before=time)).date_published == "2026-01-07T10:00:00+00:00"


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("By Nour Saab and Ali Khoury", ["Nour Saab", "Ali Khoury"]),
        ("admin", []),
        ("The Mole", []),
        ("nour@example.org", []),
        ("Par Zoé Martin", ["Zoé Martin"]),
    ],
)
def test_authors_are_people(byline: str, names: list[str]) -> None:
    head = f'<meta property="og:site_name" content="The Mole"><meta name="author" content="{byline}">'
    assert [author.name for author in article_of(page(head=head)).authors] == names


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", "utf-8", "text/html"),
        ("windows-1256", "windows-1256", "text/html"),
        ("windows-1252", "", "text/html; charset=windows-1252"),
        ("utf-8-sig", "iso-8859-1", "text/html"),
        ("utf-16", "utf-8", "text/html"),
    ],
)
def test_charsets(encoding: str, declared: str, content_type: str) -> None:
    html = page().replace("utf-8", declared)
    article = article_of(html.encode(encoding, "replace"), headers={"Content-Type": content_type})
    assert article.paragraphs == PARAGRAPHS


@pytest.mark.parametrize(
    ("html", "outcome"),
    [
        ("", PageOutcome.UNDECODABLE),
        ("   \n", PageOutcome.UNDECODABLE),
        ("<html><body></body></html>", PageOutcome.NO_TEXT),
        ("<html><title>Page not found</title><h1>Page not found</h1><p>Gone.</p></html>", PageOutcome.SOFT_NOT_FOUND),
        (f"<html><body><p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p></body></html>", PageOutcome.NO_HEADLINE),
    ],
)
def test_pages_that_are_no_articles(html: str, outcome: PageOutcome) -> None:
    made = extract(html, URL)
    assert isinstance(made, Rejected)
    assert made.outcome is outcome


def test_too_short_by_the_rules() -> None:
    made = extract(page(), URL, rules=ExtractionRules(minimum_words=500))
    assert isinstance(made, Rejected)
    assert made.outcome is PageOutcome.TOO_SHORT


def test_a_front_page_is_no_article() -> None:
    made = extract(page(), "https://www.example.org/")
    assert isinstance(made, Rejected)
    assert made.outcome is PageOutcome.NOT_AN_ARTICLE


def test_rules_come_first() -> None:
    html = page(
        before='<div class="sig">Lina Aoun</div><i class="when">2026-01-06</i>',
        after="<p>Read on: the tide tables of the week.</p>",
    )
    rules = ExtractionRules(
        authors=(".sig",),
        published=("i.when",),
        remove_paragraphs=("Read on: .*",),
        headline=("h1",),
        body=("article",),
        remove=(".sig", "i"),
    )
    article = article_of(html, rules=rules)
    assert [author.name for author in article.authors] == ["Lina Aoun"]
    assert article.date_published == "2026-01-06"
    assert article.paragraphs == PARAGRAPHS
    assert {article.fields[name].source for name in ("headline", "articleBody", "authors", "datePublished")} == {
        "rules"
    }


@pytest.mark.parametrize(
    ("image", "address"),
    [
        ('<picture><source srcset="/i/1.webp 1x, /i/2.webp 2x"><img alt="Quay"></picture>', "/i/1.webp"),
        ('<img srcset="/i/3.jpg 300w, /i/4.jpg 600w" alt="">', "/i/3.jpg"),
        ('<img src="/i/lazy.png" data-lazy-src="/i/5.jpg">', "/i/5.jpg"),
        ('<img src="/i/6.jpg" style="width:1px; height:1px">', None),
        ('<img src="/i/7.jpg" style="display: none">', None),
        ('<img src="/i/8.jpg" width="16px">', None),
        ('<img src="/i/9.jpg" style="max-width: 700px">', "/i/9.jpg"),
        ('<img src="/i/share.svg" class="btn icon">', None),
        ('<div class="byline"><span><img src="/i/face.jpg" width="120"></span></div>', None),
        ('<figure class="author"><img src="/i/10.jpg"></figure>', "/i/10.jpg"),
        ('<amp-img src="/i/11.jpg" width="800" height="600"></amp-img>', "/i/11.jpg"),
    ],
)
def test_which_image_is_the_articles(image: str, address: str | None) -> None:
    images = article_of(page(before=image)).images
    assert [one.url.removeprefix("https://www.example.org") for one in images] == ([address] if address else [])


def test_the_parts_of_a_caption_are_not_glued() -> None:
    figure = (
        '<figure><img src="/i/1.jpg"><figcaption><p>The quay</p><p class=copyright>L. Aoun</p></figcaption></figure>'
    )
    assert [(one.caption, one.credit) for one in article_of(page(before=figure)).images] == [("The quay", "L. Aoun")]


@pytest.mark.parametrize(
    ("declared", "keywords"),
    [
        ("quay, Floods, QUAY", ("quay", "Floods")),
        ("quay | floods", ("quay", "floods")),
        ('["quay", "floods"]', ("quay", "floods")),
        ("“quay”, 'floods'", ("quay", "floods")),
        ("R&amp;amp;D, quay", ("R&D", "quay")),
        (
            "undefined, 77120, quay, 2026, 0f3c9ab2-11d4-4f6e, node_771, covid-19, type:article/5",
            ("quay", "2026", "covid-19"),
        ),
    ],
)
def test_keywords_are_words(declared: str, keywords: tuple[str, ...]) -> None:
    head = f"<meta name=keywords content='{declared.replace(chr(39), '&#39;')}'>"
    assert article_of(page(head=head)).keywords == keywords


@pytest.mark.parametrize("section", ["https://www.example.org/harbour", "77120", "null", "/harbour/", "sec_12"])
def test_a_section_is_a_word(section: str) -> None:
    head = f'<meta property="article:section" content="{section}">'
    assert article_of(page(head=head)).article_section is None
    head += '<meta property="article:section" content="Harbour">'
    assert article_of(page(head=head)).article_section == "Harbour"


def test_images_links_editions_and_rights() -> None:
    head = (
        '<link rel="alternate" hreflang="ar-lb" href="/ar/1"><link rel="canonical" href="/c/1?x=1#top">'
        '<meta name="robots" content="noarchive, NoAI"><link rel="canonical" href="https://elsewhere.example/">'
        '<link rel="next" href="https://elsewhere.example/2"><link rel="nofollow next" href="?page=2">'
    )
    figure = (
        '<figure><img data-src="/i/1.jpg" src="data:,"><figcaption>The quay <span class="credit">Photo: L. Aoun</span>'
        '</figcaption></figure><img src="/i/dot.gif" width="1" height="1">'
    )
    html = page(head=head, before=figure).replace("lighthouse", '<a href="/light#x">lighthouse</a>')
    article = article_of(html, headers=[("X-Robots-Tag", "noindex"), ("tdm-reservation", "1")])
    assert [(i.url, i.caption, i.credit) for i in article.images] == [
        ("https://www.example.org/i/1.jpg", "The quay", "Photo: L. Aoun")
    ]
    assert [(link.url, link.text) for link in article.links] == [("https://www.example.org/light", "lighthouse")]
    assert [(a.href, a.hreflang) for a in article.alternates] == [("https://www.example.org/ar/1", "ar-LB")]
    assert article.canonical_url == "https://www.example.org/c/1?x=1"
    assert article.next_page == f"{URL}?page=2"
    assert article.robots == ("noarchive", "noai", "noindex")
    assert article.tdm == "tdm-reservation: 1"


@pytest.mark.parametrize(
    ("head", "heed", "outcome"),
    [
        ('<meta name="robots" content="noarchive">', (Heed.NOARCHIVE,), "reserved"),
        ('<meta name="robots" content="noarchive">', (Heed.NOAI, Heed.TDM), "record"),
        ('<meta name="robots" content="noarchive">', (), "record"),
        ('<meta name="robots" content="noarchive">', None, "record"),
        ('<meta name="robots" content="none">', (Heed.NOINDEX,), "reserved"),
        ('<meta name="robots" content="noai, noimageai">', (Heed.NOAI,), "reserved"),
        ('<meta name="tdm-reservation" content="1">', (Heed.NOAI, Heed.TDM), "reserved"),
        ('<meta name="tdm-reservation" content="0">', (Heed.TDM,), "record"),
    ],
)
def test_what_a_page_does_not_want(head: str, heed: tuple[Heed, ...] | None, outcome: str) -> None:
    made = extract(page(head=head), URL, fetched_at=FETCHED, rules=ExtractionRules(heed=heed))
    assert (made.outcome if isinstance(made, Rejected) else "record") == outcome


def test_the_same_arguments_give_the_same_article() -> None:
    html = page(head=JSON_LD % "")
    assert article_of(html).to_json_line() == article_of(html).to_json_line()


@given(st.one_of(st.text(max_size=400), st.binary(max_size=400)), st.text("abc/:?#[]@%.é ", max_size=30))
def test_nothing_a_page_contains_raises(html: str | bytes, path: str) -> None:
    assert isinstance(extract(html, f"https://example.org/{path}", fetched_at=FETCHED), (Article, Rejected))


@given(
    st.lists(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<a href='x'>",
                "</a>",
                "<table>",
                "<h1>",
                "text ",
                '{"@type":',
                "<script type='application/ld+json'>",
                "</script>",
                "<!--",
                "&#0;",
                "\x00",
                "<time datetime='2026-13-45'>",
                "<link rel=canonical href='http://[x'>",
            ]
        ),
        max_size=60,
    )
)
def test_odd_markup_does_not_raise(parts: list[str]) -> None:
    assert isinstance(extract("".join(parts), URL, fetched_at=FETCHED), (Article, Rejected))


def test_long_lines_and_deep_trees_are_survived() -> None:
    assert isinstance(extract(page(after=f"<p>{'word ' * 100_000}</p>"), URL), (Article, Rejected))
    assert isinstance(extract("<div>" * 5000 + "text" + "</div>" * 5000, URL), (Article, Rejected))


def test_rules_may_be_xpath_and_name_attributes() -> None:
    html = page(
        before='<div data-writer="Maud Ellery" data-day="2026-01-05"><b class="t">The wall grows</b></div>',
        after='<p class="x">Follow the harbour board on the social networks of your choice, as we do.</p>',
    )
    rules = ExtractionRules(
        headline=("//b[@class='t']",),
        authors=("//div/@data-writer",),
        published=("//*[@data-day]/@data-day",),
        remove=("//p[@class='x']",),
        body=("(//article)[1]",),
    )
    article = article_of(html, rules=rules)
    assert article.headline == "The wall grows"
    assert [author.name for author in article.authors] == ["Maud Ellery"]
    assert article.date_published == "2026-01-05"
    assert article.paragraphs == PARAGRAPHS
    assert article.fields["articleBody"].source == "rules"


@pytest.mark.parametrize("selector", ["//p[", "p >", "./p["])
def test_a_selector_that_is_none_is_refused(selector: str) -> None:
    with pytest.raises(ValueError, match=r"is not (an XPath expression|a CSS selector)"):
        ExtractionRules(body=(selector,))


def test_rules_of_the_time() -> None:
    rules = ExtractionRules.model_validate(
        {
            "headline": [".new"],
            "earlier": [
                {"valid_until": "2025-12-31", "headline": [".old"]},
                {"valid_until": "2019-12-31", "headline": [".oldest"]},
            ],
        }
    )
    html = page(before='<b class="new">New</b><b class="old">Old</b><b class="oldest">Oldest</b>')

    def headline(year: int) -> str:
        made = extract(html, URL, rules=rules, fetched_at=datetime(year, 6, 1, tzinfo=UTC))
        assert isinstance(made, Article)
        return made.headline

    assert [headline(year) for year in (2026, 2025, 2020, 2019, 2001)] == ["New", "Old", "Old", "Oldest", "Oldest"]
