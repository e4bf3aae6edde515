"""Articles are fetched again at certain ages; what changed is a version, what did not is said so."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from archive.history import history
from archive.library import articles, outcomes
from archive.outcomes import PageOutcome
from archive.storage.local import LocalStorage
from crawler.cli.history import changes
from crawler.demo.server import DemoServer, Newspaper, Reply
from crawler.demo.stories import load_stories
from tests.support.processes import newswarc

HOUR, DAY = 3600, 86400
STORY = next(story for story in load_stories() if story.language == "en" and story.body_before_correction)
OTHER = next(story for story in load_stories() if story.language == "en" and not story.body_before_correction)


def crawl(server: DemoServer, directory: Path, **variables: str) -> Any:
    host = server.base.removeprefix("http://")
    done = newswarc(
        "crawl", f"{server.base}/", "--json", "--allow-host", host,
        cwd=directory, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org", **variables,
    )  # fmt: skip
    assert done.code == 0, done.err
    return done.json()


def grow_older(directory: Path, seconds: int) -> None:
    """As if all articles had been captured so much earlier."""
    with sqlite3.connect(directory / "newswarc-data" / "state" / "frontier.sqlite") as frontier:
        frontier.execute("UPDATE pages SET first = first - ?, last = last - ?", (seconds, seconds))


def test_versions_of_an_article(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Newspaper.reply
    dressed = {"/" + OTHER.path.lstrip("/")}

    def reply(self: Newspaper, target: str) -> Reply:
        made = usual(self, target)
        return (
            dataclasses.replace(made, body=made.body + b"<!-- new advertisement -->") if target in dressed else made
        )

    storage = LocalStorage(tmp_path / "newswarc-data")
    with DemoServer() as server:
        assert sum(crawl(server, tmp_path)["articles"].values()) == 15
        server.requests.clear()
        assert crawl(server, tmp_path)["pages"] == {}, "nothing is old enough"
        assert not [path for path, _ in server.requests if "/stories/" in path]

        grow_older(tmp_path, HOUR)
        monkeypatch.setattr(Newspaper, "reply", reply)
        second = crawl(server, tmp_path)
        # One page besides the articles says that it is not there; it may be one day
        assert second["pages"] == {"unchanged": 15, "unchanged_text": 1}
        assert second["articles"] == {}
        asked = [headers for path, headers in server.requests if "/stories/" in path]
        assert len(asked) == 16
        assert all("If-None-Match" in headers for headers in asked)
        assert crawl(server, tmp_path)["pages"] == {}, "an age is reached once"

        grow_older(tmp_path, DAY)
        server.newspaper.corrected = True
        third = crawl(server, tmp_path)
        assert third["pages"]["record"] == sum(bool(story.body_before_correction) for story in load_stories())
        assert third["pages"].get("unchanged_text", 0) <= 1
        url = f"{server.base}{STORY.path}"

    versions = [moment for moment in history(storage, url) if moment.outcome is not None]
    assert [moment.outcome for moment in versions] == [PageOutcome.RECORD, PageOutcome.UNCHANGED, PageOutcome.RECORD]
    texts = [moment.article.article_body for moment in versions if moment.article]
    assert texts[0] != texts[1]
    counted = Counter(line.outcome for line in outcomes(storage))
    assert counted[PageOutcome.RECORD] == len(list(articles(storage)))

    shown = newswarc("history", url, cwd=tmp_path)
    assert shown.code == 0, shown.err
    assert "[-" in shown.out
    assert "{+" in shown.out
    lines = newswarc("history", url, "--json", cwd=tmp_path).lines()
    assert [line["outcome"] for line in lines] == ["record", "unchanged", "record"]
    assert lines[0]["record"]["id"] != lines[2]["record"]["id"]
    assert newswarc("history", f"{url}-nowhere", cwd=tmp_path).code == 2
    # What the archive holds is enough to come to the same outcomes again
    before = newswarc("records", "--outcomes", cwd=tmp_path).out
    assert newswarc("extract", "--to", tmp_path / "again", cwd=tmp_path).code == 0
    assert newswarc("records", "again", "--outcomes", cwd=tmp_path).out == before
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0


def test_a_version_that_came_as_something_else_first_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, feed = Newspaper.reply, "/en/feed.atom"

    def reply(self: Newspaper, target: str) -> Reply:
        is_redirected = target == feed and self.corrected
        return Reply(status=302, location=STORY.path) if is_redirected else usual(self, target)

    monkeypatch.setattr(Newspaper, "reply", reply)
    storage = LocalStorage(tmp_path / "newswarc-data")
    (tmp_path / "sites" / "xx").mkdir(parents=True)
    with DemoServer() as server:
        url, host = f"{server.base}{STORY.path}", server.base.removeprefix("http://")
        definition = (
            f'name = "Courier"\nurl = "{server.base}/"\n[[sources]]\nkind = "feed"\nurl = "{server.base}{feed}"\n'
        )
        (tmp_path / "sites" / "xx" / "courier.toml").write_text(definition)
        for is_corrected, age in ((False, 0), (True, 0), (True, HOUR)):
            server.newspaper.corrected = is_corrected
            if age:
                assert [moment.outcome for moment in history(storage, url) if moment.outcome] == [PageOutcome.RECORD]
                grow_older(tmp_path, age)
            newswarc(
                "crawl", "xx/courier", "--sites", "sites", "--allow-host", host,
                cwd=tmp_path, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
            )  # fmt: skip
    found = [moment.outcome for moment in history(storage, url) if moment.outcome]
    assert found == [PageOutcome.RECORD, PageOutcome.RECORD]


@pytest.mark.long
def test_without_ages_nothing_is_fetched_again(tmp_path: Path) -> None:
    with DemoServer() as server:
        crawl(server, tmp_path, NEWSWARC_RECAPTURE="")
        grow_older(tmp_path, DAY)
        assert crawl(server, tmp_path, NEWSWARC_RECAPTURE="")["pages"] == {}


def test_an_age_that_is_none_is_refused(tmp_path: Path) -> None:
    done = newswarc("crawl", "https://example.org/", cwd=tmp_path, NEWSWARC_RECAPTURE="1h,soon")
    assert done.code == 2
    assert "NEWSWARC_RECAPTURE" in done.err
    assert "soon" in done.err


def test_words_that_changed_are_shown() -> None:
    shown = [line.plain for line in changes("a b c d".split(), "a x c d e".split())]
    assert len(shown) == 2
    assert "[-b-] {+x+}" in shown[0]
    assert "{+e+}" in shown[1]
    assert list(changes(["a"], ["a"])) == []
