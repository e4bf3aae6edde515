"""A forward proxy on loopback: absolute-form requests and CONNECT tunnels, with or without a password."""

from __future__ import annotations

import base64
import socket
import threading
from typing import Self
from urllib.parse import urlsplit


class ForwardProxy:
    """Forwards one request a connection, or tunnels."""

    def __init__(self, password: str = "") -> None:
        self._expected = (
            f"Proxy-Authorization: Basic {base64.b64encode(password.encode()).decode()}" if password else ""
        )
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.heads: list[str] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                part = client.recv(65536)
                if not part:
                    return
                head += part
            text = head.decode("latin-1")
            self.heads.append(text)
            if self._expected and self._expected not in text:
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            method, target, _ = text.split(" ", 2)
            if method == "CONNECT":
                host, _, port = target.rpartition(":")
                with socket.create_connection((host, int(port))) as server:
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    self._pump_both(client, server)
                return
            parts = urlsplit(target)
            with socket.create_connection((parts.hostname or "", parts.port or 80)) as server:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                server.sendall(head.replace(target.encode(), path.encode(), 1))
                self._pump_both(client, server)

    def _pump_both(self, client: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
        back.start()
        self._pump(client, server)
        back.join(10)

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while part := source.recv(65536):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return
