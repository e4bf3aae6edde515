"""One browser, seen from the crawl: its process, its proxy, and what it renders.

The process is contained (`crawler.browser.contained`). Whatever becomes of it, the crawl goes on: a browser that
crashes, hangs or does not let go of a page is ended and started anew by whoever holds it.
"""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import json
import os
import pwd
import shlex
import shutil
import signal
import socket
import sys
import tempfile
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archive.errors import ArchiveError
from crawler.browser.authority import RunAuthority
from crawler.browser.contained import FLAGS, NAMESPACE
from crawler.browser.frames import BadFrame, frame, read_frame
from crawler.browser.plan import BrowserPlan
from crawler.browser.proxy import BrowserProxy, Fetch

_WORKER = "crawler.browser.worker"
_STARTING_SECONDS = 60.0
_ENDING_SECONDS = 5.0
_LONGER = 15.0
"""Seconds beyond a page's own after which a browser that does not answer hangs."""
_MOST_OF_FIRST_LINE = 4096
_MOST_PAGES = 200
_SCRATCH_PREFIX = "newswarc-browser-"
_LOCK = "lock"


class NoBrowser(ArchiveError):
    """The browser cannot be started; the message says why and what to do."""


class RenderingFailed(ArchiveError):
    """There is no rendering of a page; the message says why."""


class BrowserGone(RenderingFailed):
    """The browser ended, or hung, while the page was open: another page may have been the reason."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What to render."""

    url: str
    steps: tuple[str, ...]
    seconds: float
    agent: str
    """The User-Agent; ``{browser}`` in it stands for what the browser calls itself."""
    language: str = "en-US"
    viewport: tuple[int, int] = (1280, 720)
    cookies: tuple[dict[str, str], ...] = ()
    storage: dict[str, Any] | None = None
    """Cookies and local storage of a profile, as Playwright writes them."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What came of it."""

    dom: bytes
    text: bytes
    screenshot: bytes
    steps: tuple[str, ...]
    refused: dict[str, int]
    location: str


@dataclass(slots=True)
class _Answers:
    """Who waits for which answer."""

    waiting: dict[int, asyncio.Future[tuple[dict[str, Any], list[bytes]]]] = field(default_factory=dict)

    def give(self, message: dict[str, Any], blobs: list[bytes]) -> None:
        future = self.waiting.pop(int(message.get("id", -1)), None)
        if future is not None and not future.done():
            future.set_result((message, blobs))

    def end(self) -> None:
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(BrowserGone("the browser ended"))
        self.waiting.clear()


class BrowserProcess:
    """A running browser. Made by `start`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        proxy: BrowserProxy,
        scratch: Path | None,
    ) -> None:
        self.version = ""
        self.pages = 0
        """Pages rendered so far."""
        self.is_sound = True
        """Whether it runs, and has let go of each page that it was given."""
        self._process = process
        self._reader, self._writer = streams
        self._proxy = proxy
        self._scratch = scratch
        self._answers = _Answers()
        self._numbers = itertools.count(1)
        self._listening: asyncio.Task[None] | None = None

    @property
    def takes_more(self) -> bool:
        """Whether it may be given another page: what a browser has leaked goes with it after many."""
        return self.is_sound and self.pages < _MOST_PAGES

    @property
    def pid(self) -> int:
        """Of the first of its processes."""
        return self._process.pid

    @classmethod
    async def start(cls, plan: BrowserPlan, authority: RunAuthority) -> BrowserProcess:
        """Start a browser whose pages know the certificates of `authority`. Raises NoBrowser."""
        sweep_scratch()
        if not os.access(plan.program, os.X_OK):
            raise NoBrowser(
                f"{plan.program}: no such program; install Chromium, or say where it is in browser_program"
            )
        scratch = _scratch_directory(plan) if plan.isolation == FLAGS else None
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            process = await _launched(plan, theirs.fileno(), scratch)
        tail = asyncio.ensure_future(_tail(process))
        try:
            async with asyncio.timeout(_STARTING_SECONDS):
                listener = await _handed_out(ours)
                streams = await asyncio.open_unix_connection(sock=ours)
                proxy = BrowserProxy(listener, authority)
                browser = cls(process, streams, proxy, scratch)
                proxy.start()
                await browser._begin(plan, authority)
        except (NoBrowser, OSError, TimeoutError, asyncio.IncompleteReadError, BadFrame) as error:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            ours.close()
            said = await tail
            message = str(error) if isinstance(error, NoBrowser) else (said or str(error) or type(error).__name__)
            raise NoBrowser(f"the browser does not start: {message}{_advice(plan, message)}") from error
        tail.cancel()
        return browser

    async def render(self, errand: Errand, fetch: Fetch) -> Rendered:
        """Render a page whose requests `fetch` answers. Raises RenderingFailed."""
        place = self._proxy.open_page(fetch)
        try:
            return await self._rendered(errand, place)
        finally:
            await self._proxy.close_page(place)

    async def close(self) -> None:
        """End it, and wait until nothing of it is left."""
        self.is_sound = False
        self._writer.close()
        try:
            await asyncio.wait_for(self._process.wait(), _ENDING_SECONDS)
        except TimeoutError:
            await self.kill()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._proxy.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    async def kill(self) -> None:
        """End it at once."""
        self.is_sound = False
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def _begin(self, plan: BrowserPlan, authority: RunAuthority) -> None:
        launch = {
            "program": plan.program if self._scratch is None else str(_program_of_user(plan, self._scratch)),
            "pin": authority.pin,
            "proxy": self._proxy.own_address,
            "sandbox": plan.sandbox,
            "cpu": plan.cpu,
        }
        self._writer.write(frame(launch))
        await self._writer.drain()
        message, _ = await read_frame(self._reader)
        if "ready" not in message:
            raise NoBrowser(str(message.get("refused", "no answer")))
        self.version = str(message["ready"])
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            while True:
                self._answers.give(*await read_frame(self._reader))
        except (asyncio.IncompleteReadError, BadFrame, OSError):
            self.is_sound = False
        finally:
            self._answers.end()

    async def _rendered(self, errand: Errand, place: str) -> Rendered:
        if not self.is_sound:
            raise BrowserGone("the browser ended")
        number = next(self._numbers)
        answer: asyncio.Future[tuple[dict[str, Any], list[bytes]]] = asyncio.get_running_loop().create_future()
        self._answers.waiting[number] = answer
        self.pages += 1
        self._writer.write(frame(self._message(number, errand, place)))
        try:
            message, blobs = await asyncio.wait_for(answer, errand.seconds + _LONGER)
        except TimeoutError:
            await self.kill()
            raise RenderingFailed(f"the browser hung for {errand.seconds + _LONGER:g} seconds") from None
        finally:
            self._answers.waiting.pop(number, None)
        if not message.get("clean", True):
            self.is_sound = False
        if message.get("gone"):
            self.is_sound = False
            raise BrowserGone("the browser ended")
        return _rendered_of(message, blobs)

    def _message(self, number: int, errand: Errand, place: str) -> dict[str, Any]:
        major = self.version.partition(".")[0]
        product = f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0"
        return {
            "id": number,
            "url": errand.url,
            "proxy": place,
            "steps": errand.steps,
            "seconds": errand.seconds,
            "agent": errand.agent.replace("{browser}", f"{product} Safari/537.36"),
            "language": errand.language,
            "viewport": errand.viewport,
            "cookies": errand.cookies,
            "storage": errand.storage,
        }


def _rendered_of(message: dict[str, Any], blobs: list[bytes]) -> Rendered:
    if "failed" in message or len(blobs) != 3:
        raise RenderingFailed(str(message.get("failed", "no rendering came"))[:300])
    dom, text, screenshot = blobs
    refused = {str(name): int(count) for name, count in dict(message["refused"]).items()}
    steps = tuple(str(step) for step in message["steps"])
    return Rendered(dom, text, screenshot, steps, refused, str(message["location"]))


async def _launched(plan: BrowserPlan, channel: int, scratch: Path | None) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "crawler.browser.contained",
        f"--channel={channel}",
        f"--isolation={plan.isolation}",
        f"--user={plan.user}",
        f"--scratch={scratch or ''}",
        _WORKER,
        pass_fds=(channel,),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        cwd="/",
        start_new_session=True,  # so that Ctrl-C on a terminal reaches the crawl alone
    )


async def _tail(process: asyncio.subprocess.Process) -> str:
    """The last line that a process writes to its standard error, which is read to its end."""
    lines: deque[bytes] = deque(maxlen=1)
    assert process.stderr is not None
    while part := await process.stderr.read(1 << 16):
        lines.extend(line for line in part.splitlines() if line.strip())
    return lines[0].decode("utf-8", "replace").strip()[:300] if lines else ""


async def _handed_out(channel: socket.socket) -> socket.socket:
    """The listening socket that comes first over the channel. Raises NoBrowser."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()

    def ready() -> None:
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(channel.fileno(), ready)
    try:
        await readable
    finally:
        loop.remove_reader(channel.fileno())
    data, descriptors, _, _ = socket.recv_fds(channel, _MOST_OF_FIRST_LINE, 1)
    if not descriptors:
        raise NoBrowser(_said(data))
    return socket.socket(fileno=descriptors[0])


def _said(data: bytes) -> str:
    try:
        return str(json.loads(data)["refused"])
    except (ValueError, KeyError, TypeError):
        return "its process ended at once"


def _advice(plan: BrowserPlan, message: str) -> str:
    if "sandbox" in message:
        return "; allow user namespaces, or set browser_sandbox = false where a container stands for the sandbox"
    if plan.isolation == NAMESPACE and "forbid" in message:
        return (
            "; allow user namespaces (in a container also: --security-opt seccomp=unconfined), or set "
            'browser_isolation = "flags", which contains the browser by its own settings alone'
        )
    return ""


def _scratch_directory(plan: BrowserPlan) -> Path:
    """A directory for the browser's temporary files, locked for as long as this process lives."""
    path = Path(tempfile.mkdtemp(prefix=_SCRATCH_PREFIX))
    descriptor = os.open(path / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    if os.geteuid() == 0:
        with suppress(KeyError):
            os.chown(path, pwd.getpwnam(plan.user).pw_uid, -1)
    return path


def _program_of_user(plan: BrowserPlan, scratch: Path) -> Path:
    """Chromium as an ordinary user starts it: without namespaces the worker stays root's where the crawl is."""
    if os.geteuid() != 0:
        return Path(plan.program)
    user = pwd.getpwnam(plan.user)
    program = scratch / "chromium"
    become = f"setpriv --reuid={user.pw_uid} --regid={user.pw_gid} --clear-groups"
    profile = f"--user-data-dir={shlex.quote(str(scratch / 'profile'))}"
    program.write_text(f'#!/bin/sh\nexec {become} {shlex.quote(plan.program)} "$@" {profile}\n')
    program.chmod(0o755)
    return program


def sweep_scratch() -> None:
    """Remove the temporary files of browsers whose crawls were killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{_SCRATCH_PREFIX}*"):
        with suppress(OSError):
            descriptor = os.open(path / _LOCK, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)
