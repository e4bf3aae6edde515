"""Samples, pseudonyms, versions without text, sources, and what a version says of itself to programs."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.article import Article
from archive.datasets.about import About
from archive.datasets.building import BuildPlan, build
from archive.datasets.citing import article_citation, bibtex, digest_of, ris, set_citation
from archive.datasets.columns import ALWAYS, COLUMNS, REMOVED
from archive.datasets.manifest import DatasetManifest
from archive.datasets.options import DatasetOptions
from archive.datasets.pseudonyms import Pseudonyms
from archive.datasets.rows import removed_digest, row_of
from archive.datasets.sampling import Strata, drawn, sample_size
from archive.datasets.sources import NewsSource, SourceTable, read_sources, written
from archive.datasets.survey import ArchiveLocation
from archive.errors import BadAddress
from archive.storage.local import LocalStorage
from archive.storage.s3_options import S3Options
from tests.datasets.making import record, store
from tests.support.processes import ROOT

SOURCES = SourceTable([NewsSource("fr/un", ("paper1.com",), "Un", "FR", ("fr",), identifiers={"wikidata": "Q1"})])
KEY = Pseudonyms(b"sixteen bytes and more")
COUNT = 60
CLIENTS = ROOT / ".venv-clients" / "bin" / "python"
CFFCONVERT = ROOT / ".venv-citations" / "bin" / "cffconvert"


def here(function: Callable[..., Any], work: Sequence[tuple[object, ...]]) -> Iterator[Any]:
    return (function(*one) for one in work)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> BuildPlan:
    place = tmp_path_factory.mktemp("documents")
    records = [
        record(
            number,
            articleSection="\t=cmd | `'\n",
            authors=[{"name": "Mara  Ellison", "url": "https://paper0.com/mara"}] if number % 2 else [],
            images=[{"url": "https://paper0.com/a.png", "caption": "Quay", "credit": "MARA Ellison"}],
            links=[{"url": "https://elsewhere.org/", "text": "quoted words"}],
            dateCandidates=[{"value": "2026-01-01", "source": "json-ld"}],
            http={"status": 200, "contentType": "text/html", "etag": '"1"', "lastModified": None},
        )
        for number in range(COUNT)
    ]
    store(LocalStorage(place / "archive"), [records[:7], records[7:]], place / "scratch")
    at = ArchiveLocation(str(place / "archive"), S3Options())
    about = About(title="News {of} 100%", creators=("Doe, Jane", "Barnes and Noble"), license="CC-BY-4.0")
    return BuildPlan("news", "", DatasetOptions(), "x/1", at, at, place / "work", sources=SOURCES, about=about)


def made(plan: BuildPlan, name: str, **options: Any) -> tuple[DatasetManifest, Path]:
    pseudonyms = KEY if options.get("pseudonyms") else None
    asked = replace(plan, name=name, options=DatasetOptions(**options), pseudonyms=pseudonyms)
    manifest = build(asked, lambda *_: None, here).manifest
    return manifest, Path(plan.target.address) / "datasets" / name / manifest.version


def rows_of(directory: Path) -> list[dict[str, Any]]:
    return [row for path in sorted(directory.glob("data/*")) for row in pq.read_table(path).to_pylist()]


def words_in(directory: Path) -> str:
    parts = []
    for path in directory.rglob("*"):
        if path.suffix in (".md", ".json", ".csv", ".bib", ".ris", ".cff"):
            parts.append(path.read_text(encoding="utf-8"))
        elif path.suffix == ".gz":
            parts.append(gzip.decompress(path.read_bytes()).decode("utf-8"))
    return "".join(parts) + repr(rows_of(directory))


def test_every_fact_of_a_record_has_a_column(plan: BuildPlan) -> None:
    manifest, directory = made(plan, "whole")
    assert "\n# News {of} 100% (whole, version 1)\n" in (directory / "README.md").read_text(encoding="utf-8")
    row = next(row for row in rows_of(directory) if row["url"].endswith("/1"))
    assert list(row) == list(manifest.columns) == [column.name for column in COLUMNS]
    assert row["links"] == [{"url": "https://elsewhere.org/", "text": "quoted words"}]
    assert row["authorUrls"] == ["https://paper0.com/mara"]
    assert row["dateCandidates"] == [{"value": "2026-01-01", "source": "json-ld"}]
    assert (row["httpStatus"], row["etag"]) == (200, '"1"')
    assert (row["source"], row["sourceCountry"], row["sourceIdentifiers"]) == ("fr/un", "FR", '{"wikidata": "Q1"}')
    other = next(row for row in rows_of(directory) if row["url"].endswith("/2"))
    assert (other["source"], other["sourceLanguages"]) == (None, [])
    assert "fr/un,paper1.com,Un,FR,fr" in (directory / "sources.csv").read_text(encoding="utf-8")


def test_no_field_of_a_record_is_without_a_column() -> None:
    fields = {field.alias or name for name, field in Article.model_fields.items()}
    assert fields - {column.field for column in COLUMNS} == {"paragraphs"}, "which are the lines of the text"


def test_chosen_fields_keep_the_capture(plan: BuildPlan) -> None:
    manifest, directory = made(plan, "few", fields=("headline", "language"))
    assert set(manifest.columns) == {*ALWAYS, "headline", "language"}
    assert manifest.statistics.words > 0, "of columns that are not there too"
    (line, *_) = gzip.decompress(next(directory.glob("jsonl/*")).read_bytes()).splitlines()
    assert tuple(json.loads(line)) == manifest.columns
    with pytest.raises(BadAddress, match="did you mean headline"):
        DatasetOptions(fields=("headlines",)).columns()


def test_a_sample_can_be_drawn_again(plan: BuildPlan) -> None:
    manifest, first = made(plan, "sample", sample="20%", seed=4, strata="site")
    _, again = made(plan, "sample-again", sample="20%", seed=4, strata="site")
    _, other = made(plan, "sample-other", sample="20%", seed=5, strata="site")
    ids = [[row["id"] for row in rows_of(directory)] for directory in (first, again, other)]
    assert ids[0] == ids[1] != ids[2]
    assert manifest.dropped == {"not_drawn": COUNT - 12}
    assert Counter(row["site"] for row in rows_of(first)) == dict.fromkeys(
        ("paper0.com", "paper1.com", "paper2.com"), 4
    )
    assert "This is a sample of 20% (seed 4, drawn in proportion by site)" in (first / "README.md").read_text()


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=200),
    st.one_of(st.integers(1, 300).map(str), st.integers(1, 100).map(lambda share: f"{share}%")),
    st.integers(0, 9),
)
def test_each_stratum_has_its_part(strata: list[int], size: str, seed: int) -> None:
    ids = np.array([(number * 7919, number) for number in range(len(strata))], np.uint64)
    numbers = np.array(strata, np.uint64)
    taken = drawn(ids, numbers, sample_size(size), seed)
    wanted = sample_size(size).of(len(strata))
    assert taken.sum() == wanted
    for one in set(strata):
        part, count = wanted * strata.count(one) / len(strata), taken[numbers == one].sum()
        assert count <= max(1, part + 1)
        assert count >= 1 or wanted < len(set(strata))
    order = np.random.default_rng(seed).permutation(len(strata))
    assert (drawn(ids[order], numbers[order], sample_size(size), seed) == taken[order]).all()


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "1.5", "-1", "some"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(BadAddress, match="percentage"):
        sample_size(text)


def test_a_month_is_a_stratum_and_so_is_no_date(plan: BuildPlan) -> None:
    manifest, _ = made(plan, "by-month", sample="6", strata=Strata.MONTH)
    assert manifest.rows == 6


def test_names_are_nowhere_in_a_pseudonymous_version(plan: BuildPlan) -> None:
    manifest, directory = made(plan, "hidden", pseudonyms=KEY.fingerprint)
    row = next(row for row in rows_of(directory) if row["url"].endswith("/1"))
    assert row["authors"] == [KEY.of("mara ellison")] == [row["images"][0]["credit"]]
    assert "ellison" not in words_in(directory).lower()
    assert "/mara" not in words_in(directory)
    assert f"fingerprint of the key: {manifest.options.pseudonyms}" in (directory / "README.md").read_text()
    assert Pseudonyms(b"another key, as long").of("Mara Ellison") != KEY.of("Mara Ellison")


def test_a_version_without_text_has_no_words_of_an_article(plan: BuildPlan) -> None:
    _, whole = made(plan, "with-text")
    _, directory = made(plan, "without-text", without_text=True)
    told = words_in(directory)
    for words in ("harbour", "quoted words", "Quay", "Story 1"):
        assert words not in told
    digests = {row["id"]: removed_digest(row) for row in rows_of(whole)}
    assert {row["id"]: row[REMOVED.name] for row in rows_of(directory)} == digests


def test_a_digest_of_what_was_removed_depends_on_each_part() -> None:
    made = {removed_digest(row_of(record(1, **one), {})) for one in ({}, {"headline": "x"}, {"description": "y"})}
    assert len(made) == 3


def test_codebook_and_data_package_agree_with_the_rows(plan: BuildPlan) -> None:
    manifest, directory = made(plan, "told")
    table = {row["column"]: row for row in csv.DictReader(io.StringIO((directory / "codebook.csv").read_text()))}
    rows = rows_of(directory)
    for name in manifest.columns:
        assert int(table[name]["filled"]) == sum(row[name] not in (None, []) for row in rows), name
    assert "2026-01-01T00:00:00Z" in table["captured"]["examples"]
    assert "- examples: `` =cmd | `' ``" in (directory / "codebook.md").read_text()
    package = json.loads((directory / "datapackage.json").read_text())
    lines = package["resources"][0]
    assert [field["name"] for field in lines["schema"]["fields"]] == list(manifest.columns)
    assert lines["hash"] == f"sha256:{hashlib.sha256((directory / lines['path']).read_bytes()).hexdigest()}"
    assert package["licenses"] == [{"name": "CC-BY-4.0"}]


def test_citations_say_who_what_and_which_bytes(plan: BuildPlan) -> None:
    manifest, directory = made(plan, "cited")
    told = (directory / "citation.bib").read_text()
    assert r"title = {{News \{of\} 100\%}}" in told
    assert "author = {Doe, Jane and {Barnes and Noble}}" in told
    sums = [line for line in (directory / "SHA256SUMS").read_text().splitlines(keepends=True) if "/news" not in line]
    lines = sorted(line for line in sums if "  data/" in line or "  jsonl/" in line)
    assert digest_of(manifest) == hashlib.sha256("".join(lines).encode()).hexdigest()
    for name in ("CITATION.cff", "citation.bib", "citation.ris", "README.md"):
        assert digest_of(manifest) in (directory / name).read_text(), name
    assert set_citation(manifest).plain().startswith("Doe, Jane; Barnes and Noble (2026): News {of} 100%, version 1.")


def test_an_article_is_cited_with_its_capture(plan: BuildPlan) -> None:
    manifest, directory = made(plan, "cited-article")
    row = next(row for row in rows_of(directory) if row["url"].endswith("/1"))
    cited = article_citation(row, manifest)
    assert cited.accessed == datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert "organization = {Un}" in bibtex(cited)
    assert "urldate = {2026-01-01}" in bibtex(cited)
    assert "TI  - Story 1\n" in ris(cited)
    assert "Captured 2026-01-01T01:00:00Z, payload sha256:00, in cited-article, version 1" in ris(cited)


READERS = """
import json, sys, bibtexparser, rispy
from frictionless import validate
report = validate("datapackage.json")
bib = bibtexparser.parse_file("citation.bib")
print(json.dumps({
    "faults": report.flatten(["type", "note"]), "rows": report.tasks[0].stats["rows"],
    "bib": [[entry.entry_type, {field.key: field.value for field in entry.fields}] for entry in bib.entries],
    "unread": len(bib.failed_blocks), "ris": rispy.load(open("citation.ris", encoding="utf-8")),
}))
"""


@pytest.mark.skipif(not CLIENTS.exists(), reason="NO CLIENTS: `make dataset-clients` installs them")
def test_frictionless_and_readers_of_citations_agree(plan: BuildPlan) -> None:
    _, directory = made(plan, "read-by-others")
    done = subprocess.run([CLIENTS, "-c", READERS], cwd=directory, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert (found["faults"], found["rows"], found["unread"]) == ([], COUNT, 0)
    ((kind, fields),) = found["bib"]
    assert (kind, fields["author"]) == ("dataset", "Doe, Jane and {Barnes and Noble}")
    (reference,) = found["ris"]
    assert reference["title"] == "News {of} 100%"
    assert reference["authors"] == ["Doe, Jane", "Barnes and Noble"]


@pytest.mark.skipif(not CFFCONVERT.exists(), reason="NO CFFCONVERT: `make dataset-clients` installs it")
def test_cffconvert_finds_no_fault(plan: BuildPlan) -> None:
    _, directory = made(plan, "cff")
    done = subprocess.run([CFFCONVERT, "--validate"], cwd=directory, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "valid according to schema version 1.2.0" in done.stdout


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=20), max_size=3))
def test_no_text_breaks_out_of_a_citation(title: str, authors: list[str]) -> None:
    manifest = DatasetManifest.model_validate_json(EMPTY)
    manifest = manifest.model_copy(update={"about": About(title=title, creators=tuple(authors))})
    told = bibtex(set_citation(manifest))
    depth = 0
    for place, sign in enumerate(told):
        if sign in "{}" and told[place - 1] != "\\":
            depth += 1 if sign == "{" else -1
            assert depth or place == len(told) - 2, "the entry ends at its end"
    assert depth == 0
    assert all(line[2:6] == "  - " for line in ris(set_citation(manifest)).splitlines())


EMPTY = json.dumps(
    {
        "name": "n", "version": "1", "rows": 0, "options": {}, "files": [], "sources": [], "dropped": {}, "software": "x",
        "statistics": {
            "textBytes": 0, "arrowBytes": 0, "words": 0, "languages": {}, "sites": {}, "published": {}, "null": {},
            "duplicates": 0, "nearDuplicates": 0, "firstCapture": "", "lastCapture": "",
        },
    }
)  # fmt: skip


def test_a_table_of_sources_completes_what_is_known(tmp_path: Path) -> None:
    table = tmp_path / "sources.csv"
    table.write_text(
        '\ufeffsource,hosts,kind,owner,wikidata\nfr/un,news.un.fr,daily,"A, B",Q7\nxx/new,www.New.org,agency,,\n',
        "utf-8",
    )
    found = SourceTable([NewsSource("fr/un", ("un.fr",), "Un", "FR"), *read_sources(table)])
    assert [one.source for one in found.sources] == ["fr/un", "xx/new"]
    one = found.of("www.un.fr")
    assert one is not None
    assert (one.name, one.owner, one.identifiers, one.hosts) == (
        "Un",
        "A, B",
        {"wikidata": "Q7"},
        ("un.fr", "news.un.fr"),
    )
    assert found.of("sport.new.org") == found.of("new.org") is not None
    assert found.of("renew.org") is None
    again = tmp_path / "again.csv"
    again.write_text(written(found), encoding="utf-8")
    assert SourceTable(read_sources(again)).digest() == found.digest()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\nx\n", "no column 'source'"),
        ("source,hosts\n,a.org\n", "line 2: no source"),
        ("source\na,b\n", "line 2"),
    ],
)
def test_mistakes_in_a_table_of_sources(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BadAddress, match=said):
        read_sources(tmp_path / "x.csv")


def test_a_key_that_anybody_could_try() -> None:
    with pytest.raises(BadAddress, match="16 at least"):
        Pseudonyms(b"short")
