"""Archived pages in a real browser, by way of pywb and of ReplayWeb.page, the live site being gone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page

from crawler.demo.stories import load_stories
from tests.replay import second_site
from tests.replay.conftest import CORRECTED, Archived, address, crawl, times
from tests.replay.tools import (
    PLAYER,
    REPLAY_WEB_PAGE,
    StaticServer,
    Tripwire,
    browser,
    embedding,
    frame_of,
    needs_browser,
    needs_pywb,
    needs_replay_web_page,
    replaying,
)
from tests.support.processes import ROOT, newswarc
from tests.support.seaweed import S3Server

pytestmark = [needs_browser, pytest.mark.timeout(600)]
STORIES = load_stories()
PICTURES = ROOT / "test-artefacts" / "replay"
"""Screenshots, to be looked at."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    place = tmp_path_factory.mktemp("second")
    with second_site.SecondSite() as site:
        crawl(place, site.base, "--urls", "-", feed="\n".join(site.base + path for path in second_site.PAGES))
        base = site.base
    return Archived(place, base, times(place, base))


@pytest.fixture(scope="module")
def tripwires(newspaper: Archived, second: Archived) -> Iterator[list[Tripwire]]:
    wires = [Tripwire(int(archived.base.rpartition(":")[2])) for archived in (newspaper, second)]
    yield wires
    for wire in wires:
        wire.close()


@dataclass
class Shown:
    """How captures are opened in one replay tool."""

    context: BrowserContext
    name: str
    locate: Callable[[str, str], str]

    def frame(self, url: str, stamp: str, name: str = "") -> Frame:
        """The frame that shows a capture."""
        frame = frame_of(self.page(url, stamp), url)
        if name:
            frame.wait_for_timeout(300)
            PICTURES.mkdir(parents=True, exist_ok=True)
            frame.page.screenshot(path=PICTURES / f"{self.name}-{name}.png")
        return frame

    def page(self, url: str, stamp: str) -> Page:
        """The replay tool's page with a capture in it; the one before is closed."""
        for page in self.context.pages:
            page.close()
        page = self.context.new_page()
        page.goto(self.locate(url, stamp))
        return page


@pytest.fixture(scope="module")
def in_pywb(newspaper: Archived, second: Archived, chromium: Browser) -> Iterator[dict[str, Shown]]:
    shown = {}
    with replaying("newswarc-data", newspaper.place) as one, replaying("newswarc-data", second.place) as two:
        for name, start in (("newspaper", one), ("second", two)):
            page = chromium.new_page()
            page.goto(f"{start}search?url=http://nowhere.example/")
            collection = page.url.partition("*")[0]
            page.close()
            locate = partial(_in_collection, collection)
            shown[name] = Shown(chromium.new_context(device_scale_factor=2), f"pywb-{name}", locate)
        yield shown


def _in_collection(collection: str, url: str, stamp: str) -> str:
    return f"{collection}{stamp}/{url}"


@pytest.fixture(scope="module")
def files(newspaper: Archived, second: Archived) -> Iterator[StaticServer]:
    for archived in (newspaper, second):
        done = newswarc("wacz", "-o", "all.wacz", "--quiet", cwd=archived.place)
        assert done.code == 0, done.err
    with StaticServer(
        player=REPLAY_WEB_PAGE, replay=REPLAY_WEB_PAGE, newspaper=newspaper.place, second=second.place
    ) as server:
        yield server


@pytest.fixture(scope="module")
def in_replay_web_page(files: StaticServer, chromium: Browser) -> dict[str, Shown]:
    files.pages["/replay/"] = PLAYER

    def located(source: str) -> Callable[[str, str], str]:
        def locate(url: str, stamp: str) -> str:
            files.pages["/show.html"] = embedding(source, url, stamp)
            return f"{files.base}/show.html"

        return locate

    return {
        name: Shown(
            chromium.new_context(device_scale_factor=2),
            f"replaywebpage-{name}",
            located(f"{files.base}/{name}/all.wacz"),
        )
        for name in ("newspaper", "second")
    }


@pytest.fixture(
    params=[
        pytest.param("in_pywb", marks=needs_pywb),
        pytest.param("in_replay_web_page", marks=needs_replay_web_page),
    ]
)
def tool(request: pytest.FixtureRequest, tripwires: list[Tripwire]) -> Iterator[dict[str, Shown]]:
    before = [wire.contacts for wire in tripwires]
    yield request.getfixturevalue(request.param)
    assert [wire.contacts for wire in tripwires] == before, "a request left for the live site"


ALL_DECODED = "Promise.all(Array.from(document.images).filter(i => i.getAttribute('src')).map(i => i.decode())).then(() => document.images.length)"


def style(frame: Frame, selector: str, name: str) -> str:
    return str(frame.evaluate(f"getComputedStyle(document.querySelector({json.dumps(selector)})).{name}"))


def test_every_article_looks_as_it_did(tool: dict[str, Shown], newspaper: Archived) -> None:
    for number, story in enumerate(STORIES):
        url = address(newspaper.base, story)
        frame = tool["newspaper"].frame(
            url, newspaper.captured[url][0], f"{story.language}-{story.id}" if number < 3 else ""
        )
        assert frame.inner_text("h1") == story.headline
        assert story.body[-1][:60] in frame.inner_text("article")
        assert style(frame, "body", "color") == "rgb(20, 40, 60)"
        assert style(frame, "header", "borderBottomColor") == "rgb(0, 90, 130)", "the imported style sheet counts"
        assert "harbour-wall.png" in style(frame, "header", "backgroundImage")
        assert frame.evaluate(ALL_DECODED) == 2
        assert "emblem-large.png" in frame.evaluate("document.querySelector('.emblem').currentSrc")
        loaded = frame.evaluate(
            "document.fonts.load('16px \"Tidewater Ornaments\"', '~').then(f => f.map(o => o.status))"
        )
        assert loaded == ["loaded"]


def test_each_version_at_its_time(tool: dict[str, Shown], newspaper: Archived) -> None:
    url = address(newspaper.base, CORRECTED)
    first, second = newspaper.captured[url]
    before = tool["newspaper"].frame(url, first)
    assert not before.query_selector(".correction")
    after = tool["newspaper"].frame(url, second, "corrected")
    assert CORRECTED.correction[:30] in after.inner_text(".correction")


def test_a_revisit_shows_its_original_of_another_segment(tool: dict[str, Shown], newspaper: Archived) -> None:
    story = next(story for story in STORIES if story.language == "en" and story is not CORRECTED)
    url = address(newspaper.base, story)
    _, again = newspaper.captured[url]
    frame = tool["newspaper"].frame(url, again)
    assert frame.inner_text("h1") == story.headline
    assert frame.evaluate(ALL_DECODED) == 2


def test_a_site_of_another_kind(tool: dict[str, Shown], second: Archived) -> None:
    def frame(path: str) -> Frame:
        url = second.base + path
        return tool["second"].frame(url, second.captured[url][0], path.strip("/"))

    assert frame("/arabic-story").inner_text("h1") == second_site.ARABIC
    japanese = frame("/japanese-story")
    assert japanese.inner_text("h1") == second_site.JAPANESE
    assert style(japanese, "h1", "color") == "rgb(1, 2, 3)"
    assert style(japanese, "article", "paddingLeft") == "17px"
    assert "ground.png" in style(japanese, "article", "backgroundImage")
    numbers = frame("/story-with-numbers")
    numbers.wait_for_selector("#told:not(:empty)")
    assert numbers.inner_text("#told") == second_site.FETCHED
    assert numbers.evaluate(ALL_DECODED) == 3
    assert "large.png" in numbers.evaluate("document.getElementById('set').currentSrc")
    assert "wider.png" in numbers.evaluate("document.getElementById('picture').currentSrc")
    assert "late.png" in numbers.evaluate("document.getElementById('lazy').currentSrc")
    assert frame("/gone-story").inner_text("h1") == "No such story"


def test_a_redirect_leads_on(tool: dict[str, Shown], second: Archived) -> None:
    url = f"{second.base}/moved-story"
    page = tool["second"].page(url, second.captured[url][0])
    assert frame_of(page, f"{second.base}/moved-to-here").inner_text("h1") == "Where it went"


@needs_replay_web_page
def test_a_wacz_is_read_by_ranges(
    in_replay_web_page: dict[str, Shown], files: StaticServer, newspaper: Archived, chromium: Browser
) -> None:
    files.ranges = 0
    files.whole.clear()
    url = address(newspaper.base, STORIES[0])
    knows_nothing = replace(in_replay_web_page["newspaper"], context=chromium.new_context())
    knows_nothing.frame(url, newspaper.captured[url][0])
    assert files.ranges > 3
    assert not [path for path in files.whole if path.endswith(".wacz")]


@needs_pywb
def test_the_start_page_leads_to_an_article(newspaper: Archived, chromium: Browser) -> None:
    story = next(story for story in STORIES if story.language == "ar")
    with replaying("newswarc-data", newspaper.place) as start:
        page = chromium.new_context().new_page()
        page.goto(start)
        page.click(f"text=/^{newspaper.captured[address(newspaper.base, story)][0][:4]}-/")
        page.screenshot(path=PICTURES / "start-page.png")
        page.click(f"text={story.headline}")
        assert frame_of(page, address(newspaper.base, story)).inner_text("h1") == story.headline
        page.goto(start)
        page.fill("input", address(newspaper.base, CORRECTED))
        page.click("button")
        page.wait_for_timeout(1000)
        page.screenshot(path=PICTURES / "calendar.png")
        assert "/*/" in page.url


@needs_pywb
@pytest.mark.parametrize("kind", ["all.wacz", "all.warc.gz"])
def test_files_are_replayed(kind: str, newspaper: Archived, chromium: Browser) -> None:
    command = ("wacz",) if kind.endswith("wacz") else ("export", "warc")
    done = newswarc(*command, "-o", kind, "--overwrite", "--quiet", cwd=newspaper.place)
    assert done.code == 0, done.err
    url = address(newspaper.base, STORIES[0])
    with replaying(kind, newspaper.place) as start:
        page = chromium.new_context().new_page()
        page.goto(f"{start}search?url={quote(url)}")
        collection = page.url.partition("*")[0]
        page.goto(f"{collection}{newspaper.captured[url][0]}/{url}")
        frame = frame_of(page, url)
        assert frame.inner_text("h1") == STORIES[0].headline
        assert frame.evaluate(ALL_DECODED) == 2


@needs_replay_web_page
def test_a_wacz_in_s3_is_opened(files: StaticServer, newspaper: Archived, s3: S3Server, chromium: Browser) -> None:
    files.pages["/replay/"] = PLAYER
    client = s3.client()
    client.upload_file(str(newspaper.place / "all.wacz"), s3.bucket, "given-away.wacz")
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["*"]}
    client.put_bucket_cors(Bucket=s3.bucket, CORSConfiguration={"CORSRules": [rule]})
    source = client.generate_presigned_url("get_object", Params={"Bucket": s3.bucket, "Key": "given-away.wacz"})
    url = address(newspaper.base, STORIES[0])
    files.pages["/from-s3.html"] = embedding(escape(source), url, newspaper.captured[url][0])
    page = chromium.new_context().new_page()
    page.goto(f"{files.base}/from-s3.html")
    frame = frame_of(page, url)
    assert frame.inner_text("h1") == STORIES[0].headline
    assert frame.evaluate(ALL_DECODED) == 2


@needs_pywb
def test_an_archive_in_s3_is_replayed(newspaper: Archived, s3: S3Server, chromium: Browser) -> None:
    place = newspaper.place / "newswarc-data"
    variables = s3.variables()
    client = s3.client()
    for file in place.rglob("*"):
        key = file.relative_to(place).as_posix()
        if file.is_file() and not key.startswith("state/"):
            client.upload_file(str(file), s3.bucket, f"replayed/{key}")
    url = address(newspaper.base, STORIES[1])
    with replaying(f"s3://{s3.bucket}/replayed", newspaper.place, **variables) as start:
        page = chromium.new_context().new_page()
        page.goto(f"{start}search?url={quote(url)}")
        collection = page.url.partition("*")[0]
        page.goto(f"{collection}{newspaper.captured[url][0]}/{url}")
        frame = frame_of(page, url)
        assert frame.inner_text("h1") == STORIES[1].headline
        assert style(frame, "header", "borderBottomColor") == "rgb(0, 90, 130)"


@needs_replay_web_page
def test_a_wacz_shows_nothing_that_was_withheld(
    files: StaticServer, newspaper: Archived, chromium: Browser, tmp_path: Path
) -> None:
    files.pages["/replay/"] = PLAYER
    shutil.copytree(newspaper.place / "newswarc-data", tmp_path / "newswarc-data", copy_function=shutil.copy)
    withheld, free = (address(newspaper.base, story) for story in STORIES[:2])
    for command in (("access", "block", withheld, "--reason", "an order"), ("wacz", "-o", "open.wacz")):
        done = newswarc(*command, cwd=tmp_path)
        assert done.code == 0, done.err
    files.directories["withheld"] = tmp_path
    source, page = f"{files.base}/withheld/open.wacz", chromium.new_context().new_page()
    for url in (free, withheld):
        files.pages["/some.html"] = embedding(source, url, newspaper.captured[url][0])
        page.goto(f"{files.base}/some.html")
        if url == free:
            assert frame_of(page, url).inner_text("h1") == STORIES[1].headline
    said = page.frame_locator("replay-web-page iframe").frame_locator("iframe").locator("body")
    said.get_by_text("not found", exact=False).first.wait_for(timeout=30_000)
    assert STORIES[0].headline not in said.inner_text()
