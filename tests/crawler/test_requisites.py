"""A newspaper crawled with what its pages need; what is found again, shown and searched for in its archive."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from crawler.demo.server import DemoServer
from crawler.demo.stories import load_stories
from tests.support.processes import Finished, newswarc

REQUISITES = {
    "/style.css", "/masthead.css", "/fonts/ornaments.ttf", "/images/emblem.png", "/images/emblem-large.png",
    "/images/harbour-wall.png", "/images/paper.png", "/favicon.ico",
}  # fmt: skip


def crawl(server: DemoServer, directory: Path, *flags: str, **variables: str) -> Any:
    host = server.base.removeprefix("http://")
    done = newswarc(
        "crawl", f"{server.base}/", "--requisites", "--json", "--allow-host", host, *flags,
        cwd=directory, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org", **variables,
    )  # fmt: skip
    assert done.code == 0, done.err
    return done.json()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("requisites")


@pytest.fixture(scope="module")
def asked(place: Path) -> list[Counter[str]]:
    """What each of two crawls asked for."""
    counts = []
    with DemoServer() as server:
        for _ in range(2):
            crawl(server, place, "--backfill")
            counts.append(server.counts())
            server.requests.clear()
        (place / "base").write_text(server.base)
    return counts


def test_what_all_pages_share_is_asked_for_once(asked: list[Counter[str]]) -> None:
    pictures = {f"/images/{story.image}.png" for story in load_stories()}
    first = asked[0]
    assert {path: first[path] for path in REQUISITES | pictures} == dict.fromkeys(REQUISITES | pictures, 1)
    referred = REQUISITES | pictures
    assert not [path for path in asked[1] if path in referred], "what is held is not asked for again so soon"


def command(place: Path, *arguments: str) -> Finished:
    return newswarc(*arguments, cwd=place)


@pytest.mark.usefixtures("asked")
def test_found_by_address_host_and_time(place: Path) -> None:
    base = (place / "base").read_text()
    done = command(place, "find", f"{base}/style.css", "--json")
    assert [line["status"] for line in done.lines()] == [200]
    everything = command(place, "find", base, "--match", "host", "--json").lines()
    assert len([line for line in everything if "/stories/" in line["url"]]) >= 16
    assert command(place, "find", base, "--match", "host", "--since", "2999").code == 1
    wrong = command(place, "find", base, "--since", "tomorrow")
    assert wrong.code == 2
    assert wrong.err.strip() == "newswarc: 'tomorrow' is not a date; write 2026-11-24 or 2026-11-24T10:30:00"
    listed = command(place, "find", f"{base}/en/", "--limit", "1")
    assert listed.out.count("\n") == 1


@pytest.mark.usefixtures("asked")
def test_a_capture_is_shown(place: Path) -> None:
    base = (place / "base").read_text()
    story = next(story for story in load_stories() if story.language == "fr")
    address = base + quote(story.path)
    assert command(place, "show", address, "--headers").out.startswith("HTTP/1.1 200 OK\n")
    assert "Content-Encoding: gzip" in command(place, "show", address, "--headers").out
    assert story.headline in command(place, "show", address, "--text").out
    assert f"<h1>{story.headline.split()[0]}" in command(place, "show", address, "--body").out
    shown = command(place, "show", address).out
    assert story.headline in shown
    assert "kept in  warc/" in shown
    facts = command(place, "show", address, "--json").lines()[0]
    assert facts["record"]["headline"] == story.headline
    assert facts["record"]["warc"]["offset"] == facts["offset"]
    assert command(place, "show", f"{base}/nothing").code == 2
    assert command(place, "show", address, "--raw", "--text").code == 2


@pytest.mark.usefixtures("asked")
def test_of_a_revisit_the_original_is_shown(place: Path) -> None:
    base = (place / "base").read_text()
    lines = command(place, "find", f"{base}/en/", "--json").lines()
    assert [line["revisit"] for line in lines] == [False, True]
    body = command(place, "show", f"{base}/en/", "--body").out
    assert "The Tidewater Courier" in body
    assert "the same as" in command(place, "show", f"{base}/en/").out


def test_hosts_that_are_not_named_are_left_out_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DemoServer() as server:
        other = server.base.replace("127.0.0.1", "localhost")
        monkeypatch.setattr("crawler.demo.pages.picture", lambda name: b"")
        monkeypatch.setattr(
            "crawler.demo.server._STYLES", {"/style.css": f"a {{ background: url({other}/x.png) }}".encode()}
        )
        report = crawl(server, tmp_path, "--limit", "1")
        assert not server.counts()["/x.png"]
        assert any("requisites: left out on localhost (1)" in line for line in report["problems"])
