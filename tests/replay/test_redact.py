"""Captures taken out: nothing of them is left, and nothing else has moved."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from archive.library import articles, segments
from archive.storage.local import LocalStorage
from crawler.demo.stories import load_stories
from tests.replay.conftest import CORRECTED, Archived, address
from tests.support.processes import newswarc
from tests.support.seaweed import S3Server

OTHER = next(story for story in load_stories() if story.language == "en" and story is not CORRECTED)
REASON = "order 12/2026 of the district court"


@pytest.fixture
def place(newspaper: Archived, tmp_path: Path) -> Path:
    shutil.copytree(newspaper.place / "newswarc-data", tmp_path / "newswarc-data", copy_function=shutil.copy)
    return tmp_path


def everything(archive: Path) -> bytes:
    """All bytes of the archive that are no log, unpacked."""
    parts = []
    for file in sorted(archive.rglob("*")):
        if file.is_file() and "redactions" not in file.parts and "state" not in file.parts:
            data = file.read_bytes()
            parts.append(gzip.decompress(data) if file.suffix == ".gz" else data)
    return b"\n".join(parts)


def addresses(archive: Path) -> dict[str, tuple[str, int, int]]:
    """Where each record is."""
    return {str(a.id): (a.warc.file, a.warc.offset, a.warc.length) for a in articles(LocalStorage(archive)) if a.warc}


def redact(place: Path, *arguments: str, **variables: str) -> Any:
    done = newswarc("redact", *arguments, "--reason", REASON, "--yes", "--json", cwd=place, **variables)
    assert done.code == 0, done.err
    return done.json()


def test_nothing_is_left_and_nothing_else_moves(place: Path, newspaper: Archived) -> None:
    archive = place / "newswarc-data"
    url = address(newspaper.base, CORRECTED)
    before = addresses(archive)
    told = CORRECTED.body[-1].encode()
    assert told in everything(archive)
    blocked = place / "blocked.txt"
    facts = redact(place, url, NEWSWARC_BLOCK_LIST=str(blocked))
    assert [segment["exchanges"] for segment in facts["segments"]] == [1, 1]
    assert sum(segment["records"] for segment in facts["segments"]) == 2

    left = everything(archive)
    assert told not in left
    assert CORRECTED.correction.encode() not in left
    assert f"WARC-Target-URI: {url}\r\n".encode() not in left
    assert REASON.encode() in left
    after = addresses(archive)
    assert len(after) == len(before) - 2
    assert after.items() <= before.items(), "what stays is where it was"

    assert newswarc("find", url, cwd=place).code == 1
    assert newswarc("show", url, cwd=place).code == 2
    verified = newswarc("verify", "--deep", cwd=place)
    assert verified.code == 0, verified.err
    assert "no manifest names it" not in verified.err
    assert blocked.read_text() == f"{url}\n"
    (log,) = (archive / "redactions").rglob("*.json")
    entry = json.loads(log.read_text())
    assert (entry["asked"], entry["reason"], len(entry["captures"])) == (url, REASON, 2)
    with sqlite3.connect(archive / "state" / "frontier.sqlite") as frontier:
        assert not frontier.execute("SELECT * FROM captures WHERE url = ?", [url]).fetchall()
        assert frontier.execute("SELECT state FROM addresses WHERE url = ?", [url]).fetchall() == [("forgotten",)]


def test_others_read_what_is_left(place: Path, newspaper: Archived) -> None:
    redact(place, address(newspaper.base, CORRECTED))
    for manifest in segments(LocalStorage(place / "newswarc-data")):
        warc = place / "newswarc-data" / manifest.warc.key
        assert subprocess.run(["gzip", "-t", warc]).returncode == 0
        program = Path(sys.executable).with_name("cdxj-indexer")
        lines = subprocess.run([program, "-s", warc], capture_output=True, text=True, check=True).stdout.splitlines()
        theirs = {" ".join(line.split(" ")[:2]) for line in lines if not line.startswith("urn:")}
        ours = (place / "newswarc-data" / manifest.cdxj.key).read_text().splitlines()
        assert theirs == {" ".join(line.split(" ")[:2]) for line in ours}
    assert newswarc("replay", "--check", cwd=place).code == 0
    assert newswarc("wacz", "-o", "left.wacz", "--quiet", cwd=place).code == 0


def test_revisits_of_it_go_too(place: Path, newspaper: Archived) -> None:
    url = address(newspaper.base, OTHER)
    assert len(newspaper.captured[url]) == 2
    facts = redact(place, url)
    assert sum(segment["exchanges"] for segment in facts["segments"]) == 2
    assert newswarc("verify", "--deep", cwd=place).code == 0


def test_a_payload_is_taken_out_by_its_digest(place: Path, newspaper: Archived) -> None:
    line = newswarc("find", f"{newspaper.base}/masthead.css", "--json", cwd=place).lines()[0]
    redact(place, "-", "--digest", line["digest"])
    assert newswarc("find", f"{newspaper.base}/masthead.css", cwd=place).code == 1
    assert newswarc("verify", "--deep", cwd=place).code == 0
    checked = newswarc("replay", "--check", "--json", cwd=place)
    assert {fault["what"] for fault in checked.json()["faults"]} == {"not captured"}


def test_data_sets_that_hold_it_are_withdrawn(place: Path, newspaper: Archived) -> None:
    assert newswarc("dataset", "build", "all", "--quiet", cwd=place).code == 0
    assert newswarc("dataset", "build", "ar", "--quiet", "--lang", "ar", cwd=place).code == 0
    rows = place / "newswarc-data" / "datasets" / "all" / "1"
    assert list(rows.rglob("*.parquet"))
    url = address(newspaper.base, CORRECTED)
    row = newswarc("show", url, "--json", cwd=place).lines()[0]["record"]["id"]
    shown = newswarc("show", row, "--row", "--text", cwd=place)
    assert CORRECTED.headline in shown.out
    redact(place, url)
    assert [file.name for file in rows.rglob("*") if file.is_file()] == ["manifest.json"]
    listed = newswarc("dataset", "list", cwd=place).out.splitlines()
    assert listed == [f"all@1  16 rows  withdrawn: {REASON}", "ar@1  5 rows"]
    assert newswarc("dataset", "verify", "ar", cwd=place).code == 0
    pulled = newswarc("dataset", "pull", "all@1", cwd=place)
    assert pulled.code == 2
    assert f"was withdrawn: {REASON}" in pulled.err
    assert newswarc("dataset", "build", "all", "--quiet", cwd=place).code == 0
    assert newswarc("dataset", "list", cwd=place).out.splitlines()[1] == "all@2  14 rows"
    assert newswarc("show", row, "--row", cwd=place).code == 2


def test_rebuilding_and_extracting_keep_it_out(place: Path, newspaper: Archived) -> None:
    redact(place, address(newspaper.base, CORRECTED))
    archive = place / "newswarc-data"
    lines = {file: gzip.decompress(file.read_bytes()) for file in (archive / "records").rglob("*.gz")}
    done = newswarc("rebuild", "--json", cwd=place)
    assert done.code == 0, done.out + done.err
    assert {file: gzip.decompress(file.read_bytes()) for file in (archive / "records").rglob("*.gz")} == lines
    assert newswarc("verify", "--deep", cwd=place).code == 0


def test_again_after_dying_in_the_middle(place: Path, newspaper: Archived, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended after each step in turn: the next try completes it."""
    from archive.clock_and_ids import SystemClockAndIds
    from archive.lookup import Lookup
    from archive.redaction import Redaction, find_targets

    class Died(Exception):
        pass

    url = address(newspaper.base, CORRECTED)
    archive = place / "newswarc-data"
    for step in range(1, 30):
        calls = 0
        storage = LocalStorage(archive)

        def dying(real: Any, limit: int = step) -> Any:
            def call(*arguments: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls > limit:
                    raise Died
                return real(*arguments)

            return call

        for name in ("put", "put_if_absent", "delete"):
            monkeypatch.setattr(storage, name, dying(getattr(storage, name)), raising=False)
        lookup = Lookup(storage, archive / "state" / "index")
        lookup.refresh()
        targets = find_targets(lookup, url)
        try:
            list(Redaction(storage, targets, REASON, SystemClockAndIds()).run())
        except Died:
            continue
        break
    assert step > 5
    lookup.refresh()
    assert not find_targets(lookup, url).entries
    assert CORRECTED.body[-1].encode() not in everything(archive)
    verified = newswarc("verify", "--deep", cwd=place)
    assert verified.code == 0, verified.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["http://x.example/", "--yes"], "give a reason"),
        (["-", "--reason", "x", "--yes"], "give a URL"),
        (["http://x.example/", "--reason", "x", "--yes"], "no capture here"),
    ],
)
def test_mistakes(arguments: list[str], said: str, newspaper: Archived) -> None:
    done = newswarc("redact", *arguments, cwd=newspaper.place)
    assert done.code == 2
    assert said in done.err


def test_it_asks_first(place: Path, newspaper: Archived) -> None:
    before = everything(place / "newswarc-data")
    done = newswarc("redact", address(newspaper.base, OTHER), "--reason", "x", cwd=place)
    assert done.code == 2
    assert "nothing was done" in done.err
    assert everything(place / "newswarc-data") == before


def test_former_versions_go_from_a_bucket(place: Path, newspaper: Archived, s3: S3Server) -> None:
    client = s3.client()
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    archive = place / "newswarc-data"
    for file in archive.rglob("*"):
        key = file.relative_to(archive).as_posix()
        if file.is_file() and not key.startswith("state/"):
            client.upload_file(str(file), "versioned", f"news/{key}")
    redact(place, address(newspaper.base, CORRECTED), "s3://versioned/news", **s3.variables())
    listed = client.list_object_versions(Bucket="versioned", Prefix="news/")
    for version in listed["Versions"]:
        data = client.get_object(Bucket="versioned", Key=version["Key"], VersionId=version["VersionId"])[
            "Body"
        ].read()
        text = gzip.decompress(data) if version["Key"].endswith(".gz") else data
        if not version["Key"].startswith("news/redactions/"):
            assert CORRECTED.body[-1].encode() not in text, version["Key"]
            assert not version["Key"].endswith(".cdxj") or CORRECTED.path.encode() not in text
    verified = newswarc("verify", "--deep", "s3://versioned/news", cwd=place, **s3.variables())
    assert verified.code == 0, verified.err
