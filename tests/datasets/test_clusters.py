"""Stories at several papers, and what share of coverage words have."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archive.datasets.building import BuildPlan, build
from archive.datasets.clusters import clusters
from archive.datasets.counting import By, Count, counts
from archive.datasets.manifest import DatasetManifest
from archive.datasets.options import Copies, DatasetOptions
from archive.datasets.survey import ArchiveLocation
from archive.errors import BadAddress
from archive.search.searching import Facet, SearchResult
from archive.storage.local import LocalStorage
from archive.storage.s3_options import S3Options
from tests.datasets.making import body, record, store
from tests.datasets.test_documents import here
from tests.support.processes import newswarc

STORY = body(500)
SAME_BYTES = "sha256:11"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("clusters")
    first = record(0)
    warc = {**record(1)["warc"], "payloadDigest": SAME_BYTES}

    def told(number: int, announced: str | None, **given: Any) -> dict[str, Any]:
        discovery = {"via": "feed", "sourceUrl": "https://a.org/feed", "sourceDate": announced, "seenAt": None}
        return record(number, discovery=discovery, **given)

    records = [
        first,
        told(1, None, articleBody=STORY, agencies=["AFP"], datePublished="2026-01-05T09:00:00Z", warc=warc),
        told(2, "2026-01-05T08:30:00+02:00", articleBody=STORY, agencies=["AFP", "dpa"], duplicateOf=record(1)["id"]),
        told(3, None, articleBody=f"{STORY} At last.", agencies=[], datePublished=None),
    ]
    store(LocalStorage(place / "newswarc-data"), [records], place / "scratch")
    return place


def built(place: Path, name: str, **options: Any) -> DatasetManifest:
    at = ArchiveLocation(str(place / "newswarc-data"), S3Options())
    plan = BuildPlan(name, "", DatasetOptions(**options), "x/1", at, at, place / "work")
    return build(plan, lambda *_: None, here).manifest


def test_a_story_at_three_papers(place: Path) -> None:
    manifest = built(place, "all")
    (found,) = clusters(LocalStorage(place / "newswarc-data"), manifest)
    assert (found.rows, found.equal, found.agency) == (3, 1, "AFP")
    assert found.sites == ("paper2.com", "paper1.com", "paper0.com"), "by announcement, then by the page's date"
    assert found.first_published == datetime(2026, 1, 5, 6, 30, tzinfo=UTC)
    assert found.last_published == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert manifest.rows == 4, "copies at two papers are two rows"
    assert [one.rows for one in clusters(LocalStorage(place / "newswarc-data"), manifest, 1)] == [3, 1]


def test_one_of_several_copies_is_left_out_only_when_asked_for(place: Path) -> None:
    assert built(place, "exact", copies=Copies.EXACT).dropped == {"duplicate": 1}
    assert built(place, "near", copies=Copies.NEAR).dropped == {"duplicate": 1, "near_duplicate": 1}


def test_a_version_without_the_columns(place: Path) -> None:
    with pytest.raises(BadAddress, match="clusters need the column clusterId"):
        clusters(LocalStorage(place / "newswarc-data"), built(place, "few", fields=("headline",)))


def test_as_a_table(place: Path) -> None:
    built(place, "all")
    done = newswarc("dataset", "clusters", "all", "--to", "out/stories.csv", cwd=place)
    assert done.code == 0, done.err
    (row,) = csv.DictReader(io.StringIO((place / "out" / "stories.csv").read_text(encoding="utf-8")))
    assert (row["sites"], row["agency"]) == ("paper2.com paper1.com paper0.com", "AFP")
    assert row["first_published"] == "2026-01-05T06:30:00Z"
    none = newswarc("dataset", "clusters", "all", "--least", "9", cwd=place)
    assert (none.code, none.out.split(",")[:2]) == (0, ["cluster_id", "rows"]), (
        "without rows too, programs can read it"
    )
    other = newswarc("dataset", "clusters", "all", "--to", "stories.xlsx", cwd=place)
    assert (other.code, "ends in .csv or .jsonl" in other.err) == (2, True)


def test_shares_by_month_have_each_group(place: Path) -> None:
    days = {"*": {"2026-01-31": 4, "2026-02-01": 2, "2026-02-02": 2}, '"a b"': {"2026-02-02": 1}}

    def counting(query: str, facet: Facet) -> SearchResult:
        assert facet is Facet.DAY
        return SearchResult(query, "1", "x", 0, facets={"day": days[query]})

    found = counts(counting, ['"a b"'], By.MONTH)
    assert found == [Count('"a b"', "2026-01", 0, 4), Count('"a b"', "2026-02", 1, 4)]
    assert [one.share for one in found] == [0.0, 0.25]


def test_counts_of_an_archive(place: Path) -> None:
    assert newswarc("index", "build", "newswarc-data", cwd=place).code == 0
    done = newswarc("dataset", "counts", "harbour", "nowhere", "--by", "lang", cwd=place)
    assert done.code == 0, done.err
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [(row["query"], row["lang"], row["of"]) for row in rows[:3]] == [
        ("harbour", "ar", "1"), ("harbour", "en", "2"), ("harbour", "fr", "1"),
    ]  # fmt: skip
    assert {row["articles"] for row in rows if row["query"] == "nowhere"} == {"0"}
    wrong = newswarc("dataset", "counts", "x", "--by", "week", cwd=place)
    assert (wrong.code, "day, month, year, site, lang" in wrong.err) == (2, True)
