"""``crawl --due``: what is not due is left alone, and many short runs fill one segment."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from archive.library import articles, segments
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer, Reply
from crawler.keeping.run_lock import turn
from pipelines.generation import EXTRACTOR_GENERATION
from tests.crawler.test_politeness import answer
from tests.support.processes import PROGRAM, environment, newswarc

ALWAYS_DUE = {"NEWSWARC_USUAL_INTERVAL": "0.001", "NEWSWARC_SHORTEST_INTERVAL": "0.001"}


def crawl(server: DemoServer, directory: Path, *options: str, **variables: str) -> Any:
    host = server.base.removeprefix("http://")
    done = newswarc(
        "crawl", f"{server.base}/", "--json", "--allow-host", host, *options,
        cwd=directory, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org", **variables,
    )  # fmt: skip
    assert done.code == 0, done.err
    return done.json()


def spool(directory: Path) -> list[str]:
    found = (directory / "newswarc-data" / "state" / "spool").iterdir()
    return sorted(path.name.partition(".")[2] for path in found)


def test_short_runs_fill_one_segment(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "newswarc-data")
    with DemoServer() as server:
        first = crawl(server, tmp_path, "--due", **ALWAYS_DUE)
        assert sum(first["articles"].values()) == 15
        assert first["files"] == []
        assert spool(tmp_path) == [f"{EXTRACTOR_GENERATION}.derived.jsonl", "warc.gz.open"]
        assert list(segments(storage)) == []
        open_yet = seen_by_readers(tmp_path)
        assert len(open_yet["records"]) == 15
        second = crawl(server, tmp_path, "--due", **ALWAYS_DUE)
        assert second["articles"] == {}
        assert spool(tmp_path) == [f"{EXTRACTOR_GENERATION}.derived.jsonl", "warc.gz.open"]
        assert server.counts()["/en/feed.atom"] == 2, "both runs looked at the feed"
        third = crawl(server, tmp_path, "--due", **ALWAYS_DUE, NEWSWARC_SEGMENT_AGE="0.001")
        assert third["files"]
    assert not [name for name in spool(tmp_path) if name.endswith(".open")]
    found = [article.url for article in articles(storage)]
    assert len(found) == len(set(found)) == 15
    assert seen_by_readers(tmp_path) == open_yet
    manifests = list(segments(storage))
    assert manifests[0].exchanges == sum(first["outcomes"].values()) + sum(second["outcomes"].values())
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0
    rebuilt = newswarc("rebuild", "--json", cwd=tmp_path).json()["segments"]
    assert {(segment["index"], segment["records"]) for segment in rebuilt} == {("same", "same")}


def seen_by_readers(directory: Path) -> dict[str, Any]:
    """What commands tell of an archive, be it in its segments or in one that is still open."""

    def told(*words: str) -> list[str]:
        done = newswarc(*words, cwd=directory)
        assert done.code == 0, done.err
        return done.out.splitlines()

    (url, *_) = (json.loads(line)["url"] for line in told("records", "--lang", "fr"))
    shown = json.loads("\n".join(told("show", url, "--json")))
    return {
        "records": told("records"),
        "outcomes": [line for line in told("records", "--outcomes") if "article" in line],
        "found": [line for line in told("find", url, "--match", "host") if "/news/" in line or "/ar/" in line],
        "by site": told("find", url, "--json"),
        "history": told("history", url),
        "wire": told("show", url, "--wire"),
        "text": told("show", url, "--text"),
        "record": shown,
    }


def test_what_is_not_due_is_left_alone(tmp_path: Path) -> None:
    with DemoServer() as server:
        crawl(server, tmp_path, "--due")
        server.requests.clear()
        second = crawl(server, tmp_path, "--due")
        assert server.requests == []
        assert second["outcomes"] == {}
        third = crawl(server, tmp_path)
        assert [path for path, _ in server.requests if path.endswith("feed.atom")]
        assert any("left open" in line for line in third["leftovers"])
    assert spool(tmp_path) == []
    assert len(list(articles(LocalStorage(tmp_path / "newswarc-data")))) == 15


def make_due(directory: Path, ending: str) -> None:
    database = sqlite3.connect(directory / "newswarc-data" / "state" / "frontier.sqlite")
    with database:
        database.execute("UPDATE schedules SET due_at = 0 WHERE url LIKE ?", (f"%{ending}",))
    database.close()


def test_a_source_is_looked_at_without_the_page_that_led_to_it(tmp_path: Path) -> None:
    with DemoServer() as server:
        crawl(server, tmp_path, "--due")
        make_due(tmp_path, "/en/feed.atom")
        server.requests.clear()
        crawl(server, tmp_path, "--due")
        assert [path for path, _ in server.requests] == ["/en/feed.atom"], "robots.txt is known for a day"


def test_a_source_that_fails_is_not_asked_again_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, {"/en/feed.atom": lambda: Reply(b"gone", status=410)})
    with DemoServer() as server:
        host = server.base.removeprefix("http://")
        arguments = ("crawl", f"{server.base}/", "--json", "--due", "--allow-host", host)
        newswarc(*arguments, cwd=tmp_path, NEWSWARC_DELAY="0")
        assert server.counts()["/en/feed.atom"] == 1
        newswarc(*arguments, cwd=tmp_path, NEWSWARC_DELAY="0")
        assert server.counts()["/en/feed.atom"] == 1


def test_what_robots_txt_denies_is_not_recorded_over_and_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, {"/robots.txt": lambda: Reply(b"User-agent: *\nDisallow: /\n", "text/plain")})
    with DemoServer() as server:
        host = server.base.removeprefix("http://")
        arguments = ("crawl", f"{server.base}/", "--json", "--due", "--allow-host", host)
        first = newswarc(*arguments, cwd=tmp_path, NEWSWARC_DELAY="0").json()
        assert first["outcomes"]["robots_denied"] == 1
        assert newswarc(*arguments, cwd=tmp_path, NEWSWARC_DELAY="0").json()["outcomes"] == {}


def test_two_runs_do_not_overlap(tmp_path: Path) -> None:
    with DemoServer() as server, turn(tmp_path / "newswarc-data" / "state") as is_ours:
        assert is_ours
        done = newswarc("crawl", f"{server.base}/", "--due", cwd=tmp_path)
        assert server.requests == []
    assert done.code == 0
    assert "another run" in done.err


def test_the_daemon_goes_on_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with DemoServer() as server:
        settings = {"NEWSWARC_ALLOW_HOSTS": server.base.removeprefix("http://"), "NEWSWARC_DELAY": "0"}
        daemon = subprocess.Popen(
            [str(PROGRAM), "schedule", f"{server.base}/"],
            cwd=tmp_path,
            env=environment(**settings, **ALWAYS_DUE),
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 60
        while server.counts()["/en/feed.atom"] < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        daemon.terminate()
        _, err = daemon.communicate(timeout=60)
        assert daemon.returncode == 130, err
        assert "Traceback" not in err
        assert server.counts()["/en/feed.atom"] >= 2
        assert newswarc("upload", cwd=tmp_path).code == 0
    assert len(list(articles(LocalStorage(tmp_path / "newswarc-data")))) == 15


def test_what_cannot_begin_is_not_repeated(tmp_path: Path) -> None:
    done = newswarc("schedule", "no/such-site", cwd=tmp_path)
    assert done.code == 2
    assert "no/such-site" in done.err
