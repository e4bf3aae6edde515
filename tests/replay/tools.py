"""What the tests of replay run: pywb, wacz, Chromium, ReplayWeb.page; and a server for static files.

`make replay-tools` and Debian's `chromium` bring them. Tests that miss one are skipped, and say so.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page, sync_playwright

from tests.support.processes import PROGRAM, ROOT, environment

TOOLS = ROOT / ".venv-replay"
WAYBACK = TOOLS / "bin" / "wayback"
WACZ = TOOLS / "bin" / "wacz"
REPLAY_WEB_PAGE = TOOLS / "replaywebpage"
PLAYER = "<!doctype html><html><head><script src='./ui.js'></script></head><body><replay-app-main></replay-app-main></body></html>"
CHROMIUM = shutil.which("chromium")

needs_pywb = pytest.mark.skipif(not WAYBACK.exists(), reason="NO PYWB: `make replay-tools` installs it")
needs_wacz = pytest.mark.skipif(not WACZ.exists(), reason="NO WACZ TOOL: `make replay-tools` installs it")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER: install Debian's chromium")
needs_replay_web_page = pytest.mark.skipif(
    not (REPLAY_WEB_PAGE / "sw.js").exists(), reason="NO REPLAYWEB.PAGE: `make replay-tools` installs it (needs npm)"
)


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a window. It finds no host but those given as loopback addresses."""
    with sync_playwright() as playwright:
        rules = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", f"--host-resolver-rules={rules}"],
        )
        yield opened
        opened.close()


def frame_of(page: Page, address: str, longest: float = 60.0) -> Frame:
    """The frame that shows an archived address, when it is loaded."""
    ends = time.monotonic() + longest
    while time.monotonic() < ends:
        for frame in page.frames:
            if "mp_/" in frame.url and frame.url.split("mp_/", 1)[1].rstrip("/") == address.rstrip("/"):
                frame.wait_for_load_state("load")
                return frame
        page.wait_for_timeout(100)
    raise AssertionError(f"{address} is not shown; frames: {[frame.url for frame in page.frames]}")


@contextmanager
def replaying(what: Path | str, cwd: Path, **variables: str) -> Iterator[str]:
    """`newswarc replay`; gives the address of its start page."""
    process = subprocess.Popen(
        [PROGRAM, "replay", str(what), "--port", "0"],
        cwd=cwd,
        env=environment(NEWSWARC_PYWB=str(WAYBACK), **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address, process.communicate()[1]
        yield address
    finally:
        process.terminate()
        assert process.wait(30) == 0


class Tripwire:
    """Listens where the live site was, and counts who comes."""

    def __init__(self, port: int) -> None:
        self.contacts = 0
        self._socket = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.contacts += 1
            connection.close()

    def close(self) -> None:
        # Closing alone leaves the port open as long as a thread waits in accept
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class StaticServer(ThreadingHTTPServer):
    """Files of several directories, by ranges and for every origin, as a plain server of an archive gives them."""

    daemon_threads = True

    def __init__(self, **directories: Path) -> None:
        super().__init__(("127.0.0.1", 0), _StaticHandler)
        self.directories = directories
        self.pages: dict[str, str] = {}
        self.ranges = 0
        self.whole: list[str] = []
        self.base = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> StaticServer:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.shutdown()
        self.server_close()


class _StaticHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StaticServer

    def log_message(self, *args: object) -> None: ...

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.split("?")[0]
        if path in self.server.pages:
            self._send(200, self.server.pages[path].encode(), "text/html; charset=utf-8")
            return
        folder, _, name = path.lstrip("/").partition("/")
        file = self.server.directories.get(folder, Path("/nowhere")) / name
        if not file.is_file():
            self._send(404, b"", "text/plain")
            return
        data = file.read_bytes()
        kind = "text/javascript" if file.suffix == ".js" else "application/octet-stream"
        asked = re.match(r"bytes=(\d+)-(\d*)$", self.headers.get("Range", ""))
        suffix = re.match(r"bytes=-(\d+)$", self.headers.get("Range", ""))
        if asked or suffix:
            start = int(asked[1]) if asked else max(0, len(data) - int(suffix[1]))  # type: ignore[index]
            end = min(int(asked[2]) + 1 if asked and asked[2] else len(data), len(data))
            self.server.ranges += 1
            self._send(206, data[start:end], kind, f"bytes {start}-{end - 1}/{len(data)}")
        else:
            if self.command == "GET":
                self.server.whole.append(path)
            self._send(200, data, kind)

    def _send(self, status: int, body: bytes, kind: str, content_range: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Expose-Headers", "Content-Range, Content-Length")
        self.send_header("Accept-Ranges", "bytes")
        if content_range:
            self.send_header("Content-Range", content_range)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def embedding(source: str, url: str, stamp: str) -> str:
    """A page that shows a capture of a WACZ with ReplayWeb.page."""
    return (
        "<!doctype html><html><head><script src='/player/ui.js'></script></head><body style='height:100vh;margin:0'>"
        f"<replay-web-page style='display:block;height:95vh' source='{source}' url='{url}' ts='{stamp}' "
        "replaybase='/replay/' embed='replayonly'></replay-web-page></body></html>"
    )
