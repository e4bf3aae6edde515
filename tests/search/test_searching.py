"""Searching: what is found, in which order, how it is counted; the same however the archive is split."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import BadAddress
from archive.search.analysis import terms
from archive.search.building import IndexPlanner, build_split
from archive.search.searching import Facet, Order, Searcher, _are_alike, _folded, _Row
from archive.storage.local import LocalStorage
from tests.search.making import archive, index, index_apart, numbers, searcher, story

TEXTS = {
    1: "The harbour master closed the old quay. A storm was near.",
    2: "The quay is open again, the harbour master said on Monday.",
    3: "水道局は東京で2026年の工事を始めた。",
    4: "أعلنت الحكومة عن مدرسة جديدة في المدينة",
    5: "Master of the harbour: a portrait.",
}


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    place = tmp_path_factory.mktemp("five")
    records = [story(number, text) for number, text in TEXTS.items()]
    records[0] |= {"headline": "Quay closed", "articleSection": "Port & Sea", "agencies": ["Lake Press Agency"]}
    records[1] |= {"kind": "live_blog", "inLanguage": "en-GB", "datePublished": "2026-02", "keywords": ["tide table"]}
    records[4] |= {"datePublished": None, "authors": [{"name": "Ines Halvard", "url": None}]}
    storage = archive(place, records[:2], records[2:])
    index(storage)
    return searcher(storage, place)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("quay", "12"),
        ("harbour quay", "12"),
        ("harbour -quay", "5"),
        ('"harbour master"', "12"),
        ('"master harbour"', ""),
        ('"master harbour"~2', "125"),
        ("master NEAR/2 harbour", "125"),
        ("quay OR portrait", "125"),
        ("(quay OR portrait) -monday", "15"),
        ("harb*", "125"),
        ('"harbour mas"*', "12"),
        ("水", "3"),
        ("東京 工事", "3"),
        ("局", "3"),
        ("المدرسة", "4"),
        ("title:quay", "1"),
        ("section:port", "1"),
        ('section:"port & sea"', "1"),
        ("agency:lake", "1"),
        ("author:halvard", "5"),
        ('author:"mara ellison"', "13"),
        ("keyword:tide", "2"),
        ("kind:live_blog", "2"),
        ("lang:en", "23"),
        ("lang:en-gb", "2"),
        ("lang:*", "12345"),
        ("site:paper1.com", "14"),
        ("site:com", "12345"),
        ("site:aper1.com", ""),
        ("date:2026-02", "2"),
        ("date:2026-02-14", "2"),
        ("date:2026-01", "134"),
        ("date:..2026-01", "134"),
        ("date:2026-03..", ""),
        ("captured:2026-01-01", "12345"),
        ("-quay -harbour", "34"),
        ("*", "12345"),
        ("", "12345"),
        ("nothinglikethis", ""),
    ],
)
def test_a_query_finds_what_it_means(five: Searcher, query: str, found: str) -> None:
    assert numbers(five, query) == set(found)
    assert {record.id for record in five.found(query)} == {
        hit.article.id for hit in five.search(query, limit=200, folded=False).hits
    }


def test_hits_tell_of_themselves(five: Searcher) -> None:
    result = five.search('"harbour master" quay')
    assert (result.query, result.count, result.missing, result.unreadable) == ('"harbour master" quay', 2, 0, 0)
    assert result.index.startswith(f"{result.analysis}-")
    first = result.hits[0]
    assert first.article.headline == "Quay closed", "words in the headline count for more"
    assert first.score > result.hits[1].score > 0
    assert first.snippet.marked("[", "]").startswith("The [harbour master] closed the old [quay].")
    assert (first.versions, first.copies) == (1, 0)


def test_by_date(five: Searcher) -> None:
    def order(given: Order) -> list[str]:
        return [hit.article.url.rpartition("/")[2] for hit in five.search("*", order=given).hits]

    assert order(Order.NEWEST) == ["2", "5", "4", "3", "1"], "without a date of publication: by its capture"
    assert order(Order.OLDEST) == order(Order.NEWEST)[::-1]


def test_facets_count_all_that_is_meant(five: Searcher) -> None:
    found = five.search("*", limit=0, facets=list(Facet)).facets
    assert found["day"] == {"2026-01-01": 3, "2026-02-01": 1}
    assert found["site"] == {"paper1.com": 2, "paper2.com": 2, "paper0.com": 1}
    assert found["lang"] == {"fr": 1, "ar": 2, "en": 1, "en-GB": 1} or sum(found["lang"].values()) == 5
    assert found["section"] == {"Port & Sea": 1}
    assert found["author"] == {"Mara Ellison": 2, "Ines Halvard": 1}
    assert five.search("quay", limit=0, facets=[Facet.SITE]).facets == {"site": {"paper1.com": 1, "paper2.com": 1}}


def test_pages_of_hits_follow_each_other(five: Searcher) -> None:
    whole = [hit.article.id for hit in five.search("*", order=Order.NEWEST).hits]
    parts = [
        hit.article.id
        for at in range(0, 6, 2)
        for hit in five.search("*", order=Order.NEWEST, offset=at, limit=2).hits
    ]
    assert parts == whole
    with pytest.raises(BadAddress):
        five.search("*", offset=100_000)


def test_versions_and_copies_are_folded(tmp_path: Path) -> None:
    wire = "The ferry line will close in spring, the ministry said, because the boats are too old to be repaired."
    records = [
        story(1, wire, url="https://www.lake.example/ferry"),
        story(2, f"{wire} Corrected.", url="https://www.lake.example/ferry"),
        story(3, wire, url="https://www.hill.example/news/ferry"),
        story(4, "Another ferry story with other words altogether.", url="https://www.hill.example/news/other"),
    ]
    storage = archive(tmp_path, records)
    index(storage)
    with searcher(storage, tmp_path) as found:
        result = found.search("ferry", order=Order.OLDEST)
        assert result.count == 4
        assert [(hit.article.url, hit.versions, hit.copies) for hit in result.hits] == [
            ("https://www.lake.example/ferry", 2, 1),
            ("https://www.hill.example/news/other", 1, 0),
        ]
        assert len(found.search("ferry", folded=False).hits) == 4


def test_similar_articles(tmp_path: Path) -> None:
    stories = [
        "The council votes on a new tram line through the old town in March.",
        "A tram line through the old town: the council will vote on it.",
        "Bakers complain that flour costs twice what it did.",
        "The tram was late.",
        "Rain and wind on Sunday.",
    ]
    storage = archive(tmp_path, [story(number, text) for number, text in enumerate(stories)])
    index(storage)
    with searcher(storage, tmp_path) as found:
        first = found.search("council march").hits[0].article.id
        assert first is not None
        like = found.similar(first)
        assert like.hits[0].article.article_body == stories[1]
        assert first not in {hit.article.id for hit in like.hits}
        with pytest.raises(BadAddress):
            found.similar(UUID(int=99))


def made(directory: Path, count: int = 240, segments: int = 12) -> LocalStorage:
    each = count // segments
    return archive(directory, *([story(n) for n in range(at, at + each)] for at in range(0, count, each)))


QUERIES = [
    "harbour",
    "lamp river",
    '"boat tide"',
    "gar*",
    "winter -school",
    "bread OR storm",
    "lang:ar letter",
    "clock7",
]


def all_that_is_told(found: Searcher, query: str) -> object:
    results = [found.search(query, limit=300, order=order, facets=list(Facet)) for order in Order]
    return [
        (
            result.query,
            result.count,
            result.facets,
            [(hit.article.id, hit.score, hit.versions) for hit in result.hits],
        )
        for result in results
    ]


def test_many_splits_answer_as_one_index(tmp_path: Path) -> None:
    storage = made(tmp_path)
    index(storage)
    with searcher(storage, tmp_path) as one:
        whole = {query: all_that_is_told(one, query) for query in QUERIES}
    apart = made(tmp_path / "apart")
    assert len(index_apart(apart)) == 12
    with searcher(apart, tmp_path / "apart") as many:
        assert {query: all_that_is_told(many, query) for query in QUERIES} == whole
        merges = IndexPlanner(apart).merges()
        assert [len(plan.segments) for plan in merges] == [12]
        build_split(apart, merges[0], "test")
        assert {query: all_that_is_told(many, query) for query in QUERIES} == whole, (
            "merged, the small ones still there"
        )
        assert len(IndexPlanner(apart).remove_superseded()) == 12
        assert {query: all_that_is_told(many, query) for query in QUERIES} == whole
    assert IndexPlanner(apart).merges() == [] == IndexPlanner(apart).missing()


def test_a_rebuilt_index_says_the_same(tmp_path: Path) -> None:
    storage = made(tmp_path)
    first = index(storage)
    with searcher(storage, tmp_path) as found:
        told = {query: all_that_is_told(found, query) for query in QUERIES}
        version = found.version
    for item in list(storage.list("search/")):
        storage.delete(item.key)
    assert [split.name for split in index(storage)] == [split.name for split in first]
    with searcher(storage, tmp_path / "anew") as found:
        assert {query: all_that_is_told(found, query) for query in QUERIES} == told
        assert found.version == version


def test_every_phrase_of_a_text_is_found(tmp_path: Path) -> None:
    """In all scripts: cut where terms begin and end, a phrase finds the record it is from."""
    from tests.search.test_analysis import CASES

    draw = random.Random(7)
    texts = [text for _, text, _, _ in CASES] + [f"{one[1]}\n{two[1]}" for one, two in pairwise(CASES)]
    storage = archive(tmp_path, [story(number, text) for number, text in enumerate(texts)])
    index(storage)
    lost = []
    with searcher(storage, tmp_path, look_every=600.0) as found:
        for _ in range(2000):
            number = draw.randrange(len(texts))
            there = list(terms(texts[number]))
            first = draw.randrange(len(there))
            last = min(first + draw.randrange(4), len(there) - 1)
            phrase = re.sub('["“”„‟«»]', " ", texts[number][there[first].start : there[last].end])
            if not any(hit.member >= 0 and str(hit.id) == story(number)["id"] for hit in found.found(f'"{phrase}"')):
                lost.append(phrase)
    assert lost == []


_HASHES = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    # Near to each other, on both sides of the limit
    st.lists(st.integers(0, 63), max_size=5).map(lambda bits: sum({1 << bit for bit in bits}) - (1 << 62)),
)


@given(st.lists(st.tuples(_HASHES, st.integers(0, 4), st.integers(0, 9)), max_size=30))
def test_what_is_alike_is_folded_as_if_each_were_compared_with_all(given_rows: list[tuple[int, int, int]]) -> None:
    rows = [_Row(None, 0.0, UUID(int=n), 1, 0, place, same, h, n) for n, (h, same, place) in enumerate(given_rows)]
    expected: dict[UUID, int] = {}
    shown: list[_Row] = []
    for row in rows:
        if any(row.place == place for place in (one.place for one in rows[: row.order])):
            continue
        same = [one for one in shown if one.same == row.same]
        twins = same or [one for one in shown if _are_alike(one.likeness, row.likeness)]
        if twins:
            expected[twins[0].id] += 1
        else:
            shown.append(row)
            expected[row.id] = 0
    assert {one.id: one.copies for one in _folded(rows)} == expected
