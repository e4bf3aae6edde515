"""Logins: a profile opens a site's pages, and nothing of it is in the archive."""

from __future__ import annotations

import gzip
import json
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from crawler.browser.profiles import cookie_header, parse_profile
from tests.browser.chromium import needs_chromium
from tests.support.exchanges import counted
from tests.support.processes import PROGRAM, environment, newswarc
from tests.support.wire import ByteServer

SESSION, TOKEN = "5e55-1on-0f-a-reader", "t0ken-in-the-storage"
HTML = b"Content-Type: text/html; charset=utf-8"
PARAGRAPHS = [
    f"Paragraph {number} of what only subscribers read: the harbour board met behind closed doors on day {number}."
    for number in range(8)
]
PAGE = """<title>For subscribers</title><h1>For subscribers</h1><div id=a></div><script>
fetch('/text', {headers: {'X-Token': localStorage.token || 'none'}}).then(r => r.json()).then(all => {
for (const text of all) { const p = document.createElement('p'); p.textContent = text; document.getElementById('a').append(p) } })
</script>"""


def profile(**cookie: object) -> dict[str, object]:
    kept = {"name": "session", "value": SESSION, "domain": "127.0.0.1", "path": "/", "secure": False, **cookie}
    return {"cookies": [kept], "origins": []}


@pytest.mark.parametrize(
    ("cookie", "url", "is_sent"),
    [
        ({"domain": "paper.example"}, "https://paper.example/news", True),
        ({"domain": "paper.example"}, "https://www.paper.example/", False),
        ({"domain": ".paper.example"}, "https://www.paper.example/", True),
        ({"domain": ".paper.example"}, "https://paper.example/", True),
        ({"domain": ".paper.example"}, "https://otherpaper.example/", False),
        ({"domain": "paper.example", "secure": True}, "http://paper.example/", False),
        ({"domain": "paper.example", "path": "/read"}, "https://paper.example/read/1", True),
        ({"domain": "paper.example", "path": "/read"}, "https://paper.example/reader", False),
    ],
)
def test_cookies_go_where_they_belong(cookie: dict[str, object], url: str, is_sent: bool) -> None:
    assert cookie_header(profile(**cookie), url) == (f"session={SESSION}" if is_sent else "")


@pytest.mark.parametrize("data", ["", "[]", "{}", '{"cookies": 1}', '{"cookies": [], "origins": []}'])
def test_what_is_no_login_is_refused(data: str) -> None:
    with pytest.raises(ValueError):
        parse_profile(data)


def _answer(connection: socket.socket, request: bytes) -> None:
    path = request.split(b" ", 2)[1]
    is_in = f"session={SESSION}".encode() in request
    if path == b"/robots.txt":
        connection.sendall(counted(b"", status=b"404 Not Found"))
    elif path == b"/text":
        allowed = is_in and TOKEN.encode() in request
        connection.sendall(counted(json.dumps(PARAGRAPHS if allowed else ["Subscribe!"]).encode()))
    else:
        connection.sendall(counted(PAGE.encode() if is_in else b"<h1>Please log in</h1>", HTML))


@needs_chromium
@pytest.mark.long
def test_a_profile_opens_pages_and_stays_out_of_the_archive(tmp_path: Path) -> None:
    with ByteServer(_answer) as server:
        definition = tmp_path / "sites" / "xx" / "post.toml"
        definition.parent.mkdir(parents=True)
        lines = [f'name = "Post"\nurl = "{server.url("/")}"\nbrowser = "always"', '[access]\nprofile = "reader"']
        definition.write_text("\n".join(lines))
        origin = {"origin": server.url("").rstrip("/"), "localStorage": [{"name": "token", "value": TOKEN}]}
        state = tmp_path / "state.json"
        state.write_text(json.dumps({**profile(), "origins": [origin]}))
        done = newswarc("browser", "login", "xx/post", "--sites", "sites", "--storage-state", state, cwd=tmp_path)
        assert done.code == 0, done.err
        kept = tmp_path / "newswarc-data" / "state" / "browser-profiles" / "reader.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        urls = tmp_path / "urls"
        urls.write_text(server.url("/2026/11/27/for-subscribers"))
        done = newswarc(
            "crawl", "xx/post", "--urls", urls, "--sites", "sites", "--allow-host", server.host, cwd=tmp_path,
            NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org", NEWSWARC_REDACT_HEADERS="x-token",
        )  # fmt: skip
        assert done.code == 0, done.err
    (record,) = newswarc("records", cwd=tmp_path).lines()
    assert record["articleBody"].count("Paragraph") == len(PARAGRAPHS)
    for path in (tmp_path / "newswarc-data").rglob("*"):
        if path.is_file() and "state" not in path.parts:
            data = path.read_bytes()
            plain = gzip.decompress(data) if path.suffix == ".gz" else data
            assert SESSION.encode() not in plain
            assert TOKEN.encode() not in plain


def test_without_a_display_it_says_so(tmp_path: Path) -> None:
    definition = tmp_path / "sites" / "xx" / "post.toml"
    definition.parent.mkdir(parents=True)
    definition.write_text('name = "Post"\nurl = "https://paper.example/"')
    done = newswarc("browser", "login", "xx/post", "--sites", "sites", cwd=tmp_path, DISPLAY="", WAYLAND_DISPLAY="")
    assert done.code == 2
    assert (
        "there is no display to open a window on; log in on another machine, and give the login with --storage-state"
        in done.err
    )


needs_display = pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("xdotool")),
    reason="NO DISPLAY: install Debian's xvfb and xdotool",
)
FORM = b"""<!doctype html><title>The Ferry Post: log in</title><form method=post action=/login>
<input name=reader autofocus> <input name=word type=password> <button>Log in</button></form>"""
INSIDE = (
    f"<!doctype html><title>Welcome</title><script>localStorage.token = '{TOKEN}'</script><p>Welcome, reader".encode()
)
LONGEST = 60.0


@contextmanager
def display() -> Iterator[str]:
    """A display that nobody looks at; gives its name."""
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield f":{server.stdout.readline().strip()}"
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


@needs_chromium
@needs_display
@pytest.mark.long
@pytest.mark.parametrize("logs_in", [True, False])
def test_a_person_logs_in_on_a_window(tmp_path: Path, logs_in: bool) -> None:
    shown, inside = Event(), Event()

    def answer(connection: socket.socket, request: bytes) -> None:
        if b"reader=maud&word=high+water" in request:
            kept = f"Set-Cookie: session={SESSION}; HttpOnly; Max-Age=3600".encode()
            connection.sendall(counted(INSIDE, HTML, kept))
            inside.set()
        else:
            connection.sendall(counted(FORM, HTML))
            shown.set()

    with ByteServer(answer) as server, display() as name:
        definition = tmp_path / "sites" / "xx" / "post.toml"
        definition.parent.mkdir(parents=True)
        definition.write_text(f'name = "Post"\nurl = "{server.url("/")}"')

        def press(*words: str) -> None:
            variables = environment(DISPLAY=name)
            subprocess.run(["xdotool", *words], check=True, env=variables, timeout=LONGEST, capture_output=True)

        command = [str(PROGRAM), "browser", "login", "xx/post", "--sites", "sites"]
        variables = environment(DISPLAY=name, WAYLAND_DISPLAY="")
        program = subprocess.Popen(
            command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert shown.wait(LONGEST)
            press("search", "--sync", "--onlyvisible", "--name", "log in", "windowfocus", "--sync")
            if logs_in:
                press("type", "--delay", "30", "maud\thigh water\n")
                assert inside.wait(LONGEST)
                press("search", "--sync", "--onlyvisible", "--name", "Welcome", "windowfocus", "--sync")
                time.sleep(2)  # a person reads
            press("key", "ctrl+w")
            out, err = program.communicate(timeout=LONGEST)
        finally:
            program.kill()
            program.wait()
    kept = tmp_path / "newswarc-data" / "state" / "browser-profiles" / "post.json"
    if not logs_in:
        assert program.returncode == 2
        assert "nothing was kept: no cookies or local storage in it; log in before you close the window" in err
        assert not kept.exists()
        return
    assert program.returncode == 0, err
    assert "kept 1 cookies and the local storage of 1 hosts" in out + err
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    found = json.loads(kept.read_text())
    assert [(cookie["name"], cookie["value"], cookie["httpOnly"]) for cookie in found["cookies"]] == [
        ("session", SESSION, True)
    ]
    assert found["origins"] == [
        {"origin": server.url("").rstrip("/"), "localStorage": [{"name": "token", "value": TOKEN}]}
    ]
