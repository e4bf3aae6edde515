"""Articles in many languages and scripts come out as they were written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import lxml.html
import pytest

from archive.article import Article
from pipelines.extract import extract
from pipelines.extract.language import language_of
from pipelines.rules import ExtractionRules, Quality
from tests.pipelines.pages import LAYOUTS, PUBLISHED, Story, stories

FETCHED = datetime(2026, 1, 8, 12, 0, tzinfo=UTC)
STORIES = stories()


def test_there_are_languages_and_scripts_enough() -> None:
    assert len(STORIES) >= 12
    assert {"ar", "he", "zh", "ja", "ko", "hi", "ru", "el", "en"} <= {story.language for story in STORIES}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.language)
def test_a_story_comes_out_whole(story: Story, layout: Callable[[Story], str]) -> None:
    article = extract(layout(story).encode(), story.url, fetched_at=FETCHED)
    assert isinstance(article, Article), article
    assert article.paragraphs == story.paragraphs
    assert article.headline == story.headline
    assert [author.name for author in article.authors] == [story.author]
    assert article.date_published == PUBLISHED
    assert (article.in_language or "").split("-")[0] == story.language


@pytest.mark.parametrize("quality", Quality)
def test_the_quality_asked_for_changes_nothing_on_a_clear_page(quality: Quality) -> None:
    story = STORIES[0]
    article = extract(LAYOUTS[0](story), story.url, rules=ExtractionRules(quality=quality))
    assert isinstance(article, Article)
    assert article.paragraphs == story.paragraphs
    assert article.fields["articleBody"].source == ("agreement" if quality is Quality.BEST else "blocks")


@pytest.mark.parametrize("encoding", ["windows-1256", "shift_jis", "gb18030", "windows-1251", "iso-8859-1"])
def test_old_charsets_give_the_same_article(encoding: str) -> None:
    language = {"windows-1256": "ar", "shift_jis": "ja", "gb18030": "zh", "windows-1251": "ru", "iso-8859-1": "de"}[
        encoding
    ]
    story = next(story for story in STORIES if story.language == language)
    page = LAYOUTS[1](story).replace('<meta charset="utf-8">', f'<meta charset="{encoding}">')
    article = extract(page.encode(encoding, "xmlcharrefreplace"), story.url, fetched_at=FETCHED)
    assert isinstance(article, Article)
    assert article.paragraphs == story.paragraphs
    assert article.headline == story.headline


def test_utf8_under_a_wrong_declaration_is_read_as_utf8() -> None:
    story = next(story for story in STORIES if story.language == "zh")
    page = LAYOUTS[1](story).replace('<meta charset="utf-8">', '<meta charset="gb2312">')
    article = extract(page.encode(), story.url, headers=[("Content-Type", "text/html; charset=gbk")])
    assert isinstance(article, Article)
    assert article.paragraphs == story.paragraphs


def test_norwegian_has_several_tags() -> None:
    text = "Kvalifiseringen ble avgjort ved fjorden, der løperne hadde ventet lenge på at stormen skulle gi seg. " * 3
    found, facts = language_of(text, lxml.html.fromstring('<html lang="nb-NO"><p>x</p></html>'), [], "")
    assert found == "nb-NO"
    assert facts is not None
    assert facts.source == "text and declaration"


@pytest.mark.parametrize(
    ("declared", "language", "source"),
    [
        ("en-GB", "en-GB", "text and declaration"),
        ("", "en", "text"),
        ("fr", "en", "text against declaration"),
    ],
)
def test_what_the_language_was_taken_from(declared: str, language: str, source: str) -> None:
    root = lxml.html.fromstring(f'<html lang="{declared}"><p>x</p></html>')
    found, facts = language_of(
        "The quay wall is to be raised, the harbour board said on Thursday. " * 4, root, [], ""
    )
    assert found == language
    assert facts is not None
    assert facts.source == source


def test_records_have_it() -> None:
    article = extract(LAYOUTS[0](STORIES[0]), STORIES[0].url)
    assert isinstance(article, Article)
    assert article.fields["inLanguage"].confidence > 0.5


@pytest.mark.parametrize(
    ("declared", "text", "language"),
    [
        ("en", "부두가 월요일에 다시 열린다고 항만장이 말했다.", "ko"),
        ("en", "Le quai sera rouvert lundi matin, a promis la capitaine du port, et les navettes reprendront.", "fr"),
        ("de-AT", "Die Fähre legt am Montag wieder ab.", "de-AT"),
        ("hi", "घाट सोमबार फेरि खुल्नेछ भनी बन्दरगाह प्रमुखले बताएका छन्, डुङ्गा पनि चल्नेछन्।", "ne"),
        ("jp", "埠頭は月曜日に再開されると港長が話した。", "ja"),
        ("ger", "Die Fähre legt am Montag wieder ab.", "de"),
        ("ti", "እቲ መዕረፊ መራኽብ ሰኑይ ክኽፈት እዩ ኢሉ ሓላፊ ወደብ።" * 9, "ti"),
        ("", "Luka će se otvoriti posle prvog snega, saopštila je uprava, a deca će putovati besplatno.", "sr"),
    ],
)
def test_short_texts_and_wrong_declarations(declared: str, text: str, language: str) -> None:
    root = lxml.html.fromstring(f'<html lang="{declared}"><p>x</p></html>')
    assert language_of(text, root, [], "")[0] == language
