"""Versions of data sets: what is in them, the same bytes again, nothing dropped without a count."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow.parquet as pq
import pytest

from archive.datasets.columns import SCHEMA
from archive.storage.local import LocalStorage
from tests.datasets.making import body, record, store
from tests.support.processes import Finished, newswarc

LONE = "a \ud800 half, a \x00 nul, 😀 مرحبا"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = [[record(number) for number in range(start, start + 10)] for start in (0, 10, 20)]
    store(LocalStorage(tmp_path / "newswarc-data"), made, tmp_path / "scratch")
    return tmp_path


def build(place: Path, *options: str, name: str = "news") -> Any:
    done = newswarc("dataset", "build", name, "--json", *options, cwd=place)
    assert done.code == 0, done.err
    return done.json()


def version(place: Path, number: int = 1, name: str = "news") -> Path:
    return place / "newswarc-data" / "datasets" / name / str(number)


def rows(directory: Path) -> list[dict[str, Any]]:
    return [row for file in sorted(directory.glob("data/*.parquet")) for row in pq.read_table(file).to_pylist()]


def lines(directory: Path) -> list[dict[str, Any]]:
    files = sorted(directory.glob("jsonl/*.jsonl.gz"))
    return [json.loads(line) for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]


def test_a_version_and_what_it_says_of_itself(place: Path) -> None:
    manifest = build(place)
    directory = version(place)
    assert manifest["rows"] == 30
    assert pq.read_schema(next(directory.glob("data/*"))).equals(SCHEMA)
    assert {row["id"] for row in rows(directory)} == {record(number)["id"] for number in range(30)}
    assert [row["id"] for row in lines(directory)] == [row["id"] for row in rows(directory)]
    assert [row["text"] for row in lines(directory)] == [row["text"] for row in rows(directory)]
    schema = json.loads((directory / "schema.json").read_text())
    check = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for line in lines(directory):
        check.validate(line)
    for sum_line in (directory / "SHA256SUMS").read_text().splitlines():
        digest, path = sum_line.split("  ")
        assert hashlib.sha256((directory / path).read_bytes()).hexdigest() == digest
    assert [source["articles"] for source in manifest["sources"]] == [10, 10, 10]
    card = (directory / "README.md").read_text()
    for heading in ("Summary", "Collection", "Fields", "Statistics", "Languages", "Biases and gaps",
                    "Personal information", "Rights", "Citation", "Changelog"):  # fmt: skip
        assert f"## {heading}" in card
    assert newswarc("dataset", "verify", "news", cwd=place).code == 0
    assert newswarc("dataset", "list", cwd=place).out == "news@1  30 rows\n"
    assert "# news, version 1" in newswarc("dataset", "info", "news", cwd=place).out


def test_built_again_elsewhere_it_is_the_same(place: Path, tmp_path: Path) -> None:
    build(place)
    build(place, "--to", str(tmp_path / "other"))
    first, other = version(place), tmp_path / "other" / "datasets" / "news" / "1"
    files = sorted(path.relative_to(first).as_posix() for path in first.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(other).as_posix() for path in other.rglob("*") if path.is_file())
    for file in files:
        assert (first / file).read_bytes() == (other / file).read_bytes(), file


def test_versions_never_change(place: Path) -> None:
    build(place)
    before = {path: path.read_bytes() for path in version(place).rglob("*") if path.is_file()}
    again = build(place)
    assert again["version"] == "1", "nothing is new"
    more = [record(30), record(0, articleBody="Corrected " * 60, id=record(99)["id"])]
    store(LocalStorage(place / "newswarc-data"), [more], place / "scratch", first=3)
    second = build(place)
    assert second["version"] == "2"
    changes = {"previousRows": 30, "added": 2, "removed": 0, "changed": 0, "withdrawn": "", "redacted": None}
    assert second["changes"] == {"previous": "1", **changes}
    third = build(place, "--lang", "ar")
    assert (third["version"], third["changes"]["removed"]) == ("3", 22)
    assert {path: path.read_bytes() for path in version(place).rglob("*") if path.is_file()} == before
    taken = newswarc("dataset", "build", "news", "--version", "2", cwd=place)
    assert taken.code == 2
    assert "news@2 already exists" in taken.err


@pytest.mark.parametrize(
    ("options", "count", "dropped"),
    [
        (["--site", "paper1.com"], 10, {"site": 20}),
        (["--lang", "ar", "--lang", "fr"], 20, {"language": 10}),
        (["--captured-since", "2026-01-02"], 6, {"captured": 24}),
        (["--published-since", "2026-01-01T05", "--until", "2026-01-01T08"], 3, {"published": 27}),
        (["--min-words", "500"], 0, {"words": 30}),
        (["--preset", "clean"], 30, {}),
    ],
)
def test_what_is_left_out_is_counted(place: Path, options: list[str], count: int, dropped: dict[str, int]) -> None:
    manifest = build(place, *options)
    assert (manifest["rows"], manifest["dropped"]) == (count, dropped)
    assert len(rows(version(place))) == len(lines(version(place))) == count


def test_copies_and_versions(tmp_path: Path) -> None:
    long = body(1, 400)
    made = [
        record(1, articleBody=long, url="https://a.com/x"),
        record(2, articleBody=long + " and more", url="https://a.com/x"),
        record(3, articleBody=long, url="https://b.com/x"),
        record(4, paywall="meter"),
        record(5, tdm="1"),
        record(6, robots=["noarchive"]),
    ]
    store(LocalStorage(tmp_path / "newswarc-data"), [made], tmp_path / "s")
    kept = build(tmp_path, name="all")
    assert kept["statistics"]["duplicates"] == 1
    assert kept["statistics"]["nearDuplicates"] == 2
    assert build(tmp_path, "--dedup", "exact", name="exact")["dropped"] == {"duplicate": 1}
    assert build(tmp_path, "--versions", "latest", name="latest")["dropped"] == {"version": 1}
    clean = build(tmp_path, "--preset", "clean", name="clean")
    assert clean["dropped"] == {"paywall": 1, "reserved": 2, "version": 1, "near_duplicate": 1}, "of what stays"
    assert clean["rows"] == 1


def test_odd_records(tmp_path: Path) -> None:
    made = [
        record(1, headline=LONE, articleBody=LONE, authors=[{"name": LONE, "url": None}]),
        record(2, articleBody="word " * 200_000),
        record(3, datePublished="0001-01-01T00:00:00+00:00"),
        record(4, datePublished="9999-12-31T23:59:59-12:00"),
        record(5, datePublished="2026-01-01"),
        record(6, datePublished="2026-01-01T05:00:00+14:00", inLanguage=None),
    ]
    store(LocalStorage(tmp_path / "newswarc-data"), [made], tmp_path / "s")
    build(tmp_path)
    found = {row["warcOffset"] // 1000: row for row in rows(version(tmp_path))}
    assert found[1]["headline"] == "a ? half, a  nul, 😀 مرحبا"
    assert len(found[2]["text"]) == 1_000_000
    assert found[3]["datePublished"] is None
    assert found[4]["datePublished"] is None
    assert found[4]["datePublishedText"].startswith("9999")
    assert found[5]["datePublished"].isoformat() == "2026-01-01T00:00:00+00:00"
    assert found[6]["datePublished"].isoformat() == "2025-12-31T15:00:00+00:00"


def test_a_build_that_was_ended_goes_on(place: Path) -> None:
    build(place, name="other")
    whole = {path.name: path.read_bytes() for path in version(place, name="other").glob("*/*")}
    (version(place) / "manifest.json").mkdir(parents=True)
    ended = newswarc("dataset", "build", "news", cwd=place)
    assert ended.code != 0
    assert newswarc("dataset", "list", cwd=place).out == "other@1  30 rows\n", "without its manifest it is not there"
    (version(place) / "manifest.json").rmdir()
    for path in (place / "newswarc-data" / "records").rglob("*.jsonl.gz"):
        path.write_bytes(b"")
    build(place)
    assert {
        path.name.replace("news-", "other-"): path.read_bytes() for path in version(place).glob("*/*")
    } == whole, "what was known was not read again"
    assert not list((place / "newswarc-data" / "state" / "datasets").iterdir()), "nor is it kept any longer"


def test_what_is_remembered_of_a_segment_may_be_broken(place: Path) -> None:
    (version(place) / "manifest.json").mkdir(parents=True)
    assert newswarc("dataset", "build", "news", cwd=place).code != 0
    (version(place) / "manifest.json").rmdir()
    remembered = list((place / "newswarc-data" / "state" / "datasets" / "news@1").iterdir())
    assert {path.suffix for path in remembered} == {".npz", ".json"}
    for path in remembered:
        path.write_bytes(path.read_bytes()[:40])
    assert build(place)["rows"] == 30


def mistaken(place: Path, *arguments: str) -> Finished:
    done = newswarc("dataset", *arguments, cwd=place)
    assert done.code == 2, done.err
    assert "Traceback" not in done.err
    return done


def test_mistakes(place: Path) -> None:
    assert "is not a valid name" in mistaken(place, "build", "a/b").err
    assert "not a date" in mistaken(place, "build", "x", "--captured-since", "soon").err
    assert "versions" in mistaken(place, "build", "x", "--versions", "some").err
    assert "the only one is clean" in mistaken(place, "build", "x", "--preset", "dirty").err
    assert "no such data set" in mistaken(place, "info", "nothing").err
    assert "no archive here" in mistaken(place, "build", "x", "--from", "elsewhere").err
