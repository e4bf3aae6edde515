"""The same crawl into a directory and into a real S3 server leaves the same objects."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from crawler.demo.server import DemoServer
from tests.support.processes import ROOT, newswarc, run
from tests.support.seaweed import S3Server

DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


def fixed_crawl(base: str, archive: str, state: Path, **variables: str) -> None:
    done = run(sys.executable, "-m", "tests.support.fixed_crawl", f"{base}/", archive, state, cwd=ROOT, **variables)
    assert done.code == 0, done.err


def digests(objects: dict[str, bytes]) -> dict[str, str]:
    return {key: hashlib.sha256(data).hexdigest() for key, data in objects.items()}


def test_directory_and_s3_hold_the_same_objects(tmp_path: Path, s3: S3Server) -> None:
    local = tmp_path / "archive"
    with DemoServer(date=DATE) as server:
        fixed_crawl(server.base, str(local), tmp_path / "state-local")
        fixed_crawl(server.base, f"s3://{s3.bucket}/demo/archive", tmp_path / "state-s3", **s3.variables())
    in_directory = {
        path.relative_to(local).as_posix(): path.read_bytes() for path in local.rglob("*") if path.is_file()
    }
    in_bucket = s3.keys("demo/archive/")
    assert len(in_directory) == 8, "WARC, index, manifest, records, outcomes, their manifest, two entries"
    assert digests(in_bucket) == digests(in_directory)
    printed = newswarc("records", f"s3://{s3.bucket}/demo/archive", cwd=tmp_path, **s3.variables())
    assert printed.code == 0, printed.err
    assert printed.out == newswarc("records", local, cwd=tmp_path).out
    assert len(printed.out.splitlines()) == 15


def test_a_storage_that_refuses_is_one_line_before_anything_is_fetched(tmp_path: Path, s3: S3Server) -> None:
    with DemoServer() as server:
        wrong = {**s3.variables(), "AWS_SECRET_ACCESS_KEY": "not-the-secret"}
        done = newswarc(
            "crawl", f"{server.base}/", "--to", f"s3://{s3.bucket}/refused", "--quiet", cwd=tmp_path, **wrong
        )
        assert server.requests == []
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith(f"newswarc: s3://{s3.bucket}/refused")
    assert "credentials" in done.err
