"""WARC files of other programs become segments: every record byte for byte, records of their pages, verified."""

from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.captures import SegmentReading
from archive.foreign_warcs import members
from archive.library import articles, segments
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer
from crawler.demo.stories import load_stories
from tests.pipelines.pages import LAYOUTS, stories
from tests.support.processes import Finished, newswarc


def take_in(place: Path, *files: object) -> Finished:
    return newswarc("import", *files, "--json", cwd=place)


@pytest.fixture(scope="module")
def by_wget(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration newspaper as wget keeps it, packed and not."""
    place = tmp_path_factory.mktemp("wget")
    with DemoServer() as server:
        for flag, name in (("", "packed"), ("--no-warc-compression", "plain")):
            command = [
                "wget",
                "-q",
                "-r",
                "-l",
                "2",
                "-p",
                f"--warc-file={name}",
                "-P",
                f"files-{name}",
                *([flag] if flag else []),
            ]
            subprocess.run([*command, f"{server.base}/en/"], cwd=place, check=False, timeout=60)
    assert (place / "packed.warc.gz").stat().st_size > 10_000
    assert (place / "plain.warc").stat().st_size > 10_000
    return place


def records(path: Path) -> list[bytes]:
    found = []
    for _, member in members(path):
        text = gzip.decompress(member)
        if b"\r\nvia: import\r\n" not in text and b"urn:newswarc:import:" not in text:
            found.append(text)
    return found


@pytest.mark.parametrize("name", ["packed.warc.gz", pytest.param("plain.warc", marks=pytest.mark.long)])
def test_what_wget_kept(name: str, by_wget: Path, tmp_path: Path) -> None:
    done = take_in(tmp_path, by_wget / name)
    assert done.code == 0, done.err
    (facts,) = done.json()
    archive = tmp_path / "newswarc-data"
    storage = LocalStorage(archive)
    (manifest,) = segments(storage)
    assert manifest.segment == facts["segment"]
    assert records(archive / manifest.warc.key) == records(by_wget / name)
    assert facts["records"] == len(records(by_wget / name))

    told = {story.headline for story in load_stories() if story.language == "en"}
    made = {article.headline for article in articles(storage)}
    assert told <= made
    verified = newswarc("verify", "--deep", cwd=tmp_path)
    assert verified.code == 0, verified.err
    article = next(one for one in articles(storage) if one.headline in told)
    assert article.headline in newswarc("show", article.url, "--text", cwd=tmp_path).out
    assert newswarc("rebuild", cwd=tmp_path).code == 0
    assert newswarc("wacz", "-o", "x.wacz", "--quiet", cwd=tmp_path).code == 0

    again = take_in(tmp_path, by_wget / name)
    assert [result["skipped"] for result in again.json()] == [True]
    assert len(list(segments(storage))) == 1


def written(path: Path, *, gzip_records: bool, pages: dict[str, bytes]) -> None:
    """A WARC as warcio writes it: WARC/1.0, SHA-1 in base 32, requests behind responses, ids that are no UUIDs."""
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=gzip_records)
        stream_of = io.BytesIO
        for number, (url, body) in enumerate(pages.items()):
            head = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
            response = writer.create_warc_record(
                url, "response", payload=stream_of(body), http_headers=head,
                warc_headers_dict={"WARC-Date": f"2019-03-0{number + 1}T10:00:00Z", "WARC-Record-ID": f"<http://ids.example/{number}>"},
            )  # fmt: skip
            asked = StatusAndHeaders("GET / HTTP/1.1", [("Host", "x")], is_http_request=True)
            request = writer.create_warc_record(url, "request", http_headers=asked)
            writer.write_request_response_pair(request, response)


def pages() -> dict[str, bytes]:
    layout = LAYOUTS[0]
    return {
        f"https://paper{number}.example/{story.language}": layout(story).encode()
        for number, story in enumerate(stories()[:4])
    }


@pytest.mark.parametrize("kind", ["a member each", "not packed", "one member for all"])
def test_what_warcio_wrote(kind: str, tmp_path: Path) -> None:
    source = tmp_path / ("other.warc" if kind == "not packed" else "other.warc.gz")
    written(source, gzip_records=kind == "a member each", pages=pages())
    if kind == "one member for all":
        source.write_bytes(gzip.compress(source.read_bytes()))
    done = take_in(tmp_path, source)
    assert done.code == 0, done.out + done.err
    (facts,) = done.json()
    assert (facts["records"], facts["pages"], facts["articles"]) == (8, 4, 4)
    archive = tmp_path / "newswarc-data"
    (manifest,) = segments(LocalStorage(archive))
    assert manifest.opened.startswith("2019-03-01")
    assert records(archive / manifest.warc.key) == records(source)
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0
    listed = newswarc("find", "paper1.example", "--match", "host", "--json", cwd=tmp_path).lines()
    assert [line["date"] for line in listed] == ["2019-03-02T10:00:00Z"]
    with (archive / manifest.warc.key).open("rb") as stream:
        assert sum(record.rec_type == "response" for record in ArchiveIterator(stream)) == 4
    theirs = subprocess.run(
        [Path(sys.executable).with_name("warcio"), "check", archive / manifest.warc.key], capture_output=True
    )
    assert theirs.returncode == 0, theirs.stdout


def spoiled(source: Path, how: str) -> Any:
    data = source.read_bytes()
    return {"cut short": data[: len(data) * 2 // 3], "no WARC": b"hello", "empty": b""}[how]


@pytest.mark.parametrize("how", ["no WARC", "empty"])
def test_what_is_no_warc_is_told_and_the_others_are_imported(how: str, tmp_path: Path) -> None:
    source, good = tmp_path / "bad.warc.gz", tmp_path / "good.warc.gz"
    written(source, gzip_records=True, pages=pages())
    source.write_bytes(spoiled(source, how))
    written(good, gzip_records=True, pages=pages())
    done = take_in(tmp_path, source, "missing.warc.gz", tmp_path, good)
    assert done.code == 1
    bad, missing, folder, sound = done.json()
    assert bad["fault"] == "no WARC or ARC record in it"
    assert (missing["fault"], folder["fault"]) == ("no such file", "Is a directory")
    assert sound["articles"] == 4
    assert len(list(segments(LocalStorage(tmp_path / "newswarc-data")))) == 1


@pytest.mark.parametrize("packed", [True, False])
def test_of_a_torn_file_all_that_is_whole_is_imported_and_the_rest_is_told(packed: bool, tmp_path: Path) -> None:
    source = tmp_path / ("bad.warc.gz" if packed else "bad.warc")
    written(source, gzip_records=packed, pages=pages())
    source.write_bytes(spoiled(source, "cut short"))
    strict = take_in(tmp_path, source, "--strict")
    assert strict.code == 1
    assert "cut short" in strict.json()[0]["fault"]
    assert not list(segments(LocalStorage(tmp_path / "newswarc-data")))

    done = take_in(tmp_path, source)
    assert done.code == 1
    (facts,) = done.json()
    assert facts["records"] == 4
    assert len(facts["refused"]) == 1
    assert re.match(r"at \d+: cut short", facts["refused"][0])
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0
    said = newswarc("import", source, "--to", "other", "--quiet", cwd=tmp_path)
    assert len(said.err.splitlines()) == 1
    assert facts["refused"][0] in said.err


def test_a_wacz_brings_titles_and_all_its_files(tmp_path: Path) -> None:
    first, second = tmp_path / "a.warc.gz", tmp_path / "b.warc"
    every = list(pages().items())
    written(first, gzip_records=True, pages=dict(every[:2]))
    written(second, gzip_records=False, pages=dict(every[2:]))
    told = {"url": every[0][0], "ts": "2019-03-01T10:00:00Z", "title": "Ferries stay in port"}
    with zipfile.ZipFile(tmp_path / "x.wacz", "w") as packed:
        packed.write(first, "archive/a.warc.gz")
        packed.write(second, "archive/b.warc", zipfile.ZIP_DEFLATED)
        packed.writestr("pages/pages.jsonl", f'{{"format": "json-pages-1.0"}}\n{json.dumps(told)}\nno json\n')
    done = take_in(tmp_path, tmp_path / "x.wacz")
    assert done.code == 0, done.out
    assert done.json()[0]["records"] == 8
    storage = LocalStorage(tmp_path / "newswarc-data")
    (manifest,) = segments(storage)
    with (tmp_path / "newswarc-data" / manifest.warc.key).open("rb") as stream:
        found = {capture.url: capture.discovery for capture in SegmentReading(stream).captures()}
    assert found[every[0][0]].source_title == "Ferries stay in port"
    assert found[every[0][0]].seen_at == "2019-03-01T10:00:00Z"
    assert found[every[3][0]].source_title == ""
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0


def test_what_this_program_wrote_keeps_how_it_was_found(tmp_path: Path) -> None:
    with DemoServer() as server:
        done = newswarc("crawl", f"{server.base}/en/", "--allow-host", "127.0.0.0/8", "--limit", 2, "--contact", "a@example.org", cwd=tmp_path, NEWSWARC_DELAY="0")  # fmt: skip
    assert done.code == 0, done.err
    assert newswarc("export", "warc", "-o", "one.warc.gz", cwd=tmp_path).code == 0
    done = newswarc("import", "one.warc.gz", "--to", "copy", "--json", cwd=tmp_path)
    assert done.code == 0, done.out + done.err
    ours, theirs = (list(articles(LocalStorage(tmp_path / name))) for name in ("newswarc-data", "copy"))
    assert len(ours) == 2
    assert [article.discovery for article in ours] == [article.discovery for article in theirs]


def test_mistakes(tmp_path: Path) -> None:
    done = take_in(tmp_path, "nothing.warc.gz")
    assert done.code == 2
    assert done.err.strip() == "newswarc: nothing.warc.gz: no such file"
