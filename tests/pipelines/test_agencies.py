"""Wire copies are seen: the agency and the dateline are fields of their own."""

from __future__ import annotations

import json

import pytest

from pipelines.extract.agencies import agencies_in, agencies_of, dateline_of
from pipelines.extract.document import parse_document
from pipelines.extract.structured import read_structured

TEXT = "The river rose again on Monday, and the ferries stayed in port."


def found(first: str, last: str = "That was all.", head: str = "") -> tuple[tuple[str, ...], str | None]:
    structured = read_structured(
        parse_document(f"<html><head>{head}</head><body></body></html>", "https://a.example/b")
    )
    paragraphs = (first, TEXT, last)
    return agencies_of(structured, (), paragraphs), dateline_of(structured, paragraphs)


@pytest.mark.parametrize(
    ("first", "agencies", "place"),
    [
        (f"PARIS (AFP) - {TEXT}", ("AFP",), "PARIS"),
        (f"Berlin (dpa/AFP) – {TEXT}", ("dpa", "AFP"), "Berlin"),
        (f"Köln/Bonn (dpa/lnw) - {TEXT}", ("dpa",), "Köln/Bonn"),
        (f"LONDON, March 3 (Reuters) - {TEXT}", ("Reuters",), "LONDON"),
        (f"NAIROBI, 4 Mar. (Xinhua) -- {TEXT}", ("Xinhua",), "NAIROBI"),
        (f"(ANSA) - {TEXT}", ("ANSA",), None),
        (f"MADISON, Wis. (AP) — {TEXT}", ("AP",), "MADISON, Wis."),
        (f"OTTAWA — {TEXT}", (), "OTTAWA"),
        ("(서울=연합뉴스) 강이 다시 불어났다.", ("Yonhap",), "서울"),
        ("【ソウル時事】川が増水した。", ("Jiji",), "ソウル"),
        ("新华社北京3月4日电 河水再次上涨。", ("Xinhua",), "北京"),
        (TEXT, (), None),
        (f"The mayor (AFP had asked him) - {TEXT}", (), None),
        ("The ferry (built in 1990) - the oldest of all - stayed in port.", (), None),
        ("Reuters said on Monday that the river rose again, and the ferries stayed in port.", (), None),
    ],
)
def test_at_the_beginning(first: str, agencies: tuple[str, ...], place: str | None) -> None:
    assert found(first) == (agencies, place)


@pytest.mark.parametrize(
    ("last", "agencies"),
    [
        ("The ferries sail again on Friday. (dpa)", ("dpa",)),
        ("The ferries sail again on Friday. — AFP", ("AFP",)),
        ("Source: Reuters", ("Reuters",)),
        ("AFP/Reuters", ("AFP", "Reuters")),
        ("The ferries sail again on Friday (as they should).", ()),
        ("He had told it to Reuters.", ()),
    ],
)
def test_at_the_end(last: str, agencies: tuple[str, ...]) -> None:
    assert found(TEXT, last)[0] == agencies


def test_as_declared() -> None:
    declared = {
        "@type": "NewsArticle",
        "author": {"@type": "Organization", "name": "Agence France-Presse"},
        "dateline": "Lyon",
    }
    head = f'<script type="application/ld+json">{json.dumps(declared)}</script>'
    assert found(TEXT, head=head) == (("AFP",), "Lyon")


def test_a_person_is_no_agency() -> None:
    assert list(agencies_in("Ana Reuter")) == []
    assert list(agencies_in("Kim Hyo, AFP")) == ["AFP"]
