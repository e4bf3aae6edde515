"""A server that answers with given bytes: whatever a real one might send, to the byte."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Self

Script = Callable[[socket.socket, bytes], None]


class ByteServer:
    """Listens on loopback; each request is answered by `script`, which gets the connection and the request."""

    def __init__(
        self, script: Script, *, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._script = script
        self._tls = tls
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._address = address
        self._socket = socket.create_server((address, port), family=family)
        self.port = self._socket.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def host(self) -> str:
        address = f"[{self._address}]" if ":" in self._address else self._address
        return f"{address}:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"http{'s' if self._tls else ''}://{self.host}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        # Closing alone leaves the port open as long as a thread waits in accept
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        if self._tls is not None:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:
                connection.close()
                return
        with connection:
            while True:
                request = b""
                while b"\r\n\r\n" not in request:
                    try:
                        part = connection.recv(65536)
                    except OSError:
                        return
                    if not part:
                        return
                    request += part
                head, _, body = request.partition(b"\r\n\r\n")
                while len(body) < _length(head):
                    body += connection.recv(65536)
                request = head + b"\r\n\r\n" + body
                self.requests.append(request)
                try:
                    self._script(connection, request)
                except (OSError, ValueError):
                    return


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return int(found[1]) if found else 0


def answering(*parts: bytes, close: bool = False, pause: float = 0.0) -> Script:
    """A script that sends these parts, with a pause between them."""

    def script(connection: socket.socket, request: bytes) -> None:
        for number, part in enumerate(parts):
            if number and pause:
                time.sleep(pause)
            connection.sendall(part)
        if close:
            connection.shutdown(socket.SHUT_RDWR)

    return script
