"""What pages lack is named: things never captured, lost, cut short or altered."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from archive.cdxj import index_text
from archive.layout import SegmentName
from archive.manifests import parse_manifest, stored_file
from archive.recovery import read_contents, whole_members
from tests.replay.conftest import Archived
from tests.support.processes import Finished, newswarc


@pytest.fixture
def place(newspaper: Archived, tmp_path: Path) -> Path:
    shutil.copytree(newspaper.place / "newswarc-data", tmp_path / "newswarc-data", ignore=lambda *_: ["state"])
    return tmp_path


def check(place: Path) -> Finished:
    return newswarc("replay", "--check", "--json", cwd=place)


def named(done: Finished) -> dict[str, set[str]]:
    """What is wrong, by the path of what is."""
    found: dict[str, set[str]] = {}
    for fault in done.json()["faults"]:
        found.setdefault("/" + fault["url"].split("/", 3)[3], set()).add(fault["what"])
    return found


def test_a_whole_archive_lacks_nothing(place: Path, newspaper: Archived) -> None:
    done = check(place)
    assert done.code == 0, done.out
    facts = done.json()
    found = newswarc("find", newspaper.base, "--match", "host", "--json", cwd=place).lines()
    html = [line for line in found if line["status"] == 200 and line["mime"] == "text/html"]
    assert facts["pages"] == len(html) > 16, "front pages and sections too"
    assert facts["requisites"] >= 12


def test_files_are_checked_like_the_archive_that_they_come_from(place: Path) -> None:
    whole = check(place).json()
    assert newswarc("wacz", "-o", "all.wacz", "--quiet", cwd=place).code == 0
    assert newswarc("export", "warc", "-o", "all.warc.gz", cwd=place).code == 0
    for file in ("all.wacz", "all.warc.gz"):
        done = newswarc("replay", file, "--check", "--json", cwd=place)
        assert done.code == 0, done.err
        assert done.json() == whole
    without = [m for _, m in whole_members(place / "all.warc.gz") if b"/masthead.css\r\n" not in gzip.decompress(m)]
    (place / "less.warc.gz").write_bytes(b"".join(without))
    done = newswarc("replay", "less.warc.gz", "--check", "--json", cwd=place)
    assert done.code == 1
    assert named(done) == {"/masthead.css": {"not captured"}}
    missing = newswarc("replay", "none.wacz", "--check", cwd=place)
    assert missing.code == 2
    assert missing.err.strip() == "newswarc: none.wacz: no such file"


def manifests(place: Path) -> list[Path]:
    return sorted((place / "newswarc-data" / "manifests").rglob("*.json"))


def reindexed(place: Path, manifest_path: Path, lines: bytes) -> None:
    """Give a segment another index, and a manifest that says so."""
    archive = place / "newswarc-data"
    manifest = parse_manifest(manifest_path.read_bytes(), "")
    (archive / manifest.cdxj.key).unlink()
    (archive / manifest.cdxj.key).write_bytes(lines)
    files = {
        "cdxj": stored_file(manifest.cdxj.key, archive / manifest.cdxj.key),
        "warc": stored_file(manifest.warc.key, archive / manifest.warc.key),
    }
    manifest_path.write_bytes(manifest.model_copy(update=files).to_bytes())


def test_missing_things_are_named(place: Path) -> None:
    for path in manifests(place):
        cdxj = place / "newswarc-data" / parse_manifest(path.read_bytes(), "").cdxj.key
        kept = [
            line for line in cdxj.read_bytes().splitlines(keepends=True)
            if b"masthead.css" not in line and b"clock-tower.png" not in line
        ]  # fmt: skip
        reindexed(place, path, b"".join(kept))
    done = check(place)
    assert done.code == 1
    assert named(done) == {"/masthead.css": {"not captured"}, "/images/clock-tower.png": {"not captured"}}
    shown = newswarc("replay", "--check", cwd=place)
    assert "/masthead.css: not captured" in shown.err


def test_a_warc_cut_short_is_named(place: Path) -> None:
    warc = place / "newswarc-data" / parse_manifest(manifests(place)[0].read_bytes(), "").warc.key
    data = warc.read_bytes()
    warc.unlink()
    warc.write_bytes(data[: len(data) // 2])
    done = check(place)
    assert done.code == 1
    assert done.json()["faults"]
    assert newswarc("verify", cwd=place).code == 1


def test_an_altered_body_is_named(place: Path) -> None:
    path = manifests(place)[0]
    manifest = parse_manifest(path.read_bytes(), "")
    warc = place / "newswarc-data" / manifest.warc.key
    members = []
    for _, member in whole_members(warc):
        text = gzip.decompress(member)
        if b"/style.css\r\n" in text and b"@font-face" in text:
            member = gzip.compress(text.replace(b"20, 40, 60", b"20, 40, 61"))
        members.append(member)
    warc.unlink()
    warc.write_bytes(b"".join(members))
    reindexed(place, path, index_text(read_contents(warc, SegmentName.parse(manifest.segment)).entries))
    shutil.rmtree(place / "newswarc-data" / "records")
    assert newswarc("extract", "--quiet", cwd=place).code == 0
    done = check(place)
    assert done.code == 1
    assert named(done) == {"/style.css": {"altered: its bytes are not those of its digest"}}
    verified = newswarc("verify", "--deep", cwd=place)
    assert verified.code == 1
    assert "digest" in verified.err
