from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from crawler.demo.server import DemoServer
from crawler.demo.stories import Story, load_stories
from tests.support.processes import newswarc

CORRECTED = next(story for story in load_stories() if story.language == "en" and story.body_before_correction)


@dataclass(frozen=True)
class Archived:
    """An archive (``newswarc-data`` in a place), and where its pages were."""

    place: Path
    base: str
    captured: dict[str, list[str]]
    """Fourteen-digit times of the captures of each address."""


def crawl(place: Path, base: str, *what: str, feed: str | None = None) -> None:
    done = newswarc(
        "crawl", *what, "--requisites", "--quiet", "--allow-host", base.removeprefix("http://"),
        cwd=place, feed=feed, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
    )  # fmt: skip
    assert done.code == 0, done.err


def times(place: Path, base: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in newswarc("find", base, "--match", "host", "--json", cwd=place).lines():
        digits = "".join(letter for letter in line["date"] if letter.isdigit())
        found.setdefault(line["url"], []).append(digits)
    return found


def address(base: str, story: Story) -> str:
    return base + quote(story.path)


@pytest.fixture(scope="session")
def newspaper(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    """The demonstration newspaper, crawled twice; one of its stories in two versions, others as revisits."""
    place = tmp_path_factory.mktemp("newspaper")
    with DemoServer() as server:
        crawl(place, server.base, f"{server.base}/")
        time.sleep(1.1)  # captures are told apart by their second
        server.newspaper.corrected = True
        again = [story for story in load_stories() if story.language == "en"]
        crawl(place, server.base, "--urls", "-", feed="\n".join(address(server.base, story) for story in again))
        base = server.base
    return Archived(place, base, times(place, base))
