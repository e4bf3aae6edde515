"""The same payload at several addresses is kept once; every revisit finds its original."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from uuid import uuid4

import pytest

from archive.article import Article
from archive.captures import Capture, SegmentReading
from archive.exchange import Original, Role
from archive.library import articles, outcomes, segments
from archive.outcomes import PageOutcome
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer, Reply
from crawler.frontier.entries import KnownCapture
from tests.crawler.test_politeness import answer
from tests.support.processes import Finished, newswarc

TEXT = "The harbour council met on Monday and agreed on the repairs that the old pier has needed for years. " * 12
PAGE = f"<html><head><title>The pier</title></head><body><h1>The pier</h1><p>{TEXT}</p></body></html>".encode()
LARGE = PAGE + hashlib.sha256(b"x").hexdigest().encode() * 40_000


class Copies:
    """A server that gives the same page at every address; cut short where the address says so."""

    def __enter__(self) -> Self:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = LARGE if "large" in self.path else b"" if "empty" in self.path else PAGE
                missing = "robots" in self.path
                self.send_response(404 if missing else 200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page[:-100] if "cut" in self.path else page)

            def log_message(self, *args: object) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def crawl(copies: Copies, directory: Path, *paths: str) -> Finished:
    done = newswarc(
        "crawl", "--urls", "-", "--json", "--allow-host", copies.host,
        cwd=directory, feed="\n".join(f"http://{copies.host}/{path}" for path in paths),
        NEWSWARC_DELAY="0", NEWSWARC_CONCURRENCY="1", NEWSWARC_RETRIES="0", NEWSWARC_CONTACT="tests@example.org",
    )  # fmt: skip
    assert "Traceback" not in done.err
    return done


def pages(directory: Path) -> list[Capture]:
    """Captures of pages, in the order of their segments."""
    storage = LocalStorage(directory / "newswarc-data")
    found: list[Capture] = []
    for manifest in segments(storage):
        with storage.open_range(manifest.warc.key) as stream:
            found += [capture for capture in SegmentReading(stream).captures() if "robots" not in capture.url]
    return found


def test_a_page_at_another_address_is_kept_whole_and_has_a_record_of_its_own(tmp_path: Path) -> None:
    with Copies() as copies:
        crawl(copies, tmp_path, "a", "b", "large-a", "large-b")
        crawl(copies, tmp_path, "c", "large-c")
    captures = {capture.url.rpartition("/")[2]: capture for capture in pages(tmp_path)}
    assert set(captures) == {"a", "b", "c", "large-a", "large-b", "large-c"}
    assert not [capture.url for capture in captures.values() if capture.revisit]
    told = {line.url.rpartition("/")[2]: line for line in outcomes(LocalStorage(tmp_path / "newswarc-data"))}
    assert told["a"].outcome is told["b"].outcome is told["c"].outcome
    assert told["c"].outcome is not PageOutcome.UNCHANGED
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0


def records(directory: Path) -> dict[str, Article]:
    return {a.url.rpartition("/")[2]: a for a in articles(LocalStorage(directory / "newswarc-data"))}


def test_a_record_names_the_first_capture_of_its_bytes_at_another_address(tmp_path: Path) -> None:
    with Copies() as copies:
        crawl(copies, tmp_path, "a", "b", "large-a", "large-b", "empty-a", "empty-b")
        crawl(copies, tmp_path, "c", "large-c", "a", "b")
    made = records(tmp_path)
    assert {name: article.duplicate_of for name, article in made.items()} == {
        "a": None, "b": made["a"].id, "c": made["a"].id,
        "large-a": None, "large-b": made["large-a"].id, "large-c": made["large-a"].id,
    }  # fmt: skip
    captures = pages(tmp_path)
    again = [capture.url.rpartition("/")[2] for capture in captures if capture.revisit]
    assert again == ["a", "b"], "each is a repeat of its own address"
    by_id = {capture.record_id: capture.url for capture in captures}
    assert all(by_id[capture.refers_to or uuid4()] == capture.url for capture in captures if capture.revisit)


def test_a_redaction_of_one_address_takes_nothing_of_another_with_the_same_bytes(tmp_path: Path) -> None:
    with Copies() as copies:
        crawl(copies, tmp_path, "a", "b")
        crawl(copies, tmp_path, "a", "b", "c")
        before = records(tmp_path)
        redact = ("redact", f"http://{copies.host}/a", "--reason", "order 2/2027", "--yes")
        assert newswarc(*redact, cwd=tmp_path).code == 0
        crawl(copies, tmp_path, "b", "c", "d")
    after = records(tmp_path)
    assert {name: after[name] for name in ("b", "c")} == {name: before[name] for name in ("b", "c")}
    assert after["d"].duplicate_of == before["b"].id, "a capture that is gone is named no more"
    told = Counter(line.outcome.value for line in outcomes(LocalStorage(tmp_path / "newswarc-data")))
    assert told == {"record": 3, "unchanged": 3}, "b and c are known as before"
    for name in ("b", "c", "d"):
        shown = newswarc("show", f"http://{copies.host}/{name}", "--wire", cwd=tmp_path)
        assert shown.out.endswith(PAGE.decode())
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0


def test_nothing_stands_for_a_cut_or_an_empty_payload(tmp_path: Path) -> None:
    with Copies() as copies:
        crawl(copies, tmp_path, "cut-a", "cut-b", "empty-a", "empty-b")
    captures = pages(tmp_path)
    assert len(captures) == 4
    assert not [capture.url for capture in captures if capture.revisit]


def test_a_revisit_points_only_at_what_its_reader_will_find() -> None:
    original = Original(uuid4(), "https://paper.example/a", datetime(2026, 4, 1, tzinfo=UTC), "sha256:x")
    known = KnownCapture(original, etag="", last_modified="", segment="first", stored=False)
    assert known.may_stand_for_repeats_in("first")
    assert not known.may_stand_for_repeats_in("second"), "its segment may be lost with this machine"
    assert replace(known, stored=True).may_stand_for_repeats_in("second")


STORY = "/stories/en/1002-baker-who-weighs-bread-by-eye-loses-his-bet"


@pytest.mark.parametrize(
    ("redirecting", "runs"),
    [
        ("/robots.txt", [["/en/feed.atom"], ["/en/feed.atom"]]),
        ("/feed", [["/en/feed.atom", "/feed"], ["/en/feed.atom", "/feed"]]),
        ("/feed", [["/feed"], ["/en/feed.atom"]]),  # stored with its entity tag when the article is first listed
    ],
)
def test_an_article_whose_page_came_as_something_else_before_has_a_record(
    redirecting: str, runs: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A site that redirects what it does not have to an article."""
    answer(monkeypatch, {redirecting: lambda: Reply(status=302, location=STORY)})
    (tmp_path / "sites" / "xx").mkdir(parents=True)
    with DemoServer() as server:
        for feeds in runs:
            definition = f'name = "Courier"\nurl = "{server.base}/"\n'
            definition += "".join(f'[[sources]]\nkind = "feed"\nurl = "{server.base}{feed}"\n' for feed in feeds)
            (tmp_path / "sites" / "xx" / "courier.toml").write_text(definition)
            newswarc(
                "crawl", "xx/courier", "--sites", "sites", "--allow-host", server.base.removeprefix("http://"),
                cwd=tmp_path, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
            )  # fmt: skip
    found = [article.url.removeprefix(server.base) for article in articles(LocalStorage(tmp_path / "newswarc-data"))]
    assert found.count(STORY) == 1
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0


@pytest.mark.parametrize("captured", Role)
@pytest.mark.parametrize("fetched", Role)
def test_only_articles_stand_for_articles(captured: Role, fetched: Role) -> None:
    original = Original(uuid4(), "https://harbour.example/2", datetime.now(UTC), "sha1:AA")
    known = KnownCapture(original, "", "", "first", stored=True, is_article=captured is Role.ARTICLE)
    assert known.may_stand_for(fetched) is (fetched is not Role.ARTICLE or captured is Role.ARTICLE)
