"""The newspapers from their archives alone: crawled, then shown by pywb and ReplayWeb.page, the live site being gone."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Frame, Page, ProxySettings

from tests.browser.newspapers.paper import BUILT, BuiltPaper, Told, address, told
from tests.replay.tools import (
    PLAYER,
    REPLAY_WEB_PAGE,
    WAYBACK,
    StaticServer,
    Tripwire,
    embedding,
    frame_of,
    replaying,
)
from tests.support.processes import free_ports, newswarc

_PATIENCE = 30_000
_PARAGRAPHS = "article p:not(.byline)"
_MORE = "اقرأ المزيد"
_RELATED = 3

Open = Callable[[BrowserContext, str, str], Frame]
"""Opens the capture of an address at a moment (fourteen digits) in a replay tool."""


@dataclass(frozen=True)
class Archived:
    """The archive of a newspaper (``newswarc-data`` in a place), and where its pages were."""

    framework: str
    place: Path
    base: str
    asked: dict[str, int]
    """How often the crawl asked for each path."""

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in newswarc("records", cwd=self.place).out.splitlines()]

    def stamp(self, url: str) -> str:
        """When an address was captured, as replay tools write it."""
        found = newswarc("find", url, "--json", cwd=self.place).lines()
        return "".join(letter for letter in found[-1]["date"] if letter.isdigit())


def crawled(framework: str, place: Path, use: str) -> Archived:
    """Crawl what a framework has built, from its front page on; `use` says which pages are rendered."""
    paper = BuiltPaper(BUILT / framework)
    (port,) = free_ports(1)  # it has to be free afterwards too
    with paper.server(port) as server:
        done = newswarc(
            "crawl", server.url("/"), "--quiet", "--allow-host", server.host, "--browser", use,
            cwd=place, NEWSWARC_DELAY="0", NEWSWARC_BROWSER_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
        )  # fmt: skip
        assert done.code == 0, done.err
        return Archived(framework, place, server.url("").rstrip("/"), dict(paper.asked))


def differences(archived: Archived) -> list[str]:
    """Where records and stories differ."""
    found = {record["url"]: record for record in archived.records()}
    faults = [f"{url}: no story" for url in found.keys() - {address(archived.base, story) for story in told()}]
    for story in told():
        record = found.get(address(archived.base, story))
        if record is None:
            faults.append(f"{story.path}: no record")
            continue
        moments = [
            datetime.fromisoformat(text) for text in (record["datePublished"] or "0001-01-01", story.published)
        ]
        facts = {
            "headline": (record["headline"], story.headline),
            "text": (record["articleBody"], "\n".join(story.body)),
            "language": (record["inLanguage"], story.language),
            "authors": ([author["name"] for author in record["authors"]], [story.author]),
            "date": (*moments,),
        }
        faults += [f"{story.path}: {name}: {one!r}" for name, (one, other) in facts.items() if one != other]
    return faults


@contextmanager
def in_pywb(archived: Archived, chromium: Browser) -> Iterator[Open]:
    """The newspaper in `newswarc replay`: pywb rewrites pages and scripts."""
    with replaying("newswarc-data", archived.place) as start:
        page = chromium.new_page()
        page.goto(f"{start}search?url=http://nowhere.example/")
        collection = page.url.partition("*")[0]
        page.close()
        yield lambda context, url, stamp: _framed(context.new_page(), f"{collection}{stamp}/{url}", url)


@contextmanager
def in_pywb_as_proxy(archived: Archived, _: Browser) -> Iterator[Open]:
    """The WARC files in pywb, with its own index; it is the browser's proxy and rewrites nothing."""
    (port,) = free_ports(1)
    place = archived.place / "pywb"
    place.mkdir()
    warcs = [str(path) for path in (archived.place / "newswarc-data" / "warc").rglob("*.warc.gz")]
    for command in (["init", "paper"], ["add", "paper", *warcs]):
        manager = str(WAYBACK.with_name("wb-manager"))
        subprocess.run([manager, *command], cwd=place, check=True, capture_output=True, timeout=120)
    command = [str(WAYBACK), "--proxy", "paper", "--port", str(port), "--bind", "127.0.0.1"]
    process = subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    proxy: ProxySettings = {"server": f"http://127.0.0.1:{port}", "bypass": "<-loopback>"}

    def opened(context: BrowserContext, url: str, _stamp: str) -> Frame:
        assert context.browser is not None
        page = context.browser.new_context(proxy=proxy).new_page()
        page.goto(url)
        return page.main_frame

    try:
        _until_open(port)
        yield opened
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(place)


@contextmanager
def in_replay_web_page(archived: Archived, _: Browser) -> Iterator[Open]:
    """The newspaper in ReplayWeb.page, as a WACZ file on a plain server."""
    done = newswarc("wacz", "-o", "all.wacz", "--quiet", cwd=archived.place)
    assert done.code == 0, done.err
    with StaticServer(player=REPLAY_WEB_PAGE, replay=REPLAY_WEB_PAGE, paper=archived.place) as files:
        files.pages["/replay/"] = PLAYER

        def opened(context: BrowserContext, url: str, stamp: str) -> Frame:
            files.pages["/some.html"] = embedding(f"{files.base}/paper/all.wacz", url, stamp)
            return _framed(context.new_page(), f"{files.base}/some.html", url)

        yield opened


PYWB, PYWB_AS_PROXY = "pywb", "pywb as the browser's proxy"
TOOLS = {PYWB: in_pywb, PYWB_AS_PROXY: in_pywb_as_proxy, "ReplayWeb.page": in_replay_web_page}
CANNOT_RUN = {("sveltekit", PYWB): "pywb cannot rewrite JavaScript modules"}
"""Where a tool cannot run the scripts of a framework, and why."""


def _framed(page: Page, address: str, url: str) -> Frame:
    page.goto(address)
    return frame_of(page, url)


def _until_open(port: int) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    raise AssertionError("pywb does not start")


def not_shown(tool: str, archived: Archived, chromium: Browser) -> list[str]:
    """What a replay tool does not show as it was; what reaches the live site's port counts too."""
    faults: list[str] = []
    wire = Tripwire(archived.port)
    try:
        with TOOLS[tool](archived, chromium) as opened:
            for story in told():
                url = address(archived.base, story)
                context = chromium.new_context()
                try:
                    fault = _fault(opened(context, url, archived.stamp(url)), story)
                except (Error, AssertionError) as error:
                    fault = str(error).splitlines()[0]
                finally:
                    for each in chromium.contexts:
                        each.close()
                faults += [f"{story.path}: {fault}"] if fault else []
    finally:
        wire.close()
    return faults + ([f"{wire.contacts} connections to the live site"] if wire.contacts else [])


def _press(frame: Frame) -> None:
    """Press the button until it does something: before the page is hydrated it does nothing."""
    button = frame.get_by_text(_MORE)
    button.wait_for(timeout=_PATIENCE)
    ends = time.monotonic() + _PATIENCE / 1000
    while button.count() and time.monotonic() < ends:
        with suppress(Error):
            button.click(timeout=1000)
        frame.wait_for_timeout(500)


def _fault(frame: Frame, story: Told) -> str:
    """What a reader of the archived page misses; scripts have to run for it to be all there."""
    if story.language == "ar":
        _press(frame)
    count = f"document.querySelectorAll('{_PARAGRAPHS}').length === {len(story.body)}"
    frame.wait_for_function(count, timeout=_PATIENCE)
    if story.language == "en":
        frame.wait_for_function(f"document.querySelectorAll('aside li').length === {_RELATED}", timeout=_PATIENCE)
    texts = [" ".join(text.split()) for text in frame.locator(_PARAGRAPHS).all_inner_texts()]
    if texts != [" ".join(text.split()) for text in story.body]:
        return "other text"
    return "" if frame.inner_text("h1") == story.headline else "another headline"
