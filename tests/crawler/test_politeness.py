"""What a host allows, asks for and can bear: the rules on their own, and a crawl that keeps them."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.demo.server import DemoServer, Newspaper, Reply
from crawler.demo.stories import load_stories
from crawler.frontier.holds import FIRST_HOLD, LONGEST_HOLD, Hold, retry_after_seconds
from crawler.keeping.spool import Spool
from crawler.polite.block_list import BlockList
from crawler.polite.robots_rules import MOST_BYTES, RobotsRules, Standing, product_token, standing_of
from tests.support.processes import newswarc

AGENT = "newswarc/1.0 (+https://example.org/bot)"
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
STORIES = [story.path for story in load_stories() if story.language in ("en", "fr")][:4]


def rules(text: str, status: int = 200) -> RobotsRules:
    return RobotsRules(status, text.encode(), AGENT)


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        *((status, Standing.GIVEN) for status in (200, 203, 299)),
        *((status, Standing.ABSENT) for status in (301, 302, 400, 401, 403, 404, 410, 451)),
        *((status, Standing.UNREACHABLE) for status in (0, 429, 500, 503, 599)),
    ],
)
def test_what_a_status_means(status: int, standing: Standing) -> None:
    assert standing_of(status) is standing
    refuses_all = rules("User-agent: *\nDisallow: /", status)
    assert refuses_all.allows("https://example.org/a") is (standing is Standing.ABSENT)


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /a", "/a/b", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b", True),
        ("User-agent: *\nAllow: /a\nDisallow: /a/b", "/a/b", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x.pdf?y", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: NewsWARC\nAllow: /", "/a", True),
        ("User-agent: newswarc\nDisallow: /a\n\nUser-agent: newswarc\nDisallow: /b", "/b", False),
        ("User-agent: other\nUser-agent: newswarc\nDisallow: /", "/a", False),
        ("User-agent: otherbot\nDisallow: /", "/a", True),
        ("User-agent: example.org\nDisallow: /", "/a", True),
        ("\ufeffUser-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /%C3%A9", "/é", False),
        ("User-agent: news\nDisallow: /", "/a", True),
        ("User-agent: n*\nDisallow: /", "/a", True),
        ("User-agent: Newswarc/0.9 (any)\nDisallow: /a\n\nUser-agent: *\nAllow: /", "/a", False),
        ("user agent newswarc # ours\rDisallow: /a\r", "/a", False),
        ("User-agent: newswarc, otherbot\r\nDisallow: /a", "/a", False),
        ("", "/a", True),
    ],
)
def test_which_addresses_are_allowed(text: str, path: str, allowed: bool) -> None:
    assert rules(text).allows(f"https://example.org{path}") is allowed


def test_only_the_beginning_of_a_long_file_counts() -> None:
    filler = "# filler\n" * (MOST_BYTES // 9 + 1)
    assert rules(f"{filler}User-agent: *\nDisallow: /").allows("https://example.org/a")
    assert not rules(f"User-agent: *\nDisallow: /\n{filler}").allows("https://example.org/a")


def test_bytes_that_are_no_utf_8_stand_for_themselves() -> None:
    said = RobotsRules(200, "User-agent: *\nDisallow: /caf\u00e9".encode("latin-1"), AGENT)
    assert said.allows("https://example.org/cafeteria")
    assert not said.allows("https://example.org/caf%E9")


def test_what_else_it_says() -> None:
    said = rules("User-agent: *\nCrawl-delay: 2.5\nSitemap: https://example.org/s.xml\nSitemap: /t.xml")
    assert said.crawl_delay == 2.5
    assert said.sitemaps == ("https://example.org/s.xml", "/t.xml")
    assert rules("User-agent: *\nCrawl-delay: soon").crawl_delay == 0
    assert product_token(AGENT) == product_token("newswarc") == product_token("newswarc (x)") == "newswarc"


@given(st.binary(max_size=2000), st.integers(0, 999))
def test_no_file_breaks_the_reading(body: bytes, status: int) -> None:
    made = RobotsRules(status, body, AGENT)
    assert made.allows("https://example.org/a") in (True, False)
    assert made.crawl_delay >= 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("Mon, 05 Jan 2026 12:10:00 GMT", 600),
        ("Mon, 05 Jan 2026 11:00:00 GMT", 0),
        ("Monday, 05-Jan-26 12:10:00 GMT", 600),
        ("soon", 0),
        ("-5", 0),
        ("", 0),
        ("9" * 400, 999_999_999),
        ("Mon, 99 Jan 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after(value: str, seconds: float) -> None:
    assert retry_after_seconds(value, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_breaks_the_reading(value: str) -> None:
    assert retry_after_seconds(value, NOW) >= 0


def test_refusals_in_a_row_hold_back_for_longer() -> None:
    hold, waits = Hold(), []
    for _ in range(20):
        hold = hold.refused(0, now=0)
        waits.append(hold.until)
    assert waits[:3] == [FIRST_HOLD, 2 * FIRST_HOLD, 4 * FIRST_HOLD]
    assert waits[-1] == LONGEST_HOLD
    assert Hold().refused(10 * LONGEST_HOLD, now=0).until == LONGEST_HOLD
    assert Hold().refused(3600, now=0).until == 3600
    assert Hold().refused(2, now=0).until == 2, "it is believed once"
    assert Hold().refused(2, now=0).refused(2, now=2).until == 2 + 2 * FIRST_HOLD
    assert Hold(1, 10 * LONGEST_HOLD).refused(60, now=0).until == 2 * FIRST_HOLD, "a clock was wrong"
    assert hold.answered().refused(0, now=2 * LONGEST_HOLD).until == 2 * LONGEST_HOLD + FIRST_HOLD


def test_a_block_list_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "blocked.txt"
    listed = BlockList(file)
    assert not listed.blocks("https://example.org/a")
    file.write_text("example.org  # the owner asked\nhttps://other.example/private/\n")
    assert listed.blocks("https://example.org/a")
    assert listed.blocks("http://www.EXAMPLE.org:8080/a")
    assert not listed.blocks("https://notexample.org/a")
    assert listed.blocks("https://other.example/private/x")
    assert not listed.blocks("https://other.example/public")
    file.unlink()
    assert listed.blocks("https://example.org/a"), "a file that is gone for a moment unblocks nobody"
    file.write_text("# nobody\n")
    assert not listed.blocks("https://example.org/a")


def test_a_journal_without_its_segment_is_swept_away(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    kept = ["a.warc.gz.torn", "b.g0002.derived.jsonl", "b.warc.gz.open"]
    for name in ("a.g0002.derived.jsonl", *kept):
        (tmp_path / name).touch()
    spool.sweep()
    assert sorted(path.name for path in tmp_path.iterdir()) == kept


def answer(monkeypatch: pytest.MonkeyPatch, replies: dict[str, Callable[[], Reply]]) -> None:
    """Let the newspaper answer some paths otherwise."""
    usual = Newspaper.reply

    def reply(self: Newspaper, target: str) -> Reply:
        return replies[target]() if target in replies else usual(self, target)

    monkeypatch.setattr(Newspaper, "reply", reply)


def crawl_list(server: DemoServer, directory: Path, *options: str, **variables: str) -> Any:
    feed = "".join(f"{server.base}{path}\n" for path in STORIES)
    arguments = ("crawl", "--urls", "-", "--json", "--allow-host", server.base.removeprefix("http://"), *options)
    settings = {"NEWSWARC_DELAY": "0", "NEWSWARC_CONTACT": "tests@example.org", "NEWSWARC_RETRIES": "0", **variables}
    done = newswarc(*arguments, cwd=directory, feed=feed, **settings)
    assert "Traceback" not in done.err, done.err
    return done.json()


def stories_in(server: DemoServer) -> list[str]:
    return [path for path, _ in server.requests if path in STORIES]


@pytest.mark.parametrize(
    ("status", "outcome"), [pytest.param(503, "unavailable", marks=pytest.mark.long), (429, "rate_limited")]
)
def test_a_host_that_asks_for_patience_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, outcome: str
) -> None:
    """What it refuses is kept as evidence and asked for once; the next run knows."""
    answer(monkeypatch, {STORIES[1]: lambda: Reply(b"later", status=status, retry_after="120")})
    with DemoServer() as server:
        report = crawl_list(server, tmp_path)
        asked = stories_in(server)
        assert asked.count(STORIES[1]) == 1
        assert asked[-1] == STORIES[1], "nothing is asked for after that"
        assert report["outcomes"][outcome] == 1
        assert [problem for problem in report["problems"] if "asks for a pause of 1" in problem]
        server.requests.clear()
        crawl_list(server, tmp_path)
        assert server.requests == []


def test_a_run_waits_for_a_short_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = [Reply(b"later", status=429, retry_after="1")]
    with DemoServer() as server:
        page = server.newspaper.reply(STORIES[1])
        answer(monkeypatch, {STORIES[1]: lambda: refusals.pop() if refusals else page})
        report = crawl_list(server, tmp_path)
        assert report["outcomes"]["rate_limited"] == 1
        assert sum(report["articles"].values()) == len(STORIES)
        assert stories_in(server).count(STORIES[1]) == 2
        assert [problem for problem in report["problems"] if "this run waits for it" in problem]
        assert report["exit_code"] == 0


def test_while_robots_txt_fails_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, {"/robots.txt": lambda: Reply(b"broken", status=500)})
    with DemoServer() as server:
        report = crawl_list(server, tmp_path)
        assert stories_in(server) == []
        assert report["outcomes"]["robots_unreachable"] == len(STORIES)
        assert [problem for problem in report["problems"] if "robots.txt can't be fetched (status 500)" in problem]
        monkeypatch.undo()
        report = crawl_list(server, tmp_path)
        assert sorted(stories_in(server)) == sorted(STORIES)
        monkeypatch.undo()
        server.requests.clear()
        answer(monkeypatch, {"/robots.txt": lambda: Reply(b"broken", status=500)})
        crawl_list(server, tmp_path)
        assert sorted(stories_in(server)) == sorted(STORIES), "the last good one stands in"


@pytest.mark.parametrize("status", [403, 404])
def test_a_host_without_robots_txt_allows_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    answer(monkeypatch, {"/robots.txt": lambda: Reply(b"User-agent: *\nDisallow: /", status=status)})
    with DemoServer() as server:
        crawl_list(server, tmp_path)
        assert sorted(stories_in(server)) == sorted(STORIES)


def test_the_delay_that_robots_txt_asks_for_is_kept_up_to_a_cap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[float] = []

    def story(path: str) -> Callable[[], Reply]:
        def reply() -> Reply:
            times.append(time.monotonic())
            return Reply(f"<p>{path}</p>".encode())

        return reply

    answer(
        monkeypatch,
        {
            "/robots.txt": lambda: Reply(b"User-agent: *\nCrawl-delay: 900\n", "text/plain"),
            **{path: story(path) for path in STORIES},
        },
    )
    with DemoServer() as server:
        report = crawl_list(server, tmp_path, NEWSWARC_LONGEST_DELAY="0.6")
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(gaps) == len(STORIES) - 1
    assert min(gaps) >= 0.29, "Scrapy varies delays between half and one and a half"
    assert [problem for problem in report["problems"] if "asks for 900 s" in problem]


def test_blocked_addresses_and_a_stopped_crawl(tmp_path: Path) -> None:
    (tmp_path / "blocked.txt").write_text("127.0.0.1\n")
    with DemoServer() as server:
        report = crawl_list(server, tmp_path, NEWSWARC_BLOCK_LIST="blocked.txt")
        assert report["outcomes"] == {"blocked": len(STORIES)}
        assert server.requests == []
        (tmp_path / "stop").touch()
        done = newswarc("crawl", f"{server.base}/", "-q", cwd=tmp_path, NEWSWARC_STOP_FILE="stop")
        assert (done.code, len(done.err.splitlines())) == (2, 1)
        assert "remove it to continue" in done.err


def test_a_site_may_be_exempt_for_a_written_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, {"/robots.txt": lambda: Reply(b"User-agent: *\nDisallow: /\n", "text/plain")})
    with DemoServer() as server:
        (tmp_path / "own" / "xx").mkdir(parents=True)
        (tmp_path / "own" / "xx" / "test.toml").write_text(
            f'name = "Test"\nurl = "{server.base}/"\nignore_robots_because = "legal deposit, act 12"\n'
            f'[[sources]]\nkind = "feed"\nurl = "{server.base}/en/feed.atom"\n'
        )
        host = server.base.removeprefix("http://")
        done = newswarc(
            "crawl", "xx/test", "--sites", "own", "--json", "--allow-host", host, cwd=tmp_path, NEWSWARC_DELAY="0"
        )
        assert done.code == 0, done.err
        assert done.json()["articles"] == {"xx/test": 10}, "five of the feed, and each in another language"
    (warc,) = (tmp_path / "newswarc-data" / "warc").rglob("*.warc.gz")
    assert b"robots: obey; except xx/test: legal deposit, act 12\r\n" in gzip.decompress(warc.read_bytes())
