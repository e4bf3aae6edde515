"""Repeats in other people's replay tools: what stands for an earlier capture gives the same bytes as that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame

from archive.lookup import Match
from tests.replay.tools import (
    PLAYER,
    REPLAY_WEB_PAGE,
    StaticServer,
    browser,
    embedding,
    frame_of,
    needs_browser,
    needs_pywb,
    needs_replay_web_page,
    replaying,
)
from tests.support.processes import newswarc
from tests.support.repeats import crawl_repeats, looked_up, name_of

pytestmark = [needs_browser, pytest.mark.timeout(600)]
LARGEST = 1 << 26


@dataclass(frozen=True)
class Repeated:
    """An archive of repeats."""

    place: Path
    base: str
    page: str
    """Time of the newest capture of a page that shows them all."""
    bodies: dict[str, dict[str, str]]
    """Of each address, by time: the SHA-256 of the body that a browser should get."""


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Repeated:
    place = tmp_path_factory.mktemp("repeated")
    base, _ = crawl_repeats(place, 2, plain=True)
    bodies: dict[str, dict[str, str]] = {}
    page = ""
    with looked_up(place) as lookup:
        for entry in lookup.find(base, Match.HOST):
            capture = lookup.read(entry)
            stamp = f"{capture.date:%Y%m%d%H%M%S}"
            page = max(page, stamp) if capture.url == f"{base}/pages/second" else page
            # For bytes that never came a browser would wait
            if entry.status == 200 and "/pages/" not in capture.url and not capture.truncated:
                body = lookup.original(capture).body(LARGEST)
                bodies.setdefault(capture.url, {})[stamp] = hashlib.sha256(body.body).hexdigest()
    return Repeated(place, base, page, bodies)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def in_pywb(repeated: Repeated, chromium: Browser) -> Iterator[Frame]:
    with replaying("newswarc-data", repeated.place) as start:
        page = chromium.new_page()
        page.goto(f"{start}search?url=http://nowhere.example/")
        page.goto(f"{page.url.partition('*')[0]}{repeated.page}/{repeated.base}/pages/second")
        yield frame_of(page, f"{repeated.base}/pages/second")


@pytest.fixture
def in_replay_web_page(repeated: Repeated, chromium: Browser) -> Iterator[Frame]:
    done = newswarc("wacz", "-o", "all.wacz", "--quiet", cwd=repeated.place)
    assert done.code == 0, done.err
    with StaticServer(player=REPLAY_WEB_PAGE, replay=REPLAY_WEB_PAGE, files=repeated.place) as server:
        server.pages["/replay/"] = PLAYER
        url = f"{repeated.base}/pages/second"
        server.pages["/show.html"] = embedding(f"{server.base}/files/all.wacz", url, repeated.page)
        page = chromium.new_page()
        page.goto(f"{server.base}/show.html")
        yield frame_of(page, url)


ASK = """async addresses => {
    const sums = {}
    for (const address of addresses) {
        try {
            const answer = await fetch(address)
            const sum = await crypto.subtle.digest("SHA-256", await answer.arrayBuffer())
            sums[address] = Array.from(new Uint8Array(sum)).map(n => n.toString(16).padStart(2, "0")).join("")
        } catch (error) { sums[address] = String(error) }
    }
    return sums
}"""


NOT_SHOWN = {
    "in_pywb": {
        "a lie about gzip": "the browser refuses it",
        "chunked and a length": "it keeps to the length",
        "chunked with bare line feeds": "it takes the chunks for the body",
        "gzip in gzip": "it takes one coding off",
    },
    "in_replay_web_page": {
        "chunked with bare line feeds": "it takes the chunks for the body",
        "deflate": "it does not know the coding",
        "raw deflate": "it does not know the coding",
        "zstd": "it does not know the coding",
        "gzip in gzip": "it takes one coding off",
        # It finds originals by digest, so that which of those with this payload it takes differs from run to run
        "spooled, counted": "it may take an original that came in chunks, and shows these",
        "spooled, until close": "it may take an original that came in chunks, and shows these",
        "spooled, one chunk": "it may take an original that came in other chunks, and shows these",
    },
}
"""What a tool does not show of any capture, the first one or a repeat."""


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param("in_pywb", marks=needs_pywb),
        pytest.param("in_replay_web_page", marks=needs_replay_web_page),
    ],
)
def test_every_body_comes_back(tool: str, repeated: Repeated, request: pytest.FixtureRequest) -> None:
    frame = request.getfixturevalue(tool)
    before, _, _ = frame.url.rpartition("mp_/" + repeated.base)
    before = before.rpartition("/")[0]
    wanted = {
        f"{before}/{stamp}id_/{url}": body
        for url, stamps in repeated.bodies.items()
        for stamp, body in stamps.items()
    }
    assert len(wanted) > 200
    given = frame.evaluate(ASK, sorted(wanted))
    wrong = {name_of(address): body for address, body in given.items() if body != wanted[address]}
    assert wrong.keys() <= NOT_SHOWN[tool].keys(), wrong
