"""A line between a client and an S3 server on loopback that breaks where a test says."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

_STALL = 1.0
_ERROR = b'<?xml version="1.0"?><Error><Code>%s</Code><Message>made by the test</Message></Error>'


class Fault(StrEnum):
    """What can go wrong with one request."""

    RESET = "reset before it arrives"
    ANSWER_LOST = "reset when it was carried out"
    STALL = "no answer"
    SERVER_ERROR = "500"
    OVERLOAD = "503"
    DENIED = "403"
    SLOW = "slow"
    CUT_REQUEST = "cut in the middle of what is sent"
    CUT_ANSWER = "cut in the middle of the answer"


_STATUS = {
    Fault.SERVER_ERROR: (500, b"InternalError"),
    Fault.OVERLOAD: (503, b"SlowDown"),
    Fault.DENIED: (403, b"AccessDenied"),
}


@dataclass(frozen=True)
class Asked:
    """A request that came over the line."""

    number: int
    method: str
    target: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Refusal:
    """An answer of the line's own."""

    status: int
    code: bytes


Plan = Callable[[Asked], Fault | Refusal | None]


@dataclass
class FaultyLine:
    """Forwards requests to a server; `plan` says what goes wrong with each."""

    upstream: str
    plan: Plan = lambda _: None
    asked: list[Asked] = field(default_factory=list)
    answered: list[Asked] = field(default_factory=list)
    """What the server gave an answer to."""
    is_down: bool = False
    """While it is, every connection is reset."""

    def __enter__(self) -> Self:
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        """Address of the near end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, line: FaultyLine) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.line = line
        self.lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no fault of the line."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._handle()

    def do_HEAD(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def _handle(self) -> None:
        line = self.server.line
        with self.server.lock:
            asked = Asked(len(line.asked), self.command, self.path, dict(self.headers.items()))
            line.asked.append(asked)
        if line.is_down:
            self._reset()
            return
        fault = line.plan(asked)
        if fault is Fault.RESET:
            self._reset()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if isinstance(fault, Refusal):
            self._answer(fault.status, {}, _ERROR % fault.code if fault.code else b"")
        elif fault in _STATUS:
            status, code = _STATUS[fault]
            self._answer(status, {}, _ERROR % code)
        elif fault is Fault.STALL:
            time.sleep(_STALL)
            self._reset()
        elif fault is Fault.CUT_REQUEST:
            self._cut_request(body)
        else:
            self._forward(body, fault)
            line.answered.append(asked)

    def log_message(self, *args: object) -> None:
        """Requests are counted, not printed."""

    def _upstream(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.server.line.upstream).netloc, timeout=30)

    def _cut_request(self, body: bytes) -> None:
        connection = self._upstream()
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() != "expect":
                connection.putheader(name, value)
        connection.endheaders()
        with suppress(OSError):
            connection.send(body[: len(body) // 2])
        connection.close()
        self._reset()

    def _forward(self, body: bytes, fault: Fault | None) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
        connection = self._upstream()
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        except OSError:
            self._reset()
            return
        finally:
            connection.close()
        if fault is Fault.ANSWER_LOST:
            self._reset()
            return
        kept = {
            name: value
            for name, value in answer.getheaders()
            if name.lower() not in ("transfer-encoding", "connection", "content-length")
        }
        length = int(answer.headers.get("Content-Length", len(data)))
        self._answer(answer.status, kept, data, length, fault)

    def _answer(
        self, status: int, headers: dict[str, str], data: bytes, length: int | None = None, fault: Fault | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault is Fault.CUT_ANSWER:
            self.wfile.write(data[: len(data) // 2])
            self._reset()
        elif fault is Fault.SLOW:
            for start in range(0, len(data), max(1, len(data) // 5)):
                self.wfile.write(data[start : start + max(1, len(data) // 5)])
                time.sleep(0.02)
        else:
            self.wfile.write(data)

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()
