"""Collections are used wherever a part is selected; packages of them are valid to other people's programs."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from archive.captures import iterate_records
from archive.premis import PremisEvent, PremisFile, dublin_core_document, premis_document
from archive.wacz_reading import WaczFile
from crawler.demo.stories import load_stories
from tests.replay.conftest import CORRECTED, Archived, address, newspaper
from tests.support.processes import ROOT, newswarc, run

__all__ = ["newspaper"]

TOOLS = ROOT / ".venv-packages" / "bin"
OTHER = next(story for story in load_stories() if story.language == "en" and story is not CORRECTED)
needs_validators = pytest.mark.skipif(
    not (TOOLS / "bagit.py").exists(), reason="NO VALIDATORS: `make package-tools` installs them"
)
PREMIS = {"p": "http://www.loc.gov/premis/v3"}


@pytest.fixture
def place(newspaper: Archived, tmp_path: Path) -> Path:
    shutil.copytree(newspaper.place / "newswarc-data", tmp_path / "newswarc-data", copy_function=shutil.copy)
    return tmp_path


def made(place: Path, *arguments: str) -> Any:
    done = newswarc(*arguments, "--json", cwd=place)
    assert done.code == 0, done.err
    return done.json()


def create(place: Path, newspaper: Archived) -> Any:
    return made(
        place, "collection", "create", "one", "--address", address(newspaper.base, CORRECTED), "--title", "One story",
        "--dc", "creator=Tests & more", "--dc", "subject=sea", "--dc", "subject=tide",
    )  # fmt: skip


def test_a_collection_is_used_wherever_a_part_is_selected(place: Path, newspaper: Archived) -> None:
    create(place, newspaper)
    url = address(newspaper.base, CORRECTED)
    shown = made(place, "collection", "show", "one")
    assert shown["captures"] == len(newspaper.captured[url])
    assert shown["dublinCore"] == {"creator": ["Tests & more"], "subject": ["sea", "tide"], "title": ["One story"]}
    chosen = ("--collection", "one")
    found = newswarc("find", newspaper.base, "--match", "host", "--json", *chosen, cwd=place)
    assert {line["url"] for line in found.lines()} == {url}
    assert {line["url"] for line in newswarc("records", *chosen, cwd=place).lines()} == {url}
    assert {line["url"] for line in newswarc("records", "--outcomes", *chosen, cwd=place).lines()} == {url}
    assert made(place, "replay", "--check", *chosen)["pages"] == 2
    made(place, "wacz", "-o", "one.wacz", *chosen)
    packed = WaczFile(place / "one.wacz")
    assert {page.url for page in packed.pages()} == {url}
    built = made(place, "dataset", "build", "one", *chosen)
    assert built["options"]["collection"] == "one@1"
    assert built["dropped"]["collection"] > 0
    rows = pq.read_table(next((place / "newswarc-data" / "datasets" / "one").rglob("*.parquet"))).to_pylist()
    assert {row["url"] for row in rows} == {url}


def test_a_collection_changes_and_goes_and_its_versions_stay(place: Path, newspaper: Archived) -> None:
    create(place, newspaper)
    assert newswarc("collection", "create", "one", cwd=place).code == 2
    host = newspaper.base.removeprefix("http://").partition(":")[0]
    changed = made(place, "collection", "change", "one", "--site", host, "--dc", "subject=")
    assert (changed["number"], changed["scope"]["sites"]) == (2, [host])
    assert "subject" not in changed["dublinCore"]
    assert changed["dublinCore"]["creator"] == ["Tests & more"]
    assert newswarc("collection", "list", cwd=place).out.startswith("one  One story: ")
    assert newswarc("collection", "remove", "one", "--reason", "done", cwd=place).code == 0
    assert newswarc("collection", "list", cwd=place).out == ""
    assert newswarc("records", "--collection", "one", cwd=place).code == 2
    assert create(place, newspaper)["number"] == 4
    assert len(list((place / "newswarc-data" / "collections" / "one").iterdir())) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "../x"], "is no name"),
        (["create", "x", "--dc", "colour=red"], "Dublin Core"),
        (["create", "x", "--dc", "red"], "ELEMENT=VALUE"),
        (["create", "x", "--captured-since", "soon"], "'soon' is not a date"),
        (["show", "x"], "no collection of this name"),
        (["remove", "x"], "--reason"),
    ],
)
def test_mistakes_are_told(place: Path, arguments: list[str], said: str) -> None:
    done = newswarc("collection", *arguments, cwd=place)
    assert done.code == 2
    assert said in done.err
    assert not (place / "newswarc-data" / "collections").exists()


def premis_of(payload: Path) -> etree._Element:
    return etree.parse(str(payload / "metadata" / "premis.xml")).getroot()


def check_payload(payload: Path, urls: set[str]) -> None:
    with next((payload / "captures").glob("*.warc.gz")).open("rb") as stream:
        targets = {record.target for record in iterate_records(stream) if record.kind in ("response", "revisit")}
    assert targets == urls
    packed = gzip.decompress(next((payload / "records").glob("*.jsonl.gz")).read_bytes())
    assert {json.loads(line)["url"] for line in packed.splitlines()} == urls
    root = premis_of(payload)
    for thing in root.findall("p:object", PREMIS):
        file = payload / str(thing.findtext("p:originalName", namespaces=PREMIS))
        assert (
            thing.findtext(".//p:messageDigest", namespaces=PREMIS) == hashlib.sha256(file.read_bytes()).hexdigest()
        )
        assert thing.findtext(".//p:size", namespaces=PREMIS) == str(file.stat().st_size)


@needs_validators
def test_a_bag_is_valid_and_tells_what_happened(place: Path, newspaper: Archived) -> None:
    create(place, newspaper)
    rule = newswarc("access", "block", address(newspaper.base, OTHER), "--reason", "x", "--json", cwd=place).json()
    assert newswarc("verify", "--deep", cwd=place).code == 0
    done = made(place, "package", "bagit", "-o", "one bag", "--collection", "one")
    url = address(newspaper.base, CORRECTED)
    assert (done["captures"], done["articles"]) == (len(newspaper.captured[url]), 2)
    valid = run(TOOLS / "python", TOOLS / "bagit.py", "--validate", "one bag", cwd=place)
    assert valid.code == 0, valid.err
    check_payload(place / "one bag" / "data", {url})
    root = premis_of(place / "one bag" / "data")
    kinds = [one.text for one in root.findall(".//p:eventType", PREMIS)]
    assert {"capture", "fixity check", "information package creation"} == set(kinds)
    assert root.findtext(".//p:eventOutcome", namespaces=PREMIS) == "pass"
    core = (place / "one bag" / "data" / "metadata" / "dublin-core.xml").read_text()
    assert "<dc:creator>Tests &amp; more</dc:creator>" in core
    whole = made(place, "package", "bagit", "-o", "all")
    withheld = json.loads((place / "all" / "data" / "metadata" / "selection.json").read_text())["withheld"]
    assert rule["id"] in next(iter(withheld))
    assert whole["captures"] == sum(map(len, newspaper.captured.values())) - len(
        newspaper.captured[address(newspaper.base, OTHER)]
    )
    flipped = next((place / "all" / "data" / "captures").glob("*.warc.gz"))
    flipped.write_bytes(flipped.read_bytes() + b"x")
    assert run(TOOLS / "python", TOOLS / "bagit.py", "--validate", "all", cwd=place).code != 0
    assert newswarc("package", "bagit", "-o", "all", cwd=place).code == 2


@needs_validators
def test_an_ocfl_object_is_valid_and_grows_by_versions(place: Path, newspaper: Archived) -> None:
    create(place, newspaper)
    first = made(place, "package", "ocfl", "-o", "object", "--collection", "one")
    assert first["version"] == 1
    check_payload(next((place / "object" / "v1").glob("content")), {address(newspaper.base, CORRECTED)})
    made(place, "collection", "change", "one", "--title", "Another title")
    newswarc("redact", address(newspaper.base, OTHER), "--reason", "an order", "--yes", cwd=place)
    second = made(place, "package", "ocfl", "-o", "object", "--collection", "one")
    assert second["version"] == 2
    stored = {path.name for path in (place / "object" / "v2" / "content").rglob("*") if path.is_file()}
    assert "object.jsonl.gz" not in stored, "what has not changed is not stored again"
    assert "premis.xml" in stored
    valid = run(TOOLS / "python", TOOLS / "ocfl-validate.py", "object", cwd=place)
    assert (valid.code, "is VALID" in valid.out) == (0, True), valid.out + valid.err
    kinds = [one.text for one in premis_of(place / "object" / "v2" / "content").findall(".//p:eventType", PREMIS)]
    assert "redaction" in kinds
    other = newswarc("package", "ocfl", "-o", "object", "--id", "urn:other", cwd=place)
    assert other.code == 1
    assert "urn:newswarc:object" in other.err


def test_a_package_of_nothing_is_none(place: Path) -> None:
    for kind in ("bagit", "ocfl"):
        done = newswarc("package", kind, "-o", "nothing", "--site", "elsewhere.example", cwd=place)
        assert done.code == 1
        assert [path.name for path in place.iterdir() if "nothing" in path.name] == []


TEXTS = st.text(max_size=20)


@given(TEXTS, TEXTS, TEXTS)
def test_whatever_a_text_holds_the_documents_can_be_read(name: str, detail: str, agent: str) -> None:
    events = [PremisEvent("e", "capture", "2031-01-01T00:00:00Z", detail, agent or "a", "", (name,))]
    root = etree.fromstring(premis_document([PremisFile(name, 0, "00", "text/xml")], events))
    assert len(root) == 3
    assert etree.fromstring(dublin_core_document({"title": (detail, name)})).xpath("count(*)") == 2
