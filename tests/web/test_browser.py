"""The pages in Debian's Chromium: with and without scripts, for screen readers, on a phone, from right to left."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page

from crawler.web.roles import Role
from tests.replay.tools import browser as started
from tests.replay.tools import needs_browser
from tests.web.asking import Server, serving
from tests.web.captured import HOSTILE, QUAY, Captured

pytestmark = needs_browser
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with started() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def address(server: Server, path: str = "/") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def noting(messages: list[str]) -> Callable[[Dialog], None]:
    """What a dialog says is noted, and the dialog goes."""

    def note(dialog: Dialog) -> None:
        messages.append(dialog.message)
        dialog.dismiss()

    return note


def every_page(captured: Captured) -> list[str]:
    return [
        "/", "/?q=quay", "/?q=(", "/sites", "/site?site=news.example", "/captures", "/captures?url=news.example&match=host",
        captured.page(HOSTILE), f"/article/{captured.record(HOSTILE)}", f"/compare/{captured.record(QUAY)}/{captured.record(HOSTILE)}",
        "/collections", "/collection/new", "/access", "/redactions", "/fixity", "/missing", "/audit", "/crawls", "/failures",
        "/runs", "/datasets",
        "/sign-in", "/nowhere",
    ]  # fmt: skip


@pytest.mark.parametrize("part", [slice(None, None, 5), pytest.param(slice(None), marks=pytest.mark.long)])
def test_every_page_can_be_used_by_everyone(kept: Server, captured: Captured, page: Page, part: slice) -> None:
    """No fault by axe, nothing wider than a phone, nothing that the policy for content had to stop."""
    stopped: list[str] = []
    page.on("console", lambda message: stopped.append(message.text) if "Content Security" in message.text else None)
    dialogs: list[str] = []
    page.on("dialog", noting(dialogs))
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in every_page(captured)[part]:
        page.goto(address(kept, path))
        found = Axe().run(page, options={"runOnly": RULES})
        faults = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found.response["violations"]]
        assert not faults, (path, faults)
        assert found.response["passes"], "axe has looked"
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide <= 0, path
    assert not stopped
    assert not dialogs, "a captured script ran"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_read_from_right_to_left_too(kept: Server, chromium: Browser, scheme: str) -> None:
    context = chromium.new_context(locale="ar", color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for path in ("/?q=quay", "/access", "/captures?url=news.example&match=host"):
        page.goto(address(kept, path))
        found = Axe().run(page, options={"runOnly": ["color-contrast", "html-has-lang", "valid-lang"]})
        assert not found.response["violations"], (path, found.response["violations"])
    assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    context.close()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_from_a_search_to_the_bytes(kept: Server, chromium: Browser, has_scripts: bool) -> None:
    context = chromium.new_context(java_script_enabled=has_scripts, accept_downloads=True)
    page = context.new_page()
    page.goto(address(kept))
    page.fill("#q", "quay")
    page.press("#q", "Enter")
    page.click(".hits h2 a")
    assert "The quay was raised" in page.inner_text("article h1")
    page.click("text=Its capture: headers and bytes")
    assert "HTTP/1.1 200 OK" in page.inner_text("main")
    with page.expect_download() as saved:
        page.click("text=Response as received")
    assert saved.value.path().read_bytes().startswith(b"HTTP/1.1 200 OK\r\n")
    page.goto(address(kept, "/?q=quay"))
    with page.expect_download() as saved:
        page.click(".download >> text=CSV")
    assert saved.value.path().read_bytes().startswith(b"id,site,url")
    context.close()


def test_curating_without_scripts(
    captured: Captured, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("curated") / "archive"
    shutil.copytree(captured.place, place)
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    with serving(place, web_anyone=tuple(Role)) as server:
        page.goto(address(server, "/access"))
        page.fill("[name=address]", QUAY)
        page.fill("form.stacked [name=reason]", "a claim")
        page.click("text=Withhold >> nth=-1")
        assert "in force" in page.inner_text("main")
        page.goto(address(server, "/?q=quay"))
        assert "Nothing was found." in page.inner_text("main")
        page.goto(address(server, "/access"))
        page.fill("td [name=reason]", "settled")
        page.press("td [name=reason]", "Enter")
        assert "lifted" in page.inner_text("main")
    context.close()


def test_the_keyboard_is_enough(kept: Server, page: Page) -> None:
    page.goto(address(kept, "/?q=quay"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.id || ''"))
    assert any(one.startswith("/article/") for one in reached)
    assert any(one.startswith("/download?") for one in reached)


def test_a_page_is_printed_without_what_only_screens_need(kept: Server, captured: Captured, page: Page) -> None:
    page.goto(address(kept, f"/article/{captured.record(QUAY)}"))
    page.emulate_media(media="print")
    assert not page.is_visible("header nav")
    assert page.is_visible("article h1")


def test_scripts_of_a_capture_run_nowhere(kept: Server, captured: Captured, page: Page) -> None:
    ran: list[str] = []
    page.on("dialog", noting(ran))
    for path in (
        f"{captured.page(HOSTILE)}/body",
        f"{captured.page(HOSTILE)}/response",
        f"/memento/20260301090200/{HOSTILE}",
    ):
        with pytest.raises(Exception, match=r"Download is starting|ERR_ABORTED"):
            page.goto(address(kept, path))
    assert not ran
