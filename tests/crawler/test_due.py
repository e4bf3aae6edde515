"""``crawl --due``: what is not due is left alone, and many short runs fill one segment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archive.library import articles, segments
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer
from tests.support.processes import newswarc

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
        assert spool(tmp_path) == ["g0002.derived.jsonl", "warc.gz.open"]
        assert list(segments(storage)) == []
        second = crawl(server, tmp_path, "--due", **ALWAYS_DUE)
        assert second["articles"] == {}
        assert spool(tmp_path) == ["g0002.derived.jsonl", "warc.gz.open"]
        assert server.counts()["/en/feed.atom"] == 2, "both runs looked at the feed"
        third = crawl(server, tmp_path, "--due", **ALWAYS_DUE, NEWSWARC_SEGMENT_AGE="0.1")
        assert third["files"]
    assert not [name for name in spool(tmp_path) if name.endswith(".open")]
    found = [article.url for article in articles(storage)]
    assert len(found) == len(set(found)) == 15
    manifests = list(segments(storage))
    assert manifests[0].exchanges == sum(first["outcomes"].values()) + sum(second["outcomes"].values())
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0
    rebuilt = newswarc("rebuild", "--json", cwd=tmp_path).json()["segments"]
    assert {(segment["index"], segment["records"]) for segment in rebuilt} == {("same", "same")}


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
