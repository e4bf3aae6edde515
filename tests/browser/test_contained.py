"""A browser that is contained: what a page gets of the world is what the proxy gives it, and it ends with the crawl."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.browser.authority import RunAuthority
from crawler.browser.plan import BrowserPlan
from crawler.browser.process import BrowserGone, BrowserProcess, NoBrowser, RenderingFailed
from tests.browser.chromium import PLAN, Shown, browsing, needs_chromium, processes_of, shown
from tests.browser.outlet import WireOutlet
from tests.support.exchanges import counted
from tests.support.tls import Authority
from tests.support.wire import ByteServer, answering

pytestmark = needs_chromium

HTML = b"Content-Type: text/html; charset=utf-8"


def document(script: str, body: str = "") -> bytes:
    return counted(f"<!doctype html><title>t</title><body>{body}<script>{script}</script>".encode(), HTML)


def test_a_page_is_rendered_by_an_ordinary_user_in_a_network_of_its_own(tmp_path: Path) -> None:
    story = counted(b'{"text": "The ferry sails again."}', b"Content-Type: application/json", b"X-oDD: 1")
    shell = document("fetch('/story').then(r => r.json()).then(s => document.body.append(s.text))")
    authority = Authority.new(tmp_path)

    async def run(server: ByteServer) -> None:
        async with browsing() as browser:
            outlet = WireOutlet([server.host], ca_file=str(authority.bundle))
            got = await shown(browser, outlet, server.url("/"), shell)
            page = await _opened(browser)
            facts = [_facts(pid) for pid in processes_of(browser.pid)]
            page.cancel()
            await asyncio.gather(page, return_exceptions=True)
        assert got.rendered is not None
        assert b"The ferry sails again." in got.rendered.dom
        assert got.rendered.text == b"The ferry sails again."
        assert got.rendered.screenshot.startswith(b"\xff\xd8")
        (kept,) = [exchange for exchange in outlet.kept if exchange.url.endswith("/story")]
        assert b"".join(kept.response_parts()) == story
        assert kept.request in server.requests
        assert kept.transport.certificate
        _are_contained([fact for fact in facts if "chromium" in fact["command"]])

    with ByteServer(answering(story), tls=authority.server()) as server:
        asyncio.run(run(server))


def _are_contained(programs: list[dict[str, str]]) -> None:
    assert len(programs) > 3
    own = str(Path("/proc/self/ns/net").readlink())
    assert all(fact["network"] != own for fact in programs)
    assert all(int(fact["uid"]) != 0 for fact in programs)
    renderers = [fact for fact in programs if "--type=renderer" in fact["command"]]
    assert renderers
    assert all(fact["seccomp"] == "2" for fact in renderers), "filtered system calls (proc(5))"
    assert all("--no-sandbox" not in fact["command"] for fact in programs)


def _facts(pid: int) -> dict[str, str]:
    try:
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
        return {
            "command": Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "),
            "network": str(Path(f"/proc/{pid}/ns/net").readlink()),
            "uid": status["Uid"].split()[0],
            "seccomp": status["Seccomp"].strip(),
        }
    except OSError:
        return {"command": "", "network": "", "uid": "0", "seccomp": ""}


def test_a_page_that_hangs_or_crashes_costs_itself_alone() -> None:
    async def run() -> None:
        outlet = WireOutlet([])
        async with browsing(replace(PLAN, cpu=1.0)) as browser:
            with pytest.raises(RenderingFailed, match="not rendered within 1 seconds"):
                await shown(browser, outlet, "http://a.example/", document("for (;;);"), seconds=1)
            assert browser.is_sound, "the endless script ended with its page"
            with pytest.raises(RenderingFailed, match="more processor time"):
                await shown(browser, outlet, "http://a.example/", document("for (;;);"))
            page = await _opened(browser)
            for pid in _renderers(browser.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with pytest.raises(RenderingFailed, match="the page crashed"):
                await page
            got = await shown(browser, outlet, "http://c.example/", document("", "still here"))
            assert got.rendered is not None
            assert got.rendered.text == b"still here"

    asyncio.run(run())


async def _opened(browser: BrowserProcess) -> asyncio.Task[Shown]:
    """A page that stays open."""
    outlet = WireOutlet([])
    script = "fetch('/up').finally(() => 0)"
    page = asyncio.create_task(
        shown(browser, outlet, "http://open.example/", document(script), steps=("wait: .never",))
    )
    while not any(kept.url.endswith("/up") for kept in outlet.kept):
        await asyncio.sleep(0.05)
    return page


def _renderers(pid: int) -> list[int]:
    return [process for process in processes_of(pid) if "--type=renderer" in _facts(process)["command"]]


@pytest.mark.parametrize(
    "whom",
    ["contained", pytest.param("worker", marks=pytest.mark.long), pytest.param("chromium", marks=pytest.mark.long)],
)
def test_whatever_of_it_is_killed_all_of_it_ends_and_nothing_is_left_behind(whom: str) -> None:
    before = _profiles()

    async def run() -> None:
        browser = await BrowserProcess.start(PLAN, RunAuthority())
        page = await _opened(browser)
        everyone = processes_of(browser.pid)
        os.kill(next(pid for pid in everyone if _is(pid, whom)), signal.SIGKILL)
        with pytest.raises(BrowserGone):
            await page
        assert not browser.is_sound
        await browser.close()
        for _ in range(100):
            if not any(_lives(pid) for pid in everyone):
                break
            await asyncio.sleep(0.05)
        assert [pid for pid in everyone if _lives(pid)] == []

    asyncio.run(run())
    assert _profiles() <= before


def _profiles() -> set[Path]:
    places = Path(tempfile.gettempdir()), Path("/dev/shm")
    return {
        path for place in places for path in place.iterdir() if "browser" in path.name or "playwright" in path.name
    }


def _is(pid: int, whom: str) -> bool:
    command = _facts(pid)["command"]
    if whom == "chromium":
        return "chromium/chromium" in command and "--type=" not in command
    return f"-m crawler.browser.{whom}" in command and (whom == "worker" or "-m crawler.browser.contained" in command)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (BrowserPlan(program="/usr/bin/no-chromium"), "install Chromium, or say where it is in browser_program"),
        (BrowserPlan(user="no-such-user"), "there is no user 'no-such-user'.*browser_user"),
        (BrowserPlan(user="root"), "not run as root.*browser_user"),
        (BrowserPlan(program="/bin/false"), "the browser does not start"),
    ],
)
def test_a_browser_that_does_not_start_says_why(plan: BrowserPlan, said: str) -> None:
    if "user" in said and os.geteuid():
        pytest.skip("only root can become another user")

    async def run() -> None:
        with pytest.raises(NoBrowser, match=said):
            await BrowserProcess.start(plan, RunAuthority())

    asyncio.run(run())
