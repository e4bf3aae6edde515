"""A browser that is contained: what a page gets of the world is what the proxy gives it, and it ends with the crawl."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from archive.exchange import CaptureOutcome
from crawler.browser.authority import RunAuthority
from crawler.browser.process import BrowserGone, BrowserPlan, BrowserProcess, NoBrowser, RenderingFailed
from tests.browser.chromium import PLAN, Shown, browsing, needs_chromium, processes_of, shown
from tests.browser.outlet import WireOutlet
from tests.support.exchanges import counted
from tests.support.tls import Authority
from tests.support.wire import ByteServer, answering

pytestmark = needs_chromium

HTML = b"Content-Type: text/html; charset=utf-8"


def document(script: str, body: str = "") -> bytes:
    return counted(f"<!doctype html><title>t</title><body>{body}<script>{script}</script>".encode(), HTML)


def test_a_page_is_rendered_and_each_byte_of_what_it_asked_for_is_kept(tmp_path: Path) -> None:
    story = counted(b'{"text": "The ferry sails again."}', b"Content-Type: application/json", b"X-oDD: 1")
    shell = document("fetch('/story').then(r => r.json()).then(s => document.body.append(s.text))")
    authority = Authority.new(tmp_path)

    async def run(server: ByteServer) -> None:
        async with browsing() as browser:
            outlet = WireOutlet([server.host], ca_file=str(authority.bundle))
            got = await shown(browser, outlet, server.url("/"), shell)
        assert got.rendered is not None
        assert b"The ferry sails again." in got.rendered.dom
        assert got.rendered.text == b"The ferry sails again."
        assert got.rendered.screenshot.startswith(b"\xff\xd8")
        (kept,) = [exchange for exchange in outlet.kept if exchange.url.endswith("/story")]
        assert b"".join(kept.response_parts()) == story
        assert kept.request in server.requests
        assert kept.transport.certificate

    with ByteServer(answering(story), tls=authority.server()) as server:
        asyncio.run(run(server))


def test_it_runs_as_an_ordinary_user_in_a_network_of_its_own_with_its_sandbox_on() -> None:
    async def run() -> None:
        async with browsing() as browser:
            page = await _opened(browser)
            facts = [_facts(pid) for pid in processes_of(browser.pid)]
            page.cancel()
            await asyncio.gather(page, return_exceptions=True)
        programs = [fact for fact in facts if "chromium" in fact["command"]]
        assert len(programs) > 3
        own = str(Path("/proc/self/ns/net").readlink())
        assert all(fact["network"] != own for fact in programs)
        assert all(int(fact["uid"]) != 0 for fact in programs)
        renderers = [fact for fact in programs if "--type=renderer" in fact["command"]]
        assert renderers
        assert all(fact["seccomp"] == "2" for fact in renderers), "filtered system calls (proc(5))"
        assert all("--no-sandbox" not in fact["command"] for fact in programs)

    asyncio.run(run())


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


HOSTILE = """
const tried = [];
const attempt = async (name, what) => { try { tried.push(name + ' ' + await what()); } catch (error) { tried.push(name); } };
const get = (url) => async () => (await fetch(url, {mode: 'no-cors'})).type;
(async () => {
  await attempt('loopback', get('http://127.0.0.1:INTERNAL/secret'));
  await attempt('name', get('http://localhost:INTERNAL/secret'));
  await attempt('long', get('http://2130706433:INTERNAL/secret'));
  await attempt('mapped', get('http://[::ffff:127.0.0.1]:INTERNAL/secret'));
  await attempt('metadata', get('http://169.254.169.254/latest/meta-data/'));
  await attempt('file', get('file:///etc/passwd'));
  await attempt('redirect', get('/led'));
  await attempt('socket', () => new Promise((ok, no) => {
    const socket = new WebSocket('ws://127.0.0.1:INTERNAL/'); socket.onopen = ok; socket.onerror = no; }));
  await attempt('picture', () => new Promise((ok, no) => {
    const picture = new Image(); picture.onload = ok; picture.onerror = no; picture.src = 'http://127.0.0.1:INTERNAL/p'; }));
  await attempt('rtc', async () => {
    const peer = new RTCPeerConnection({iceServers: [{urls: 'stun:127.0.0.1:UDP'}]});
    peer.createDataChannel('x'); await peer.setLocalDescription(await peer.createOffer()); });
  const frame = document.createElement('iframe'); frame.src = 'http://127.0.0.1:INTERNAL/frame'; document.body.append(frame);
  navigator.sendBeacon('http://127.0.0.1:INTERNAL/beacon', 'x');
  const link = document.createElement('link'); link.rel = 'prefetch'; link.href = 'http://127.0.0.1:INTERNAL/x';
  document.head.append(link);
  document.body.append('tried ' + tried.join(', '));
})();
"""


def test_a_hostile_page_reaches_nothing_within() -> None:
    def led(connection: socket.socket, _: bytes) -> None:
        place = f"http://127.0.0.1:{internal.port}/led".encode()
        connection.sendall(counted(b"", b"Location: " + place, status=b"302 Found"))

    async def run(public: ByteServer, udp: socket.socket) -> None:
        page = HOSTILE.replace("INTERNAL", str(internal.port)).replace("UDP", str(udp.getsockname()[1]))
        async with browsing() as browser:
            outlet = WireOutlet([public.host])
            got = await shown(browser, outlet, public.url("/"), document(page))
        assert got.rendered is not None
        assert b"tried loopback" in got.rendered.text
        assert b"file," in got.rendered.text
        refused = [exchange for exchange in outlet.kept if exchange.outcome is CaptureOutcome.ADDRESS_REFUSED]
        assert len(refused) >= 6
        assert [kept.url for kept in outlet.kept if kept.url.startswith("ws://")]
        assert got.rendered.refused == {"RTCPeerConnection": 1}

    with (
        ByteServer(answering(counted(b"secret"))) as internal,
        ByteServer(led, address="127.0.0.5") as public,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(0.2)
        asyncio.run(run(public, udp))
        assert not internal.connections
        with pytest.raises(TimeoutError):
            udp.recv(1)


def test_a_page_that_hangs_or_crashes_costs_itself_alone() -> None:
    async def run() -> None:
        outlet = WireOutlet([])
        async with browsing(replace(PLAN, cpu=3.0)) as browser:
            with pytest.raises(RenderingFailed, match="not rendered within 2 seconds"):
                await shown(browser, outlet, "http://a.example/", document("for (;;);"), seconds=2)
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


@pytest.mark.parametrize("whom", ["contained", "worker", "chromium"])
def test_whatever_of_it_is_killed_all_of_it_ends_and_nothing_is_left_behind(whom: str) -> None:
    before = _profiles()

    async def run() -> None:
        browser = await BrowserProcess.start(PLAN, RunAuthority())
        page = await _opened(browser)
        everyone = processes_of(browser.pid)
        os.kill(next(pid for pid in everyone if _is(pid, whom)), signal.SIGKILL)
        with pytest.raises((BrowserGone, RenderingFailed)):
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
