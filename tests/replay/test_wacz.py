"""Selections as files: whole in themselves, valid to other people's tools, the same when made again."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from archive.captures import read_capture
from archive.cdxj import IndexEntry
from archive.clock_and_ids import FixedClockAndIds
from archive.errors import DamagedArchive
from archive.excerpt import Excerpt
from archive.lookup import Lookup
from archive.period import Period
from archive.selection import Selection
from archive.storage.local import LocalStorage
from archive.wacz import WaczWriter
from archive.wacz_reading import WaczFile
from crawler.demo.stories import load_stories
from tests.replay.conftest import Archived
from tests.replay.tools import WACZ, needs_wacz
from tests.support.processes import newswarc, run


@pytest.fixture(scope="module")
def whole(newspaper: Archived) -> Path:
    done = newswarc("wacz", "-o", "whole.wacz", "--json", "--title", "The Tidewater Courier", cwd=newspaper.place)
    assert done.code == 0, done.err
    facts = done.json()
    assert facts["pages"] > len(load_stories()) + 1, "every article, one in two versions, and other pages"
    assert facts["lost"] == []
    return newspaper.place / "whole.wacz"


@needs_wacz
def test_the_validator_of_others_is_content(whole: Path) -> None:
    done = run(WACZ, "validate", "-f", whole.name, cwd=whole.parent)
    assert "Validation succeeded" in done.out, done.out + done.err


def test_captures_are_stored_as_they_are(whole: Path, newspaper: Archived) -> None:
    originals = {file.name: file.read_bytes() for file in (newspaper.place / "newswarc-data" / "warc").rglob("*.gz")}
    with zipfile.ZipFile(whole) as packed:
        inside = {entry.filename: entry for entry in packed.infolist()}
        kept = {name.removeprefix("archive/"): packed.read(name) for name in inside if name.startswith("archive/")}
        assert kept == originals
        assert all(inside[f"archive/{name}"].compress_type == zipfile.ZIP_STORED for name in kept)
        assert inside["indexes/index.cdx.gz"].compress_type == zipfile.ZIP_STORED
        assert json.loads(packed.read("datapackage.json"))["title"] == "The Tidewater Courier"


def entries(packed: WaczFile) -> list[IndexEntry]:
    return [IndexEntry.parse(line) for line in packed.index().splitlines()]


def test_every_line_of_the_index_leads_to_its_capture(whole: Path, newspaper: Archived) -> None:
    packed = WaczFile(whole)
    found = entries(packed)
    assert len(found) == sum(map(len, newspaper.captured.values()))
    for entry in found:
        capture = read_capture(io.BytesIO(packed.open_range(entry.filename, entry.offset).read()), 0)
        assert (capture.url, capture.payload_digest) == (entry.url, entry.digest)


def test_pages_are_named_with_their_text(whole: Path) -> None:
    with zipfile.ZipFile(whole) as packed:
        head, *pages = map(json.loads, packed.read("pages/pages.jsonl").splitlines())
    assert head == {"format": "json-pages-1.0", "id": "pages", "title": "The Tidewater Courier", "hasText": True}
    for story in load_stories():
        assert any(
            page.get("title") == story.headline and story.body[-1][:40] in page.get("text", "") for page in pages
        )


def test_every_html_page_is_listed_once(whole: Path) -> None:
    with zipfile.ZipFile(whole) as packed:
        _, *pages = map(json.loads, packed.read("pages/pages.jsonl").splitlines())
    html = [entry for entry in entries(WaczFile(whole)) if entry.is_page]
    listed = sorted((page["url"], page["ts"][:19]) for page in pages)
    assert listed == sorted((entry.url, f"{entry.moment:%Y-%m-%dT%H:%M:%S}") for entry in html)
    assert len({page["id"] for page in pages}) == len(pages)
    assert sum("text" not in page for page in pages) > 3, "front pages and sections"


def test_what_revisits_stand_for_comes_along(newspaper: Archived) -> None:
    place = newspaper.place
    revisited = [times for times in newspaper.captured.values() if len(times) == 2]
    second_crawl = max(min(times[1] for times in revisited), max(times[0] for times in revisited))
    since = f"{second_crawl[:4]}-{second_crawl[4:6]}-{second_crawl[6:8]}T{second_crawl[8:10]}:{second_crawl[10:12]}:{second_crawl[12:]}"
    done = newswarc("wacz", "-o", "second.wacz", "--json", "--since", since, cwd=place)
    assert done.code == 0, done.err
    packed = WaczFile(place / "second.wacz")
    kinds = [(entry.filename == "originals.warc.gz", entry.is_revisit) for entry in entries(packed)]
    assert (False, True) in kinds, "there are revisits"
    assert (True, True) not in kinds
    assert kinds.count((True, False)) >= kinds.count((False, True)) > 0
    for entry in entries(packed):
        read_capture(io.BytesIO(packed.open_range(entry.filename, entry.offset).read()), 0)

    done = newswarc("export", "warc", "-o", "second.warc.gz", "--since", since, cwd=place)
    assert done.code == 0, done.err
    index = [IndexEntry.parse(line) for line in (place / "second.cdxj").read_bytes().splitlines()]
    assert len(index) == len(kinds)
    with (place / "second.warc.gz").open("rb") as stream:
        kept = {record.rec_headers["WARC-Record-ID"]: record for record in ArchiveIterator(stream)}
        for record in kept.values():
            if record.rec_type == "revisit":
                assert record.rec_headers["WARC-Refers-To"] in kept
        for entry in index:
            assert read_capture(stream, entry.offset).url == entry.url


def test_a_site_is_chosen(newspaper: Archived) -> None:
    none = newswarc("wacz", "-o", "none.wacz", "--site", "example.org", cwd=newspaper.place)
    assert none.code == 1
    assert not (newspaper.place / "none.wacz").exists()
    for command, names in ((["wacz"], ["kept.wacz"]), (["export", "warc"], ["kept.warc.gz", "kept.cdxj"])):
        asked = (*command, "-o", names[0], "--site", "example.org")
        assert newswarc(*asked, cwd=newspaper.place).code == 1
        assert not list(newspaper.place.glob("kept.*"))
        for name in names:
            (newspaper.place / name).write_text("of somebody else")
            refused = newswarc(*asked, cwd=newspaper.place)
            assert (refused.code, f"{name}: is there already" in refused.err) == (2, True)
            assert newswarc(*asked, "--overwrite", cwd=newspaper.place).code == 1, "nothing matches"
            assert (newspaper.place / name).read_text() == "of somebody else"
            (newspaper.place / name).unlink()
    host = newspaper.base.removeprefix("http://")
    done = newswarc("export", "warc", "-o", "site.warc.gz", "--site", host, "--json", cwd=newspaper.place)
    assert done.json()["captures"] == sum(map(len, newspaper.captured.values()))
    wrong = newswarc("wacz", "-o", "name.zip", cwd=newspaper.place)
    assert wrong.code == 2
    assert wrong.err.startswith("newswarc: wacz: name.zip:")


def test_made_again_it_is_the_same(newspaper: Archived, tmp_path: Path) -> None:
    made = []
    for number in (1, 2):
        lookup = Lookup(LocalStorage(newspaper.place / "newswarc-data"), tmp_path / "index")
        lookup.refresh()
        clock_and_ids = FixedClockAndIds(step=timedelta())
        excerpt = Excerpt(lookup, Selection(period=Period.of("2026", "")))
        WaczWriter(lookup, excerpt, clock_and_ids, "newswarc/test").write(tmp_path / f"{number}.wacz", "x")
        made.append((tmp_path / f"{number}.wacz").read_bytes())
    assert made[0] == made[1]


@needs_wacz
def test_a_wacz_of_others_is_read(newspaper: Archived, tmp_path: Path) -> None:
    warc = next((newspaper.place / "newswarc-data" / "warc").rglob("*.gz"))
    shutil.copy(warc, tmp_path / "one.warc.gz")
    done = run(WACZ, "create", "-f", "one.warc.gz", "-o", "other.wacz", cwd=tmp_path)
    assert done.code == 0, done.err
    packed = WaczFile(tmp_path / "other.wacz")
    shown = [entry for entry in entries(packed) if entry.url.startswith("http") and entry.status == 200]
    assert shown
    for entry in shown:
        assert read_capture(io.BytesIO(packed.open_range(entry.filename, entry.offset).read()), 0).url == entry.url


@pytest.mark.parametrize(
    ("name", "method", "said"),
    [
        ("archive/x.warc.gz", zipfile.ZIP_DEFLATED, "deflated"),
        ("other/x", zipfile.ZIP_STORED, "no file below archive/"),
    ],
)
def test_what_cannot_be_replayed_is_said(name: str, method: int, said: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.wacz", "w", method) as packed:
        packed.writestr(name, b"x" * 1000)
    with pytest.raises(DamagedArchive, match=said):
        WaczFile(tmp_path / "bad.wacz")
    (tmp_path / "no.wacz").write_bytes(b"no zip")
    with pytest.raises(DamagedArchive, match="not a WACZ"):
        WaczFile(tmp_path / "no.wacz")
