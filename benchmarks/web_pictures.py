"""Takes the pictures of web pages that the documentation shows: ``python -m benchmarks.web_pictures DIRECTORY``.

The demonstration newspaper is crawled, indexed and served, and Debian's Chromium looks at the pages.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

_PORT = 8766
_BASE = f"http://127.0.0.1:{_PORT}"
_PROGRAM = Path(sys.executable).with_name("newswarc")
_SIZE = {"width": 1000, "height": 720}
_PATIENCE = 60


def take(directory: Path) -> None:
    """Take all of them."""
    directory.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    with _serving(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=_SIZE)  # type: ignore[arg-type]
        for name, (path, clicks) in _PICTURES.items():
            page.goto(_BASE + path)
            for click in clicks:
                page.locator(click).first.click()
            _take(page, directory / f"{name}.png")
        arabic = browser.new_page(viewport=_SIZE, locale="ar")  # type: ignore[arg-type]
        arabic.goto(f"{_BASE}/?lang=ar")
        _take(arabic, directory / "arabic.png")
        browser.close()


_PICTURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "search": ("/?q=the", ()),
    "article": ("/?q=ferry", (".hits h2 a",)),
    "captures": ("/sites", ("tbody th a", ".calendar a", ".hits h2 a", "tbody th a")),
    "crawls": ("/crawls", ()),
}
"""Where each begins, and what is clicked on the way."""


def _take(page: Page, path: Path) -> None:
    page.wait_for_load_state("load")
    page.screenshot(path=path)


@contextmanager
def _serving() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as place:
        for command in ("demo", "index"):
            subprocess.run([_PROGRAM, command], cwd=place, check=True, stdout=subprocess.DEVNULL)
        server = subprocess.Popen([_PROGRAM, "serve", "--port", str(_PORT), "--no-replay"], cwd=place)
        try:
            _wait()
            yield
        finally:
            server.terminate()
            server.wait(timeout=_PATIENCE)


def _wait() -> None:
    ends = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"{_BASE}/healthz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > ends:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    take(Path(sys.argv[1]))
