"""An archive from Python: the same articles as records, rows, and tables of four libraries, read bit by bit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from archive import Archive, open_archive
from archive.access import AccessGate
from archive.access_rules import AccessRule, AccessRules, Restriction
from archive.article import Article
from archive.datasets import frames, rows
from archive.datasets.frames import OWN_SCHEMA, Articles, Wish
from archive.errors import BadAddress
from archive.storage.local import LocalStorage
from tests.datasets.making import body, record, store

COUNT = 60


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = tmp_path_factory.mktemp("frames")
    records = [
        record(
            number,
            inLanguage=("en", "ar", "en-GB")[number % 3],
            datePublished=None if number == 7 else f"2026-0{1 + number // 30}-{1 + number % 28:02}T08:00:00+02:00",
            links=[{"url": f"https://elsewhere.org/{number}", "text": "there"}],
            http={"status": 200, "contentType": "text/html", "etag": None, "lastModified": None},
        )
        for number in range(COUNT)
    ]
    store(LocalStorage(scratch / "data"), [records[:25], records[25:]], scratch / "scratch")
    return scratch / "data"


@pytest.fixture(scope="module")
def archive(place: Path) -> Iterator[Archive]:
    with open_archive(str(place)) as opened:
        yield opened


def test_records_are_typed_and_can_be_read_again(archive: Archive) -> None:
    found = archive.articles(lang="en")
    first = [article.headline for article in found]
    assert first == [article.headline for article in found]
    assert len(first) == found.count() == 40, "en takes en-GB too"
    assert all(isinstance(article, Article) for article in found)


@pytest.mark.parametrize(
    ("wish", "numbers"),
    [
        ({"lang": "en-gb"}, range(2, COUNT, 3)),
        ({"lang": ["ar", "en-GB"]}, [n for n in range(COUNT) if n % 3]),
        ({"since": "2026-02"}, range(30, COUNT)),
        ({"until": "2026-01-02T07:00"}, [0, 1, 28, 29]),
        ({"site": "paper1.com"}, range(1, COUNT, 3)),
        ({"where": "len(keywords) > 0 and year(date) = 2026"}, range(0, COUNT, 4)),
        ({"where": "headline like 'Story 1_' or datePublished is null", "lang": "ar"}, [7, 10, 13, 16, 19]),
        ({"captured_since": "2026-01-03", "captured_until": "2026-01-03T03"}, [48, 49, 50]),
    ],
)
def test_what_is_meant(archive: Archive, wish: dict[str, Any], numbers: Any) -> None:
    assert [article.url.rpartition("/")[2] for article in archive.articles(**wish)] == [str(n) for n in numbers]


def test_the_four_tables_hold_the_same(archive: Archive) -> None:
    found = archive.articles(since="2026-01", columns=["id", "headline", "datePublished", "httpStatus", "authors"])
    arrow = found.to_arrow()
    assert arrow.num_rows == COUNT - 1
    assert arrow.column_names == ["id", "headline", "datePublished", "httpStatus", "authors"]
    expected = arrow.to_pylist()
    assert list(found.rows()) == expected
    assert found.to_polars().to_dicts() == expected
    frame = found.to_pandas()
    assert frame["id"].tolist() == [row["id"] for row in expected]
    assert frame["datePublished"].iloc[0] == datetime(2026, 1, 1, 6, tzinfo=UTC)
    assert str(frame["httpStatus"].dtype) == "Int32"
    counted = found.to_duckdb().sql("SELECT count(*), min(httpStatus) FROM articles").fetchall()
    assert counted == [(COUNT - 1, 200)]


def test_a_table_of_sources_fills_the_columns_of_the_source(place: Path, tmp_path: Path) -> None:
    table = tmp_path / "papers.csv"
    table.write_text(
        "source,hosts,name,country,wikidata\nie/two,paper2.com,The Two,ie,Q2\ngb/one,paper1.com,One,gb,\n",
        encoding="utf-8",
    )
    columns = ["site", "source", "sourceName", "sourceCountry", "sourceIdentifiers"]
    with open_archive(str(place), sources=table) as opened:
        rows = {row["site"]: row for row in opened.articles(columns=columns).rows()}
        assert [row["sourceName"] for row in map(rows.get, sorted(rows)) if row] == [None, "One", "The Two"]
        assert rows["paper2.com"]["sourceIdentifiers"] == '{"wikidata": "Q2"}'
        assert opened.articles(where="sourceCountry = 'GB'").count() == COUNT // 3
    with pytest.raises(BadAddress, match="no column 'source'"):
        open_archive(str(place), sources=Path(__file__))
    wanting = open_archive(str(place)).articles(columns=columns)
    assert {row["source"] for row in wanting.rows()} == {None}


def test_a_database_and_a_file_on_disk(archive: Archive, tmp_path: Path) -> None:
    found = archive.articles(lang="ar")
    connection = found.to_duckdb(tmp_path / "news.duckdb", "ar news")
    assert connection.sql('SELECT count(*) FROM "ar news"').fetchall() == [(20,)]
    connection.close()
    assert found.to_parquet(tmp_path / "x.parquet") == 20
    assert pq.read_schema(tmp_path / "x.parquet").equals(OWN_SCHEMA)


def test_no_more_than_a_batch_is_read_ahead(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    of_line = rows.record_of

    def counting(line: bytes) -> dict[str, Any]:
        nonlocal read
        read += 1
        return of_line(line)

    monkeypatch.setattr(frames, "record_of", counting)
    monkeypatch.setattr(frames, "BATCH", 5)
    batches = archive.articles(where="wordCount > 0").batches(5)
    assert read == 0
    assert next(batches).num_rows == 5
    assert read <= 10


def test_rules_of_access_hold(place: Path) -> None:
    rule = AccessRule(
        id="court",
        restriction=Restriction.BLOCKED,
        hosts=("paper1.com",),
        reason="a court says so",
        date=datetime(2026, 2, 1, tzinfo=UTC),
    )
    gate = AccessGate(AccessRules((rule,)), lambda: datetime(2026, 3, 1, tzinfo=UTC))
    found = Articles(LocalStorage(place), Wish(), gate, lambda _query: {})
    assert found.count() == COUNT - 20
    assert found.withheld == ["20 withheld, blocked by access rule court: a court says so"]


def test_page_and_versions_of_records_without_a_capture(archive: Archive) -> None:
    with pytest.raises(BadAddress, match="names no capture"):
        archive.page(Article(url="https://a.org/1", headline="x", article_body="y"))
    assert archive.versions("https://www.paper1.com/1") == []


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"where": "version = 1"}, "no column 'version'"),
        ({"columns": "clusterId"}, "build a data set"),
        ({"columns": ["headlines"]}, "did you mean headline"),
        ({"since": "soon"}, "soon"),
    ],
)
def test_mistakes_are_explained_before_anything_is_read(archive: Archive, wish: dict[str, Any], said: str) -> None:
    with pytest.raises(BadAddress, match=said):
        archive.articles(**wish)


def test_a_missing_library_is_named(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(BadAddress, match="extra research"):
        archive.articles().to_polars()


def test_memory_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    """The highest use of memory of a process that goes through an archive, beside one eight times as large."""
    highest = []
    for factor in (1, 8):
        storage = LocalStorage(tmp_path / str(factor))
        long = body(1, 200) * 20
        for number in range(factor):
            some = [record(number * 400 + n, articleBody=f"{n} {long}") for n in range(400)]
            store(storage, [some], tmp_path / "scratch", first=number)
        program = (
            "import resource, sys; from archive import open_archive\n"
            "rows = sum(batch.num_rows for batch in open_archive(sys.argv[1]).articles(where='wordCount > 5').batches(100))\n"
            "print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / str(factor))], capture_output=True, text=True, check=True
        )
        count, memory = map(int, done.stdout.split())
        assert count == 400 * factor
        highest.append(memory)
    assert highest[1] < highest[0] + 40_000, "KiB"
