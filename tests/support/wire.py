"""A server that answers with given bytes: whatever a real one might send, to the byte."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Self

Script = Callable[[socket.socket, bytes], None]


class ByteServer:
    """Listens on loopback; each request is answered by `script`, which gets the connection and the request."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"http://{self.host}{path}"

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
                self.requests.append(request)
                try:
                    self._script(connection, request)
                except OSError:
                    return


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
