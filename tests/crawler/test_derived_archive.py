"""Records of other programs' files as an archive: data sets, search and Python take them like any other's."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive import open_archive
from tests.crawler.test_extracting_files import STORIES, foreign_warc, page
from tests.support.processes import newswarc

HTML = ("Content-Type", "text/html; charset=utf-8")
NAMES = ("CC-NEWS-20260101000000-00001.warc.gz", "CC-NEWS-20260101010000-00002.warc.gz")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("derived")
    for number, name in enumerate(NAMES):
        pages = [(f"https://a.example/{number}/{code}", [HTML], page(story)) for code, story in STORIES.items()]
        foreign_warc(
            place / name, [*pages, ("https://a.example/empty", [HTML], b"<html><body>nothing</body></html>")]
        )
    (place / "warc.paths").write_text("\n".join(NAMES), encoding="utf-8")
    done = newswarc("extract", "--paths", "warc.paths", "--to", "out", "--archive", "news", "--json", cwd=place)
    assert done.code == 0, done.err
    assert [(one["articles"], one["outcomes"]["record"]) for one in done.json()] == [(len(STORIES),) * 2] * 2
    return place


def test_a_table_of_them_names_their_captures(place: Path) -> None:
    articles = open_archive(str(place / "news")).articles(
        columns=["url", "warcFile", "warcOffset", "warcLength", "headline"]
    )
    rows = articles.to_arrow().to_pylist()
    assert len(rows) == 2 * len(STORIES)
    assert {row["warcFile"] for row in rows} == set(NAMES)
    for row in rows:
        member = (place / row["warcFile"]).read_bytes()[row["warcOffset"] :][: row["warcLength"]]
        assert member.startswith(b"\x1f\x8b")


def test_doing_it_again_changes_nothing(place: Path) -> None:
    before = {path: path.read_bytes() for path in (place / "news" / "records").rglob("*") if path.is_file()}
    done = newswarc("extract", "--paths", "warc.paths", "--to", "out", "--archive", "news", "--json", cwd=place)
    assert [one["skipped"] for one in done.json()] == [True, True]
    assert {path: path.read_bytes() for path in (place / "news" / "records").rglob("*") if path.is_file()} == before
    parts = [
        newswarc("extract", "--paths", "warc.paths", "--to", "out", "--shard", f"{part}/2", "--json", cwd=place)
        for part in (1, 2)
    ]
    files = [one["file"] for part in parts if part.out.startswith("[") for one in part.json()]
    assert sorted(files) == sorted(NAMES)


@pytest.mark.long
def test_data_sets_and_statistics(place: Path) -> None:
    built = newswarc("dataset", "build", "all", "--from", "news", "--json", cwd=place)
    assert built.code == 0, built.err
    assert built.json()["rows"] == 2 * len(STORIES)
    told = newswarc("dataset", "stats", "--from", "news", cwd=place).out
    assert "nothing was announced" in told
    shared = newswarc("dataset", "build", "shared", "--from", "news", "--without-text", cwd=place)
    assert shared.code == 0, shared.err
    assert newswarc("dataset", "pull", "shared", "--from", "news", "--to", "pulled", cwd=place).code == 0
    filled = newswarc("dataset", "rehydrate", "pulled", "--captures", "--json", cwd=place)
    assert filled.json()["fates"] == {"same": 2 * len(STORIES)}, filled.err


def test_search_finds_them(place: Path) -> None:
    done = newswarc("index", "build", "news", cwd=place)
    assert done.code == 0, done.err
    word = STORIES["en"].headline.split()[0]
    found = newswarc("search", word, "news", "--json", cwd=place)
    assert found.code == 0, found.err
    assert STORIES["en"].headline in found.out


def test_a_saved_page_has_no_capture(place: Path) -> None:
    (place / "saved.html").write_bytes(page(STORIES["en"]))
    done = newswarc("extract", "saved.html", "--to", "other", "--archive", "news", cwd=place)
    assert done.code == 2
    assert "saved.html is a saved page" in done.err
