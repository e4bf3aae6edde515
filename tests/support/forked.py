"""Commands in processes that are forked from one that has imported everything.

A process of its own with all that goes with it, such as signals, event loops, children and exit codes, but without the
two or three seconds of processor time in which Python imports Scrapy, the database and the extractor. A command runs as
`crawler.cli.main` does, and the interpreter ends as it always does.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO

_NUMBER = struct.Struct("<q")
_STARTED_BEFORE = ("PYTHON", "LD_", "LANG", "LC_", "TZ", "SSL_", "OPENSSL_", "MALLOC_", "COVERAGE_")
"""What the interpreter and its libraries have read from the environment before a command begins."""


class ForkServer:
    """The process that others are forked from, as the tests see it. It starts when it is first needed."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._environment: dict[str, str] = {}
        self._alone = threading.Lock()

    def can_run(self, environment: Mapping[str, str]) -> bool:
        """Whether a process that starts with this environment is the same when it is forked."""
        begun = self._environment or os.environ
        names = {name for name in (*environment, *begun) if name.startswith(_STARTED_BEFORE)}
        return all(environment.get(name) == begun.get(name) for name in names)

    def run(
        self, words: Sequence[str], cwd: Path, environment: Mapping[str, str], feed: str | None, longest: float
    ) -> tuple[int, bytes, bytes]:
        """Run a command and wait for it; its exit code, output and errors. Raises subprocess.TimeoutExpired."""
        with tempfile.TemporaryFile() as fed, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            fed.write((feed or "").encode())
            fed.seek(0)
            code = self._wait(self._start(words, cwd, environment, (fed, out, err)), words, longest)
            return code, _content(out), _content(err)

    def end(self) -> None:
        """Let it end."""
        if self._control is not None and self._process is not None:
            self._control.close()
            self._process.wait()

    def _start(
        self, words: Sequence[str], cwd: Path, environment: Mapping[str, str], streams: Sequence[IO[bytes]]
    ) -> socket.socket:
        request = json.dumps([list(words), str(cwd), dict(environment)]).encode()
        ours, theirs = socket.socketpair()
        with theirs, self._alone:
            control = self._control or self._begin()
            numbers = [*(stream.fileno() for stream in streams), theirs.fileno()]
            socket.send_fds(control, [_NUMBER.pack(len(request))], numbers)
            control.sendall(request)
        return ours

    def _begin(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._environment = dict(os.environ)
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                cwd=Path(__file__).parent.parent.parent,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # no terminal, as the files that commands write to are none
            )
        self._control = ours
        atexit.register(self.end)
        return ours

    def _wait(self, ending: socket.socket, words: Sequence[str], longest: float) -> int:
        with ending:
            process = _number(ending)
            ending.settimeout(longest)
            try:
                return _number(ending)
            except TimeoutError:
                os.kill(process, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(words), longest) from None


def _content(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()


def _number(connection: socket.socket) -> int:
    told = connection.recv(_NUMBER.size, socket.MSG_WAITALL)
    (number,) = _NUMBER.unpack(told)
    return int(number)


def _serve(control: socket.socket) -> tuple[list[str], str, dict[str, str], list[int]] | None:
    """Fork until the tests are over; in a process that was forked, what it is to do."""
    running: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd != control.fileno():
                    selector.unregister(key.fd)
                    _tell_ending(key.fd, *running.pop(key.fd))
                    continue
                length, descriptors = _request(control)
                if not length:
                    for process, _ in running.values():
                        os.kill(process, signal.SIGKILL)
                    return None
                words, cwd, environment = json.loads(control.recv(length, socket.MSG_WAITALL))
                process = os.fork()
                if process == 0:
                    return words, cwd, environment, descriptors[:3]
                ending = socket.socket(fileno=descriptors.pop())
                ending.sendall(_NUMBER.pack(process))
                for descriptor in descriptors:
                    os.close(descriptor)
                ended = os.pidfd_open(process)
                running[ended] = (process, ending)
                selector.register(ended, selectors.EVENT_READ)


def _request(control: socket.socket) -> tuple[int, list[int]]:
    with suppress(ConnectionResetError):
        head, descriptors, _, _ = socket.recv_fds(control, _NUMBER.size, 4)
        if head:
            return _NUMBER.unpack(head)[0], list(descriptors)
    return 0, []


def _tell_ending(ended: int, process: int, ending: socket.socket) -> None:
    os.close(ended)
    status = os.waitpid(process, 0)[1]
    with ending, suppress(BrokenPipeError):
        ending.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(status)))


def _become(words: list[str], cwd: str, environment: dict[str, str], streams: list[int]) -> None:
    """Make this process one that was started with these words, this environment and these streams."""
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    os.closerange(3, max(int(entry.name) for entry in Path("/dev/fd").iterdir()) + 1)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["newswarc", *words]


def main() -> None:
    """The server, and what is forked from it."""
    from crawler.cli import main as program  # a module of this name takes its place when it is imported

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the tests decide what ends with them
    for name in ("crawler.scale.preloaded", "crawler.cli.main", "crawler.cli.crawl_command"):
        import_module(name)
    gc.collect()
    gc.freeze()
    asked = _serve(socket.socket(fileno=int(sys.argv[1])))
    if asked is not None:
        _become(*asked)
        program()


if __name__ == "__main__":
    main()
