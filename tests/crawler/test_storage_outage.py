"""A crawl whose storage goes away for a while: it goes on, and catches up by itself."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from archive.library import articles
from archive.storage.s3 import S3Storage
from archive.storage.s3_options import S3Options
from crawler.demo.server import DemoServer
from tests.support.faulty_line import FaultyLine
from tests.support.processes import PROGRAM, environment, newswarc
from tests.support.seaweed import S3Server

OUTAGE = 6.0
"""Seconds: ten minutes, a hundred times faster; so are all waits."""
SETTINGS = {
    "NEWSWARC_S3_ATTEMPTS": "1",
    "NEWSWARC_STORAGE_PATIENCE": "0.5",
    "NEWSWARC_SEGMENT_AGE": "1",
    "NEWSWARC_SYNC_INTERVAL": "0.2",
    "NEWSWARC_CONTACT": "tests@example.org",
}


def variables(server: DemoServer, s3: S3Server, line: FaultyLine) -> dict[str, str]:
    addresses = {"NEWSWARC_ALLOW_HOSTS": server.base.removeprefix("http://"), "AWS_ENDPOINT_URL": line.endpoint}
    return {**s3.variables(), **SETTINGS, **addresses}


def test_an_outage_is_outlasted(tmp_path: Path, s3_environment: S3Server) -> None:
    archive = f"s3://{s3_environment.bucket}/{tmp_path.name}"
    with DemoServer() as server, FaultyLine(s3_environment.endpoint) as line:
        crawl = subprocess.Popen(
            [str(PROGRAM), "crawl", f"{server.base}/", "--to", archive, "--json"],
            cwd=tmp_path,
            env=environment(**variables(server, s3_environment, line), NEWSWARC_DELAY="0.5"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 60
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.05)
        line.is_down = True
        before = len(server.requests)
        time.sleep(OUTAGE)
        during = len(server.requests)
        asked = len(line.asked)
        line.is_down = False
        out, err = crawl.communicate(timeout=90)
        assert crawl.returncode == 0, err
        assert '"problems": []' in out
        assert during - before >= 5, "fetching went on"
        assert 3 < asked < 40, "it was tried again, with pauses"
    storage = S3Storage(s3_environment.bucket, tmp_path.name, S3Options(s3_environment.endpoint))
    found = [article.url for article in articles(storage)]
    assert len(found) == len(set(found)) == 15
    checked = newswarc("verify", archive, "--deep", cwd=tmp_path, **s3_environment.variables())
    assert checked.code == 0, checked.err


def test_a_crawl_that_starts_during_an_outage_keeps_what_it_gets(tmp_path: Path, s3_environment: S3Server) -> None:
    archive = f"s3://{s3_environment.bucket}/{tmp_path.name}"
    with DemoServer() as server, FaultyLine(s3_environment.endpoint, is_down=True) as line:
        settings = {**variables(server, s3_environment, line), "NEWSWARC_DELAY": "0"}
        done = newswarc("crawl", f"{server.base}/", "--to", archive, "--quiet", cwd=tmp_path, **settings)
        assert done.code == 1
        assert "newswarc upload" in done.err
        assert "Traceback" not in done.err
        vain = newswarc("upload", "--to", archive, "--endpoint-url", line.endpoint, cwd=tmp_path, **settings)
        assert vain.code == 1
        assert "if the storage can be reached" in vain.err, "nothing is called stored that is not"
        line.is_down = False
        done = newswarc("upload", "--to", archive, "--endpoint-url", line.endpoint, cwd=tmp_path, **settings)
        assert done.code == 0, done.err
    storage = S3Storage(s3_environment.bucket, tmp_path.name, S3Options(s3_environment.endpoint))
    assert len(list(articles(storage))) == 15


def test_a_bucket_that_is_not_there_is_one_line(tmp_path: Path, s3: S3Server) -> None:
    with DemoServer() as server:
        done = newswarc(
            "crawl", f"{server.base}/", "--to", "s3://no-such-bucket/x", "--quiet", cwd=tmp_path, **s3.variables()
        )
        assert server.requests == []
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert "NoSuchBucket" in done.err
