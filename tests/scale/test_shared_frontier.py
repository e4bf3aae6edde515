"""Machines that crawl into one archive and know through one PostgreSQL what the others have."""

from __future__ import annotations

import json
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from archive.library import articles
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer
from crawler.frontier.database import PATIENCE
from tests.support.postgres import Postgres
from tests.support.processes import PROGRAM, environment, newswarc


class TimedServer(DemoServer):
    """The newspaper, with when each request began and ended."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[tuple[float, float]] = []

    def note(self, path: str, headers: dict[str, str]) -> None:
        super().note(path, headers)
        now = time.monotonic()
        self.times.append((now, now))


def settings(server: DemoServer, database: str) -> dict[str, str]:
    return {
        "NEWSWARC_ALLOW_HOSTS": server.base.removeprefix("http://"),
        "NEWSWARC_DELAY": "0",
        "NEWSWARC_CONTACT": "tests@example.org",
        "NEWSWARC_FRONTIER": database,
        "NEWSWARC_ARCHIVE": "archive",
    }


def crawl(server: DemoServer, directory: Path, machine: str, database: str, *options: str) -> Any:
    variables = settings(server, database)
    done = newswarc(
        "crawl", f"{server.base}/", "--json", *options, cwd=directory, NEWSWARC_STATE=machine, **variables
    )
    assert done.code == 0, done.err
    return done.json()


def test_what_one_machine_has_the_other_leaves(tmp_path: Path, postgres: Postgres) -> None:
    database = postgres.database()
    with DemoServer() as server:
        some = crawl(server, tmp_path, "first", database, "--limit", "5")
        assert sum(some["articles"].values()) == 5
        rest = crawl(server, tmp_path, "second", database)
        assert sum(rest["articles"].values()) == 10
        again = crawl(server, tmp_path, "first", database)
        assert again["articles"] == {}
        assert not (tmp_path / "first" / "frontier.sqlite").exists()
        found = [article.url for article in articles(LocalStorage(tmp_path / "archive"))]
        assert len(found) == len(set(found)) == 15
        status = newswarc("status", "--json", cwd=tmp_path, NEWSWARC_STATE="third", **settings(server, database))
        (site,) = status.json()["sites"].values()
        assert site["articles"] >= 15, "of both machines"
        assert newswarc("verify", "--deep", cwd=tmp_path, NEWSWARC_ARCHIVE="archive").code == 0


def test_the_shared_frontier_is_made_again_from_the_archive(tmp_path: Path, postgres: Postgres) -> None:
    with DemoServer() as server:
        crawl(server, tmp_path, "first", postgres.database())
        fresh = postgres.database()
        done = newswarc("rebuild", "--frontier", "--json", cwd=tmp_path, **settings(server, fresh))
        assert done.code == 0, done.err
        assert done.json()["segments"] == 1
        assert crawl(server, tmp_path, "first", fresh)["articles"] == {}


@pytest.mark.parametrize("seconds", [1, pytest.param(45, marks=pytest.mark.long)])
def test_a_crawl_outlives_a_restart_of_the_server(tmp_path: Path, seconds: float) -> None:
    with Postgres() as postgres, DemoServer() as server:
        variables = settings(server, postgres.database()) | {"NEWSWARC_DELAY": "0.2"}
        running = subprocess.Popen(
            [str(PROGRAM), "crawl", f"{server.base}/", "--quiet"],
            cwd=tmp_path,
            env=environment(**variables),
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + 60
        while not any(path.startswith("/stories/") for path, _ in server.requests):
            assert time.monotonic() < deadline and running.poll() is None
            time.sleep(0.05)
        postgres.kill()
        time.sleep(seconds)
        postgres.start()
        _, errors = running.communicate(timeout=120)
        if seconds < PATIENCE:
            assert running.returncode == 0, errors.decode()
        else:  # what was asked of it meanwhile has come to nothing, and is due
            assert "Traceback" not in errors.decode()
            last = newswarc("crawl", f"{server.base}/", "--quiet", cwd=tmp_path, **variables)
            assert last.code == 0, last.err
        found = [article.url for article in articles(LocalStorage(tmp_path / "archive"))]
        assert len(found) == len(set(found)) == 15


def test_a_database_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    done = newswarc(
        "crawl", "https://example.org/", "--quiet", cwd=tmp_path,
        NEWSWARC_FRONTIER="postgresql://me:secret@127.0.0.1:9/name",
    )  # fmt: skip
    assert done.code in (1, 2)
    assert "Traceback" not in done.err and "secret" not in done.err
    assert "127.0.0.1:9/name" in done.err


def start(directory: Path, machine: str, what: list[str], **variables: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(PROGRAM), "crawl", *what, "--json"],
        cwd=directory,
        env=environment(**variables, NEWSWARC_STATE=machine),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_two_that_are_sent_to_one_site_do_its_work_once(tmp_path: Path, postgres: Postgres) -> None:
    with DemoServer() as server:
        variables = settings(server, postgres.database()) | {"NEWSWARC_DELAY": "0.2"}
        both = [start(tmp_path, machine, [f"{server.base}/"], **variables) for machine in ("first", "second")]
        outputs = [json.loads(process.communicate(timeout=120)[0]) for process in both]
        assert sorted(sum(output["articles"].values()) for output in outputs) == [0, 15]
        assert any("another run" in problem for output in outputs for problem in output["problems"])
        assert max(count for path, count in server.counts().items() if path.startswith("/stories/")) == 1


@pytest.mark.long
def test_a_host_is_asked_by_one_machine_at_a_time_and_no_sooner(tmp_path: Path, postgres: Postgres) -> None:
    """Two sites on one host, crawled by two machines at once."""
    delay = 0.3
    with TimedServer() as first, TimedServer() as second:
        variables = settings(first, postgres.database()) | {
            "NEWSWARC_DELAY": str(delay),
            "NEWSWARC_ALLOW_HOSTS": "127.0.0.1",
        }
        both = [
            start(tmp_path, machine, [f"{server.base}/"], **variables)
            for machine, server in (("first", first), ("second", second))
        ]
        for process in both:
            _, errors = process.communicate(timeout=180)
            assert process.returncode == 0, errors.decode()
        times = sorted(first.times + second.times)
    assert len(list(articles(LocalStorage(tmp_path / "archive")))) == 30
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(times)]
    assert min(gaps) > delay - 0.05, "as they arrive"
    assert all(later[0] >= earlier[1] for earlier, later in pairwise(times)), "never two at once"
