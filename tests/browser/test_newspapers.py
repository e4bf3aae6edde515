"""Newspapers by SvelteKit and Next.js: their records are equal to their source, and they are shown again offline."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import needs_chromium
from tests.browser.newspapers.offline import CANNOT_RUN, TOOLS, Archived, crawled, differences, not_shown
from tests.browser.newspapers.paper import FRAMEWORKS, address, needs_newspapers, told
from tests.replay.tools import browser, needs_pywb, needs_replay_web_page
from tests.support.processes import newswarc

pytestmark = [needs_chromium, needs_newspapers, pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(scope="module", params=FRAMEWORKS)
def archived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Archived:
    """Crawled with every page in the browser."""
    return crawled(request.param, tmp_path_factory.mktemp(request.param), "always")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def quality(place: Path) -> list[dict[str, Any]]:
    done = newswarc("replay", "--check", "--browser", "--json", cwd=place)
    return list(done.json()["pages"])


def test_records_are_equal_to_the_stories(archived: Archived) -> None:
    assert differences(archived) == []
    assert all(record["renderedBy"].startswith("Chromium/") for record in archived.records())


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_as_a_fallback_the_browser_gets_the_pages_that_need_it(framework: str, tmp_path: Path) -> None:
    """What a page tells in part is a record as it is: `always` is for such sites."""
    archived = crawled(framework, tmp_path, "fallback")
    records = {record["url"]: record for record in archived.records()}
    for story in told():
        record = records.pop(address(archived.base, story))
        assert (record["renderedFrom"] is not None) == (story.language == "fr")
        assert record["articleBody"].split("\n") == list(story.body if story.language != "ar" else story.body[:1])
    assert records == {}


def test_the_pages_look_the_same_when_they_are_shown_again_and_a_broken_one_is_found(
    archived: Archived, tmp_path: Path
) -> None:
    pages = quality(archived.place)
    assert len(pages) == len(told()) + 1
    assert [page for page in pages if page["score"] < 0.99] == []
    victim = next(story for story in told() if story.language == "fr")
    data = f"{archived.base}/data/fr/{victim.slug}.json"
    copy = Path(shutil.copytree(archived.place, tmp_path / "copy"))
    assert newswarc("redact", data, "--reason", "a test", "--yes", cwd=copy).code == 0
    worst, *others = quality(copy)
    assert worst["url"] == address(archived.base, victim)
    assert worst["score"] < 0.5
    assert f"GET {data}" in worst["missing"]
    assert [page for page in others if page["score"] < 0.99] == []


@needs_pywb
@needs_replay_web_page
@pytest.mark.parametrize("tool", TOOLS)
def test_they_are_shown_offline(archived: Archived, chromium: Browser, tool: str) -> None:
    if reason := CANNOT_RUN.get((archived.framework, tool)):
        pytest.skip(reason)
    assert not_shown(tool, archived, chromium) == []
