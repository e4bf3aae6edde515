"""Pages that are no articles never become records."""

from __future__ import annotations

import json
from html import escape

import pytest

from archive.article import Article, ArticleKind
from archive.outcomes import PageOutcome
from pipelines.extract import Rejected, extract
from tests.pipelines.pages import LAYOUTS, stories

STORIES = stories()
URL = "https://paper.example.org/section/transport"


def page(body: str, head: str = "", title: str = "Transport | The Mole") -> str:
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{head}</head><body>
<nav><a href="/">Home</a><a href="/sport">Sport</a></nav>{body}<footer>© The Mole</footer></body></html>"""


def section(head: str = "") -> str:
    teasers = "".join(
        f'<article class="teaser"><h3><a href="/story-{at}">{escape(story.headline)}</a></h3>'
        f"<p>{escape(story.paragraphs[0])}</p></article>"
        for at, story in enumerate(STORIES)
    )
    return page(f"<main><h1>Transport</h1>{teasers}</main>", head)


def kind(html: str, url: str = URL) -> tuple[PageOutcome, str]:
    made = extract(html, url)
    assert isinstance(made, Rejected), made
    return made.outcome, made.detail


def test_a_section_page() -> None:
    outcome, detail = kind(section())
    assert outcome is PageOutcome.NOT_AN_ARTICLE
    assert detail.startswith("a list: its text stands in ")


@pytest.mark.parametrize("declared", ["CollectionPage", "SearchResultsPage", "ContactPage", "AboutPage"])
def test_a_page_that_says_what_it_is(declared: str) -> None:
    script = f'<script type="application/ld+json">{json.dumps({"@type": declared})}</script>'
    text = "".join(f"<p>{paragraph}</p>" for paragraph in STORIES[0].paragraphs)
    outcome, detail = kind(page(f"<main><h1>About the paper</h1>{text}</main>", script))
    assert (outcome, declared in detail) == (PageOutcome.NOT_AN_ARTICLE, True)


def test_a_page_of_links() -> None:
    links = "".join(
        f'<li><a href="/{at}">{story.headline}, and more of the same</a></li>' for at, story in enumerate(STORIES)
    )
    outcome, _ = kind(page(f"<main><h1>All our headlines of the year</h1><ul>{links}</ul></main>"))
    assert outcome in (PageOutcome.NOT_AN_ARTICLE, PageOutcome.NO_TEXT, PageOutcome.TOO_SHORT)


def test_the_front_page_but_not_an_article_that_only_a_query_names() -> None:
    teasers = "".join(
        f"<h3><a href='/{at}'>{escape(story.headline)}</a></h3>" for at, story in enumerate(STORIES[:6])
    )
    text = "".join(f"<p>{paragraph}</p>" for paragraph in STORIES[0].paragraphs * 3)
    html = page(f"<main><h1>{STORIES[0].headline}</h1>{text}</main>{teasers}")
    assert kind(html, "https://paper.example.org/") == (PageOutcome.NOT_AN_ARTICLE, "the front page of a site")
    assert isinstance(extract(html, "https://paper.example.org/?p=117"), Article)


def test_a_front_page_that_is_one_text() -> None:
    english = next(story for story in STORIES if story.language == "en")
    text = "".join(f"<p>{paragraph}</p>" for paragraph in english.paragraphs * 3)
    html = page(f"<main><article><h1>{english.headline}</h1>{text}</article></main>", title=english.headline)
    assert isinstance(extract(html, "https://paper.example.org/"), Article)
    posts = "".join(
        f"<h2><a href='/{at}'>{escape(story.headline)}</a></h2><p>{'</p><p>'.join(story.paragraphs)}</p>"
        for at, story in enumerate(STORIES[:4])
    )
    assert kind(page(f"<main><h1>All our posts</h1>{posts}</main>"), "https://paper.example.org/") == (
        PageOutcome.NOT_AN_ARTICLE,
        "the front page of a site",
    )


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ('<main><h1>Watch: the ferry</h1><video src="/v.mp4"></video><p>Watch now</p></main>', PageOutcome.TOO_SHORT),
        ("<main><h1>404</h1><p>Page not found. It may have been moved.</p></main>", PageOutcome.SOFT_NOT_FOUND),
        ("", PageOutcome.NO_TEXT),
        ("<form><input name=q><button>Search</button></form>", PageOutcome.NO_TEXT),
    ],
)
def test_pages_with_nothing_to_read(body: str, outcome: PageOutcome) -> None:
    made = kind(page(body))[0]
    assert made is outcome or (outcome is PageOutcome.NO_TEXT and made is PageOutcome.TOO_SHORT)


def test_an_article_stays_one_among_teasers() -> None:
    story = STORIES[0]
    made = extract(LAYOUTS[0](story).replace('<div class="related">', section() + '<div class="related">'), story.url)
    assert isinstance(made, Article)
    assert made.headline == story.headline


def declared(kind_: str, words: int, **more: object) -> str:
    facts = {"@type": kind_, "headline": "The ferry sails again", **more}
    text = "".join(f"<p>{paragraph}</p>" for paragraph in STORIES[0].paragraphs)
    text = " ".join(text.split()[:words]) + "</p>"
    script = f'<script type="application/ld+json">{json.dumps(facts)}</script>'
    return page(
        f"<main><article><h1>The ferry sails again</h1>{text}</article></main>", script, "The ferry sails again"
    )


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (declared("NewsArticle", 90), ArticleKind.ARTICLE),
        (declared("NewsArticle", 90, isAccessibleForFree=False), ArticleKind.PAYWALL_STUB),
        (declared("NewsArticle", 90, isAccessibleForFree=True), ArticleKind.ARTICLE),
        (declared("LiveBlogPosting", 90), ArticleKind.LIVE_BLOG),
        (declared("LiveBlogPosting", 90, liveBlogUpdate=[{"url": f"{URL}/7"}]), ArticleKind.LIVE_BLOG),
        (declared("LiveBlogPosting", 90, liveBlogUpdate=[{"url": URL}]), ArticleKind.LIVE_BLOG_ENTRY),
        (declared("LiveBlogPosting", 90, url=URL, liveBlogUpdate={"url": URL}), ArticleKind.LIVE_BLOG),
        (declared("BlogPosting", 90, isPartOf={"@type": "LiveBlogPosting"}), ArticleKind.LIVE_BLOG_ENTRY),
        (declared("BlogPosting", 90, isPartOf={"@type": "Blog"}), ArticleKind.ARTICLE),
    ],
)
def test_what_an_article_is_besides(html: str, expected: ArticleKind) -> None:
    made = extract(html, URL)
    assert isinstance(made, Article), made
    assert made.kind is expected


def test_words_beside_a_film_are_no_article() -> None:
    outcome, detail = kind(declared("VideoObject", 50))
    assert (outcome, "VideoObject" in detail) == (PageOutcome.NOT_AN_ARTICLE, True)


@pytest.mark.parametrize(
    ("title", "text", "outcome"),
    [
        ("Nous respectons votre vie privée", "Avec votre consentement, nous et nos 80 partenaires utilisons des cookies.", PageOutcome.NOT_AN_ARTICLE),
        ("Um momento", "Ative o JavaScript e os cookies do seu navegador para continuar a ler este jornal.", PageOutcome.NOT_AN_ARTICLE),
        ("Доступ ограничен", "Ваш адрес заблокирован правилами этого сайта, обратитесь в редакцию газеты.", PageOutcome.NOT_AN_ARTICLE),
        ("Wartungsarbeiten", "Wegen Wartung ist die Zeitung bis zum Abend nicht zu erreichen, wir bitten um Geduld.", PageOutcome.NOT_AN_ARTICLE),
        ("Vi bryr oss om din integritet", "Vi och våra partner vill ha ditt samtycke för att räkna besök på sidan.", PageOutcome.NOT_AN_ARTICLE),
        ("Welcome", "You are in the waiting room. Many visitors read our paper now; it will soon be your turn.", PageOutcome.NOT_AN_ARTICLE),
        ("Sorry", "This content is not available in your country because of the General Data Protection Regulation.", PageOutcome.NOT_AN_ARTICLE),
        ("กรุณาเข้าสู่ระบบ", "ใส่อีเมลและรหัสผ่านของคุณเพื่ออ่านบทความนี้ต่อ หรือสมัครสมาชิกใหม่", PageOutcome.NOT_AN_ARTICLE),
        ("Για συνδρομητές", "Κάντε σύνδεση με τον κωδικό σας για να διαβάσετε τη συνέχεια του κειμένου.", PageOutcome.NOT_AN_ARTICLE),
        ("Subscribers only", "Subscribe to our paper to read this article and all others for a crown a month.", PageOutcome.NOT_AN_ARTICLE),
        ("Ad blocker found", "Please turn off your ad blocker for our paper, which lives by what it shows, and load it again.", PageOutcome.NOT_AN_ARTICLE),
        ("Zaloguj się", "Podaj adres i hasło, aby czytać dalej wszystkie teksty naszej gazety bez ograniczeń.", PageOutcome.NOT_AN_ARTICLE),
        ("Pagina niet gevonden", "Het artikel dat u zoekt is verhuisd of verwijderd, ga terug naar de voorpagina.", PageOutcome.SOFT_NOT_FOUND),
        ("Sidan hittades inte", "Artikeln som du söker har flyttats eller tagits bort, gå tillbaka till förstasidan.", PageOutcome.SOFT_NOT_FOUND),
        ("페이지를 찾을 수 없습니다", "요청하신 기사가 삭제되었거나 주소가 바뀌었습니다. 첫 화면에서 다시 찾아 주십시오.", PageOutcome.SOFT_NOT_FOUND),
    ],
)  # fmt: skip
def test_pages_in_an_articles_place(title: str, text: str, outcome: PageOutcome) -> None:
    bare = f"<html><head><title>{title}</title></head><body><div><h1>{title}</h1><p>{text}</p></div></body></html>"
    assert kind(bare)[0] is outcome


def test_a_story_about_such_things_is_one() -> None:
    words = "The browser makers said that cookies and passwords of the readers were blocked by the firewall. " * 3
    told = f"<article><h1>Browsers and cookies: access denied</h1><p>{words}</p><p>{words}</p></article>"
    assert isinstance(extract(page(told, title="Browsers and cookies: access denied"), URL), Article)


def test_a_page_that_leads_elsewhere_at_once() -> None:
    moved = "<p>You are led to the new place of this story, if not then follow the link below, thank you.</p>"
    assert "leads to" in kind(page(moved, '<meta http-equiv="Refresh" content="1; URL=/story-2">'))[1]
    story = "".join(f"<p>{escape(text)}</p>" for text in STORIES[0].paragraphs)
    again = page(
        f"<article><h1>{escape(STORIES[0].headline)}</h1>{story}</article>", '<meta http-equiv=refresh content="300">'
    )
    assert isinstance(extract(again, URL), Article)


def test_teasers_without_article_elements() -> None:
    teasers = "".join(
        f'<li><h3><a href="/story-{at}">{escape(story.headline)}</a></h3><p>{escape(story.paragraphs[0])}</p></li>'
        for at, story in enumerate([*STORIES, *STORIES][:8])
    )
    assert kind(page(f"<h1>Transport</h1><ul>{teasers}</ul>"))[0] is PageOutcome.NOT_AN_ARTICLE
