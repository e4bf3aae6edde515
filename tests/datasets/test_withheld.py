"""What access rules withhold is not built in, and of versions made before it is not given out."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from archive.datasets.reading import dataset, verify_dataset
from archive.storage.local import LocalStorage
from tests.datasets.making import record, store
from tests.datasets.test_build import build, lines, rows, version
from tests.support.processes import newswarc
from tests.support.seaweed import S3Server


def ids(*numbers: int) -> set[str]:
    return {record(number)["id"] for number in numbers}


OF_PAPER1 = [number for number in range(30) if number % 3 == 1]
OTHERS = [number for number in range(30) if number % 3 != 1]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = [[record(number) for number in range(start, start + 10)] for start in (0, 10, 20)]
    store(LocalStorage(tmp_path / "newswarc-data"), made, tmp_path / "scratch")
    return tmp_path


def block(place: Path, *arguments: str, reason: str = "an agreement") -> str:
    done = newswarc("access", "block", *arguments, "--reason", reason, "--json", cwd=place)
    assert done.code == 0, done.err
    return str(done.json()["id"])


def test_a_rule_makes_a_new_version_and_its_end_another(place: Path) -> None:
    assert build(place)["rows"] == 30
    rule = block(place, "-", "--site", "paper1.com")
    manifest = build(place)
    assert (manifest["version"], manifest["rows"], manifest["accessRules"]) == ("2", 20, [rule])
    assert manifest["dropped"] == {"withheld": 10}
    for given in (rows(version(place, 2)), lines(version(place, 2))):
        assert {row["id"] for row in given} == ids(*OTHERS)
    assert newswarc("access", "lift", rule, "--reason", "over", cwd=place).code == 0
    assert (build(place)["version"], build(place)["rows"]) == ("3", 30)


def test_local_only_is_not_built_in_either(place: Path) -> None:
    block(place, "www.paper2.com", "--local-only", "--captured-until", "2026-01-01T12:00:00")
    manifest = build(place)
    assert {row["id"] for row in rows(version(place))} == ids(*(n for n in range(30) if n % 3 != 2 or n >= 12))
    assert manifest["dropped"] == {"withheld": 4}


def test_a_version_made_before_keeps_its_bytes_and_gives_no_such_row(place: Path) -> None:
    build(place)
    before = {file: file.read_bytes() for file in version(place).rglob("*") if file.is_file()}
    rule = block(place, "-", "--site", "paper1.com")
    done = newswarc("dataset", "pull", "news", "--to", "pulled", "--json", cwd=place)
    assert done.code == 0, done.err
    facts = done.json()
    assert facts["rows"] == 20
    assert facts["withheld"] == {f"blocked by access rule {rule}: an agreement": 10}
    assert {row["id"] for row in rows(place / "pulled")} == ids(*OTHERS)
    assert not list((place / "pulled").glob("jsonl/*"))
    some = newswarc("dataset", "pull", "news", "--to", "some", "--columns", "id", "--where", "lang = 'en'", cwd=place)
    assert f"10 rows withheld, blocked by access rule {rule}" in some.err
    assert {row["id"] for row in rows(place / "some")} == ids(*(n for n in OTHERS if n % 3 == 0))
    shown = newswarc("show", record(1)["id"], "--row", cwd=place)
    assert shown.code != 0
    storage = LocalStorage(place / "newswarc-data")
    assert verify_dataset(storage, dataset(storage, "news"), lambda _: None) == []
    assert {file: file.read_bytes() for file in version(place).rglob("*") if file.is_file()} == before


def test_a_rule_that_withholds_no_row_changes_nothing(place: Path) -> None:
    build(place)
    block(place, "https://elsewhere.example/")
    assert newswarc("dataset", "pull", "news", "--to", "pulled", cwd=place).code == 0
    assert (place / "pulled" / "SHA256SUMS").read_bytes() == (version(place) / "SHA256SUMS").read_bytes()


def test_without_parquet_no_row_can_be_left_out(place: Path) -> None:
    build(place, "--no-parquet")
    block(place, "-", "--site", "paper1.com")
    done = newswarc("dataset", "pull", "news", "--to", "pulled", cwd=place)
    assert done.code == 1
    assert "build a new version" in done.err
    assert not (place / "pulled").exists()


def test_a_link_to_a_file_with_withheld_rows_is_not_given(place: Path, s3: S3Server) -> None:
    address = f"s3://{s3.bucket}/withheld"
    done = newswarc("dataset", "build", "news", "--to", address, cwd=place, **s3.variables())
    assert done.code == 0, done.err
    command = ("access", "block", "-", address, "--site", "paper1.com", "--reason", "x")
    assert newswarc(*command, cwd=place, **s3.variables()).code == 0, "rules may be where there are data sets alone"
    given = newswarc("dataset", "presign", "news", "--from", address, cwd=place, **s3.variables())
    assert given.err.count("no link; blocked by access rule") == 2
    assert not any("/data/" in link or "/jsonl/" in link for link in given.out.splitlines())
    assert not any(name in given.out for name in ("codebook", "manifest.json")), "they quote values of rows"
    script = newswarc(
        "dataset", "presign", "news", "--from", address, "--format", "script", cwd=place, **s3.variables()
    )
    assert (script.code, "manifest.json" in script.out, "schema.json" in script.out) == (0, False, True)
    with urllib.request.urlopen(next(link for link in given.out.splitlines() if "README.md" in link)) as response:
        assert response.status == 200
