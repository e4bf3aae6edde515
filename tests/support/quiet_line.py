"""A line to a server on loopback that can go dead: it stays connected, and nothing comes through."""

from __future__ import annotations

import selectors
import socket
import threading
from typing import Self


class QuietLine:
    """Forwards connections from a port of its own to another one. A context manager."""

    def __init__(self, port: int) -> None:
        """`port` of the server."""
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._dead = threading.Event()
        self._ended = threading.Event()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._forward, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._thread.join(5)
        for line in [self._listener, *self._pairs]:
            line.close()

    def cut(self) -> None:
        """Let nothing through, and tell nobody."""
        self._dead.set()

    def mend(self) -> None:
        """Let everything through again: what waited comes at last."""
        self._dead.clear()

    def _forward(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._ended.is_set():
                if self._dead.is_set():
                    self._ended.wait(0.05)
                    continue
                for key, _ in selector.select(0.05):
                    if self._dead.is_set():
                        break
                    line = key.fileobj
                    assert isinstance(line, socket.socket)
                    if line is self._listener:
                        self._accept(selector)
                    elif line in self._pairs:
                        self._pass_on(selector, line)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self._target), 2)
        except OSError:
            near.close()
            return
        self._pairs |= {near: far, far: near}
        for line in (near, far):
            selector.register(line, selectors.EVENT_READ)

    def _pass_on(self, selector: selectors.BaseSelector, line: socket.socket) -> None:
        other = self._pairs[line]
        try:
            data = line.recv(1 << 16)
            if data:
                other.sendall(data)
                return
        except OSError:
            pass
        for end in (line, other):
            selector.unregister(end)
            self._pairs.pop(end, None)
            end.close()
