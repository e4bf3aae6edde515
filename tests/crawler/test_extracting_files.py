"""`newswarc extract` on files of any origin."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from tests.pipelines.pages import LAYOUTS, Story, stories

PROGRAM = Path(sys.executable).parent / "newswarc"
STORIES = {story.language: story for story in stories()}


def extract(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, "extract", *map(str, arguments)], capture_output=True, text=True, check=False)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def page(story: Story, canonical: str = "") -> bytes:
    link = f'<link rel="canonical" href="{canonical}">' if canonical else ""
    return LAYOUTS[0](story).replace("</head>", f"{link}</head>").encode()


def foreign_warc(
    path: Path, responses: list[tuple[str, list[tuple[str, str]], bytes]], *, gzipped: bool = True
) -> None:
    """A WARC as warcio writes it: version 1.0, with requests, without our metadata records."""
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=gzipped)
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "another crawler"}))
        for url, headers, body in responses:
            head = StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1")
            response = writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=head)
            asked = StatusAndHeaders("GET / HTTP/1.1", [("Host", "example.org")], is_http_request=True)
            request = writer.create_warc_record(url, "request", http_headers=asked)
            writer.write_request_response_pair(request, response)


@pytest.mark.parametrize("name", ["crawl-00001.warc.gz", "crawl.warc"])
def test_a_warc_of_another_program(tmp_path: Path, name: str) -> None:
    html = ("Content-Type", "text/html; charset=utf-8")
    foreign_warc(
        tmp_path / name,
        [
            ("https://a.example/one", [html], page(STORIES["en"])),
            ("https://a.example/logo.png", [("Content-Type", "image/png")], b"\x89PNG"),
            ("https://a.example/two", [html, ("Content-Encoding", "gzip")], gzip.compress(page(STORIES["ar"]))),
            ("https://a.example/three", [html, ("Transfer-Encoding", "chunked")], page(STORIES["fr"])),
            ("https://a.example/empty", [html], b"<html><body>nothing</body></html>"),
        ],
        gzipped=name.endswith("gz"),
    )
    done = extract(tmp_path / name)
    assert done.returncode == 0, done.stderr
    records = lines(done.stdout)
    assert [record["headline"] for record in records] == [STORIES[code].headline for code in ("en", "ar", "fr")]
    assert [record["url"] for record in records] == [f"https://a.example/{name}" for name in ("one", "two", "three")]
    assert [tuple(record["paragraphs"]) for record in records] == [
        STORIES[code].paragraphs for code in ("en", "ar", "fr")
    ]
    assert records[0]["warc"]["file"] == name
    assert "3 articles of 4 pages (1 " in done.stderr


def test_pages_and_warcs_to_a_directory_resumed(tmp_path: Path) -> None:
    saved, warc, to = tmp_path / "saved.html", tmp_path / "w.warc.gz", tmp_path / "out"
    saved.write_bytes(page(STORIES["en"], "https://paper.example.org/one"))
    foreign_warc(warc, [("https://a.example/", [("Content-Type", "text/html")], page(STORIES["de"]))])
    done = extract(saved, warc, "--to", to, "--json", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in to.iterdir()) == [
        "saved.html.jsonl",
        "saved.html.outcomes.jsonl",
        "w.warc.gz.jsonl",
        "w.warc.gz.outcomes.jsonl",
    ]
    assert [(file["articles"], file["skipped"]) for file in json.loads(done.stdout)] == [(1, False), (1, False)]
    (record,) = lines((to / "saved.html.jsonl").read_text())
    assert record["url"] == "https://paper.example.org/one"
    assert record["extraction"]["version"].startswith("g")
    (outcome,) = lines((to / "saved.html.outcomes.jsonl").read_text())
    assert outcome["outcome"] == "record"
    (to / "w.warc.gz.jsonl").unlink()  # as after an interruption
    again = json.loads(extract(saved, warc, "--to", to, "--json").stdout)
    assert [(file["articles"], file["skipped"]) for file in again] == [(0, True), (1, False)]


def test_the_quality_is_in_the_record(tmp_path: Path) -> None:
    saved = tmp_path / "saved.html"
    saved.write_bytes(page(STORIES["en"], "https://paper.example.org/one"))
    sources, hashes = set(), set()
    for quality in ("fast", "best"):
        (record,) = lines(extract(saved, "--quality", quality).stdout)
        sources.add(record["fields"]["articleBody"]["source"])
        hashes.add(record["extraction"]["configHash"])
    assert sources == {"blocks", "agreement"}
    assert len(hashes) == 2


def test_a_torn_warc_gives_what_is_whole_and_says_so(tmp_path: Path) -> None:
    warc, to = tmp_path / "torn.warc.gz", tmp_path / "out"
    html = [("Content-Type", "text/html")]
    foreign_warc(warc, [(f"https://a.example/{code}", html, page(STORIES[code])) for code in ("en", "de", "fr")])
    warc.write_bytes(warc.read_bytes()[:-900])
    done = extract(warc, "--to", to)
    assert done.returncode != 0
    assert "torn.warc.gz" in done.stderr and "Traceback" not in done.stderr
    assert not (to / "torn.warc.gz.jsonl").exists()
    assert len(lines((to / "torn.warc.gz.jsonl.part").read_text())) >= 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing.html",), "missing.html: no such file"),
        (("missing.warc.gz",), "missing.warc.gz: no such file"),
        (("a.html", "archive"), "either an archive or WARC and HTML files"),
        (("a.html", "--to", "s3://bucket/x"), "records of files go to a directory"),
        (("--quality", "best", "archive"), "--quality is for files"),
    ],
)
def test_mistakes_are_said_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = extract(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
