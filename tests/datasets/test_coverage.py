"""What share of the announced there is, counted from the archive alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer, Newspaper, Reply
from crawler.offline.coverage import PARSERS
from spiders.site import ANNOUNCING
from tests.datasets.making import body, record, store
from tests.support.processes import newswarc

ANNOUNCED = {
    "/2026/first-story": "2026-03-01",
    "/2026/second-story": "2026-03-01",
    "/2026/moved-story": "2026-03-01",
    "/2026/lost-story": "2026-03-02",
    "/2026/moved-and-lost": "2026-03-02",
    "/denied/closed-story": "2026-03-02",
    "/2026/short-story": "2026-03-03",
    "/2026/reserved-story": "2026-03-03",
}
MOVED = {"/2026/moved-story": "/2026/where-it-went", "/2026/moved-and-lost": "/2026/nowhere"}
ARTICLES = {"/2026/first-story": 120, "/2026/second-story": 300, "/2026/where-it-went": 300}


def feed(base: str) -> bytes:
    items = "".join(
        f"<item><title>{path}</title><link>{base}{path}?utm_source=feed</link><pubDate>{day}T10:00:00Z</pubDate></item>"
        for path, day in ANNOUNCED.items()
    )
    return f'<rss version="2.0"><channel><title>Paper</title>{items}</channel></rss>'.encode()


def page(path: str, words: int) -> bytes:
    text = "".join(f"<p>{body(number, words // 3)}.</p>" for number in range(len(path), len(path) + 3))
    return (
        f"<html><head><title>{path}</title></head><body><article><h1>Of {path}</h1>{text}</article></body>".encode()
    )


def reply(self: Newspaper, target: str) -> Reply:
    path = target.partition("?")[0]
    if path == "/robots.txt":
        return Reply(b"User-agent: *\nDisallow: /denied/\n", "text/plain")
    if path == "/":
        return Reply(b'<link rel="alternate" type="application/rss+xml" href="/feed.xml"><p>Front page</p>')
    if path == "/feed.xml":
        return Reply(feed(self.base), "application/rss+xml")
    if path in MOVED:
        return Reply(status=301, location=f"{self.base}{MOVED[path]}")
    if path == "/2026/reserved-story":
        return Reply(b'<meta name="robots" content="noarchive">' + page(path, 120))
    if path == "/2026/short-story":
        return Reply(b"<html><head><title>Short</title></head><body><h1>Short</h1><p>Two words.</p></body>")
    return Reply(page(path, ARTICLES[path])) if path in ARTICLES else Reply(b"no", "text/plain", 404)


def stats(place: Path, *arguments: str) -> Any:
    done = newswarc("dataset", "stats", *arguments, "--json", cwd=place)
    assert done.code == 0, done.err
    return done.json()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("coverage")
    with pytest.MonkeyPatch.context() as patch, DemoServer() as server:
        patch.setattr(Newspaper, "reply", reply)
        host = server.base.removeprefix("http://")
        done = newswarc(
            "crawl", f"{server.base}/", "--json", "--allow-host", host,
            cwd=place, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org", NEWSWARC_HEED="noarchive",
        )  # fmt: skip
    assert done.code == 0, done.err
    built = newswarc("dataset", "build", "news", "--min-words", "200", "--json", cwd=place)
    assert built.json()["rows"] == 2
    return place


def test_of_an_archive(place: Path) -> None:
    found = stats(place)
    reasons = {"http_error": 2, "robots_denied": 1, "too_short": 1, "reserved": 1}
    assert found["total"] == {"announced": 8, "recorded": 3, "in_dataset": 0, "unannounced": 0, "missing": reasons}
    assert [*found["sites"].values()] == [found["total"]]
    assert {day: share["announced"] for day, share in found["days"].items()} == {
        "2026-03-01": 3, "2026-03-02": 3, "2026-03-03": 2,
    }  # fmt: skip
    assert found["days"]["2026-03-01"]["recorded"] == 3, "the story that moved was had where it is"
    assert found["unread"] == 0


def test_of_a_data_set(place: Path) -> None:
    found = stats(place, "news", "--since", "2026-03-01", "--until", "2026-03-02")
    assert found["total"] == {
        "announced": 3,
        "recorded": 3,
        "in_dataset": 2,
        "unannounced": 0,
        "missing": {"left_out: words": 1},
    }


def test_as_a_table(place: Path) -> None:
    done = newswarc("dataset", "stats", "news@1", "--by", "day", cwd=place)
    rows = [line.split("│")[1:-1] for line in done.out.splitlines() if line.startswith("│")]
    assert [cell.strip() for cell in rows[1]] == [
        "2026-03-02",
        "3",
        "0 (0.0%)",
        "0 (0.0%)",
        "http_error 2, robots_denied 1",
    ]
    assert [cell.strip() for cell in rows[-1]][:4] == ["all", "8", "3 (37.5%)", "2 (25.0%)"]


def test_every_source_that_announces_can_be_read_again() -> None:
    assert set(PARSERS) == ANNOUNCING


def test_nothing_was_announced_of_imported_pages(tmp_path: Path) -> None:
    store(LocalStorage(tmp_path / "newswarc-data"), [[record(number) for number in range(4)]], tmp_path / "scratch")
    found = stats(tmp_path)
    assert (found["sources"], found["total"]["announced"], found["total"]["unannounced"]) == (0, 0, 4)
    assert found["sites"]["paper0.com"]["unannounced"] == 2
    told = newswarc("dataset", "stats", cwd=tmp_path).out
    assert told.count("nothing was announced") == 4
    assert "the archive has no captured feeds or news sitemaps, so it can't tell what is missing" in told


def test_what_was_removed_or_withheld_has_a_reason_too(place: Path, tmp_path: Path) -> None:
    copy = tmp_path / "newswarc-data"
    shutil.copytree(place / "newswarc-data", copy)
    urls = {line["url"].rpartition("/")[2]: line["url"] for line in newswarc("records", cwd=tmp_path).lines()}
    hidden = newswarc("access", "block", urls["first-story"], "--reason", "a court says so", cwd=tmp_path)
    assert hidden.code == 0, hidden.err
    removed = newswarc("redact", urls["second-story"], "--reason", "asked for", "--yes", cwd=tmp_path)
    assert removed.code == 0, removed.err
    found = stats(tmp_path)
    reasons = {"http_error": 2, "robots_denied": 1, "too_short": 1, "reserved": 1}
    assert found["total"]["missing"] == {**reasons, "withheld": 1, "removed": 1}
    assert (found["total"]["announced"], found["total"]["recorded"], found["removed"]) == (8, 1, 1)
    withdrawn = stats(tmp_path, "news@1")
    assert withdrawn["total"]["missing"]["withdrawn"] == 1
    for share in (*found["sites"].values(), *found["days"].values(), found["total"]):
        assert share["announced"] == share["recorded"] + sum(share["missing"].values())


def test_mistakes(place: Path) -> None:
    for arguments, said in (
        (["nothing"], "nothing: no such data set"),
        (["--since", "spring"], "'spring' is not a date"),
        (["--from", "elsewhere"], "elsewhere"),
    ):
        done = newswarc("dataset", "stats", *arguments, cwd=place)
        assert done.code == 2
        assert said in done.err
        assert "Traceback" not in done.err
