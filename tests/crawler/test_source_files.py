"""Files that are elsewhere: in ranges over HTTP, in S3, named in lists; what cannot be had is told."""

from __future__ import annotations

import gzip
import re
import socket
from pathlib import Path

import pytest

from archive.storage.s3_options import S3Options
from crawler.offline import source_files
from crawler.offline.source_files import SourceFiles, listed
from tests.crawler.test_extracting_files import many
from tests.support.processes import newswarc
from tests.support.seaweed import S3Server
from tests.support.wire import ByteServer

DATA = bytes(range(256)) * 400


class FileServer:
    """Serves one file by ranges; loses some connections on the way."""

    def __init__(self, data: bytes, *, ranges: bool = True, lose: int = 0) -> None:
        self.data, self.ranges, self.lose = data, ranges, lose
        self.asked: list[bytes] = []

    def play(self, connection: socket.socket, request: bytes) -> None:
        """A script for `ByteServer`."""
        if b" /missing" in request:
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        found = re.search(rb"Range: bytes=(\d+)-(\d+)", request)
        assert found is not None
        self.asked.append(found[0])
        start, end = int(found[1]), min(int(found[2]) + 1, len(self.data))
        if self.ranges:
            head = b"206 Partial Content\r\nContent-Range: bytes %d-%d/%d" % (start, end - 1, len(self.data))
        else:
            start, end, head = 0, len(self.data), b"200 OK"
        body = self.data[start:end]
        head = b"HTTP/1.1 " + head + b'\r\nETag: "a"\r\nContent-Length: %d\r\n\r\n' % len(body)
        if self.lose:
            self.lose -= 1
            connection.sendall(head + body[: len(body) // 2])
            connection.shutdown(socket.SHUT_RDWR)
            return
        connection.sendall(head + body)


def sources(names: list[str], scratch: Path) -> SourceFiles:
    return SourceFiles(names, scratch, s3=S3Options(), agent="test")


@pytest.mark.parametrize("lose", [0, 2])
@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_comes_whole_whatever_happens_on_the_way(
    ranges: bool, lose: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_files, "_RANGE", 30_000)
    served = FileServer(DATA, ranges=ranges, lose=lose)
    with ByteServer(served.play) as server:
        files = sources([server.url("/a/news.warc.gz"), server.url("/missing.warc.gz")], tmp_path)
        got = [(path.name, path.read_bytes(), files.origin(str(path))) for path in files]
    assert got == [("news.warc.gz", DATA, server.url("/a/news.warc.gz"))]
    assert len(served.asked) == (4 if ranges else 1) + lose
    assert [line.split(": ")[1] for line in files.problems] == ["HTTP Error 404"]
    assert not list(tmp_path.rglob("*.warc.gz")), "copies go"


def test_lists_of_paths(tmp_path: Path) -> None:
    text = "crawl-data/CC-NEWS/1.warc.gz\n\n# a comment\nhttps://example.org/2.warc.gz\n"
    (tmp_path / "paths").write_text(text)
    (tmp_path / "paths.gz").write_bytes(gzip.compress(text.encode()))
    absolute = "https://example.org/2.warc.gz"
    assert listed(tmp_path / "paths", "") == ["crawl-data/CC-NEWS/1.warc.gz", absolute]
    assert listed(tmp_path / "paths.gz", "https://data.example/") == [
        "https://data.example/crawl-data/CC-NEWS/1.warc.gz", absolute,
    ]  # fmt: skip
    assert listed(tmp_path / "paths", "s3://bucket") == ["s3://bucket/crawl-data/CC-NEWS/1.warc.gz", absolute]


def test_extracting_and_importing_from_elsewhere(tmp_path: Path, s3: S3Server) -> None:
    many(tmp_path / "news.warc.gz")
    assert newswarc("extract", "news.warc.gz", "--to", "here", cwd=tmp_path).code == 0
    wanted = (tmp_path / "here" / "news.warc.gz.jsonl").read_bytes()
    data = (tmp_path / "news.warc.gz").read_bytes()
    s3.client().put_object(Bucket=s3.bucket, Key="crawl/news.warc.gz", Body=data)
    (tmp_path / "warc.paths").write_text("crawl/news.warc.gz\ncrawl/none.warc.gz\n")
    done = newswarc(
        "extract", "--paths", "warc.paths", "--base", f"s3://{s3.bucket}", "--to", "there",
        cwd=tmp_path, **s3.variables(),
    )  # fmt: skip
    assert done.code == 1
    assert f"s3://{s3.bucket}/crawl/none.warc.gz" in done.err
    assert (tmp_path / "there" / "news.warc.gz.jsonl").read_bytes() == wanted
    with ByteServer(FileServer(data).play) as server:
        done = newswarc("import", server.url("/news.warc.gz"), "--to", "a", cwd=tmp_path)
        assert done.code == 0, done.err
        assert server.url("/news.warc.gz") in done.err
    assert newswarc("verify", "a", "--deep", cwd=tmp_path).code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import",), "import: name the files to read, or a list of them with --paths"),
        (("import", "x.warc", "--base", "https://a.example"), "import: --base only applies to --paths"),
        (("extract", "--paths", "none"), "--paths none: No such file or directory"),
        (("import", "none.warc"), "none.warc: no such file"),
    ],
)
def test_mistakes_are_said_in_one_line(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = newswarc(*arguments, cwd=tmp_path)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
