"""Machines that crawl into one archive and know through one PostgreSQL what the others have."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

from archive.library import articles
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer
from tests.support.postgres import Postgres
from tests.support.processes import PROGRAM, environment, newswarc


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
        planned = crawl(server, tmp_path, "first", database, "--dry-run")["planned"]
        assert len({item["url"] for item in planned}) >= 15
        some = crawl(server, tmp_path, "first", database, "--limit", "5")
        assert sum(some["articles"].values()) == 5
        left = crawl(server, tmp_path, "second", database, "--dry-run")["planned"]
        assert {item["url"] for item in left} < {item["url"] for item in planned}
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


def test_a_crawl_outlives_a_restart_of_the_server(tmp_path: Path) -> None:
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
        time.sleep(1)
        postgres.start()
        _, errors = running.communicate(timeout=120)
        assert running.returncode == 0, errors.decode()
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
