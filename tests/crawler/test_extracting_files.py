"""`newswarc extract` on files of any origin."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.clock_and_ids import FixedClockAndIds
from archive.exchange import CaptureOutcome, Discovery, Exchange, Role
from archive.layout import SegmentName
from archive.segment import SegmentWriter
from tests.pipelines.pages import LAYOUTS, Story, stories

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

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
    assert "3 articles from 4 pages (1 " in done.stderr


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
    strict = extract(warc, "--to", tmp_path / "strict", "--strict")
    assert strict.returncode == 1
    assert not (tmp_path / "strict" / "torn.warc.gz.jsonl").exists()
    done = extract(warc, "--to", to)
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if "cut short" in line]
    assert len(told) == 1
    assert "torn.warc.gz" in told[0]
    assert "Traceback" not in done.stderr
    assert [record["url"] for record in lines((to / "torn.warc.gz.jsonl").read_text())] == [
        "https://a.example/en",
        "https://a.example/de",
    ]


def many(path: Path, hosts: int = 3, per_host: int = 4) -> None:
    codes = ["en", "ar", "fr"]
    pages = []
    for number in range(hosts * per_host):
        code = codes[number % 3]
        body = page(STORIES[code]).replace(b"</article>", f"<p>{number}</p></article>".encode())
        pages.append((f"https://paper{number % hosts}.example/{number}", [("Content-Type", "text/html")], body))
    foreign_warc(path, pages)


@pytest.mark.parametrize("kind", ["a member each", "one member", "zstd", "plain"])
def test_however_a_file_is_packed_its_records_are_the_same(tmp_path: Path, kind: str) -> None:
    many(tmp_path / "a.warc.gz", 2, 2)
    usual = lines(extract(tmp_path / "a.warc.gz").stdout)
    text = gzip.decompress((tmp_path / "a.warc.gz").read_bytes())
    name = {"zstd": "b.warc.zst", "plain": "b.warc"}.get(kind, "b.warc.gz")
    data = {"a member each": (tmp_path / "a.warc.gz").read_bytes(), "one member": gzip.compress(text), "plain": text}
    (tmp_path / name).write_bytes(data.get(kind) or zstd.compress(text))
    done = extract(tmp_path / name)
    assert done.returncode == 0, done.stderr
    made = lines(done.stdout)
    assert len(made) == 4
    for one in (*usual, *made):
        place = one.pop("warc")
        assert place["length"] > 0
    assert made == usual


def test_pages_are_selected_before_they_are_extracted(tmp_path: Path) -> None:
    many(tmp_path / "a.warc.gz")
    by_host = extract(tmp_path / "a.warc.gz", "--site", "paper1.example")
    assert {record["url"] for record in lines(by_host.stdout)} == {
        f"https://paper1.example/{n}" for n in (1, 4, 7, 10)
    }
    by_language = extract(tmp_path / "a.warc.gz", "--lang", "ar")
    assert [record["inLanguage"] for record in lines(by_language.stdout)] == ["ar"] * 4
    assert "8 not selected" in by_language.stderr
    assert extract(tmp_path / "a.warc.gz", "--until", "2001").stdout == ""


def test_pages_are_selected_by_words_in_their_html(tmp_path: Path) -> None:
    texts = {
        "plain": ("text/html", b"<p>The Zeppelin yard</p>"),
        "case": ("text/html", b"<p>THE ZEPPELIN   YARD</p>"),
        "reference": ("text/html", b"<p>Z&uuml;rich am See</p>"),
        "bytes": ("text/html; charset=iso-8859-1", "<p>in Zürich</p>".encode("latin-1")),
        "composed": ("text/html; charset=utf-8", "<p>Zu\u0308\u00adrich</p>".encode()),
        "within": ("text/html", b"<p>zeppelinist</p>"),
        "nothing": ("text/html", b"<p>The river</p>"),
        "packed": ("text/html", gzip.compress(b"<p>a zeppelin yard</p>")),
    }
    pages = []
    for name, (kind, more) in texts.items():
        body = page(STORIES["en"]).replace(b"</article>", b"</article>" + more)
        headers = [("Content-Type", kind)]
        if name == "packed":
            body, headers = (
                gzip.compress(body.replace(more, gzip.decompress(more))),
                [*headers, ("Content-Encoding", "gzip")],
            )
        pages.append((f"https://a.example/{name}", headers, body))
    foreign_warc(tmp_path / "a.warc.gz", pages)

    def found(words: str) -> set[str]:
        done = extract(tmp_path / "a.warc.gz", "--words", words)
        assert done.returncode == 0, done.stderr
        assert f"{len(texts) - len(lines(done.stdout))} not selected" in done.stderr
        return {record["url"].rpartition("/")[2] for record in lines(done.stdout)}

    assert found("zeppelin yard") == {"plain", "case", "packed"}
    assert found("no such word, zürich") == {"reference", "bytes", "composed"}
    assert found("ZEPPELIN") == {"plain", "case", "packed", "within"}
    assert extract(tmp_path / "a.warc.gz", "--words", " , ").returncode == 2


def test_two_files_of_one_name_do_not_take_each_others_place(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        many(tmp_path / name / "x.warc.gz", 1, 1 + (name == "b"))
    done = extract(tmp_path / "a" / "x.warc.gz", tmp_path / "b" / "x.warc.gz", "--to", tmp_path / "out")
    assert done.returncode == 1
    assert "another file has the same name" in done.stderr
    assert len(lines((tmp_path / "out" / "x.warc.gz.jsonl").read_text())) == 1


def test_what_this_program_wrote_of_a_page_comes_along_however_the_file_is_packed(tmp_path: Path) -> None:
    clock = FixedClockAndIds()
    writer = SegmentWriter(tmp_path, SegmentName.new("test", 1, clock), clock_and_ids=clock, software="test")
    for code in ("en", "ar"):
        body = page(STORIES[code])
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        found = Discovery(role=Role.ARTICLE, site="a.example", via="feed", source_url=f"https://a.example/{code}.xml")
        url, now = f"https://a.example/{code}", clock.now()
        writer.append(
            Exchange(url, "GET", b"GET / HTTP/1.1\r\n\r\n", head.encode() + body, now, now, CaptureOutcome.OK, 200, discovery=found)
        )  # fmt: skip
    data = writer.close().warc.read_bytes()
    (tmp_path / "members.warc.gz").write_bytes(data)
    (tmp_path / "whole.warc.gz").write_bytes(gzip.compress(gzip.decompress(data)))
    one, other = (lines(extract(tmp_path / name).stdout) for name in ("members.warc.gz", "whole.warc.gz"))
    assert [record["discovery"]["sourceUrl"] for record in one] == [
        f"https://a.example/{code}.xml" for code in ("en", "ar")
    ]
    for record in (*one, *other):
        record.pop("warc")
    assert one == other


def test_killed_within_a_file_it_goes_on_there_and_the_lines_are_the_same(tmp_path: Path) -> None:
    many(tmp_path / "a.warc.gz", 4, 5)
    whole = extract(tmp_path / "a.warc.gz", "--to", tmp_path / "whole", "--jobs", 1)
    assert whole.returncode == 0, whole.stderr
    to = tmp_path / "killed"
    part = to / "a.warc.gz.outcomes.jsonl.part"
    for target in (3, 9):
        started = subprocess.Popen([PROGRAM, "extract", tmp_path / "a.warc.gz", "--to", to, "--jobs", "1"], stderr=subprocess.DEVNULL)  # fmt: skip
        while started.poll() is None and not (part.exists() and part.read_bytes().count(b"\n") >= target):
            time.sleep(0.001)
        started.kill()
        started.wait()
    if part.exists():  # as when it died in the middle of a line
        with part.open("ab") as outcomes, (to / "a.warc.gz.jsonl.part").open("ab") as records:
            outcomes.write(b'{"url": "https://pap')
            records.write(b'{"id": "0')
    done = json.loads(extract(tmp_path / "a.warc.gz", "--to", to, "--json", "--jobs", 1).stdout)
    for name in ("a.warc.gz.jsonl", "a.warc.gz.outcomes.jsonl"):
        assert (to / name).read_text() == (tmp_path / "whole" / name).read_text()
    assert done[0]["articles"] in (0, 20)
    assert sorted(path.name for path in to.iterdir()) == ["a.warc.gz.jsonl", "a.warc.gz.outcomes.jsonl"]


def test_a_wrong_name_is_a_line_while_the_others_run(tmp_path: Path) -> None:
    many(tmp_path / "a.warc.gz", 1, 1)
    (tmp_path / "empty.warc").write_bytes(b"")
    done = extract(tmp_path / "missing.warc.gz", tmp_path, tmp_path / "a.warc.gz", "--to", tmp_path / "out")
    assert done.returncode in (1, 2)
    done = extract(tmp_path / "missing.warc.gz", tmp_path / "a.warc.gz", "--to", tmp_path / "out")
    assert done.returncode == 1
    assert "missing.warc.gz: no such file" in done.stderr
    assert len(lines((tmp_path / "out" / "a.warc.gz.jsonl").read_text())) == 1


def test_odd_hosts_stop_nothing(tmp_path: Path) -> None:
    odd = ["http://a..b/", "http://under_score.example/", f"http://{'x' * 70}.example/", "http://b\u00fc\u00df.example/", "http://[::1]/", "http://1.2.3.4.5/", "http://-/"]  # fmt: skip
    html = [("Content-Type", "text/html")]
    foreign_warc(tmp_path / "a.warc.gz", [(url, html, page(STORIES["en"])) for url in [*odd, "http://a.example/"]])
    done = extract(tmp_path / "a.warc.gz", "--to", tmp_path / "out", "--json")
    assert "Traceback" not in done.stderr
    assert sum(json.loads(done.stdout)[0]["outcomes"].values()) == 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing.html",), "missing.html: no such file"),
        (("missing.warc.gz",), "missing.warc.gz: no such file"),
        (("a.html", "archive"), "either one archive or only files"),
        (("a.html", "--to", "s3://bucket/x"), "records from files can only go to a directory"),
        (("--quality", "best", "archive"), "--quality works on files only"),
    ],
)
def test_mistakes_are_said_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = extract(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
