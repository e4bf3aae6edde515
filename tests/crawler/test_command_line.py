"""The program as its users meet it: mistakes, bad sites, interruptions."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.captures import SegmentReading
from archive.exchange import Role
from archive.library import articles, outcomes, segments
from archive.outcomes import PageOutcome
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer, Reply
from tests.crawler.test_politeness import answer
from tests.support import validators
from tests.support.processes import (
    HERE,
    HERE_OF,
    PROGRAM,
    ROOT,
    environment,
    newswarc,
    newswarc_fork,
    newswarc_process,
    run,
)

BAD_SITE = 'name = "X"\nurl = "https://x.example/"\nlanguge = "en"\n'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("crawl",), "nothing to crawl"),
        (("crawl", "nosuch"), "no such definition"),
        (("crawl", "example.com"), "write https://example.com"),
        (("crawl", "ftp://example.com/"), "not a URL"),
        (("crawl", "https://example.com/", "--since", "soon"), "--since 'soon': not a date"),
        (("crawl", "--urls", "nothing.txt"), "--urls nothing.txt: can't be read"),
        (("crawl", "https://example.com/", "--allow-host", "a:b:c"), "allow_hosts"),
        (("crawl", "https://example.com/", "--to", "ftp://x"), "unknown kind of storage"),
        (("crawl", "https://example.com/", "--config", "nothing.toml"), "nothing.toml: no such file"),
        (("crawl", "--no-such-option"), "No such option"),
        (("crawl", "mole", "--sites", "own"), "own/xx/mole.toml: languge: unknown key"),
        (("crawl", "mole", "--sites", "nowhere"), "nowhere: no such directory"),
        (("crawl", "https://example.com/", "--sites", "nowhere"), "nowhere: no such directory"),
        (("records", "s3://"), "no bucket"),
        (("records", "nowhere"), "nowhere: no archive here"),
        (("extract", "nowhere"), "nowhere: no archive here"),
        (("crawl", "https://me:secret@example.com/"), "put the login under [access]"),
        (("extract", "a.warc.gz", "b"), "either one archive or only files"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "own" / "xx").mkdir(parents=True)
    (tmp_path / "own" / "xx" / "mole.toml").write_text(BAD_SITE)
    done = newswarc(*arguments, cwd=tmp_path)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert [line for line in done.err.splitlines() if line.startswith("newswarc: ")] or "Usage:" in done.err
    assert not (tmp_path / "newswarc-data").exists(), "nothing starts"


def test_a_secret_that_is_not_set_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "own" / "xx").mkdir(parents=True)
    text = 'name = "X"\nurl = "https://x.example/"\n[access]\ncookies = { session = "env:X_SESSION" }\n'
    (tmp_path / "own" / "xx" / "x.toml").write_text(text)
    done = newswarc("crawl", "xx/x", "--sites", "own", "-q", cwd=tmp_path)
    assert (done.code, done.err) == (
        2,
        "newswarc: site xx/x: access: the environment variable X_SESSION is not set; export it\n",
    )


def test_verbose_shows_where_it_came_from(tmp_path: Path) -> None:
    assert "Traceback" in newswarc("crawl", "nosuch", "-v", cwd=tmp_path).err


def host(server: DemoServer) -> str:
    return server.base.removeprefix("http://")


SITE = """
name = "Test"
url = "{base}/"
[[sources]]
kind = "{kind}"
url = "{base}{path}"
[floors]
articles = 1
"""


def test_bad_sources_are_named_and_the_other_sites_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replies = {
        "/empty": lambda: Reply(b"", "application/rss+xml"),
        "/html": lambda: Reply(b"<!doctype html><html></html>"),
        "/broken": lambda: Reply(b"<urlset><url><loc", "application/xml"),
        "/long": lambda: Reply(b"x" * 500_000, "application/xml"),
        "/gone": lambda: Reply(b"", status=410),
    }
    answer(monkeypatch, replies)
    (tmp_path / "own" / "xx").mkdir(parents=True)
    with DemoServer() as server:
        for name, kind, path in (
            ("empty", "feed", "/empty"),
            ("html", "feed", "/html"),
            ("broken", "sitemap", "/broken"),
            ("long", "sitemap", "/long"),
            ("gone", "feed", "/gone"),
            ("good", "feed", "/en/feed.atom"),
        ):
            text = SITE.format(base=server.base, kind=kind, path=path)
            (tmp_path / "own" / "xx" / f"{name}.toml").write_text(text)
        names = [f"xx/{name}" for name in ("empty", "html", "broken", "long", "gone", "good")]
        done = newswarc(
            "crawl",
            *names,
            "--sites",
            "own",
            "--json",
            "--allow-host",
            host(server),
            cwd=tmp_path,
            NEWSWARC_DELAY="0",
        )
    assert done.code == 1
    report = done.json()
    assert report["articles"] == {"xx/good": 10}, "five of the feed, and each in another language"
    assert report["failed_sites"] == ["xx/broken", "xx/empty", "xx/gone", "xx/html", "xx/long"]
    said = {problem.split(": ", 1)[0]: problem for problem in report["problems"]}
    assert "the feed is empty" in said["xx/empty"]
    assert "HTML page where a feed was expected" in said["xx/html"]
    assert "the server answered 410" in said["xx/gone"]
    assert "neither XML" in said["xx/long"]
    assert "malformed XML" in said["xx/broken"]
    assert all(server.base in problem and "; " in problem for problem in said.values())
    assert "Traceback" not in done.err


def test_an_unreachable_site_is_one_line(tmp_path: Path) -> None:
    with DemoServer() as server:
        gone = host(server)
    done = newswarc("crawl", f"http://{gone}/", "-q", "--allow-host", gone, cwd=tmp_path)
    assert done.code == 1
    assert len(done.err.splitlines()) == 1
    assert "connection refused" in done.err
    manifest = next(iter(segments(LocalStorage(tmp_path / "newswarc-data"))))
    assert manifest.outcomes["connection_refused"] >= 1, "the attempt is recorded"


def test_an_internal_address_is_refused_in_one_line(tmp_path: Path) -> None:
    with DemoServer() as server:
        done = newswarc("crawl", f"{server.base}/", "-q", cwd=tmp_path)
        assert server.requests == []
    assert done.code == 1
    assert f"--allow-host {host(server)}" in done.err


def test_a_server_that_fails_is_tried_again_and_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = "/stories/en/1001-night-ferry-returns-after-two-winters"
    answer(monkeypatch, {failing: lambda: Reply(b"later", status=500)})
    with DemoServer() as server:
        pages = tmp_path / "pages.txt"
        pages.write_text(f"{server.base}{failing}\n")
        done = newswarc(
            "crawl", "--urls", pages, "--json", "--allow-host", host(server), cwd=tmp_path, NEWSWARC_DELAY="0"
        )
    assert done.json()["outcomes"]["server_error"] == 3
    lines = list(outcomes(LocalStorage(tmp_path / "newswarc-data")))
    assert [line.outcome for line in lines] == [PageOutcome.HTTP_ERROR] * 3


def interrupt(tmp_path: Path, server: DemoServer, wait: Callable[[], bool], delay: str = "0.3") -> tuple[int, str]:
    process = subprocess.Popen(
        [str(PROGRAM), "crawl", f"{server.base}/", "-q", "--allow-host", host(server)],
        cwd=tmp_path,
        env=environment(NEWSWARC_DELAY=delay),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not wait() and time.monotonic() < deadline:
        time.sleep(0.05)
    # As a terminal does: to every process of the group
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    return process.returncode, err


def test_interrupted_it_closes_everything_and_goes_on_later(tmp_path: Path) -> None:
    with DemoServer() as server:
        code, err = interrupt(tmp_path, server, lambda: sum("/stories/" in path for path, _ in server.requests) >= 3)
        assert code == 130, err
        assert "interrupted" in err
        assert "Traceback" not in err
        storage = LocalStorage(tmp_path / "newswarc-data")
        kept = {article.url for article in articles(storage)}
        assert 1 <= len(kept) < 15
        assert not list((tmp_path / "newswarc-data" / "state" / "spool").iterdir())
        for warc in (tmp_path / "newswarc-data" / "warc").rglob("*.warc.gz"):
            assert validators.warcvalid(warc).code == 0
        rest = newswarc(
            "crawl", f"{server.base}/", "-q", "--allow-host", host(server), cwd=tmp_path, NEWSWARC_DELAY="0"
        )
        assert rest.code == 0, rest.err
        assert len(list(articles(storage))) == 15
        fetched = server.counts()
        assert all(count == 1 for path, count in fetched.items() if "/stories/" in path and "9999" not in path)


@pytest.mark.parametrize("pause", [0.0, 0.5, 1.0])
def test_interrupted_while_it_closes_it_still_stores_everything(tmp_path: Path, pause: float) -> None:
    def all_fetched() -> bool:
        done = sum("/stories/" in path for path, _ in server.requests) >= 15
        time.sleep(pause if done else 0)
        return done

    with DemoServer() as server:
        code, err = interrupt(tmp_path, server, all_fetched, delay="0")
    assert code in (0, 130, -signal.SIGINT), err  # it may have ended just before
    assert "Traceback" not in err
    assert not list((tmp_path / "newswarc-data" / "state" / "spool").iterdir())
    assert len(list(articles(LocalStorage(tmp_path / "newswarc-data")))) >= 14


@pytest.mark.parametrize("stories", [1, pytest.param(15, marks=pytest.mark.long)])
def test_killed_it_loses_nothing_it_has_captured(tmp_path: Path, stories: int) -> None:
    with DemoServer() as server:
        process = subprocess.Popen(
            [str(PROGRAM), "crawl", f"{server.base}/", "-q", "--allow-host", host(server)],
            cwd=tmp_path,
            env=environment(NEWSWARC_DELAY="0.1"),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while sum("/stories/" in path for path, _ in server.requests) < stories and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        again = newswarc(
            "crawl", f"{server.base}/", "--json", "--allow-host", host(server), cwd=tmp_path, NEWSWARC_DELAY="0"
        )
        assert again.code == 0, again.err
        assert any("left open by an earlier run; recovered" in line for line in again.json()["leftovers"])
    archive = tmp_path / "newswarc-data"
    found = [article.url for article in articles(LocalStorage(archive))]
    assert len(found) == len(set(found)) == 15, "every article once, none lost, none twice"
    captured: Counter[str] = Counter()
    for warc in (archive / "warc").rglob("*.warc.gz"):
        assert validators.warcvalid(warc).code == 0
        with warc.open("rb") as stream:
            pages = [c for c in SegmentReading(stream).captures() if c.role is Role.ARTICLE and c.response]
            # A redirect may lead to a page once more: that leaves a revisit
            captured.update(capture.url for capture in pages if not capture.revisit)
    assert set(captured.values()) == {1}, "what a dead run captured is not captured again"
    assert not [path for path in (archive / "state" / "spool").iterdir() if path.suffix != ".torn"]


def test_what_could_not_be_stored_is_stored_by_the_next_run(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with DemoServer() as server:
        blocked = tmp_path / "newswarc-data" / "warc"
        blocked.parent.mkdir()
        blocked.write_text("a file where a directory should be")
        variables = {"NEWSWARC_STATE": str(state), "NEWSWARC_DELAY": "0", "NEWSWARC_ALLOW_HOSTS": host(server)}
        first = newswarc("crawl", f"{server.base}/", "-q", cwd=tmp_path, **variables)
        assert first.code == 1
        assert "the next run or `newswarc upload` stores it" in first.err
        assert "Traceback" not in first.err
        assert list((state / "spool").glob("*.warc.gz")), "nothing captured is lost"
        blocked.unlink()
        second = newswarc("crawl", f"{server.base}/", "-q", cwd=tmp_path, **variables)
        assert second.code == 0, second.err
    assert len(list(articles(LocalStorage(tmp_path / "newswarc-data")))) == 15
    assert not list((state / "spool").iterdir())


def test_scrapy_knows_the_spiders() -> None:
    done = run(Path(sys.executable).parent / "scrapy", "list", cwd=ROOT)
    assert done.code == 0, done.err
    assert done.out.split() == ["feed", "news", "section", "sitemap", "urls"]


def test_scrapy_crawls_a_site_by_its_name(tmp_path: Path) -> None:
    with DemoServer() as server:
        (tmp_path / "own" / "xx").mkdir(parents=True)
        text = SITE.format(base=server.base, kind="feed", path="/en/feed.atom")
        (tmp_path / "own" / "xx" / "test.toml").write_text(text)
        done = run(
            Path(sys.executable).parent / "scrapy", "crawl", "feed", "-a", "site=xx/test",
            cwd=ROOT,
            NEWSWARC_ARCHIVE=str(tmp_path / "archive"),
            NEWSWARC_SITES=str(tmp_path / "own"),
            NEWSWARC_ALLOW_HOSTS=host(server),
            NEWSWARC_DELAY="0",
        )  # fmt: skip
        assert done.code == 0, done.err
    assert len(list(articles(LocalStorage(tmp_path / "archive")))) == 10, "each of five in two languages"


def test_a_site_may_ask_for_headers_and_secrets_that_are_not_kept(tmp_path: Path) -> None:
    access = '[access]\nheaders = { X-Key = "env:MOLE_KEY", X-Plain = "yes" }\ncookies = { consent = "1" }\n'
    with DemoServer() as server:
        (tmp_path / "own" / "xx").mkdir(parents=True)
        text = SITE.format(base=server.base, kind="feed", path="/en/feed.atom") + access
        (tmp_path / "own" / "xx" / "test.toml").write_text(text)
        done = newswarc(
            "crawl", "xx/test", "--sites", "own", "-q", "--limit", "1",
            cwd=tmp_path, MOLE_KEY="s3cret", NEWSWARC_ALLOW_HOSTS=host(server), NEWSWARC_DELAY="0",
        )  # fmt: skip
        assert done.code == 0, done.err
        sent = [headers for path, headers in server.requests if path == "/en/feed.atom"]
    assert [(h["X-Key"], h["X-Plain"], h["Cookie"]) for h in sent] == [("s3cret", "yes", "consent=1")]
    (warc,) = (tmp_path / "newswarc-data" / "warc").rglob("*.warc.gz")
    kept = gzip.decompress(warc.read_bytes())
    assert b"s3cret" not in kept
    assert b"X-Key: [redacted]\r\n" in kept
    assert b"X-Plain: yes\r\n" in kept


def test_the_program_tells_what_there_is(tmp_path: Path) -> None:
    sites = newswarc("sites", "--json", cwd=tmp_path).json()
    assert {"lb/naharnet-en", "lb/naharnet-ar"} <= {site["id"] for site in sites}
    settings = newswarc("config", "--json", cwd=tmp_path, NEWSWARC_DELAY="9").json()
    assert settings["delay"] == 9.0
    assert newswarc("schema", cwd=tmp_path).json()["title"] == "Article"
    assert newswarc("--version", cwd=tmp_path).out.startswith("newswarc/")
    assert "crawl" in newswarc("--help", cwd=tmp_path).out


@pytest.mark.parametrize(
    "words",
    [
        ("records",),
        ("find", "x.example"),
        ("show", "https://x.example/1"),
        ("history", "https://x.example/1"),
        ("sites", "--json"),
        ("config", "--json"),
        ("schema",),
        ("status",),
        ("health", "--json"),
        ("redact", "https://x.example/1", "--reason", "a court's order", "--yes"),
        ("wacz", "-o", "x.wacz"),
        ("export", "warc", "-o", "x.warc.gz"),
        ("dataset", "info", "harbour"),
        ("dataset", "list"),
        ("dataset", "stats"),
        ("dataset", "presign", "harbour"),
        ("fleet", "list"),
        ("failures", "--json"),
        ("verify", "--json"),
        ("search", "harbour"),
        ("custody", "checkpoint"),
        ("token", "list"),
        ("package", "bagit", "-o", "x"),
        ("copy", "here", "there"),
    ],
    ids=lambda words: "-".join(words[:2]),
)
def test_a_command_does_the_same_in_a_process_of_its_own(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Tests run most commands in their own process; this is why they may."""
    assert words[0] in HERE or words[1] in HERE_OF[words[0]]
    assert newswarc(*words, cwd=tmp_path) == newswarc_process(*words, cwd=tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ("crawl", "nosuch"),
        ("crawl", "--no-such-option"),
        ("extract", "nowhere"),
        ("import", "nothing.warc"),
        ("rebuild", "nowhere"),
        ("site", "check", "nosuch"),
        ("upload",),
    ],
    ids=lambda words: "-".join(words[:2]),
)
def test_a_command_does_the_same_in_a_fork(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Tests run all other commands in forks of a process that has imported the program."""
    assert words[0] not in HERE
    assert newswarc(*words, cwd=tmp_path) == newswarc_process(*words, cwd=tmp_path)


def test_a_crawl_does_the_same_in_a_fork(tmp_path: Path) -> None:
    reports = []
    for start in (newswarc, newswarc_process):
        (place := tmp_path / start.__name__).mkdir()
        with DemoServer() as server:
            done = start(
                "crawl", f"{server.base}/", "--json", cwd=place, NEWSWARC_DELAY="0", NEWSWARC_ALLOW_HOSTS=host(server)
            )
        report = done.json()
        reports.append(
            (done.code, done.err, sum(report["articles"].values()), report["outcomes"], report["problems"])
        )
    assert reports[0] == reports[1]
    assert reports[0][2] == 15


def test_a_fork_has_its_own_input_environment_and_directory(tmp_path: Path) -> None:
    (tmp_path / "newswarc.toml").write_text("delay = 7.0\n")
    assert newswarc_fork("config", "--json", cwd=tmp_path, NEWSWARC_RETRIES="4").json()["delay"] == 7.0
    assert newswarc_fork("config", "--json", cwd=tmp_path, NEWSWARC_RETRIES="4").json()["retries"] == 4
    fed = newswarc_fork("crawl", "--urls", "-", cwd=tmp_path, feed="# nothing\n")
    assert (fed.code, fed.err) == (2, "newswarc: --urls -: lists no URL; write one per line\n")


def test_verbose_tells_what_happens_and_no_more(tmp_path: Path) -> None:
    with DemoServer() as server:
        host = server.base.removeprefix("http://")
        done = newswarc("crawl", f"{server.base}/", "-v", cwd=tmp_path, NEWSWARC_DELAY="0", NEWSWARC_ALLOW_HOSTS=host)
    assert done.code == 0, done.err
    lines = [line.partition("  ")[2] for line in done.err.splitlines()]
    assert [line for line in lines if line.startswith("source  ") and " new" in line]
    assert [line for line in lines if line.startswith("article  ") and "  200  " in line and " bytes" in line]
    assert [line for line in lines if line.startswith("page  ") and line.endswith("  record")]
    assert "scrapy" not in done.err.lower(), "its own log takes -vv"
