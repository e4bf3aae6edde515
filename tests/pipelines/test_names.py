"""Bylines, headlines and who stands behind a name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.authors import authors_of
from pipelines.extract.document import parse_document
from pipelines.extract.headline import headline_of
from pipelines.extract.names import Signer, is_byline, looks_like_a_person, people_in, signer_of, split_names
from pipelines.extract.structured import read_structured
from pipelines.rules import ExtractionRules

URL = "https://www.harbour-times.example/2026/a-story"
SITE = ("Harbour Times",)


@pytest.mark.parametrize(
    ("byline", "people"),
    [
        ("By Maud Ellery", ["Maud Ellery"]),
        ("By Maud Ellery and Jon Pike", ["Maud Ellery", "Jon Pike"]),
        ("Von Hanne Brodersen, Kiel und Ole Petersen", ["Hanne Brodersen", "Kiel", "Ole Petersen"]),
        ("Maud Ellery; Jon Pike | Ann Roe", ["Maud Ellery", "Jon Pike", "Ann Roe"]),
        ("View all posts by Maud Ellery", ["Maud Ellery"]),
        ("Zeige alle Beiträge von Hanne Brodersen →", ["Hanne Brodersen"]),
        ("Dana Mills, PhD, Carl Stone, MD", ["Dana Mills", "Carl Stone"]),
        ("（责编：牛镛、岳弘彬）", ["牛镛", "岳弘彬"]),
        ("بقلم: سلمى الحداد", ["سلمى الحداد"]),
        ("Martin Luther King, Jr.", ["Martin Luther King"]),
        ("Maud Ellery in Bergen and Jon Pike in Oslo", ["Maud Ellery", "Jon Pike"]),
        ("By Maud Ellery for Quaynews", ["Maud Ellery"]),
        ("Maud Ellery (mel), Jon Pike (jp)", ["Maud Ellery", "Jon Pike"]),
        ("Maud Ellery @maudwrites", ["Maud Ellery"]),
        ("Maud Ellery ☀️", ["Maud Ellery"]),
        ("By Maud Ellery Updated 5 January 2026 at 7:30", ["Maud Ellery"]),
        ("Jon Pike7 min read", ["Jon Pike"]),
        ("Written ByMaud Ellery", ["Maud Ellery"]),
        ("Byron Ellery", ["Byron Ellery"]),
        ("Maud Ellery Senior Staff Writer", ["Maud Ellery"]),
        ("Maud Ellery QuayWire Staff", ["Maud Ellery"]),
        ("Quay Times Staff", ["Quay Times Staff"]),
        ("Courier correspondent Maud Ellery", ["Maud Ellery"]),
        ("Maud Ellery/Jon Pike", ["Maud Ellery", "Jon Pike"]),
        ("Ellery, Maud", ["Maud Ellery"]),
        ("More stories by Maud Ellery", ["Maud Ellery"]),
        ("记者 牛镛 岳弘彬", ["牛镛", "岳弘彬"]),
        ("中村 真子", ["中村 真子"]),
        ("中村真子記者", ["中村真子"]),
        ("김하늘 기자", ["김하늘"]),
        ("سلمى الحداد ونادر الخوري", ["سلمى الحداد", "نادر الخوري"]),
        ("سلمى وليد الحداد", ["سلمى وليد الحداد"]),
        ("By Maud Ellery, Jon Pike, and Ann Roe", ["Maud Ellery", "Jon Pike", "Ann Roe"]),
        ("Maud Ellery, Jon Pike, &amp; Ann Roe".replace("&amp;", "&"), ["Maud Ellery", "Jon Pike", "Ann Roe"]),
        ("MAUD ELLERY, Deputy Sports Editor", ["MAUD ELLERY"]),
        ("文＝中村真子、写真＝牛島剛", ["中村真子"]),
        ("作者：牛镛 编辑：岳弘彬", ["牛镛"]),
        ("本报记者 牛镛 通讯员 岳弘彬", ["牛镛", "岳弘彬"]),
        ("Door onze verslaggever Joop van der Zee", ["Joop van der Zee"]),
        ("Maud Ellery, inviata a Bergen", ["Maud Ellery"]),
        ("Reporting by Maud Ellery; Editing by Jon Pike", ["Maud Ellery"]),
        ("Tekst: Maud Ellery Foto: Jon Pike", ["Maud Ellery"]),
        ("Maud Ellery, fot. Jon Pike", ["Maud Ellery"]),
        ("Exclusive by Maud Ellery", ["Maud Ellery"]),
        ("โดย สมหญิง ใจงาม", ["สมหญิง ใจงาม"]),
        ("Του Νίκου Βλάχου", ["Νίκου Βλάχου"]),
        ("Teksti: Maud Ellery, Kuvat: Jon Pike", ["Maud Ellery"]),
        ("Photos by Jon Pike", ["Photos by Jon Pike"]),
        ("Maud Ellery i Jon Pike", ["Maud Ellery", "Jon Pike"]),
        ("Мод Эллери и Йон Пайк", ["Мод Эллери", "Йон Пайк"]),
        ("Maud Ellery sowie Jon Pike", ["Maud Ellery", "Jon Pike"]),
        ("Ellery, Maud; Pike, J. R", ["Maud Ellery", "J. R. Pike"]),
        ("maud.ellery@harbour.example (Maud Ellery)", ["Maud Ellery"]),
        ("Maud Ellery Follow on X", ["Maud Ellery"]),
        ("By Maud Ellery with photographs by Jon Pike", ["Maud Ellery"]),
        ("Maud Ellery Associated Press", ["Maud Ellery"]),
        ("The Associated Press", ["The Associated Press"]),
        ("Maud Ellery/AFP", ["Maud Ellery"]),
        ("記者松岡大地", ["松岡大地"]),
        ("이서진·박하늘 기자", ["이서진", "박하늘"]),
        ("", []),
        ("  - ", []),
    ],
)
def test_names_in_a_byline(byline: str, people: list[str]) -> None:
    assert split_names(byline) == people


@pytest.mark.parametrize(
    ("name", "signer"),
    [
        ("Maud Ellery", Signer.PERSON),
        ("新間", Signer.PERSON),
        ("Harbour Times", Signer.ORGANISATION),
        ("Guardian staff reporter", Signer.ORGANISATION),
        ("Redaktion Hafenblatt", Signer.ORGANISATION),
        ("Süddeutsche.de GmbH", Signer.ORGANISATION),
        ("ntv.com.tr", Signer.ORGANISATION),
        ("admin", Signer.NOBODY),
        ("wordpressadmin", Signer.NOBODY),
        ("brandon-peaktwo", Signer.NOBODY),
        ("https://example.org/maud", Signer.NOBODY),
        ("maud@example.org", Signer.NOBODY),
        ("Twitter", Signer.NOBODY),
        ("Foto: Maud Ellery", Signer.NOBODY),
        ("Editor", Signer.NOBODY),
        ("x" * 80, Signer.NOBODY),
        ("", Signer.NOBODY),
    ],
)
def test_who_signs(name: str, signer: Signer) -> None:
    assert signer_of(name, {"harbour times"}) is signer


def test_an_organisation_with_its_seat_is_not_three_people() -> None:
    assert list(people_in("Harbour Times Ltd, Hull, England", {"harbour times"})) == []


@pytest.mark.parametrize(
    ("byline", "people"),
    [
        ("Von Maud Ellery, Hull", ["Maud Ellery"]),
        ("Maud Ellery, DVM", ["Maud Ellery"]),
        ("Maud Ellery and Per Lund, Hull", ["Maud Ellery", "Per Lund"]),
        ("Maud; Per", ["Maud", "Per"]),
        ("Harbour Times and AFP", ["AFP"]),
    ],
)
def test_a_single_word_behind_a_person_is_no_person(byline: str, people: list[str]) -> None:
    assert list(people_in(byline, {"harbour times"})) == people


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("Maud Ellery", True),
        ("Ludwig van Beethoven", True),
        ("سلمى الحداد", True),
        ("松岡大地", True),
        ("Sign up now for our letter", False),
        ("opinion", False),
        ("read more", False),
    ],
)
def test_looks_of_a_person(text: str, person: bool) -> None:
    assert looks_like_a_person(text) is person


def test_lines_that_begin_as_bylines_do() -> None:
    assert is_byline("By Maud Ellery")
    assert is_byline("(责编：牛镛)")
    assert not is_byline("Bystanders saw the ferry leave")
    assert not is_byline("By the time the ferry had left the quay, all of the passengers had gone home again")


@given(st.text(max_size=200))
def test_no_byline_breaks_anything(text: str) -> None:
    for name in split_names(text):
        signer_of(name, set())
        looks_like_a_person(name)


def _authors(head: str = "", body: str = "") -> tuple[list[str], str | None]:
    document = parse_document(f"<html><head>{head}</head><body>{body}</body></html>", URL)
    found, facts = authors_of(document, read_structured(document), ExtractionRules(), SITE, None, _lines(body))
    return [author.name for author in found], facts.source if facts else None


def _lines(body: str) -> list[str]:
    return body.split("|")


def _linked(author: object, kind: str = "NewsArticle") -> str:
    data = {"@type": kind, "headline": "A story", "author": author}
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


@pytest.mark.parametrize(
    ("head", "body", "names", "source"),
    [
        (_linked({"@type": "Person", "name": "Maud Ellery"}), "", ["Maud Ellery"], "json-ld"),
        (_linked([{"name": "Maud Ellery"}, {"name": "Jon Pike"}]), "", ["Maud Ellery", "Jon Pike"], "json-ld"),
        (_linked({"@type": "Organization", "name": "Harbour Times"}), "", ["Harbour Times"], "json-ld"),
        (
            _linked({"name": "Harbour Times"}),
            '<p class="byline"><a href="/author/maud">Maud Ellery</a></p>',
            ["Maud Ellery"],
            "byline",
        ),
        (
            _linked([{"name": "Maud Ellery"}, {"name": "Press Agency"}]),
            "",
            ["Maud Ellery", "Press Agency"],
            "json-ld",
        ),
        (_linked("admin"), "", [], None),
        ('<meta name="author" content="Harbour Times Ltd, Hull, England">', "", [], None),
        (
            '<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="Jo Po">',
            "",
            ["Jo Po"],
            "meta",
        ),
        ("", '<a href="/authors/maud-ellery">Maud Ellery</a>', ["Maud Ellery"], "byline"),
        ("", '<aside><a href="/authors/maud-ellery">Maud Ellery</a></aside>', [], None),
        ("", '<div class="comments"><span class="author">Some Body</span></div>', [], None),
        ("", "<h1>A story</h1>|By Maud Ellery|", ["Maud Ellery"], "byline"),
        ("", '<p class="byline"><span>Maud Ellery</span><button>Follow</button></p>', ["Maud Ellery"], "byline"),
        (
            "",
            '<div class="byline"><p>By Maud Ellery</p><ul class="share"><li>Send Link</li></ul></div>',
            ["Maud Ellery"],
            "byline",
        ),
        ("", '<figure><span class="byline">Jon Pike</span></figure>', [], None),
        ("", "<p>Nobody signed this.</p>", [], None),
    ],
)
def test_authors_of_a_page(head: str, body: str, names: list[str], source: str | None) -> None:
    assert _authors(head, body) == (names, source)


def _headline(head: str, body: str) -> str | None:
    document = parse_document(f"<html><head>{head}</head><body>{body}</body></html>", URL)
    return headline_of(document, read_structured(document), ExtractionRules(), SITE, "")[0]


def _opened(title: str) -> str:
    return f'<meta property="og:title" content="{title}">'


@pytest.mark.parametrize(
    ("head", "body", "headline"),
    [
        ("<title>Ferry sails again | Harbour Times</title>", "", "Ferry sails again"),
        ("<title>Ferry sails again - harbour-times.example</title>", "", "Ferry sails again"),
        (_opened("Ferry sails again"), "<h1><span>Islands</span> Ferry sails again</h1>", "Ferry sails again"),
        (_opened("Ferry sails again"), "<h1>Ferry sails again 12 comments</h1>", "Ferry sails again"),
        (_opened("Islands / Ferry sails"), "<h1><b>Islands</b>Ferry sails</h1>", "Islands / Ferry sails"),
        (_opened("Ferry sails ag…"), "<h1>Ferry sails again</h1>", "Ferry sails again"),
        (
            "<title>The Gull's blog » Ferry sails again</title>",
            "<h1>The Gull's blog</h1><h2>Ferry sails again</h2>",
            "Ferry sails again",
        ),
        (
            _linked([]).replace("A story", "Ferry waits") + _opened("Ferry waits"),
            "<h1>Ferry is waiting for better weather</h1>",
            "Ferry waits",
        ),
        ("<title>Harbour Times</title>", "<h1>Harbour Times</h1>", None),
    ],
)
def test_headline_of_a_page(head: str, body: str, headline: str | None) -> None:
    assert _headline(head, body) == headline
