"""Only who asks by a name of ours is let through to a program that answers by any."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.replay.host_guard import HostGuard

_LARGE = b"x" * 3_000_000


class _Program(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = _LARGE if self.path == "/large" else f"{self.path} by {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def guarded(*names: str) -> Iterator[HostGuard]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Program) as program:
        threading.Thread(target=program.serve_forever, daemon=True).start()
        with HostGuard(0, names or ("localhost", "127.0.0.1"), ("127.0.0.1", program.server_port)) as guard:
            yield guard
        program.shutdown()


@pytest.fixture(scope="module")
def guard() -> Iterator[HostGuard]:
    with guarded() as made:
        yield made


def told(guard: HostGuard, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", guard.port), timeout=20) as line:
        line.sendall(request)
        answer = b""
        while part := line.recv(1 << 16):
            answer += part
        return answer


def asking(host: bytes, path: bytes = b"/x") -> bytes:
    return b"GET %b HTTP/1.1\r\n%bConnection: close\r\n\r\n" % (path, host)


@pytest.mark.parametrize(
    "host", [b"Host: localhost:%d\r\n", b"host:127.0.0.1\r\n", b"HOST:   LOCALHOST:80  \r\n", b"A: b\r\nHost: localhost\r\n"]
)  # fmt: skip
def test_names_of_ours_are_let_in(guard: HostGuard, host: bytes) -> None:
    answer = told(guard, asking(host % guard.port if b"%d" in host else host))
    assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200"))
    assert b"/x by " in answer


@pytest.mark.parametrize(
    "host",
    [
        b"", b"Host: evil.example\r\n", b"Host: localhost.evil.example\r\n", b"Host: evil.example:localhost\r\n",
        b"Host: localhost\r\nHost: evil.example\r\n", b"Host: evil.example\r\nHost: localhost\r\n", b"Host:\r\n",
        b"Host : localhost\r\n", b"Host: localhost@evil.example\r\n", b"X-Host: localhost\r\n",
        b"Host: evil.example\r\nX: y\nHost: localhost\r\n", b" Host: localhost\r\n",
    ],
)  # fmt: skip
def test_other_names_are_not(guard: HostGuard, host: bytes) -> None:
    answer = told(guard, asking(host))
    assert answer.startswith(b"HTTP/1.1 421")
    assert b"/x by " not in answer


@given(st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=40))
def test_whatever_a_name_is_it_is_one_of_ours_or_none(guard: HostGuard, host: str) -> None:
    name = host.strip(" \t").lower()
    name = (
        name[: -len(port) - 1]
        if (port := name.rpartition(":")[2]).isdigit() and ":" in name
        else name.removesuffix(":")
    )
    answer = told(guard, asking(b"Host: %b\r\n" % host.encode()))
    if b"/x by " in answer:
        assert name in ("localhost", "127.0.0.1")
    else:
        assert answer.startswith(b"HTTP/1.1 421")


def test_a_connection_is_used_again_and_large_answers_come_whole(guard: HostGuard) -> None:
    one = b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = told(guard, one % 1 + one % 2 + asking(b"Host: localhost\r\n", b"/large"))
    assert b"/1 by localhost" in answer
    assert b"/2 by localhost" in answer
    assert answer.endswith(_LARGE)


def test_a_port_that_is_taken_is_told() -> None:
    with guarded() as first, pytest.raises(OSError, match="use"):
        HostGuard(first.port, ("localhost",), ("127.0.0.1", 1)).__enter__()


def test_a_program_that_is_gone_ends_the_connection() -> None:
    with socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))
        with HostGuard(0, ("localhost",), ("127.0.0.1", gone.getsockname()[1])) as guard:
            assert told(guard, asking(b"Host: localhost\r\n")) == b""


def test_another_name_of_the_public_replay_is_let_in() -> None:
    with guarded("replay.example.org") as guard:
        assert b"/x by " in told(guard, asking(b"Host: replay.example.org\r\n"))
        assert told(guard, asking(b"Host: localhost\r\n")).startswith(b"HTTP/1.1 421")
