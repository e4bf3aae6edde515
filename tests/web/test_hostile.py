"""Clients that mean harm: slow ones, greedy ones, and those that would have this server do their errands."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Mount

from archive.address_match import Match
from archive.period import Period
from archive.search.query import Everything, written
from crawler.web import guard, patience, reading
from crawler.web.application import routes
from crawler.web.bounded_work import Busy, Places
from crawler.web.selected_records import Form
from tests.web.asking import Server, serving
from tests.web.captured import Captured
from tests.web.elements import require_harmless


def closed_by_server(line: socket.socket) -> bytes:
    """All that comes until the server closes; a test that waits too long fails."""
    return b"".join(iter(lambda: line.recv(65536), b""))


@contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        yield line


def dribble(line: socket.socket, data: bytes, ended: threading.Event) -> None:
    while not ended.wait(0.05):
        try:
            line.sendall(data)
        except OSError:
            return


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n"])
def test_a_head_that_never_ends_is_not_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(patience, "HEAD_TIMEOUT", 0.3)
    ended = threading.Event()
    with connected(server) as line:
        line.sendall(begun)
        if begun:
            threading.Thread(target=dribble, args=(line, b"X-More: 1\r\n", ended), daemon=True).start()
        with suppress(ConnectionError):  # closed while more was sent
            assert b"HTTP/1.1 200" not in closed_by_server(line)
        ended.set()


def test_a_second_head_on_a_connection_is_not_waited_for_either(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_TIMEOUT", 0.3)
    with connected(server) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 200")
        line.sendall(b"GET /healthz HTT")
        assert closed_by_server(line).count(b"HTTP/1.1 200") == 0


def test_a_form_that_never_ends_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "RECEIVING_TIMEOUT", 0.3)
    head = (
        b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\n"
    )
    with connected(server) as line:
        line.sendall(head + b"token=")
        assert closed_by_server(line).startswith(b"HTTP/1.1 408")


def much(file: BinaryIO) -> None:
    for _ in range(400):
        file.write(b"x" * 65536)


def test_who_does_not_take_an_answer_is_let_go(captured: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SENDING_TIMEOUT", 0.5)
    with serving(captured.place) as server:
        places = server.services.downloads
        free = places.free
        query = written(Everything())
        found = server.services.files.get(server.services.reader.version(), query, Form.JSONL, much)
        assert found.wait(10)
        assert server.ask("/download?format=jsonl", "HEAD").headers["etag"] == found.etag
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.settimeout(20)
            line.connect(("127.0.0.1", server.port))
            line.sendall(b"GET /download?format=jsonl HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert line.recv(10).startswith(b"HTTP/1.1")
            for _ in range(200):
                if places.free == free and server.ask("/healthz").status == 200:
                    break
                time.sleep(0.05)
            assert places.free == free
        assert server.ask("/healthz").status == 200


def test_only_so_many_long_answers_at_once(captured: Captured) -> None:
    with serving(captured.place) as server:
        places = server.services.downloads
        for number in range(places.free):
            places.take(f"client {number // 4}")
        answer = server.ask("/download?format=jsonl")
        assert (answer.status, answer.headers["retry-after"]) == (503, "30")
        assert server.ask("/cdx?url=*.example").status == 503
        assert server.ask("/").status == 200, "pages are answered still"
        places.give_back("client 0")
        assert server.ask("/download?format=jsonl").status == 200


def test_one_client_leaves_places_for_others(captured: Captured) -> None:
    behind = {"web_guard": "proxy", "web_proxies": ("127.0.0.1",), "web_anyone": ("read", "download")}
    with serving(captured.place, **behind) as server:
        for _ in range(4):
            server.services.downloads.take("mara")
        assert server.ask("/download?format=jsonl", X_Forwarded_User="mara").status == 503
        assert server.ask("/download?format=jsonl", X_Forwarded_User="ines").status == 200
        places = Places(3, of_one=2)
        for _ in range(2):
            places.take("a")
        for client in ("a", "b"):
            if client == "b":
                places.take("b")
            with pytest.raises(Busy):
                places.take("a" if client == "a" else "c")
        places.give_back("a")
        places.take("c")


def test_a_look_at_the_index_is_bounded(captured: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever dates and rules leave out of it."""
    monkeypatch.setattr(reading, "MOST_LOOKED", 3)
    with serving(captured.place) as server:
        found = server.services.reader.captures(
            "news.example", Match.DOMAIN, Period(until=datetime(1990, 1, 1, tzinfo=UTC))
        )
        assert (found.entries, found.is_cut) == ([], True)
        assert server.services.reader.captures("news.example", Match.DOMAIN).is_cut
        assert "there are more" in server.ask("/captures?url=news.example&match=domain").text


def test_no_parameter_makes_this_server_ask_another(kept: Server) -> None:
    asked: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.2)
        target = f"http://127.0.0.1:{trap.getsockname()[1]}/x"
        paths = [f"{path}{target}" for path in ("/timegate/", "/timemap/link/", "/timemap/json/", "/memento/2026/")]
        names = ("url", "q", "site", "back", "format", "lang", "author", "closest", "filter", "fl")
        pages = (
            "/",
            "/captures",
            "/explain",
            "/cdx",
            "/download",
            "/api/v1/captures",
            "/language",
            "/failures",
            "/site",
        )
        paths += [f"{page}?{name}={quote(target)}" for page in pages for name in names]
        for path in paths:
            assert kept.ask(path).status != 500, path
        for path in ("/access", "/collections", "/failures", "/sign-in"):
            kept.post(path, {"address": target, "url": target, "action": "retry", "reason": target, "back": target})
        with suppress(TimeoutError):
            asked.append(trap.accept())
    assert not asked


PATHS = [route.path for route in routes() if not isinstance(route, Mount) and hasattr(route, "path")]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PATHS), st.data())
def test_whatever_stands_in_an_address_is_answered(kept: Server, path: str, data: st.DataObject) -> None:
    odd = st.one_of(
        st.text(max_size=20),
        st.sampled_from(
            ["../../etc/passwd", "\0", "%", "javascript:alert(1)", "'\"><svg onload=alert(1)>", "1" * 40]
        ),
    )
    while "{" in path:
        before, _, rest = path.partition("{")
        path = f"{before}{quote(data.draw(odd), safe='', errors='replace')}{rest.partition('}')[2]}"
    names = st.sampled_from(
        ["q", "url", "site", "day", "year", "since", "until", "page", "limit", "match", "to", "back"]
    )
    query = data.draw(st.dictionaries(names, odd, max_size=3))
    asked = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in query.items())
    if path == "/crawls/events":
        return
    answer = kept.ask(f"{path}?{asked}")
    assert answer.status < 500 or answer.status == 503, answer.body[:300]
    assert "\n" not in answer.headers.get("location", "")
    if answer.headers.get("content-type", "").startswith("text/html"):
        require_harmless(answer.text)


@pytest.mark.parametrize(
    "query",
    [
        "(" * 600, "a" * 4000, "a OR " * 700 + "a", "-" * 900, '"' + "a " * 1500 + '"', "a* " * 600, "NOT " * 500 + "a",
        "date:" + "9" * 300, "site:" + "a." * 500, " ".join(f"author:a{n}" for n in range(250)),
    ],
)  # fmt: skip
def test_a_huge_query_is_answered_or_refused(server: Server, query: str) -> None:
    assert server.ask(f"/?q={quote(query)}").status in (200, 400)
    assert server.ask(f"/download?format=jsonl&q={quote(query)}").status in (200, 400)
