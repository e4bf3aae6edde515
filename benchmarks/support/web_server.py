"""``newswarc serve`` as a process of its own, for measurements from outside."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def serving(place: Path, port: int) -> Iterator[int]:
    """The server of the archive in a directory, which answers; the id of its process. Raises RuntimeError."""
    program = Path(sys.executable).with_name("newswarc")
    arguments = ["serve", str(place / "archive"), "--port", str(port), "--no-replay"]
    server = subprocess.Popen([program, *arguments], cwd=place, stdout=subprocess.DEVNULL)
    try:
        while not _answers(port):
            if server.poll() is not None:
                raise RuntimeError(f"newswarc serve ended with exit code {server.returncode}")
            time.sleep(0.2)
        yield server.pid
    finally:
        server.terminate()
        server.wait(30)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        with suppress(ConnectionError):
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
    finally:
        connection.close()
    return False
